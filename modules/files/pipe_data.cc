// Bytes of pipes: copied out without taking them, and put in again.
#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/format.h"
#include "files/description.h"
#include "files/pipe.h"

namespace cr::files {
namespace {

constexpr std::size_t kLargestPacket = 4096;  // PIPE_BUF: what one packet can hold

/// tee() into a pipe of our own of the same size, then read that: its buffers are the same pages.
Result<> copy_out(int read_end, bool packets, const std::string& object, Pipe& pipe) {
  int own[2];
  if (pipe2(own, O_CLOEXEC | O_NONBLOCK) != 0) return fail("make a pipe for", object, errno);
  UniqueFd out(own[0]), in(own[1]);
  if (fcntl(in.get(), F_SETPIPE_SZ, pipe.size) < 0)
    return fail(format("make a pipe of {} bytes for", pipe.size), object, errno);
  const ssize_t copied = tee(read_end, in.get(), pipe.size, SPLICE_F_NONBLOCK);
  if (copied < 0 && errno == EAGAIN) return {};
  if (copied < 0) return fail("copy the bytes of", object, errno);
  pipe.data.resize(static_cast<std::size_t>(copied));
  std::size_t at = 0;
  while (at < pipe.data.size()) {
    // One read takes at most one packet, as the copied buffers keep their borders.
    const std::size_t want = packets ? std::min(pipe.data.size() - at, kLargestPacket) : pipe.data.size() - at;
    const ssize_t n = ::read(out.get(), pipe.data.data() + at, want);
    if (n <= 0) return fail("read the copied bytes of", object, n < 0 ? errno : 0);
    if (packets) pipe.packets.push_back(static_cast<std::uint32_t>(n));
    at += static_cast<std::size_t>(n);
  }
  return {};
}

}  // namespace

Result<> peek_pipe(int end, bool packet_mode, const std::string& object, Pipe& pipe) {
  const int size = fcntl(end, F_GETPIPE_SZ);
  if (size <= 0) return fail("read the size of", object, errno);
  pipe.size = static_cast<std::uint32_t>(size);
  int waiting = 0;
  if (ioctl(end, FIONREAD, &waiting) != 0) return fail("read FIONREAD of", object, errno);
  if (waiting == 0) return {};
  // A write end lends no bytes; a second description of the same pipe does.
  UniqueFd reader = TRY(reopen(end, O_RDONLY | O_NONBLOCK, object));
  TRY(copy_out(reader.get(), packet_mode, object, pipe));
  if (pipe.data.size() != static_cast<std::size_t>(waiting))
    return fail("copy the bytes of", object, 0,
                format("{} of {} bytes came out; another process reads it: dump it together with the tree",
                       pipe.data.size(), waiting));
  return {};
}

Result<> fill_pipe(int write_fd, const Pipe& pipe, const std::string& object) {
  if (pipe.size != 0 && fcntl(write_fd, F_SETPIPE_SZ, pipe.size) < 0)
    return fail(format("set the size {} of", pipe.size), object, errno, "raise the sysctl fs.pipe-max-size");
  if (pipe.data.empty()) return {};
  std::vector<std::uint32_t> lengths = pipe.packets;
  if (lengths.empty()) lengths.push_back(static_cast<std::uint32_t>(pipe.data.size()));
  const int flags = fcntl(write_fd, F_GETFL);
  const int mode = (flags & ~O_DIRECT) | O_NONBLOCK | (pipe.packets.empty() ? 0 : O_DIRECT);
  if (flags < 0 || fcntl(write_fd, F_SETFL, mode) != 0) return fail("set flags of", object, errno);
  const std::uint8_t* at = pipe.data.data();
  for (std::uint32_t length : lengths) {
    const ssize_t n = ::write(write_fd, at, length);
    if (n != static_cast<ssize_t>(length)) return fail("put the bytes back into", object, n < 0 ? errno : ENOSPC);
    at += length;
  }
  if (fcntl(write_fd, F_SETFL, flags) != 0) return fail("set flags of", object, errno);
  return {};
}

}  // namespace cr::files
