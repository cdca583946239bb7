// Freezing and thawing: what must be refused, what must not be lost.
#include <gtest/gtest.h>
#include <pthread.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>

#include <thread>

#include "infect/parasite_session.h"
#include "infect/sleep_note.h"
#include "infect/tests/target.h"

namespace cr::infect::test {
namespace {

Error refusal(HostPid pid, SeizeOptions options = {}) {
  auto task = SeizedTask::seize(pid, options);
  EXPECT_FALSE(task.ok());
  return task.ok() ? Error{} : task.error();
}

TEST(Seize, RefusesByName) {
  EXPECT_EQ(refusal(HostPid{0x3ffffff}).err, ESRCH);
  EXPECT_NE(refusal(HostPid{getpid()}).remedy.find("engine itself"), std::string::npos);
  if (access("/proc/2/comm", F_OK) == 0) {
    std::string comm;
    std::getline(std::ifstream("/proc/2/comm"), comm);
    if (comm == "kthreadd") {
      EXPECT_NE(refusal(HostPid{2}).remedy.find("kernel thread"), std::string::npos);
    }
  }
  const pid_t zombie = fork();
  if (zombie == 0) _exit(3);
  usleep(50000);
  EXPECT_NE(refusal(HostPid{zombie}).remedy.find("zombie"), std::string::npos);
  int status = 0;
  EXPECT_EQ(waitpid(zombie, &status, 0), zombie);
  EXPECT_EQ(WEXITSTATUS(status), 3);
}

TEST(SleepNote, IsOfOneCallAndOfTheFuture) {
  Target target(compute);
  ASSERT_TRUE(target.wait_ready());
  auto task = SeizedTask::seize(target.pid());
  ASSERT_TRUE(task.ok());
  const SeizedThread& thread = task.value().threads().front();
  constexpr std::uint64_t kNow = 5'000'000'000'000, kUnit = 1 << 14;
  EXPECT_FALSE(noted_due(thread.tid, thread.regs, kNow));
  note_due(thread.tid, thread.regs, kNow + 1'000'000'000);
  const auto due = noted_due(thread.tid, thread.regs, kNow);
  ASSERT_TRUE(due);
  EXPECT_LE(*due, kNow + 1'000'000'000);
  EXPECT_GT(*due + kUnit, kNow + 1'000'000'000);
  EXPECT_FALSE(noted_due(thread.tid, thread.regs, kNow + 2'000'000'000));
  arch::Regs other = thread.regs;
  arch::set_syscall_arg(other, 2, 77);
  EXPECT_FALSE(noted_due(thread.tid, other, kNow));
}

TEST(Seize, ReapsTheInitOfAPidNamespaceWithThreads) {
  for (int round = 0; round < 5; ++round) {
    int ready[2];
    ASSERT_EQ(pipe(ready), 0);
    const auto init = static_cast<pid_t>(syscall(SYS_clone, CLONE_NEWPID | SIGCHLD, nullptr, nullptr, nullptr, 0));
    ASSERT_GE(init, 0) << strerror(errno);
    if (init == 0) {
      for (int i = 0; i < 4; ++i) std::thread([] { pause(); }).detach();
      if (write(ready[1], "r", 1) != 1) _exit(1);
      for (;;) pause();
    }
    char byte;
    ASSERT_EQ(read(ready[0], &byte, 1), 1);
    close(ready[0]), close(ready[1]);
    auto task = SeizedTask::seize(HostPid{init});
    ASSERT_TRUE(task.ok()) << task.error().sentence();
    ASSERT_TRUE(task.value().send_kill().ok());
    const std::int64_t began = now_ms();
    const auto reaped = task.value().reap();
    ASSERT_TRUE(reaped.ok()) << reaped.error().sentence();
    EXPECT_LT(now_ms() - began, 5000);
    int status = 0;
    waitpid(init, &status, 0);
  }
}

TEST(Seize, NamesTheTracer) {
  Target target(compute);
  ASSERT_TRUE(target.wait_ready());
  Target tracer([&](Shared& s) {
    prctl(PR_SET_NAME, "my-tracer");
    s.result = ptrace(PTRACE_SEIZE, target.pid().value, 0, 0);
    s.ready = 1;
    for (;;) pause();
  });
  ASSERT_TRUE(tracer.wait_ready());
  const Error e = refusal(target.pid());
  EXPECT_NE(e.remedy.find("my-tracer"), std::string::npos) << e.sentence();
  EXPECT_NE(e.remedy.find(std::to_string(tracer.pid().value)), std::string::npos);
}

TEST(Seize, DestructorThawsButNotInAFork) {
  Target target(compute);
  ASSERT_TRUE(target.wait_ready());
  {
    auto task = SeizedTask::seize(target.pid());
    ASSERT_TRUE(task.ok());
    const std::uint64_t at = target.shared().progress;
    const pid_t child = fork();
    if (child == 0) {
      task = Error{};  // runs the guard's destructor
      _exit(0);
    }
    waitpid(child, nullptr, 0);
    usleep(20000);
    EXPECT_EQ(target.shared().progress, at);
    SeizedTask moved = task.take();
    EXPECT_EQ(moved.threads().size(), 1u);
  }
  EXPECT_TRUE(target.moves());
}

TEST(Seize, KillLeavesTheStatusToTheParent) {
  // The target's parent is another process than the engine.
  Target parent([](Shared& s) {
    const pid_t child = fork();
    if (child == 0) {
      std::thread([] { pause(); }).detach();
      for (;;) pause();
    }
    usleep(20000);
    s.result = child;
    s.ready = 1;
    int status = 0;
    if (waitpid(child, &status, 0) == child) s.error = status;
    s.done = 1;
    pause();
  });
  ASSERT_TRUE(parent.wait_ready());
  auto task = SeizedTask::seize(HostPid{static_cast<int>(parent.shared().result)});
  ASSERT_TRUE(task.ok());
  EXPECT_EQ(task.value().threads().size(), 2u);
  ASSERT_TRUE(task.value().kill().ok());
  ASSERT_TRUE(parent.wait_done());
  EXPECT_EQ(parent.shared().error, SIGKILL);
}

TEST(Seize, DeadLeader) {
  Target target([](Shared& s) {
    std::thread([&s] {
      usleep(20000);
      compute(s);
    }).detach();
    syscall(SYS_exit, 0);
  });
  ASSERT_TRUE(target.wait_ready());
  {
    auto task = SeizedTask::seize(target.pid());
    ASSERT_TRUE(task.ok()) << task.error().sentence();
    EXPECT_TRUE(task.value().leader_dead());
    ASSERT_EQ(task.value().threads().size(), 1u);
    EXPECT_NE(task.value().threads()[0].tid, target.pid());
    auto session = ParasiteSession::open(task.value());
    ASSERT_TRUE(session.ok()) << session.error().sentence();
    auto pid = session.value().remote_syscall(task.value().threads()[0], SYS_getpid);
    ASSERT_TRUE(pid.ok());
    EXPECT_EQ(pid.value().raw(), target.pid().value);
  }
  EXPECT_TRUE(target.moves());
  EXPECT_EQ(target.shared().wrong, 0);
}

/// Signals that arrive while the process is being frozen again and again are all handled, each once.
TEST(Seize, NoSignalIsLost) {
  Target target([](Shared& s) {
    static Shared* shared = &s;
    struct sigaction sa {};
    sa.sa_sigaction = [](int, siginfo_t* info, void*) {
      shared->result += info->si_value.sival_int;
      shared->took_ms += 1;
    };
    sa.sa_flags = SA_SIGINFO;
    sigaction(SIGRTMIN + 1, &sa, nullptr);
    compute(s);
  });
  ASSERT_TRUE(target.wait_ready());
  constexpr int kSignals = 3000;
  std::thread sender([&] {
    for (int i = 1; i <= kSignals; ++i) {
      sigval value{};
      value.sival_int = i;
      sigqueue(target.pid().value, SIGRTMIN + 1, value);
      if (i % 4 == 0) usleep(200);
    }
  });
  int rounds = 0;
  while (target.shared().took_ms < kSignals && rounds < 20000) {
    auto task = SeizedTask::seize(target.pid());
    ASSERT_TRUE(task.ok()) << task.error().sentence();
    if (rounds % 3 == 0) {
      auto session = ParasiteSession::open(task.value());
      ASSERT_TRUE(session.ok()) << session.error().sentence();
    }
    ++rounds;
  }
  sender.join();
  ASSERT_TRUE(target.eventually([&] { return target.shared().took_ms >= kSignals; }));
  EXPECT_EQ(target.shared().took_ms, kSignals);
  EXPECT_EQ(target.shared().result, long{kSignals} * (kSignals + 1) / 2);
  EXPECT_EQ(target.shared().wrong, 0);
  printf("%d freezes under %d signals\n", rounds, kSignals);
}

/// Threads come and go all the time: every freeze gets all of those that are there.
TEST(Seize, ThreadsThatComeAndGo) {
  Target target([](Shared& s) {
    s.ready = 1;
    for (;;) {
      std::thread a([&] { s.progress++; }), b([&] { usleep(100); });
      a.join();
      b.join();
    }
  });
  ASSERT_TRUE(target.wait_ready());
  for (int i = 0; i < 200; ++i) {
    {
      auto task = SeizedTask::seize(target.pid());
      ASSERT_TRUE(task.ok()) << task.error().sentence();
      // A thread that is past its last instruction may still be counted for a moment.
      EXPECT_TRUE(target.eventually(
          [&] { return std::to_string(task.value().threads().size()) == target.status("Threads"); }));
      const std::uint64_t at = target.shared().progress;
      usleep(500);
      EXPECT_EQ(target.shared().progress, at);
    }
    usleep(static_cast<unsigned>(i % 7) * 50);
  }
  EXPECT_TRUE(target.moves());
}

/// exec in a thread kills the others and changes its own tid, at whatever moment.
TEST(Seize, ExecWhileBeingSeized) {
  int frozen = 0;
  for (int i = 0; i < 60; ++i) {
    Target target([i](Shared& s) {
      std::thread others[3];
      for (auto& t : others) t = std::thread([] { pause(); });
      s.ready = 1;
      std::thread([i] {
        usleep(static_cast<unsigned>(i) * 10);
        execl(CR_BARE_PROGRAM, CR_BARE_PROGRAM, nullptr);
      }).join();
    });
    while (target.shared().ready == 0) usleep(10);
    auto task = SeizedTask::seize(target.pid(), {.timeout = std::chrono::milliseconds(3000)});
    ASSERT_TRUE(task.ok()) << task.error().sentence();
    // A thread that is past its last instruction may still be counted for a moment.
    EXPECT_TRUE(
        target.eventually([&] { return std::to_string(task.value().threads().size()) == target.status("Threads"); }));
    ++frozen;
    ASSERT_TRUE(task.value().detach().ok());
    ASSERT_TRUE(target.eventually([&] { return target.proc("comm") == "bare_program\n"; }));
  }
  EXPECT_EQ(frozen, 60);
}

TEST(Seize, VforkParentIsNamed) {
  Target target([](Shared& s) {
    s.ready = 1;
    if (vfork() == 0) {
      usleep(1500000);
      _exit(0);
    }
    s.done = 1;
    for (;;) pause();
  });
  ASSERT_TRUE(target.wait_ready());
  usleep(50000);
  // In a process of its own: it cannot let go of a thread that does not stop before it ends.
  const pid_t engine = fork();
  if (engine == 0) {
    const Error e = refusal(target.pid(), {.timeout = std::chrono::milliseconds(100)});
    _exit(e.err == ETIMEDOUT && e.remedy.find("vfork() child") != std::string::npos ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(engine, &status, 0), engine);
  EXPECT_EQ(status, 0);
  EXPECT_TRUE(target.wait_done());
  EXPECT_EQ(target.status("TracerPid"), "0");
}

}  // namespace
}  // namespace cr::infect::test
