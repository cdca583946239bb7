// Which interrupted calls a program would notice, and that it does not; how well the time slept is known.
#include <gtest/gtest.h>
#include <linux/aio_abi.h>
#include <linux/io_uring.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <algorithm>
#include <vector>

#include "infect/parasite_session.h"
#include "infect/restart_table.h"
#include "infect/sleep_clock.h"
#include "infect/tests/target.h"

namespace cr::infect::test {
namespace {

constexpr timespec kHalf{0, 500000000};
constexpr timeval kHalfVal{0, 500000};

struct Case {
  const char* name;
  long nr;
  std::function<long()> call;
  long result;  ///< after half a second without an event
  int error;
};

int tcp_listener() {
  const int s = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in a{};
  a.sin_family = AF_INET;
  a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  bind(s, reinterpret_cast<sockaddr*>(&a), sizeof a);
  listen(s, 1);
  setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &kHalfVal, sizeof kHalfVal);
  return s;
}

int unix_pair() {
  int sv[2];
  (void)!socketpair(AF_UNIX, SOCK_STREAM, 0, sv);
  setsockopt(sv[0], SOL_SOCKET, SO_RCVTIMEO, &kHalfVal, sizeof kHalfVal);
  setsockopt(sv[0], SOL_SOCKET, SO_SNDTIMEO, &kHalfVal, sizeof kHalfVal);
  return sv[0];
}

long fill(int socket) {
  char block[4096] = {};
  for (;;)
    if (const long n = syscall(SYS_sendto, socket, block, sizeof block, 0, 0, 0); n < 0) return n;
}

const std::vector<Case>& cases() {
  static epoll_event event;
  static char byte;
  static iovec vec{&byte, 1};
  static msghdr message{.msg_iov = &vec, .msg_iovlen = 1};
  static int sem = semget(IPC_PRIVATE, 1, 0600);
  static sembuf down{0, -1, 0};
  static const std::vector<Case> all{
      {"epoll_wait", arch::kNrEpollWait, [] { return syscall(arch::kNrEpollWait, epoll_create1(0), &event, 1, 500); },
       0, 0},
      {"epoll_pwait", SYS_epoll_pwait,
       [] {
         sigset_t none;
         sigemptyset(&none);
         // The sixth argument is on the stack of syscall(2), where an int would leave half of its word as it was.
         return syscall(SYS_epoll_pwait, epoll_create1(0), &event, 1, 500, &none, std::size_t{8});
       },
       0, 0},
      {"epoll_pwait2", SYS_epoll_pwait2,
       [] { return syscall(SYS_epoll_pwait2, epoll_create1(0), &event, 1, &kHalf, nullptr, std::size_t{8}); }, 0, 0},
      {"semtimedop", SYS_semtimedop, [] { return syscall(SYS_semtimedop, sem, &down, 1, &kHalf); }, -1, EAGAIN},
      {"io_getevents", SYS_io_getevents,
       [] {
         aio_context_t context = 0;
         io_event done;
         syscall(SYS_io_setup, 8, &context);
         return syscall(SYS_io_getevents, context, 1, 1, &done, &kHalf);
       },
       0, 0},
      {"rt_sigtimedwait", SYS_rt_sigtimedwait,
       [] {
         sigset_t set;
         sigemptyset(&set);
         sigaddset(&set, SIGUSR1);
         sigprocmask(SIG_BLOCK, &set, nullptr);
         return syscall(SYS_rt_sigtimedwait, &set, nullptr, &kHalf, 8);
       },
       -1, EAGAIN},
      {"recvfrom", SYS_recvfrom, [] { return syscall(SYS_recvfrom, unix_pair(), &byte, 1, 0, 0, 0); }, -1, EAGAIN},
      {"recvmsg", SYS_recvmsg, [] { return syscall(SYS_recvmsg, unix_pair(), &message, 0); }, -1, EAGAIN},
      {"read", SYS_read, [] { return syscall(SYS_read, unix_pair(), &byte, 1); }, -1, EAGAIN},
      {"sendto", SYS_sendto, [] { return fill(unix_pair()); }, -1, EAGAIN},
      {"accept", SYS_accept, [] { return syscall(SYS_accept, tcp_listener(), 0, 0); }, -1, EAGAIN},
  };
  return all;
}

TEST(Restart, NoCallReturnsEintr) {
  for (const Case& c : cases()) {
    if (c.nr < 0) continue;  // there is no such call here
    SCOPED_TRACE(c.name);
    Target target(once(c.call));
    ASSERT_TRUE(target.wait_ready());
    ASSERT_TRUE(target.asleep());
    usleep(200000);
    {
      auto task = SeizedTask::seize(target.pid());
      ASSERT_TRUE(task.ok());
      const SeizedThread& t = task.value().threads()[0];
      // Both: in the table, and really one that would have returned EINTR.
      EXPECT_EQ(t.restart.nr, c.nr);
      EXPECT_EQ(t.restart.kind, arch::RestartKind::kEintr);
      auto session = ParasiteSession::open(task.value());
      ASSERT_TRUE(session.ok());
    }
    ASSERT_TRUE(target.wait_done());
    EXPECT_EQ(target.shared().result, c.result);
    EXPECT_EQ(target.shared().error, c.error);
    EXPECT_GE(target.shared().took_ms, 498);
    EXPECT_LT(target.shared().took_ms, 690);
  }
  semctl(semget(IPC_PRIVATE, 1, 0600), 0, IPC_RMID);
}

/// The option of a socket tells the time of the whole call, so a second cut needs the note of the first.
TEST(Restart, ASocketsTimeIsCutTwice) {
  Target target(once([] {
    char byte;
    return syscall(SYS_recvfrom, unix_pair(), &byte, 1, 0, 0, 0);
  }));
  ASSERT_TRUE(target.wait_ready());
  for (int i = 0; i < 3; ++i) {
    usleep(100000);
    ASSERT_TRUE(SeizedTask::seize(target.pid()).ok());
  }
  ASSERT_TRUE(target.wait_done());
  EXPECT_EQ(target.shared().error, EAGAIN);
  EXPECT_GE(target.shared().took_ms, 498);
  EXPECT_LT(target.shared().took_ms, 690);
}

TEST(Restart, SemopAndIoUring) {
  Target target(once([] {
    sembuf down{0, -1, 0};
    const int sem = semget(IPC_PRIVATE, 1, 0600);
    const pid_t child = fork();
    if (child == 0) {
      usleep(400000);
      sembuf up{0, 1, 0};
      _exit(semop(sem, &up, 1));
    }
    const long r = semop(sem, &down, 1);
    semctl(sem, 0, IPC_RMID);
    return r;
  }));
  ASSERT_TRUE(target.wait_ready());
  usleep(100000);
  for (int i = 0; i < 5; ++i) {
    auto task = SeizedTask::seize(target.pid());
    ASSERT_TRUE(task.ok());
  }
  ASSERT_TRUE(target.wait_done());
  EXPECT_EQ(target.shared().result, 0);

  Target ring(once([] {
    io_uring_params params{};
    const long fd = syscall(SYS_io_uring_setup, 4, &params);
    if (fd < 0) return -2L;
    return syscall(SYS_io_uring_enter, fd, 0, 1, IORING_ENTER_GETEVENTS, nullptr, 0);
  }));
  ASSERT_TRUE(ring.wait_ready());
  usleep(100000);
  if (ring.shared().done) GTEST_SKIP() << "no io_uring";
  { ASSERT_TRUE(SeizedTask::seize(ring.pid()).ok()); }
  usleep(50000);
  EXPECT_EQ(ring.shared().done, 0);
}

/// A handler that ran while we held the process must have its EINTR.
TEST(Restart, EintrWhenAHandlerRuns) {
  Target target(once([] {
    struct sigaction sa {};
    sa.sa_handler = [](int) {};
    sigaction(SIGUSR1, &sa, nullptr);
    epoll_event e;
    return long{epoll_wait(epoll_create1(0), &e, 1, -1)};
  }));
  ASSERT_TRUE(target.wait_ready());
  ASSERT_TRUE(target.asleep());
  {
    auto task = SeizedTask::seize(target.pid());
    ASSERT_TRUE(task.ok());
    kill(target.pid().value, SIGUSR1);
  }
  ASSERT_TRUE(target.wait_done());
  EXPECT_EQ(target.shared().result, -1);
  EXPECT_EQ(target.shared().error, EINTR);
}

/// A poll that was already continued by restart_syscall.
TEST(Restart, ContinuedCallIsNamed) {
  Target target(once([] { return long{poll(nullptr, 0, 600)}; }));
  ASSERT_TRUE(target.wait_ready());
  ASSERT_TRUE(target.asleep());
  usleep(100000);
  { ASSERT_TRUE(SeizedTask::seize(target.pid()).ok()); }
  usleep(100000);
  {
    auto task = SeizedTask::seize(target.pid());
    ASSERT_TRUE(task.ok());
    const RestartInfo& r = task.value().threads()[0].restart;
    EXPECT_TRUE(r.continued);
    EXPECT_EQ(r.kind, arch::RestartKind::kBlock);
    printf("continued call: %ld\n", r.nr);
  }
  ASSERT_TRUE(target.wait_done());
  EXPECT_EQ(target.shared().result, 0);
  EXPECT_LT(target.shared().took_ms, 700);
}

std::int64_t now_ns() {
  timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000ll + t.tv_nsec;
}

TEST(SleepClock, Precision) {
  std::vector<std::int64_t> errors;
  SleepClock clock;
  for (int i = 0; i < 30; ++i) {
    Target target([](Shared& s) {
      const timespec long_sleep{100, 0};
      s.progress = static_cast<std::uint64_t>(now_ns());
      s.ready = 1;
      nanosleep(&long_sleep, nullptr);
    });
    ASSERT_TRUE(target.wait_ready());
    ASSERT_TRUE(target.asleep());
    usleep(3000u * static_cast<unsigned>(i % 5));
    const std::int64_t before = now_ns();
    auto task = SeizedTask::seize(target.pid(), {.clock = &clock});
    ASSERT_TRUE(task.ok());
    const RestartInfo& r = task.value().threads()[0].restart;
    EXPECT_EQ(r.kind, arch::RestartKind::kBlock);
    if (!r.blocked_for_ns) GTEST_SKIP() << "the kernel does not tell se.exec_start";
    const auto really = before - static_cast<std::int64_t>(target.shared().progress.load());
    errors.push_back(std::abs(static_cast<std::int64_t>(*r.blocked_for_ns) - really));
  }
  std::sort(errors.begin(), errors.end());
  printf("error of blocked_for_ns: median %.0f us, worst %.0f us\n", errors[errors.size() / 2] / 1e3,
         errors.back() / 1e3);
  EXPECT_LT(errors[errors.size() / 2], 3000000);
}

TEST(SleepClock, Parsing) {
  const char* v6 =
      "cat (5595, #threads: 1)\n-----\nse.exec_start                                :        824727.553724\n"
      "se.vruntime                                  :           498.813831\n";
  EXPECT_EQ(parse_exec_start(v6), 824727553724ull);
  EXPECT_EQ(parse_exec_start("se.exec_start : 0.000001\n"), 1ull);
  EXPECT_FALSE(parse_exec_start("se.vruntime : 1.000000\n"));
  EXPECT_FALSE(parse_exec_start("se.exec_start : 12"));
}

}  // namespace
}  // namespace cr::infect::test
