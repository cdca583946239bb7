#include "tty/line.h"
#include "core/opener.h"

#include <asm/ioctls.h>
#include <asm/termbits.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>

#include <algorithm>

namespace cr::tty {
namespace {

// The speeds came into a second version of the structure; where the first has had them there is no second.
#ifdef TCGETS2
using WithSpeeds = termios2;
constexpr unsigned long kGetSettings = TCGETS2, kSetSettings = TCSETS2;
#else
using WithSpeeds = termios;
constexpr unsigned long kGetSettings = TCGETS, kSetSettings = TCSETS;
#endif

template <class T>
Result<T> get(int fd, unsigned long request, const char* what, const std::string& object) {
  T value{};
  if (ioctl(fd, request, &value) != 0) return fail(std::string("read ") + what + " of", object, errno);
  return value;
}

template <class T>
Result<> put(int fd, unsigned long request, const T& value, const char* what, const std::string& object) {
  if (ioctl(fd, request, &value) != 0) return fail(std::string("set ") + what + " of", object, errno);
  return {};
}

template <class Termios>
Settings from_kernel(const Termios& t) {
  Settings s{.iflag = t.c_iflag, .oflag = t.c_oflag, .cflag = t.c_cflag, .lflag = t.c_lflag, .line = t.c_line};
  std::copy_n(t.c_cc, std::min<std::size_t>(NCCS, s.cc.size()), s.cc.begin());
  return s;
}

template <class Termios>
Termios to_kernel(const Settings& s) {
  Termios t{};
  t.c_iflag = s.iflag;
  t.c_oflag = s.oflag;
  t.c_cflag = s.cflag;
  t.c_lflag = s.lflag;
  t.c_line = static_cast<cc_t>(s.line);
  std::copy_n(s.cc.begin(), std::min<std::size_t>(NCCS, s.cc.size()), t.c_cc);
  return t;
}

}  // namespace

Error fail(std::string step, std::string object, int err, std::string remedy) {
  return Error{"tty", std::move(step), std::move(object), err, std::move(remedy)};
}

bool Settings::canonical() const { return (lflag & ICANON) != 0 && (lflag & EXTPROC) == 0; }

Result<Settings> read_settings(int fd, const std::string& object) {
  auto t = TRY(get<WithSpeeds>(fd, kGetSettings, "the settings", object));
  Settings s = from_kernel(t);
  s.ispeed = t.c_ispeed;
  s.ospeed = t.c_ospeed;
  return s;
}

Result<> write_settings(int fd, const Settings& s, const std::string& object) {
  auto t = to_kernel<WithSpeeds>(s);
  t.c_ispeed = s.ispeed;
  t.c_ospeed = s.ospeed;
  return put(fd, kSetSettings, t, "the settings", object);
}

Result<Settings> read_locked_settings(int fd, const std::string& object) {
  return from_kernel(TRY(get<termios>(fd, TIOCGLCKTRMIOS, "the locked settings", object)));
}

Result<> write_locked_settings(int fd, const Settings& s, const std::string& object, int opener) {
  const auto locks = to_kernel<termios>(s);
  static_assert(sizeof locks <= core::kIoctlRoom);
  if (core::ioctl_as_engine(opener, fd, TIOCSLCKTRMIOS, &locks, sizeof locks) == 0) return {};
  return fail("set the locked settings of", object, errno, "it needs CAP_SYS_ADMIN");
}

Result<WindowSize> read_window(int fd, const std::string& object) {
  auto w = TRY(get<winsize>(fd, TIOCGWINSZ, "the window size", object));
  return WindowSize{w.ws_row, w.ws_col, w.ws_xpixel, w.ws_ypixel};
}

Result<> write_window(int fd, const WindowSize& w, const std::string& object) {
  return put(fd, TIOCSWINSZ, winsize{w.rows, w.columns, w.xpixel, w.ypixel}, "the window size", object);
}

Result<int> read_discipline(int fd, const std::string& object) {
  return get<int>(fd, TIOCGETD, "the line discipline", object);
}

Result<bool> is_exclusive(int fd, const std::string& object) {
  return TRY(get<int>(fd, TIOCGEXCL, "TIOCGEXCL", object)) != 0;
}
Result<bool> is_packet_mode(int master, const std::string& object) {
  return TRY(get<int>(master, TIOCGPKT, "TIOCGPKT", object)) != 0;
}
Result<bool> is_locked(int master, const std::string& object) {
  return TRY(get<int>(master, TIOCGPTLCK, "TIOCGPTLCK", object)) != 0;
}
Result<> set_packet_mode(int master, bool on, const std::string& object) {
  return put(master, TIOCPKT, static_cast<int>(on), "packet mode", object);
}
Result<> set_locked(int master, bool on, const std::string& object) {
  return put(master, TIOCSPTLCK, static_cast<int>(on), "the lock", object);
}
Result<> set_exclusive(int fd, const std::string& object) { return put(fd, TIOCEXCL, 0, "TIOCEXCL", object); }

Result<std::uint32_t> pty_index(int master, const std::string& object) {
  return get<std::uint32_t>(master, TIOCGPTN, "the number", object);
}

bool is_hung_up(int fd) {
  unsigned device = 0;
  return ioctl(fd, TIOCGDEV, &device) != 0 && errno == EIO;
}

short poll_now(int fd, short events) {
  pollfd p{fd, events, 0};
  return poll(&p, 1, 0) == 1 ? p.revents : short{0};
}

Result<UniqueFd> open_slave(int master, std::uint32_t flags, const std::string& object) {
  // The kernel would keep O_CLOEXEC among the flags of the description, as open(2) does not.
  UniqueFd fd(ioctl(master, TIOCGPTPEER, static_cast<int>(flags) | O_NOCTTY));
  if (!fd) return fail("open the slave of", object, errno, "the kernel must be 4.13 or newer");
  fcntl(fd.get(), F_SETFD, FD_CLOEXEC);
  return fd;
}

}  // namespace cr::tty
