#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>

#include "files/round_trip.h"
#include "net/unix_name.h"
#include "net/unix_queue.h"
#include "net/unix_socket.h"

namespace cr::net {
namespace {

using files::Report;
using files::RoundTrip;

bool receives(int fd, const std::string& wanted) {
  char text[256];
  const ssize_t n = recv(fd, text, sizeof text, MSG_DONTWAIT);
  return n == static_cast<ssize_t>(wanted.size()) && memcmp(text, wanted.data(), wanted.size()) == 0;
}

TEST(UnixPair, StreamBothWays) {
  RoundTrip trip;
  trip.run(
      [](Report& r) {
        int s[2];
        CHECK_IN_CHILD(r, socketpair(AF_UNIX, SOCK_STREAM, 0, s) == 0);
        CHECK_IN_CHILD(r, send(3, "to four", 7, 0) == 7 && send(4, "to three", 8, 0) == 8);
        const int size = 100000, on = 1;
        setsockopt(3, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
        setsockopt(4, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
        const timeval t{3, 500000};
        setsockopt(4, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof t);
        fcntl(4, F_SETFL, O_NONBLOCK);
      },
      [](Report& r) {
        CHECK_IN_CHILD(r, receives(4, "to four") && receives(3, "to three"));
        int v = 0;
        socklen_t size = sizeof v;
        CHECK_IN_CHILD(r, getsockopt(3, SOL_SOCKET, SO_RCVBUF, &v, &size) == 0 && v == 200000);
        CHECK_IN_CHILD(r, getsockopt(4, SOL_SOCKET, SO_KEEPALIVE, &v, &size) == 0 && v == 1);
        CHECK_IN_CHILD(r, getsockopt(3, SOL_SOCKET, SO_SNDBUF, &v, &size) == 0 && v < 1000000);
        timeval t{};
        size = sizeof t;
        CHECK_IN_CHILD(
            r, getsockopt(4, SOL_SOCKET, SO_RCVTIMEO, &t, &size) == 0 && t.tv_sec == 3 && t.tv_usec == 500000);
        CHECK_IN_CHILD(r, (fcntl(4, F_GETFL) & O_NONBLOCK) != 0 && (fcntl(3, F_GETFL) & O_NONBLOCK) == 0);
        CHECK_IN_CHILD(r, send(3, "x", 1, 0) == 1 && receives(4, "x"));
      });
}

TEST(UnixPair, DatagramsKeepBorders) {
  RoundTrip trip;
  trip.run(
      [](Report& r) {
        int s[2];
        for (int type : {SOCK_DGRAM, SOCK_SEQPACKET}) {
          CHECK_IN_CHILD(r, socketpair(AF_UNIX, type, 0, s) == 0);
          CHECK_IN_CHILD(r, send(s[0], "one", 3, 0) == 3 && send(s[0], "three", 5, 0) == 5);
        }
        CHECK_IN_CHILD(r, send(3, "", 0, 0) == 0 && send(3, "after", 5, 0) == 5);
      },
      [](Report& r) {
        CHECK_IN_CHILD(r, receives(4, "one") && receives(4, "three") && receives(4, "") && receives(4, "after"));
        CHECK_IN_CHILD(r, receives(6, "one") && receives(6, "three"));
        CHECK_IN_CHILD(r, recv(4, nullptr, 0, MSG_DONTWAIT) < 0 && errno == EAGAIN);
      });
}

void send_fd(Report& r, int over, int fd) {
  auto sent = send_message(over, SOCK_STREAM, {'f'}, {.rights = {fd}}, "test");
  CHECK_IN_CHILD(r, sent.ok());
}

int receive_fd(Report& r, int fd) {
  char byte, control[64];
  iovec part{&byte, 1};
  msghdr m{};
  m.msg_iov = &part;
  m.msg_iovlen = 1;
  m.msg_control = control;
  m.msg_controllen = sizeof control;
  CHECK_IN_CHILD(r, recvmsg(fd, &m, MSG_DONTWAIT) == 1);
  cmsghdr* c = CMSG_FIRSTHDR(&m);
  int got = -1;
  if (c != nullptr && c->cmsg_type == SCM_RIGHTS) memcpy(&got, CMSG_DATA(c), sizeof got);
  CHECK_IN_CHILD(r, got >= 0);
  return got;
}

TEST(UnixPair, PassedDescriptors) {
  RoundTrip trip;
  trip.run(
      [](Report& r) {
        int s[2], p[2];
        CHECK_IN_CHILD(r, socketpair(AF_UNIX, SOCK_STREAM, 0, s) == 0 && pipe(p) == 0);
        CHECK_IN_CHILD(r, write(p[1], "deep", 4) == 4);
        CHECK_IN_CHILD(r, eventfd(9, 0) == 7);
        send_fd(r, 3, 7);     // also open
        send_fd(r, 3, p[0]);  // only in flight from now on
        close(p[0]);
        int t[2];
        CHECK_IN_CHILD(r, socketpair(AF_UNIX, SOCK_STREAM, 0, t) == 0);  // a socket in flight, with a file in flight
        send_fd(r, t[0], 7);
        send_fd(r, 3, t[1]);
        close(t[1]);
      },
      [](Report& r) {
        eventfd_t v;
        const int event = receive_fd(r, 4);
        CHECK_IN_CHILD(r, eventfd_read(event, &v) == 0 && v == 9);
        eventfd_write(event, 3);
        CHECK_IN_CHILD(r, eventfd_read(7, &v) == 0 && v == 3);  // the same description
        char text[4];
        const int reader = receive_fd(r, 4);
        CHECK_IN_CHILD(r, read(reader, text, 4) == 4 && memcmp(text, "deep", 4) == 0);
        const int inner = receive_fd(r, receive_fd(r, 4));
        eventfd_write(7, 2);
        CHECK_IN_CHILD(r, eventfd_read(inner, &v) == 0 && v == 2);
      });
}

TEST(UnixPair, CredentialsShutdownClosedPeer) {
  RoundTrip trip;
  trip.run(
      [](Report& r) {
        int s[2];
        const int on = 1;
        CHECK_IN_CHILD(r, socketpair(AF_UNIX, SOCK_DGRAM, 0, s) == 0);
        setsockopt(4, SOL_SOCKET, SO_PASSCRED, &on, sizeof on);
        ucred c{getpid(), 77, 88};
        CHECK_IN_CHILD(r, send_message(3, SOCK_DGRAM, {'a'}, {.creds = c}, "test").ok());
        CHECK_IN_CHILD(r, socketpair(AF_UNIX, SOCK_STREAM, 0, s) == 0 && send(5, "last", 4, 0) == 4);
        shutdown(5, SHUT_WR);
        CHECK_IN_CHILD(r, socketpair(AF_UNIX, SOCK_STREAM, 0, s) == 0 && send(7, "rest", 4, 0) == 4);
        CHECK_IN_CHILD(r, send(8, "unread", 6, 0) == 6);
        close(7);
      },
      [](Report& r) {
        char byte, control[64];
        iovec part{&byte, 1};
        msghdr m{};
        m.msg_iov = &part;
        m.msg_iovlen = 1;
        m.msg_control = control;
        m.msg_controllen = sizeof control;
        CHECK_IN_CHILD(r, recvmsg(4, &m, MSG_DONTWAIT) == 1);
        cmsghdr* h = CMSG_FIRSTHDR(&m);
        ucred c{};
        if (h != nullptr) memcpy(&c, CMSG_DATA(h), sizeof c);
        CHECK_IN_CHILD(r, c.uid == 77 && c.gid == 88);
        CHECK_IN_CHILD(r, receives(6, "last") && receives(6, "") && send(6, "x", 1, 0) == 1);
        CHECK_IN_CHILD(r, send(5, "x", 1, MSG_NOSIGNAL) < 0 && errno == EPIPE);
        CHECK_IN_CHILD(r, receives(8, "rest") && recv(8, &byte, 1, MSG_DONTWAIT) < 0 && errno == ECONNRESET);
        CHECK_IN_CHILD(r, receives(8, "") && fcntl(7, F_GETFD) < 0);
      });
}

TEST(UnixPair, DumpDisturbsNothing) {
  RoundTrip trip;
  trip.start([](Report& r) {
    int s[2];
    CHECK_IN_CHILD(
        r, socketpair(AF_UNIX, SOCK_DGRAM, 0, s) == 0 && send(3, "ab", 2, 0) == 2 && send(3, "cd", 2, 0) == 2);
    const int off = 1;
    setsockopt(4, SOL_SOCKET, SO_PEEK_OFF, &off, sizeof off);
  });
  auto dumped = trip.dump();
  ASSERT_TRUE(dumped.ok()) << dumped.error().sentence();
  UniqueFd copy = files::copy_fd(HostPid{trip.child()}, 4).take();
  int off = -1;
  socklen_t size = sizeof off;
  ASSERT_EQ(getsockopt(copy.get(), SOL_SOCKET, SO_PEEK_OFF, &off, &size), 0);
  EXPECT_EQ(off, 1);
  EXPECT_TRUE(receives(copy.get(), "ab") && receives(copy.get(), "cd"));
}

/// Gets that descriptor of the test under number 3.
void take_from_test(pid_t test, int fd) {
  UniqueFd process(static_cast<int>(syscall(SYS_pidfd_open, test, 0)));
  UniqueFd copy(static_cast<int>(syscall(SYS_pidfd_getfd, process.get(), fd, 0)));
  process.reset();
  if (copy.get() == 3)
    copy.release();
  else
    dup2(copy.get(), 3);
}

std::uint64_t inode_of(int fd) {
  struct stat st {};
  fstat(fd, &st);
  return st.st_ino;
}

TEST(UnixPair, OutsidePeerIsRefusedByTheNameOfItsProcess) {
  RoundTrip outside;
  int pair[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
  const pid_t holder = fork();
  if (holder == 0) {
    close(pair[0]);
    for (;;) pause();
  }
  const pid_t parent = getpid();
  const std::string s = outside.refusal([&](Report&) { take_from_test(parent, pair[0]); });
  EXPECT_NE(s.find(format("its peer is held by pid {}", holder)), std::string::npos) << s;
  kill(holder, SIGKILL);
  waitpid(holder, nullptr, 0);
  close(pair[0]), close(pair[1]);
}

TEST(UnixPair, ExternalOneEndsOrIsReplaced) {
  int pair[2], other[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, other), 0);
  ASSERT_EQ(send(pair[1], "early", 5, 0), 5);
  const pid_t test = getpid();
  for (const bool replaced : {false, true}) {
    RoundTrip trip;
    trip.start([&](Report&) { take_from_test(test, pair[0]); });
    EXPECT_FALSE(trip.dump().ok());
    trip.opt.external = {format("unix[{}]", inode_of(replaced ? pair[1] : pair[0]))};
    auto dumped = trip.dump();
    ASSERT_TRUE(dumped.ok()) << dumped.error().sentence();
    if (replaced) trip.opt.inherit_fds = {{other[0], format("socket:[{}]", inode_of(pair[0]))}};
    auto restored = trip.restore([&](Report& r) {
      if (replaced) {
        CHECK_IN_CHILD(r, send(3, "new", 3, 0) == 3);
      } else {
        CHECK_IN_CHILD(r, receives(3, "early") && receives(3, ""));
        CHECK_IN_CHILD(r, send(3, "x", 1, MSG_NOSIGNAL) < 0 && errno == EPIPE);
      }
    });
    EXPECT_TRUE(restored.ok()) << restored.error().sentence();
  }
  EXPECT_TRUE(receives(other[1], "new"));
  for (int fd : {pair[0], pair[1], other[0], other[1]}) close(fd);
}

TEST(UnixName, ScratchPaths) {
  RoundTrip trip;
  trip.run(
      [](Report& r) {
        const sockaddr_un far{AF_UNIX, "/tmp/../tmp/cr-unix-name-test"}, near{AF_UNIX, "../tmp/./cr-unix-name-near"};
        CHECK_IN_CHILD(r, chdir("/tmp") == 0 && unlink(far.sun_path) <= 0 && unlink(near.sun_path) <= 0);
        CHECK_IN_CHILD(r, socket(AF_UNIX, SOCK_STREAM, 0) == 3 && socket(AF_UNIX, SOCK_STREAM, 0) == 4);
        CHECK_IN_CHILD(r, bind(3, reinterpret_cast<const sockaddr*>(&far), sizeof far) == 0);
        CHECK_IN_CHILD(r, bind(4, reinterpret_cast<const sockaddr*>(&near), sizeof near) == 0);
        CHECK_IN_CHILD(r, unlink(far.sun_path) == 0);
      },
      [](Report& r) {
        CHECK_IN_CHILD(r, own_name(3) == std::string("/tmp/../tmp/cr-unix-name-test\0", 30));
        CHECK_IN_CHILD(r, own_name(4) == std::string("../tmp/./cr-unix-name-near\0", 27));
        CHECK_IN_CHILD(r, access("/tmp/cr-unix-name-test", F_OK) != 0);
        CHECK_IN_CHILD(r, unlink("/tmp/cr-unix-name-near") == 0);
      });
}

}  // namespace
}  // namespace cr::net
