// eventfd, signalfd, timerfd, epoll, inotify; owners of signals.
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>

#include <chrono>

#include "files/round_trip.h"

namespace cr::files {
namespace {

TEST(Eventfd, CounterSemaphoreFlags) {
  RoundTrip trip;
  trip.run(
      [](Report& r) {
        CHECK_IN_CHILD(r, eventfd(5, EFD_NONBLOCK) == 3 && eventfd(2, EFD_SEMAPHORE | EFD_CLOEXEC) == 4);
        CHECK_IN_CHILD(r, eventfd(0, 0) == 5 && eventfd_write(5, 0xfffffffffffffffe) == 0);
      },
      [](Report& r) {
        eventfd_t v;
        CHECK_IN_CHILD(r, eventfd_read(3, &v) == 0 && v == 5 && eventfd_read(3, &v) < 0 && errno == EAGAIN);
        CHECK_IN_CHILD(r, fcntl(4, F_GETFD) == FD_CLOEXEC && eventfd_read(4, &v) == 0 && v == 1);
        CHECK_IN_CHILD(r, eventfd_read(4, &v) == 0 && v == 1);
        CHECK_IN_CHILD(r, eventfd_read(5, &v) == 0 && v == 0xfffffffffffffffe);
      });
}

TEST(Signalfd, Mask) {
  RoundTrip trip;
  trip.run(
      [](Report& r) {
        sigset_t m;
        sigemptyset(&m);
        sigaddset(&m, SIGUSR2);
        CHECK_IN_CHILD(r, signalfd(-1, &m, SFD_NONBLOCK) == 3);
      },
      [](Report& r) {
        sigset_t m;
        sigemptyset(&m);
        sigaddset(&m, SIGUSR2);
        sigprocmask(SIG_BLOCK, &m, nullptr);
        raise(SIGUSR2);
        signalfd_siginfo info;
        CHECK_IN_CHILD(r, ::read(3, &info, sizeof info) == sizeof info && info.ssi_signo == SIGUSR2);
      });
}

TEST(Timerfd, RunningExpiredAndOneShot) {
  RoundTrip trip;
  trip.run(
      [](Report& r) {
        CHECK_IN_CHILD(r, timerfd_create(CLOCK_MONOTONIC, 0) == 3 &&
                              timerfd_create(CLOCK_BOOTTIME, TFD_NONBLOCK) == 4 &&
                              timerfd_create(CLOCK_REALTIME, 0) == 5);
        itimerspec t{{3600, 0}, {7200, 0}};
        timerfd_settime(3, 0, &t, nullptr);
        t = {{1000, 0}, {0, 1}};  // expires once, then rests for long
        timerfd_settime(4, 0, &t, nullptr);
        t = {{0, 0}, {0, 1}};
        timerfd_settime(5, 0, &t, nullptr);
        usleep(2000);
      },
      [](Report& r) {
        itimerspec t;
        CHECK_IN_CHILD(r, timerfd_gettime(3, &t) == 0 && t.it_interval.tv_sec == 3600 && t.it_value.tv_sec >= 7190);
        CHECK_IN_CHILD(r, timerfd_gettime(4, &t) == 0 && t.it_value.tv_sec >= 990 && t.it_interval.tv_sec == 1000);
        std::uint64_t n = 0;
        CHECK_IN_CHILD(r, ::read(4, &n, sizeof n) == sizeof n && n == 1);
        CHECK_IN_CHILD(r, ::read(5, &n, sizeof n) == sizeof n && n == 1);
      });
}

TEST(Epoll, TargetsAlsoUnderClosedAndReusedNumbers) {
  RoundTrip trip;
  trip.run(
      [](Report& r) {
        CHECK_IN_CHILD(r, epoll_create1(0) == 3 && eventfd(1, 0) == 4 && eventfd(1, 0) == 5 && eventfd(1, 0) == 6);
        for (int fd : {4, 5, 6}) {
          epoll_event e{EPOLLIN | (fd == 4 ? EPOLLET : 0u), {.u64 = 100u + static_cast<unsigned>(fd)}};
          CHECK_IN_CHILD(r, epoll_ctl(3, EPOLL_CTL_ADD, fd, &e) == 0);
        }
        dup2(5, 15), close(5);    // 5 is closed, the description lives on as 15
        dup2(6, 16), dup2(0, 6);  // 6 is something else now
        CHECK_IN_CHILD(r, epoll_create1(0) == 5);
        epoll_event e{EPOLLIN, {.u64 = 7}};
        CHECK_IN_CHILD(r, epoll_ctl(5, EPOLL_CTL_ADD, 3, &e) == 0);  // nested
      },
      [](Report& r) {
        epoll_event got[8];
        const int n = epoll_wait(3, got, 8, 0);
        CHECK_IN_CHILD(r, n == 3);
        std::uint64_t sum = 0;
        for (int i = 0; i < n; ++i) sum += got[i].data.u64;
        CHECK_IN_CHILD(r, sum == 104 + 105 + 106);
        CHECK_IN_CHILD(r, epoll_wait(5, got, 8, 0) == 1 && got[0].data.u64 == 7);
        CHECK_IN_CHILD(r, epoll_ctl(3, EPOLL_CTL_DEL, 4, nullptr) == 0);
        // Under its number, by whoever puts the description there again.
        CHECK_IN_CHILD(r, dup2(16, 6) == 6 && epoll_ctl(3, EPOLL_CTL_DEL, 6, nullptr) == 0);
        CHECK_IN_CHILD(r, epoll_wait(3, got, 8, 0) == 1 && got[0].data.u64 == 105);
      });
}

TEST(Inotify, Watches) {
  core::TempDir dir;
  dir.write("f", "x");
  RoundTrip trip;
  trip.run(
      [&](Report& r) {
        CHECK_IN_CHILD(r, inotify_init1(IN_NONBLOCK) == 3);
        int first = inotify_add_watch(3, "/", IN_CREATE);
        CHECK_IN_CHILD(r, inotify_add_watch(3, dir.path().c_str(), IN_CREATE | IN_DELETE) == 2);
        CHECK_IN_CHILD(r, inotify_add_watch(3, (dir.path() + "/f").c_str(), IN_MODIFY) == 3);
        inotify_rm_watch(3, first);
        inotify_event e;  // IN_IGNORED
        CHECK_IN_CHILD(r, ::read(3, &e, sizeof e) == sizeof e);
      },
      [&](Report& r) {
        char event[512];
        CHECK_IN_CHILD(r, ::read(3, event, sizeof event) < 0 && errno == EAGAIN);
        close(open((dir.path() + "/g").c_str(), O_CREAT | O_WRONLY, 0600));
        CHECK_IN_CHILD(r, ::read(3, event, sizeof event) > 0 && reinterpret_cast<inotify_event*>(event)->wd == 2);
      });
}

TEST(SignalOwner, PidGroupAndSignal) {
  RoundTrip trip;
  trip.run(
      [](Report& r) {
        int p[2];
        CHECK_IN_CHILD(r, pipe(p) == 0);
        CHECK_IN_CHILD(r, fcntl(3, F_SETOWN, getpid()) == 0 && fcntl(3, F_SETSIG, SIGUSR1) == 0);
        signal(SIGUSR1, SIG_IGN);
        CHECK_IN_CHILD(r, ::write(4, "x", 1) == 1 && fcntl(3, F_SETFL, O_ASYNC | O_NONBLOCK) == 0);
        CHECK_IN_CHILD(r, syscall(SYS_setresuid, 0, 1234, 0) == 0 && fcntl(4, F_SETOWN, getpid()) == 0);
        syscall(SYS_setresuid, 0, 0, 0);
      },
      [](Report& r) {
        // The number of the process has changed in this test, so its owner is gone; the rest is there.
        CHECK_IN_CHILD(r, fcntl(3, F_GETSIG) == SIGUSR1 && (fcntl(3, F_GETFL) & O_ASYNC) != 0);
        CHECK_IN_CHILD(r, (fcntl(4, F_GETFL) & O_ASYNC) == 0);
      });
}

TEST(Refusals, NameThingAndRemedy) {
  RoundTrip fanotify, netlink;
  std::string s = netlink.refusal([](Report&) { socket(AF_NETLINK, SOCK_RAW, 0); });
  EXPECT_NE(s.find(format("pid {} fd 3 (socket:[", netlink.child())), std::string::npos) << s;
  EXPECT_NE(s.find("sockets are not carried yet"), std::string::npos) << s;
  s = fanotify.refusal([](Report&) { syscall(SYS_pidfd_open, getpid(), 0); });
  EXPECT_NE(s.find("fd 3 (anon_inode:[pidfd])"), std::string::npos) << s;
  RoundTrip events;
  core::TempDir dir;
  s = events.refusal([&](Report&) {
    inotify_init1(0);
    inotify_add_watch(3, dir.path().c_str(), IN_CREATE);
    open((dir.path() + "/x").c_str(), O_CREAT | O_WRONLY, 0600);
  });
  EXPECT_NE(s.find("--allow-lossy inotify-events"), std::string::npos) << s;
}

TEST(Tables, TenThousandDescriptors) {
  RoundTrip trip;
  const auto start = std::chrono::steady_clock::now();
  trip.run(
      [](Report& r) {
        rlimit limit{20000, 20000};
        setrlimit(RLIMIT_NOFILE, &limit);
        for (int i = 3; i < 10000; ++i) CHECK_IN_CHILD(r, (i % 2 != 0 ? eventfd(i, 0) : dup(i - 1)) == i);
      },
      [](Report& r) {
        eventfd_t v;
        CHECK_IN_CHILD(r, eventfd_read(10000 - 1, &v) == 0 && v == 9999 && eventfd_read(4, &v) == 0 && v == 3);
      });
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(10));
}

}  // namespace
}  // namespace cr::files
