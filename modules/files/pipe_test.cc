#include "files/pipe.h"

#include <poll.h>
#include <sys/stat.h>

#include "files/round_trip.h"

namespace cr::files {
namespace {

bool reads(int fd, const std::string& wanted) {
  std::string text(wanted.size() + 1, '\0');
  const ssize_t n = ::read(fd, text.data(), text.size());
  text.resize(n < 0 ? 0 : static_cast<std::size_t>(n));
  return text == wanted;
}

TEST(Pipe, DataSizeFlags) {
  RoundTrip trip;
  trip.run(
      [](Report& r) {
        int p[2];
        CHECK_IN_CHILD(r, pipe(p) == 0 && ::write(p[1], "in the pipe", 11) == 11);
        fcntl(p[1], F_SETPIPE_SZ, 1 << 18);
        fcntl(p[0], F_SETFL, O_NONBLOCK);
        CHECK_IN_CHILD(r, open("/proc/self/fd/4", O_WRONLY) == 5);  // one more description of the write end
      },
      [](Report& r) {
        CHECK_IN_CHILD(r, fcntl(3, F_GETPIPE_SZ) == 1 << 18 && (fcntl(3, F_GETFL) & O_NONBLOCK));
        CHECK_IN_CHILD(r, (fcntl(4, F_GETFL) & O_NONBLOCK) == 0 && reads(3, "in the pipe"));
        CHECK_IN_CHILD(r, ::write(4, "x", 1) == 1 && reads(3, "x"));
        fcntl(5, F_SETFL, O_NONBLOCK);
        CHECK_IN_CHILD(r, (fcntl(4, F_GETFL) & O_NONBLOCK) == 0);
        close(4), close(5);
        CHECK_IN_CHILD(r, ::read(3, nullptr, 0) == 0 && reads(3, ""));
      });
}

TEST(Pipe, PacketsAndClosedEnds) {
  RoundTrip trip;
  trip.run(
      [](Report& r) {
        int p[2];
        CHECK_IN_CHILD(r,
                       pipe2(p, O_DIRECT) == 0 && ::write(p[1], "one", 3) == 3 && ::write(p[1], "two two", 7) == 7);
        CHECK_IN_CHILD(r, pipe(p) == 0 && ::write(p[1], "left over", 9) == 9);
        close(p[1]);
        CHECK_IN_CHILD(r, pipe(p) == 0);  // gives 6 and 7
        close(p[0]);
      },
      [](Report& r) {
        char text[64];
        CHECK_IN_CHILD(r, (fcntl(4, F_GETFL) & O_DIRECT) != 0);
        CHECK_IN_CHILD(r, ::read(3, text, sizeof text) == 3 && ::read(3, text, sizeof text) == 7);
        CHECK_IN_CHILD(r, reads(5, "left over") && reads(5, ""));
        signal(SIGPIPE, SIG_IGN);
        CHECK_IN_CHILD(r, ::write(7, "x", 1) == -1 && errno == EPIPE);
      });
}

TEST(Pipe, DumpTakesNothing) {
  RoundTrip trip;
  trip.start([](Report& r) {
    int p[2];
    CHECK_IN_CHILD(r, pipe(p) == 0 && ::write(p[1], "stays", 5) == 5);
  });
  ASSERT_TRUE(trip.dump().ok());
  UniqueFd copy = copy_fd(HostPid{trip.child()}, 3).take();
  EXPECT_TRUE(reads(copy.get(), "stays"));
}

TEST(Pipe, OutsideIsRefusedByName) {
  int p[2];
  ASSERT_EQ(pipe(p), 0);
  RoundTrip trip;
  const pid_t parent = getpid();
  const pid_t holder = fork();  // the engine itself does not count
  if (holder == 0)
    for (;;) pause();
  std::string sentence = trip.refusal(
      [&](Report& r) { CHECK_IN_CHILD(r, open(format("/proc/{}/fd/{}", parent, p[1]).c_str(), O_WRONLY) == 3); });
  EXPECT_NE(sentence.find(format("held by pid {}", holder)), std::string::npos) << sentence;
  kill(holder, SIGKILL);
  waitpid(holder, nullptr, 0);
  close(p[0]), close(p[1]);
}

TEST(Fifo, DataAndBothEnds) {
  core::TempDir dir;
  const std::string path = dir.path() + "/fifo";
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  RoundTrip trip;
  trip.run(
      [&](Report& r) {
        CHECK_IN_CHILD(r, open(path.c_str(), O_RDWR) == 3);
        CHECK_IN_CHILD(r, open(path.c_str(), O_RDONLY | O_NONBLOCK) == 4);
        CHECK_IN_CHILD(r, open(path.c_str(), O_WRONLY) == 5);
        CHECK_IN_CHILD(r, ::write(5, "in the fifo", 11) == 11);
      },
      [](Report& r) {
        CHECK_IN_CHILD(r, (fcntl(3, F_GETFL) & O_ACCMODE) == O_RDWR &&
                              (fcntl(5, F_GETFL) & (O_ACCMODE | O_NONBLOCK)) == O_WRONLY);
        CHECK_IN_CHILD(r, (fcntl(4, F_GETFL) & (O_ACCMODE | O_NONBLOCK)) == O_NONBLOCK);
        CHECK_IN_CHILD(r, reads(4, "in the fifo") && ::write(5, "y", 1) == 1 && reads(3, "y"));
      });
}

}  // namespace
}  // namespace cr::files
