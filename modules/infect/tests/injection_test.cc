// Injecting into processes that are in the middle of something, and what they notice of it: nothing.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <ucontext.h>

#include <cstddef>
#include <cstring>
#include <thread>

#include "infect/gadgets.h"
#include "infect/parasite_session.h"
#include "infect/target_maps.h"
#include "infect/tests/target.h"
#include "infect/wire.h"

namespace cr::infect::test {
namespace {

std::string text_of(const Error& e) { return e.sentence(); }

/// Freezes, runs one command in every thread, lets go.
void visit(HostPid pid, DetachState end = DetachState::kRunning) {
  auto task = SeizedTask::seize(pid);
  ASSERT_TRUE(task.ok()) << text_of(task.error());
  {
    auto session = ParasiteSession::open(task.value());
    ASSERT_TRUE(session.ok()) << text_of(session.error());
    for (SeizedThread& t : task.value().threads()) {
      auto answer = session.value().remote_syscall(t, SYS_gettid);
      ASSERT_TRUE(answer.ok()) << text_of(answer.error());
      EXPECT_EQ(answer.value().raw(), t.tid.value);
      RawSyscall one{.nr = SYS_getpid}, two{.nr = SYS_getppid};
      auto called = session.value().call(t, one, two);
      ASSERT_TRUE(called.ok()) << text_of(called.error());
      EXPECT_EQ(one.result, pid.value);
    }
    auto closed = session.value().close();
    EXPECT_TRUE(closed.ok()) << text_of(closed.error());
  }
  EXPECT_TRUE(task.value().detach(end).ok());
}

/// A call that sleeps `ms`, visited three times on the way, takes `ms` and ends as usual.
void sleeps_on(std::function<long()> call, long result, int error, int ms) {
  Target target(once(std::move(call)));
  ASSERT_TRUE(target.wait_ready());
  ASSERT_TRUE(target.asleep());
  for (int i = 0; i < 3; ++i) {
    usleep(60000);
    visit(target.pid());
  }
  EXPECT_EQ(target.shared().done, 0);
  ASSERT_TRUE(target.wait_done());
  EXPECT_EQ(target.shared().result, result);
  EXPECT_EQ(target.shared().error, error);
  EXPECT_GE(target.shared().took_ms, ms - 2);
  EXPECT_LT(target.shared().took_ms, ms + 150);
}

constexpr timespec kSleep{0, 700000000};

TEST(Injection, Nanosleep) {
  sleeps_on([] { return syscall(SYS_nanosleep, &kSleep, nullptr); }, 0, 0, 700);
}
TEST(Injection, Poll) {
  sleeps_on([] { return poll(nullptr, 0, 700); }, 0, 0, 700);
}
TEST(Injection, Ppoll) {
  sleeps_on([] { return ppoll(nullptr, 0, &kSleep, nullptr); }, 0, 0, 700);
}
TEST(Injection, FutexTimeout) {
  sleeps_on(
      [] {
        static int word = 0;
        return syscall(SYS_futex, &word, 0, 0, &kSleep);
      },
      -1, ETIMEDOUT, 700);
}
TEST(Injection, EpollTimeout) {
  sleeps_on(
      [] {
        epoll_event e;
        return epoll_wait(epoll_create1(0), &e, 1, 700);
      },
      0, 0, 700);
}

TEST(Injection, ReadFromPipe) {
  int fds[2];
  ASSERT_EQ(pipe(fds), 0);
  Target target(once([&] {
    char c = 0;
    const long n = read(fds[0], &c, 1);
    return n == 1 ? long{c} : -1L;
  }));
  ASSERT_TRUE(target.wait_ready());
  ASSERT_TRUE(target.asleep());
  visit(target.pid());
  visit(target.pid());
  EXPECT_EQ(target.shared().done, 0);
  ASSERT_EQ(write(fds[1], "x", 1), 1);
  ASSERT_TRUE(target.wait_done());
  EXPECT_EQ(target.shared().result, 'x');
}

TEST(Injection, SigsuspendKeepsBothMasks) {
  Target target(once([] {
    sigset_t block, none;
    sigemptyset(&none);
    sigemptyset(&block);
    sigaddset(&block, SIGUSR1);
    sigprocmask(SIG_BLOCK, &block, nullptr);
    signal(SIGUSR1, [](int) {});
    return long{sigsuspend(&none)};
  }));
  ASSERT_TRUE(target.wait_ready());
  ASSERT_TRUE(target.asleep());
  visit(target.pid());
  ASSERT_TRUE(target.eventually([&] { return target.status("SigBlk") == "0000000000000000"; }));
  EXPECT_EQ(target.shared().done, 0);
  kill(target.pid().value, SIGUSR1);
  ASSERT_TRUE(target.wait_done());
  EXPECT_EQ(target.shared().error, EINTR);
  EXPECT_EQ(target.status("SigBlk"), "0000000000000200");
}

TEST(Injection, BusyVectorLoop) {
  Target target(compute);
  ASSERT_TRUE(target.wait_ready());
  for (int i = 0; i < 50; ++i) {
    visit(target.pid());
    ASSERT_TRUE(target.moves());
  }
  EXPECT_EQ(target.shared().wrong, 0);
  EXPECT_EQ(target.finish(SIGTERM), SIGTERM);
}

TEST(Injection, LeavesNothingBehind) {
  Target target([](Shared& s) {
    s.ready = 1;
    for (;;) pause();
  });
  ASSERT_TRUE(target.wait_ready());
  ASSERT_TRUE(target.asleep());
  const std::string maps = target.proc("maps"), blocked = target.status("SigBlk"), fds = target.status("FDSize");
  auto open_files = [&] {
    return std::system(("ls /proc/" + std::to_string(target.pid().value) + "/fd | wc -l | grep -qx 3").c_str());
  };
  const int files = open_files();
  visit(target.pid());
  EXPECT_EQ(target.proc("maps"), maps);
  EXPECT_EQ(target.status("SigBlk"), blocked);
  EXPECT_EQ(target.status("TracerPid"), "0");
  EXPECT_EQ(open_files(), files);
}

TEST(Injection, Threads) {
  constexpr int kThreads = 8;
  Target target([](Shared& s) {
    std::thread threads[kThreads];
    Shared each[kThreads]{};
    for (int i = 0; i < kThreads; ++i) threads[i] = std::thread([&each, i] { compute(each[i]); });
    for (auto& e : each)
      while (e.ready == 0) usleep(100);
    s.ready = 1;
    for (;;) {
      std::uint64_t least = ~0ull;
      for (auto& e : each) {
        if (e.wrong) s.wrong = 1;
        least = std::min<std::uint64_t>(least, e.progress);
      }
      s.progress = least;
      usleep(100);
    }
  });
  ASSERT_TRUE(target.wait_ready());
  for (int i = 0; i < 5; ++i) {
    auto task = SeizedTask::seize(target.pid());
    ASSERT_TRUE(task.ok()) << text_of(task.error());
    EXPECT_EQ(task.value().threads().size(), kThreads + 1u);
    EXPECT_EQ(task.value().threads()[0].tid, target.pid());
    ASSERT_TRUE(task.value().detach().ok());
    visit(target.pid());
    ASSERT_TRUE(target.moves());
  }
  EXPECT_EQ(target.shared().wrong, 0);
}

TEST(Injection, StoppedProcessStaysStopped) {
  Target target(compute);
  ASSERT_TRUE(target.wait_ready());
  kill(target.pid().value, SIGSTOP);
  int status = 0;
  ASSERT_EQ(waitpid(target.pid().value, &status, WUNTRACED), target.pid().value);
  for (int i = 0; i < 5; ++i) {
    visit(target.pid());
    ASSERT_TRUE(target.eventually([&] { return target.status("State")[0] == 'T'; }));
  }
  const std::uint64_t before = target.shared().progress;
  usleep(30000);
  EXPECT_EQ(target.shared().progress, before);
  EXPECT_EQ(waitpid(target.pid().value, &status, WUNTRACED | WNOHANG), 0);  // no second notice of the stop
  kill(target.pid().value, SIGCONT);
  EXPECT_TRUE(target.moves());
  EXPECT_EQ(target.shared().wrong, 0);
}

TEST(Injection, StopAndContinueSignalsDuringTheVisit) {
  Target target(compute);
  ASSERT_TRUE(target.wait_ready());
  for (int i = 0; i < 20; ++i) {
    auto task = SeizedTask::seize(target.pid());
    ASSERT_TRUE(task.ok()) << text_of(task.error());
    SeizedThread& thread = task.value().threads()[0];
    kill(target.pid().value, SIGSTOP);
    auto session = ParasiteSession::open(task.value());
    ASSERT_TRUE(session.ok()) << text_of(session.error());
    auto answer = session.value().remote_syscall(thread, SYS_getpid);
    ASSERT_TRUE(answer.ok()) << text_of(answer.error());
    if (i % 2) kill(target.pid().value, SIGCONT);
    answer = session.value().remote_syscall(thread, SYS_getpid);
    ASSERT_TRUE(answer.ok()) << text_of(answer.error());
    ASSERT_TRUE(session.value().close().ok());
    ASSERT_TRUE(task.value().detach().ok());
    if (i % 2 == 0) {
      ASSERT_TRUE(target.eventually([&] { return target.status("State")[0] == 'T'; }));
      kill(target.pid().value, SIGCONT);
    }
    ASSERT_TRUE(target.moves());
  }
  EXPECT_EQ(target.shared().wrong, 0);
}

TEST(Injection, LeaveStopped) {
  Target target(compute);
  ASSERT_TRUE(target.wait_ready());
  visit(target.pid(), DetachState::kStopped);
  ASSERT_TRUE(target.eventually([&] { return target.status("State")[0] == 'T'; }));
  kill(target.pid().value, SIGCONT);
  EXPECT_TRUE(target.moves());
}

/// A filter that kills for everything but the few calls that the target makes itself.
void allow_only(std::initializer_list<int> allowed) {
  std::vector<sock_filter> f{BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr))};
  for (int nr : allowed) {
    f.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<unsigned>(nr), 0, 1));
    f.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
  }
  f.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS));
  sock_fprog prog{static_cast<unsigned short>(f.size()), f.data()};
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog);
}

