#include "tty/queue.h"

#include <asm/ioctls.h>
#include <asm/termbits.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>

#include "base/format.h"
#include "core/capability.h"
#include "core/opener.h"

namespace cr::tty {
namespace {

constexpr std::uint8_t kNoChar = 0;  // _POSIX_VDISABLE

/// Whether a line that read(2) gave ends by itself; otherwise an end-of-file mark ended it.
bool is_whole_line(const std::string& line, const Settings& s) {
  if (line.empty()) return false;
  const auto last = static_cast<std::uint8_t>(line.back());
  if (last == '\n') return true;
  if (last == kNoChar) return false;
  return last == s.cc[VEOL] || ((s.lflag & IEXTEN) != 0 && last == s.cc[VEOL2]);
}

Result<> read_lines(const End& end, Input& input) {
  char line[8192];
  while ((poll_now(end.fd, POLLIN) & POLLIN) != 0) {
    const ssize_t n = read(end.fd, line, sizeof line);
    if (n < 0) return fail("read what waits in", end.object, errno);
    const std::string text(line, static_cast<std::size_t>(n));
    input.bytes += text;
    if (!is_whole_line(text, end.settings)) input.ends.push_back(static_cast<std::uint32_t>(input.bytes.size()));
  }
  return {};
}

/// From an end whose mode makes read(2) give what is there, or at once nothing.
Result<std::size_t> read_bytes(const End& end, std::string& bytes) {
  const std::size_t before = bytes.size();
  char part[8192];
  // With POLLHUP alone, read(2) of a master whose slave was closed gives EIO.
  while ((poll_now(end.fd, POLLIN) & POLLIN) != 0) {
    const ssize_t n = read(end.fd, part, sizeof part);
    if (n < 0 && errno != EIO) return fail("read what waits in", end.object, errno);
    if (n <= 0) break;
    bytes.append(part, static_cast<std::size_t>(n));
  }
  return bytes.size() - before;
}

/// Settings that neither translate nor echo nor send signals, with the same way of handing out what was typed: a
/// change of ICANON or EXTPROC would forget where lines end.
Settings plain(const End& end) {
  Settings s = end.settings;
  // Without IXON the kernel starts output again that was stopped.
  s.iflag = end.stopped ? s.iflag & IXON : 0;
  s.lflag &= ICANON | EXTPROC;
  const std::uint8_t start = s.cc[VSTART], stop = s.cc[VSTOP], eol = s.cc[VEOL], eol2 = s.cc[VEOL2];
  s.cc.fill(kNoChar);
  s.cc[VSTART] = start;
  s.cc[VSTOP] = stop;
  s.cc[VEOL] = eol;
  if (end.settings.lflag & IEXTEN) s.cc[VEOL2] = eol2;
  return s;
}

/// The same, so that every byte can be read one by one and nothing is waited for.
Settings bytewise(const End& end) {
  Settings s = plain(end);
  s.lflag &= ~static_cast<std::uint32_t>(ICANON);
  s.cc[VMIN] = 0;
  s.cc[VTIME] = 0;
  return s;
}

Result<> type(const End& end, std::uint8_t byte) {
  if (core::ioctl_as_engine(end.opener, end.fd, TIOCSTI, &byte, sizeof byte) == 0) return {};
  return fail("put back what waits in", end.object, errno, "it needs CAP_SYS_ADMIN");
}

/// A byte that stands nowhere in `bytes`, for the mark of end-of-file.
Result<std::uint8_t> unused_byte(const std::string& bytes, const Settings& s, const std::string& object) {
  for (unsigned b = 1; b < 256; ++b) {
    const bool special = b == '\n' || b == s.cc[VEOL] || b == s.cc[VEOL2] || b == s.cc[VSTART] || b == s.cc[VSTOP];
    if (!special && bytes.find(static_cast<char>(b)) == std::string::npos) return static_cast<std::uint8_t>(b);
  }
  return fail("put back what waits in", object, 0, "it has every byte that there is: let the program read it first");
}

Result<> type_lines(const End& end, const Input& input) {
  Settings s = plain(end);
  s.cc[VEOF] = TRY(unused_byte(input.bytes, end.settings, end.object));
  s.lflag |= IEXTEN;  // for VEOL2; no other character of its is set
  TRY(write_settings(end.fd, s, end.object));
  auto mark = input.ends.begin();
  for (std::size_t at = 0;; ++at) {
    for (; mark != input.ends.end() && *mark == at; ++mark) TRY(type(end, s.cc[VEOF]));
    if (at == input.bytes.size()) return {};
    TRY(type(end, static_cast<std::uint8_t>(input.bytes[at])));
  }
}

Result<> write_rest(const End& end, std::string_view rest) {
  if (rest.empty()) return {};
  if (end.other < 0) return fail("put back what waits in", end.object, 0, "its other end is closed for good");
  const auto n = write(end.other, rest.data(), rest.size());
  if (n == static_cast<ssize_t>(rest.size())) return {};
  return fail("put back what waits in", end.object, n < 0 ? errno : 0,
              format("{} bytes are more than fit in", kLineBuffer + rest.size()));
}

/// The master has no settings of its own and edits nothing. Its queue is filled beyond the first buffer by output of
/// the slave, which must not be processed again.
Result<> put_into_master(const End& end, const Input& input) {
  const std::size_t typed = std::min(input.bytes.size(), kLineBuffer);
  for (std::size_t i = 0; i < typed; ++i) TRY(type(end, static_cast<std::uint8_t>(input.bytes[i])));
  if (typed == input.bytes.size()) return {};
  Settings raw = end.settings;
  raw.oflag &= ~static_cast<std::uint32_t>(OPOST);
  TRY(write_settings(end.fd, raw, end.object));
  auto written = write_rest(end, std::string_view(input.bytes).substr(typed));
  TRY(write_settings(end.fd, end.settings, end.object));
  return written;
}

/// Before anything is taken: whether it could be put back. Of edited lines FIONREAD counts the complete ones only;
/// half of the buffer leaves room for what it does not count.
Result<> check_return(const End& end) {
  int waiting = 0;
  if (ioctl(end.fd, FIONREAD, &waiting) != 0) return fail("ask what waits in", end.object, errno);
  if (!end.master && end.settings.canonical() && waiting > static_cast<int>(kLineBuffer / 2))
    return fail(
        "carry what waits in", end.object, 0,
        format("{} bytes of lines are more than can be put back safely: let the program read them first", waiting));
  if (!core::has_capability(CAP_SYS_ADMIN))
    return fail("carry what waits in", end.object, EPERM, "run the dump with CAP_SYS_ADMIN, which TIOCSTI needs");
  return {};
}

}  // namespace

Result<Input> look_at_input(const End& end) {
  TRY(check_return(end));
  Input input;
  if (end.master) {
    TRY(read_bytes(end, input.bytes));
    TRY(put_input(end, input));
    return input;
  }
  if (end.settings.canonical()) TRY(read_lines(end, input));
  TRY(write_settings(end.fd, bytewise(end), end.object));
  auto got = read_bytes(end, input.bytes);
  if (got.ok() && end.settings.canonical()) input.unfinished = static_cast<std::uint32_t>(got.value());
  auto back = put_input(end, input);
  if (!got.ok()) return got.take_error();
  if (!back.ok()) return back.take_error();
  return input;
}

Result<> put_input(const End& end, const Input& input) {
  if (end.master) return put_into_master(end, input);
  auto typed = [&]() -> Result<std::size_t> {
    if (input.empty()) return std::size_t{0};
    if (end.settings.canonical()) {
      if (input.bytes.size() + input.ends.size() > kLineBuffer)
        return fail("put back what waits in", end.object, 0,
                    format("{} bytes of lines are more than the {} that can be: let the program read them first",
                           input.bytes.size(), kLineBuffer));
      TRY(type_lines(end, input));
      return input.bytes.size();
    }
    TRY(write_settings(end.fd, plain(end), end.object));
    const std::size_t count = std::min(input.bytes.size(), kLineBuffer);
    for (std::size_t i = 0; i < count; ++i) TRY(type(end, static_cast<std::uint8_t>(input.bytes[i])));
    return count;
  }();
  // Whatever happened, the settings are what they were.
  TRY(write_settings(end.fd, end.settings, end.object));
  if (!typed.ok()) return typed.take_error();
  return write_rest(end, std::string_view(input.bytes).substr(typed.value()));
}

}  // namespace cr::tty
