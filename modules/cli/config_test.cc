#include "cli/config.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <fstream>

namespace cr::cli {
namespace {

std::string word(std::string_view line) {
  Result<std::string> r = read_config_line(line, "f line 1");
  return r.ok() ? r.value() : "error: " + r.error().sentence();
}

TEST(ConfigLine, NameAlone) {
  EXPECT_EQ(word("tcp-established"), "--tcp-established");
  EXPECT_EQ(word("  \ttcp-established \r"), "--tcp-established");
  EXPECT_EQ(word("--tcp-established"), "--tcp-established");
}

TEST(ConfigLine, Values) {
  EXPECT_EQ(word("log-file dump.log"), "--log-file=dump.log");
  EXPECT_EQ(word("log-file\t  dump.log"), "--log-file=dump.log");
  EXPECT_EQ(word("log-file=dump.log"), "--log-file=dump.log");
  EXPECT_EQ(word("log-file = dump.log"), "--log-file=dump.log");
  EXPECT_EQ(word("log-file a#b"), "--log-file=a#b");
}

TEST(ConfigLine, Quotes) {
  EXPECT_EQ(word(R"(work-dir "/home/me/my \"work\" directory")"), R"(--work-dir=/home/me/my "work" directory)");
  EXPECT_EQ(word(R"(work-dir "a\b # no comment" # comment)"), R"(--work-dir=a\b # no comment)");
  EXPECT_EQ(word(R"(work-dir "")"), "--work-dir=");
}

TEST(ConfigLine, Comments) {
  EXPECT_EQ(word(""), "");
  EXPECT_EQ(word("   "), "");
  EXPECT_EQ(word("# a comment"), "");
  EXPECT_EQ(word("  # a comment"), "");
  EXPECT_EQ(word("no-restore-sibling   # another"), "--no-restore-sibling");
  EXPECT_EQ(word("log-file x # another"), "--log-file=x");
}

TEST(ConfigLine, Errors) {
  EXPECT_EQ(word("work-dir \"a"), "error: cli: cannot read f line 1; close the double quote");
  EXPECT_NE(word("work-dir a b").find("double quotes"), std::string::npos);
  EXPECT_NE(word("= a").find("long name"), std::string::npos);
  EXPECT_NE(word("---tree 1").find("long name"), std::string::npos);
}

class ConfigFile : public testing::Test {
 protected:
  ConfigFile() { EXPECT_NE(mkdtemp(dir_), nullptr); }
  ~ConfigFile() override {
    unlink(path().c_str());
    rmdir(dir_);
  }
  std::string path() const { return std::string(dir_) + "/conf"; }
  Result<std::vector<Given>> read(const std::string& text) {
    std::ofstream(path()) << text;
    return read_config_file(path(), false);
  }
  char dir_[32] = "/tmp/config_test.XXXXXX";
};

TEST_F(ConfigFile, ManyLines) {
  Result<std::vector<Given>> r = read("# head\ntree 12\n\nno-log-pid\nverb 3");
  ASSERT_TRUE(r.ok());
  ASSERT_EQ(r.value().size(), 3u);
  EXPECT_STREQ(r.value()[0].option->name, "tree");
  EXPECT_EQ(r.value()[0].text, "12");
  EXPECT_STREQ(r.value()[1].option->name, "log-pid");
  EXPECT_FALSE(r.value()[1].on);
  EXPECT_STREQ(r.value()[2].option->name, "verbosity");
  EXPECT_EQ(r.value()[2].origin, " (" + path() + " line 5)");
}

TEST_F(ConfigFile, ErrorsNameFileAndLine) {
  EXPECT_EQ(
      read("log-pid\nno-such-thing\n").error().sentence(),
      "cli: cannot read option --no-such-thing (unknown) (" + path() + " line 2); crengine --help lists the options");
  EXPECT_EQ(read("tree\n").error().sentence(), "cli: cannot read option --tree (its value is missing) (" + path() +
                                                   " line 1); crengine --help tells what it takes");
  EXPECT_EQ(read("log-pid yes\n").error().sentence(),
            "cli: cannot read option --log-pid (it takes no value) (" + path() + " line 1); leave the value out");
}

TEST_F(ConfigFile, Missing) {
  EXPECT_TRUE(read_config_file(path(), true).ok());
  EXPECT_EQ(read_config_file(path(), false).error().err, ENOENT);
  EXPECT_FALSE(read_config_file(dir_, true).ok()) << "a directory is not a file";
}

}  // namespace
}  // namespace cr::cli