TEST(Injection, SeccompFilter) {
  Target target([](Shared& s) {
    allow_only({SYS_rt_sigreturn});
    compute(s);
  });
  ASSERT_TRUE(target.wait_ready());
  for (int i = 0; i < 5; ++i) visit(target.pid());
  ASSERT_TRUE(target.moves());
  EXPECT_EQ(target.shared().wrong, 0);
  EXPECT_EQ(target.status("Seccomp"), "2");
}

TEST(Injection, SeccompStrict) {
  Target target([](Shared& s) {
    prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT);
    compute(s);
  });
  ASSERT_TRUE(target.wait_ready());
  for (int i = 0; i < 5; ++i) visit(target.pid());
  ASSERT_TRUE(target.moves());
  EXPECT_EQ(target.shared().wrong, 0);
}

TEST(Injection, SyscallUserDispatch) {
  Target target([](Shared& s) {
    static char selector = 1;  // SYSCALL_DISPATCH_FILTER_BLOCK: any system call raises SIGSYS
    s.error = prctl(59 /* PR_SET_SYSCALL_USER_DISPATCH */, 1, 0, 0, &selector) == 0 ? 0 : errno;
    compute(s);
  });
  ASSERT_TRUE(target.wait_ready());
  if (target.shared().error != 0) GTEST_SKIP() << "no syscall user dispatch in this kernel";
  for (int i = 0; i < 3; ++i) {
    visit(target.pid());
    auto task = SeizedTask::seize(target.pid());
    ASSERT_TRUE(task.ok());
    EXPECT_EQ(task.value().threads()[0].dispatch.mode, 1u);
  }
  ASSERT_TRUE(target.moves());
  EXPECT_EQ(target.shared().wrong, 0);
}

