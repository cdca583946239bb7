// Action scripts, pidfile, status descriptor, statistics, deadlines.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/deadline.h"
#include "engine/pidfile.h"
#include "engine/scripts.h"
#include "engine/stats.h"
#include "engine/status_fd.h"

namespace cr::engine {
namespace {

class Surroundings : public testing::Test {
 protected:
  Surroundings() {
    EXPECT_NE(mkdtemp(dir_), nullptr);
    options_.images_dir = "/the/images";
  }
  ~Surroundings() override { std::filesystem::remove_all(dir_); }

  std::string file(const std::string& name) const { return std::string(dir_) + "/" + name; }
  std::string slurp(const std::string& name) const {
    std::ostringstream text;
    text << std::ifstream(file(name)).rdbuf();
    return text.str();
  }
  std::string script(const std::string& name, const std::string& body, mode_t mode = 0755) const {
    std::ofstream(file(name)) << "#!/bin/sh\n" << body << "\n";
    chmod(file(name).c_str(), mode);
    return file(name);
  }

  char dir_[40] = "/tmp/surroundings_test.XXXXXX";
  Options options_;
};

TEST_F(Surroundings, ScriptsSeeWhereTheyAre) {
  setenv("CRTOOLS_SCRIPT_ACTION", "stale", 1);
  options_.action_scripts = {
      script("s", "echo $CRTOOLS_SCRIPT_ACTION $CRTOOLS_IMAGE_DIR ${CRTOOLS_INIT_PID-none} >>" + file("out"))};
  ASSERT_TRUE(run_scripts(options_, ScriptPoint::kPreDump).ok());
  ASSERT_TRUE(run_scripts(options_, ScriptPoint::kPostSetupNamespaces, HostPid{77}).ok());
  EXPECT_EQ(slurp("out"), "pre-dump /the/images none\npost-setup-namespaces /the/images 77\n");
}

TEST_F(Surroundings, ScriptsRunInOrderUntilOneFails) {
  options_.action_scripts = {"echo 1 >>" + file("out"), script("s", "echo 2 >>" + file("out") + "; exit 3"),
                             "echo 3 >>" + file("out")};
  Result<> r = run_scripts(options_, ScriptPoint::kNetworkLock);
  ASSERT_FALSE(r.ok());
  EXPECT_EQ(r.error().sentence(), "scripts: cannot go on after the action script " + file("s") +
                                      " at network-lock, which exited with 3; look at what it printed, or leave "
                                      "--action-script out");
  EXPECT_EQ(slurp("out"), "1\n2\n");
}

TEST_F(Surroundings, ScriptsThatDontStart) {
  options_.action_scripts = {script("s", "exit 0", 0644)};
  EXPECT_EQ(run_scripts(options_, ScriptPoint::kPreDump).error().err, EACCES);
  options_.action_scripts = {"kill -9 $$"};
  EXPECT_NE(run_scripts(options_, ScriptPoint::kPreDump).error().object.find("killed by signal 9"),
            std::string::npos);
}

TEST_F(Surroundings, ScriptsDontInheritBlockedSignals) {
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, &before);
  options_.action_scripts = {"grep -q '^SigBlk:.0000000000000000$' /proc/self/status"};
  EXPECT_TRUE(run_scripts(options_, ScriptPoint::kPreDump).ok());
  sigprocmask(SIG_SETMASK, &before, nullptr);
}

TEST_F(Surroundings, NoScriptNoProcess) {
  EXPECT_TRUE(run_scripts(options_, ScriptPoint::kPreDump).ok());
  EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1);
  EXPECT_EQ(errno, ECHILD);
}

TEST_F(Surroundings, PidfileHoldsThePid) {
  {
    Result<Pidfile> p = Pidfile::create(file("pid"));
    ASSERT_TRUE(p.ok());
    Pidfile moved = p.take();
    ASSERT_TRUE(moved.write(HostPid{4321}).ok());
  }
  EXPECT_EQ(slurp("pid"), "4321");
  Result<Pidfile> again = Pidfile::create(file("pid"));
  ASSERT_FALSE(again.ok());
  EXPECT_EQ(again.error().err, EEXIST);
  EXPECT_EQ(slurp("pid"), "4321");
}

TEST_F(Surroundings, PidfileOfAFailureGoesAway) {
  { ASSERT_TRUE(Pidfile::create(file("pid")).ok()); }
  EXPECT_FALSE(std::filesystem::exists(file("pid")));
  EXPECT_FALSE(Pidfile::create(file("no/pid")).ok());
  Result<Pidfile> none = Pidfile::create("");
  ASSERT_TRUE(none.ok());
  EXPECT_TRUE(none.value().write(HostPid{1}).ok());
}

TEST_F(Surroundings, StatusFdGetsOneZeroAndEnds) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  ASSERT_TRUE(report_ready(ends[1]).ok());
  char buffer[2] = {1, 1};
  EXPECT_EQ(read(ends[0], buffer, 2), 1);
  EXPECT_EQ(buffer[0], 0);
  EXPECT_EQ(read(ends[0], buffer, 2), 0) << "closed";
  close(ends[0]);
  EXPECT_EQ(report_ready(ends[1]).error().err, EBADF);
  EXPECT_TRUE(report_ready(-1).ok());
}

TEST(Stats, Text) {
  DumpStats s;
  s.frozen_us = 25129;
  s.pages_written = 54;
  std::string text = stats_text(s);
  EXPECT_NE(text.find("frozen                                   25129 us\n"), std::string::npos) << text;
  EXPECT_NE(text.find("pages written                               54\n"), std::string::npos) << text;
}

TEST(Deadline, NeverPasses) {
  Deadline d = Deadline::after_seconds(0);
  timespec t;
  EXPECT_FALSE(d.passed());
  EXPECT_EQ(d.poll_ms(), -1);
  EXPECT_EQ(d.timeout(&t), nullptr);
}

TEST(Deadline, Passes) {
  Deadline d = Deadline::after_seconds(1);
  EXPECT_FALSE(d.passed());
  EXPECT_GT(d.poll_ms(), 900);
  EXPECT_LE(d.poll_ms(), 1000);
  poll(nullptr, 0, d.poll_ms());
  EXPECT_TRUE(d.passed());
  EXPECT_EQ(d.poll_ms(), 0);
  timespec t;
  ASSERT_NE(d.timeout(&t), nullptr);
  EXPECT_EQ(t.tv_sec, 0);
  EXPECT_EQ(Deadline::after_seconds(4'000'000'000u).poll_ms(), std::numeric_limits<int>::max());
}

}  // namespace
}  // namespace cr::engine
