// The program as its callers see it: output, last line on stderr, exit status.
#include <gtest/gtest.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace {

struct Outcome {
  int status = -1;
  std::string out;
  std::string err;
};

class Main : public testing::Test {
 protected:
  Main() { EXPECT_NE(mkdtemp(dir_), nullptr); }
  ~Main() override { std::filesystem::remove_all(dir_); }

  std::string slurp(const std::string& name) const {
    std::ostringstream text;
    text << std::ifstream(std::string(dir_) + "/" + name).rdbuf();
    return text.str();
  }
  Outcome run(const std::string& words) const {
    std::string command = "cd " + std::string(dir_) + " && env -u CRIU_CONFIG_FILE HOME=" + dir_ +
                          " " CLI_STAND_IN " " + words + " >out 2>err";
    int status = system(command.c_str());
    return {WEXITSTATUS(status), slurp("out"), slurp("err")};
  }

  char dir_[32] = "/tmp/main_test.XXXXXX";
};

TEST_F(Main, Version) {
  for (const char* words : {"--version", "-V", "check -V"}) {
    Outcome o = run(words);
    EXPECT_EQ(o.status, 0);
    EXPECT_TRUE(o.out.starts_with("Version: 4.2\ncrengine ")) << o.out;
    EXPECT_EQ(o.err, "");
  }
}

TEST_F(Main, Help) {
  EXPECT_EQ(run("--help").status, 0);
  EXPECT_NE(run("-h").out.find("An example"), std::string::npos);
  EXPECT_TRUE(run("dump --help").out.starts_with("crengine dump -t PID"));
}

TEST_F(Main, BadUsageIsOneSentence) {
  Outcome o = run("dump --lazy-pages -t 5");
  EXPECT_EQ(o.status, 1);
  EXPECT_EQ(o.err,
            "cli: cannot take option --lazy-pages (not implemented yet); leave it out: a restore brings all of the "
            "memory at once\n");
  EXPECT_EQ(run("").status, 1);
  EXPECT_EQ(run("swrk 3").status, 1);
}

TEST_F(Main, Directories) {
  EXPECT_EQ(run("dump -t 5 -D nowhere").err, "cli: cannot use images directory " + std::string(dir_) +
                                                 "/nowhere: No such file or directory; make it or name another one "
                                                 "with --images-dir\n");
  EXPECT_NE(run("dump -t 5 -W out").err.find("Not a directory"), std::string::npos);
  EXPECT_EQ(run("dump -t 5 -o no/log").status, 1);
}

TEST_F(Main, Success) {
  Outcome o = run("dump -t 5 -o d.log -v4");
  EXPECT_EQ(o.status, 0);
  EXPECT_EQ(o.out, "dump 5 " + std::string(dir_) + " " + dir_ + "\n");
  EXPECT_EQ(o.err, "");
  EXPECT_NE(slurp("d.log").find("a line for level 4"), std::string::npos);
}

TEST_F(Main, FailureIsInTheLogAndLastOnStderr) {
  constexpr const char* kSentence = "task: cannot seize pid 1 (init): Operation not permitted; choose another root\n";
  Outcome o = run("dump -t 1 -o d.log");
  EXPECT_EQ(o.status, 1);
  EXPECT_EQ(o.err, kSentence);
  EXPECT_NE(slurp("d.log").find(kSentence), std::string::npos);
  EXPECT_EQ(run("dump -t 1").err, kSentence) << "once, when the log is stderr";
}

TEST_F(Main, RestoreLeavesWithTheStatusOfTheRoot) {
  EXPECT_EQ(run("restore").status, 7);
  EXPECT_EQ(run("restore -d").status, 0);
}

TEST_F(Main, CloseIsDoneFirst) {
  EXPECT_EQ(run("check --close 5 5</dev/null").status, 0);
  EXPECT_NE(run("check --close 5").err.find("descriptor 5"), std::string::npos);
}

}  // namespace