TEST(Injection, ForbiddenWritableCode) {
  Target target([](Shared& s) {
    if (prctl(65 /* PR_SET_MDWE */, 1, 0, 0, 0) != 0) s.error = errno;
    compute(s);
  });
  ASSERT_TRUE(target.wait_ready());
  if (target.shared().error != 0) GTEST_SKIP() << "no PR_SET_MDWE in this kernel";
  for (int i = 0; i < 3; ++i) visit(target.pid());
  ASSERT_TRUE(target.moves());
  EXPECT_EQ(target.shared().wrong, 0);
}

/// Like a coroutine: a stack in the middle of a heap block with data right below the red zone.
void run_on_small_stack(Shared& s) {
  constexpr std::size_t kBlock = 256 * 1024, kTop = 128 * 1024;
  static unsigned char* block = static_cast<unsigned char*>(malloc(kBlock));
  static Shared* shared = &s;
  memset(block, 0xa5, kBlock);
  static ucontext_t here, there;
  getcontext(&there);
  there.uc_stack.ss_sp = block;
  there.uc_stack.ss_size = kTop;
  there.uc_link = &here;
  makecontext(
      &there,
      [] {
        const auto* sp = static_cast<unsigned char*>(__builtin_frame_address(0));
        const std::size_t used = 2048;  // generous for this frame and compute_round's
        shared->ready = 1;
        for (std::uint64_t n = 1;; ++n) {
          bool ok = compute_round(3) == compute_round(3);
          for (const unsigned char* p = block; p < sp - used; ++p) ok = ok && *p == 0xa5;
          for (const unsigned char* p = block + kTop; p < block + kBlock; ++p) ok = ok && *p == 0xa5;
          if (!ok) shared->wrong = 1;
          shared->progress = n;
        }
      },
      0);
  swapcontext(&here, &there);
}

