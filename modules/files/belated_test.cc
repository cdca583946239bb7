// What can be opened only at the end of a restore; processes outside of the tree.
#include "files/belated.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "files/outside_process.h"

namespace cr::files {
namespace {

TEST(Belated, Names) {
  EXPECT_EQ(late_name("/proc/17/task/18/comm"), (LateName{"/proc/17/task", "18/comm"}));
  EXPECT_EQ(late_name("/proc/17/task/18"), (LateName{"/proc/17/task", "18"}));
  EXPECT_EQ(late_name("/proc/17/task/18/fd/3"), (LateName{"/proc/17/task", "18/fd/3"}));
  EXPECT_EQ(late_name("/proc/17/fdinfo/3"), (LateName{"/proc/17/fdinfo", "3"}));
  EXPECT_EQ(late_name("/proc/17/fd/3"), (LateName{"/proc/17/fd", "3"}));
  EXPECT_EQ(late_name("/proc/17/map_files/1000-2000"), (LateName{"/proc/17/map_files", "1000-2000"}));
  EXPECT_EQ(late_name("/proc/17/task/17/fdinfo/3"), (LateName{"/proc/17/task/17/fdinfo", "3"}));
}

TEST(Belated, NamesOfWhatIsThereWithItsProcess) {
  for (const char* name : {"/proc", "/proc/17", "/proc/17/comm", "/proc/17/fd", "/proc/17/fdinfo", "/proc/17/task",
                           "/proc/17/task/17/comm", "/proc/17/task/17", "/proc/17/task/17/fd", "/proc/sys/fs/fd/3",
                           "/proc/self/fd/3", "/tmp/17/fd/3", "/procs/17/fd/3", ""})
    EXPECT_EQ(late_name(name), std::nullopt) << name;
}

TEST(OutsideProcess, IsFoundWhileItLives) {
  const pid_t child = fork();
  if (child == 0)
    for (;;) pause();
  UniqueFd fd(static_cast<int>(syscall(434 /* pidfd_open */, child, 0)));
  ASSERT_TRUE(fd);
  const auto seen = look_at_outside(HostPid{child}, fd.get());
  ASSERT_TRUE(seen.ok()) << seen.error().sentence();
  ASSERT_TRUE(seen.value());
  const OutsideProcess p = *seen.value();
  EXPECT_TRUE(check_same_system(p, "the test").ok());
  EXPECT_TRUE(find_outside(p, 0, "the test").value());
  // Another one that has its pid.
  OutsideProcess other = p;
  ++(p.inode != 0 ? other.inode : other.started);
  EXPECT_FALSE(find_outside(other, 0, "the test").value());
  OutsideProcess elsewhere = p;
  elsewhere.boot = "another boot";
  EXPECT_FALSE(check_same_system(elsewhere, "the test").ok());
  elsewhere = p;
  ++elsewhere.pid_space;
  EXPECT_FALSE(check_same_system(elsewhere, "the test").ok());
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  EXPECT_FALSE(find_outside(p, 0, "the test").value());
  EXPECT_FALSE(look_at_outside(HostPid{child}, fd.get()).value());
}

}  // namespace
}  // namespace cr::files
