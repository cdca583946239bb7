#include "net/unix_charge.h"

#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cerrno>
#include <vector>

#include "base/unique_fd.h"
#include "net/sk_opts.h"

namespace cr::net {
namespace {

/// A pair on which prices are asked for.
class Scales {
 public:
  static Result<Scales> make(std::size_t most, const std::string& object) {
    Scales s(most, object);
    int fds[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0)
      return s.failed("make a pair to measure", errno);
    s.from_.reset(fds[0]), s.to_.reset(fds[1]);
    widen_send_buffer(fds[0]);
    return s;
  }

  /// What a piece of that length costs.
  Result<std::uint64_t> price(std::size_t length) {
    int charge = 0;
    if (send(from_.get(), bytes_.data(), length, MSG_DONTWAIT | MSG_NOSIGNAL) != static_cast<ssize_t>(length))
      return failed("measure the cost of sending to", errno);
    if (ioctl(from_.get(), SIOCOUTQ, &charge) != 0) return failed("read SIOCOUTQ for", errno);
    for (std::size_t taken = 0; taken < length;) {
      const ssize_t n = recv(to_.get(), bytes_.data(), bytes_.size(), MSG_DONTWAIT);
      if (n <= 0) return failed("take back what was sent to measure", errno);
      taken += static_cast<std::size_t>(n);
    }
    return static_cast<std::uint64_t>(charge);
  }

 private:
  Scales(std::size_t most, const std::string& object) : object_(object), bytes_(most) {}
  Error failed(const char* step, int err) const { return Error{"net", step, object_, err, {}}; }

  std::string object_;
  std::vector<char> bytes_;
  UniqueFd from_{}, to_{};
};

}  // namespace

Result<std::size_t> piece_for_charge(std::size_t bytes, std::uint32_t charge, const std::string& object) {
  if (bytes < 2) return bytes;
  Scales scales = TRY(Scales::make(bytes, object));
  auto cost = [&](std::size_t piece) -> Result<std::uint64_t> {
    const std::uint64_t whole = TRY(scales.price(piece)) * (bytes / piece);
    return bytes % piece == 0 ? whole : whole + TRY(scales.price(bytes % piece));
  };
  if (TRY(cost(bytes)) >= charge) return bytes;
  // The smaller the pieces the more they cost: the largest that are dear enough.
  std::size_t enough = 1, too_cheap = bytes;
  while (enough + 1 < too_cheap) {
    const std::size_t middle = enough + (too_cheap - enough) / 2;
    (TRY(cost(middle)) >= charge ? enough : too_cheap) = middle;
  }
  return enough;
}

}  // namespace cr::net