TEST(Injection, StackInsideAHeapBlock) {
  Target target(run_on_small_stack);
  ASSERT_TRUE(target.wait_ready());
  for (int i = 0; i < 20; ++i) {
    visit(target.pid());
    ASSERT_TRUE(target.moves());
  }
  EXPECT_EQ(target.shared().wrong, 0);
}

TEST(Injection, ProgramWithoutGadgets) {
  const pid_t pid = fork();
  if (pid == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    execl(CR_BARE_PROGRAM, CR_BARE_PROGRAM, nullptr);
    _exit(127);
  }
  usleep(50000);
  auto maps = read_maps(HostPid{pid});
  ASSERT_TRUE(maps.ok());
  {
    auto task = SeizedTask::seize(HostPid{pid});
    ASSERT_TRUE(task.ok()) << text_of(task.error());
    GadgetCache cache;
    EXPECT_FALSE(find_gadgets(maps.value(), 0, task.value().mem_fd(), cache).complete());
  }
  for (int i = 0; i < 5; ++i) visit(HostPid{pid});
  auto after = read_maps(HostPid{pid});
  ASSERT_TRUE(after.ok());
  EXPECT_EQ(after.value().size(), maps.value().size());
  int status = 0;
  EXPECT_EQ(waitpid(pid, &status, WNOHANG), 0);
  kill(pid, SIGUSR1);  // its counter is checked by itself: a wrong one makes it fault
  EXPECT_EQ(waitpid(pid, &status, 0), pid);
  EXPECT_EQ(status, SIGUSR1);
}

}  // namespace
}  // namespace cr::infect::test
