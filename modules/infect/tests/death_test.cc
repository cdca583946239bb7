// The engine is killed with SIGKILL at every one of its system calls, and at random moments; whatever it was doing to
// the target, the target goes on as if nothing had been.
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>

#include <cstdlib>
#include <thread>

#include "infect/parasite_session.h"
#include "infect/tests/target.h"
#include "infect/wire.h"

namespace cr::infect::test {
namespace {

/// What the engine does between the first and the last kill point.
void engine_work(HostPid pid) {
  auto task = SeizedTask::seize(pid);
  if (!task.ok()) _exit(10);
  auto session = ParasiteSession::open(task.value());
  if (!session.ok()) _exit(11);
  for (SeizedThread& t : task.value().threads()) {
    RawSyscall a{.nr = SYS_getpid}, b{.nr = SYS_gettid}, c{.nr = SYS_umask, .args = {022}};
    if (!session.value().call(t, a, b, c).ok() || b.result != t.tid.value) _exit(12);
  }
  if (!session.value().close().ok()) _exit(13);
  if (!task.value().detach().ok()) _exit(14);
}

/// Runs the engine in a child and kills it at its `k`-th system call stop (entries and exits count). True when the
/// engine finished before that.
bool engine_until(HostPid target, int k) {
  const pid_t engine = fork();
  if (engine == 0) {
    ptrace(PTRACE_TRACEME, 0, 0, 0);
    raise(SIGSTOP);
    engine_work(target);
    _exit(0);
  }
  int status = 0;
  waitpid(engine, &status, 0);
  ptrace(PTRACE_SETOPTIONS, engine, 0, PTRACE_O_EXITKILL);
  for (int i = 0;; ++i) {
    ptrace(PTRACE_SYSCALL, engine, 0, 0);
    waitpid(engine, &status, 0);
    if (WIFEXITED(status) || WIFSIGNALED(status)) {
      EXPECT_EQ(status, 0) << "step " << i;
      return true;
    }
    if (i == k) break;
  }
  kill(engine, SIGKILL);
  waitpid(engine, &status, 0);
  return false;
}

int count_of(const std::string& text, const std::string& what) {
  int n = 0;
  for (std::size_t at = text.find(what); at != text.npos; at = text.find(what, at + 1)) ++n;
  return n;
}

/// What must hold of a target whose engine has died.
void expect_unharmed(Target& target, const std::string& mask, int lines_before, const std::string& when) {
  EXPECT_TRUE(target.eventually([&] { return target.status("TracerPid") == "0"; })) << when;
  // The parasite may still be on its way out when the engine is gone.
  EXPECT_TRUE(target.eventually([&] { return target.status("SigBlk") == mask; })) << when;
  const std::string maps = target.proc("maps");
  EXPECT_LE(count_of(maps, "rwxs"), 1) << when << "\n" << maps;
  EXPECT_LE(count_of(maps, "\n"), lines_before + 1) << when << "\n" << maps;
}

/// A fresh target for every kill point; `alive` checks that it still does what it did.
void kill_everywhere(const std::function<void(Shared&)>& body, const std::function<bool(Target&)>& alive,
                     int stride = 1) {
  int points = 0;
  for (int k = 0;; k += stride) {
    Target target(body);
    ASSERT_TRUE(target.wait_ready());
    usleep(2000);
    const std::string mask = target.status("SigBlk");
    const int lines = count_of(target.proc("maps"), "\n");
    const bool over = engine_until(target.pid(), k);
    const std::string when = "killed at step " + std::to_string(k);
    ASSERT_TRUE(alive(target)) << when << ", status " << std::hex << target.finish(0);
    expect_unharmed(target, mask, lines, when);
    EXPECT_EQ(target.shared().wrong, 0) << when;
    EXPECT_EQ(target.finish(SIGTERM), SIGTERM) << when;
    if (testing::Test::HasFailure() || over) break;
    ++points;
  }
  printf("%d kill points\n", points);
  EXPECT_GT(points, 60 / stride);
}

bool computes(Target& target) { return target.moves() && target.moves(); }

TEST(EngineDeath, ComputingTarget) { kill_everywhere(compute, computes); }

TEST(EngineDeath, TwoThreads) {
  kill_everywhere(
      [](Shared& s) {
        static Shared other{};
        std::thread([] { compute(other); }).detach();
        while (other.ready == 0) usleep(100);
        static Shared mine{};
        std::thread([&s] {
          for (;; usleep(200)) {
            if (mine.wrong || other.wrong) s.wrong = 1;
            s.progress = std::min<std::uint64_t>(mine.progress, other.progress);
            s.ready = mine.ready.load();
          }
        }).detach();
        compute(mine);
      },
      computes);
}

TEST(EngineDeath, ReadingTarget) {
  // Reads a byte when asked to; the read in which it was interrupted must go on.
  static int fds[2];
  ASSERT_EQ(pipe(fds), 0);
  kill_everywhere(
      [](Shared& s) {
        s.ready = 1;
        for (char c;;) {
          if (read(fds[0], &c, 1) != 1 || c != 'x') s.wrong = 1;
          s.progress = s.progress + 1;
        }
      },
      [](Target& target) {
        const std::uint64_t before = target.shared().progress;
        if (write(fds[1], "x", 1) != 1) return false;
        return target.eventually([&] { return target.shared().progress == before + 1; });
      });
}

TEST(EngineDeath, SeccompFilteredTarget) {
  kill_everywhere(
      [](Shared& s) {
        const sock_filter code[] = {
            // Everything is allowed but what would betray us if it ran unfiltered: the target's own calls.
            BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
            BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 0, 1),
            BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
            BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        };
        sock_fprog prog{4, const_cast<sock_filter*>(code)};
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
        if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog) != 0) s.wrong = 1;
        compute(s);
      },
      computes);
}

TEST(EngineDeath, StoppedTarget) {
  kill_everywhere(
      [](Shared& s) {
        s.ready = 1;
        raise(SIGSTOP);
        compute(s);
      },
      [](Target& target) {
        if (!target.eventually([&] { return target.status("State")[0] == 'T'; })) return false;
        kill(target.pid().value, SIGCONT);
        return computes(target);
      });
}

TEST(EngineDeath, AtRandomMoments) {
  Target target(compute);
  ASSERT_TRUE(target.wait_ready());
  const std::string mask = target.status("SigBlk");
  const int lines = count_of(target.proc("maps"), "\n");
  srand(7);
  int stray = 0;
  for (int i = 0; i < 150; ++i) {
    const pid_t engine = fork();
    if (engine == 0) {
      for (;;) engine_work(target.pid());
    }
    usleep(2000 + static_cast<unsigned>(rand()) % 3000);
    kill(engine, SIGKILL);
    int status = 0;
    ASSERT_EQ(waitpid(engine, &status, 0), engine);
    ASSERT_EQ(status, SIGKILL) << "the engine failed by itself";
    ASSERT_TRUE(target.moves()) << "round " << i << ", status " << std::hex << target.finish(0);
    ASSERT_TRUE(target.eventually([&] { return target.status("SigBlk") == mask; }));
    ASSERT_EQ(target.shared().wrong, 0);
    const int now = count_of(target.proc("maps"), "\n") - lines;
    ASSERT_LE(now, stray + 1) << "more than one mapping left by one death";
    stray = now;
  }
  printf("%d mappings left by 150 deaths\n", stray);
  EXPECT_EQ(target.finish(SIGTERM), SIGTERM);
}

}  // namespace
}  // namespace cr::infect::test
