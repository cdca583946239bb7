#include "net/tcp_birth.h"

#include <fcntl.h>
#include <linux/rtnetlink.h>
#include <linux/tcp.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>
#include <numeric>

#include "base/log.h"
#include "base/unique_fd.h"

namespace cr::net {
namespace {

constexpr int kTries = 5;              // the quickest one counts
constexpr std::int64_t kUnit_ns = 64;  // of the clock behind sequence numbers

/// The calling thread in a new network namespace in which every address is one of lo.
class Laboratory {
 public:
  static Result<Laboratory> enter() {
    UniqueFd home(open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
    if (!home || unshare(CLONE_NEWNET) != 0)
      return Error{"net", "make", "a network namespace to compare sequence numbers in", errno, "run as root"};
    Laboratory l(std::move(home));
    raise_lo();
    own_all(AF_INET);
    own_all(AF_INET6);
    return l;
  }
  Laboratory(Laboratory&&) = default;
  Laboratory& operator=(Laboratory&&) = delete;
  ~Laboratory() {
    if (home_ && setns(home_.get(), CLONE_NEWNET) != 0)
      log::error("the engine can't return to its own network namespace");
  }

 private:
  explicit Laboratory(UniqueFd home) : home_(std::move(home)) {}

  static void raise_lo() {
    UniqueFd sock(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    ifreq request{};
    std::strcpy(request.ifr_name, "lo");
    request.ifr_flags = IFF_UP;
    ioctl(sock.get(), SIOCSIFFLAGS, &request);
  }

  /// ip route add local default dev lo table local
  static void own_all(int family) {
    struct {
      nlmsghdr header;
      rtmsg route;
      rtattr attribute;
      std::uint32_t device;
    } m{};
    m.header.nlmsg_len = sizeof m;
    m.header.nlmsg_type = RTM_NEWROUTE;
    m.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_CREATE;
    m.route.rtm_family = static_cast<unsigned char>(family);
    m.route.rtm_table = RT_TABLE_LOCAL;
    m.route.rtm_protocol = RTPROT_BOOT;
    m.route.rtm_scope = RT_SCOPE_HOST;
    m.route.rtm_type = RTN_LOCAL;
    m.attribute = {RTA_LENGTH(sizeof m.device), RTA_OIF};
    m.device = 1;  // lo, always
    UniqueFd sock(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
    send(sock.get(), &m, sizeof m, 0);
  }

  UniqueFd home_;
};

std::uint32_t now_in_units() {
  timespec t;
  clock_gettime(CLOCK_REALTIME, &t);
  return static_cast<std::uint32_t>((static_cast<std::int64_t>(t.tv_sec) * 1'000'000'000 + t.tv_nsec) / kUnit_ns);
}

UniqueFd stream_at(const InetAddress& at) {
  UniqueFd fd(socket(at.family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int on = 1;
  const linger reset{1, 0};  // nothing may stay behind between two tries
  setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  setsockopt(fd.get(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  setsockopt(fd.get(), IPPROTO_IP, IP_FREEBIND, &on, sizeof on);
  if (at.family == AF_INET6) setsockopt(fd.get(), IPPROTO_IPV6, IPV6_FREEBIND, &on, sizeof on);
  const SocketAddress address = to_kernel(at);
  if (bind(fd.get(), address.get(), address.size) != 0) return UniqueFd();
  return fd;
}

/// The first sequence number of the peer, which has sent nothing.
std::optional<std::uint32_t> first_of_peer(int fd) {
  const int on = TCP_REPAIR_ON, off = TCP_REPAIR_OFF_NO_WP, queue = TCP_RECV_QUEUE;
  std::uint32_t next = 0;
  socklen_t size = sizeof next;
  if (setsockopt(fd, IPPROTO_TCP, TCP_REPAIR, &on, sizeof on) != 0) return std::nullopt;
  const bool known = setsockopt(fd, IPPROTO_TCP, TCP_REPAIR_QUEUE, &queue, sizeof queue) == 0 &&
                     getsockopt(fd, IPPROTO_TCP, TCP_QUEUE_SEQ, &next, &size) == 0;
  setsockopt(fd, IPPROTO_TCP, TCP_REPAIR, &off, sizeof off);
  return known ? std::optional(next - 1) : std::nullopt;
}

/// When the number of `c` was given, by the clock behind it; from a connection between the same addresses.
std::optional<std::uint32_t> given_at(const FirstSequence& c) {
  const InetAddress at = c.server.plain(), from = c.client.plain();
  UniqueFd listener = stream_at(at);
  if (!listener || listen(listener.get(), 1) != 0) return std::nullopt;
  std::optional<std::uint32_t> result;
  std::uint32_t quickest = std::numeric_limits<std::uint32_t>::max();
  for (int i = 0; i < kTries; i++) {
    UniqueFd client = stream_at(from);
    const SocketAddress to = to_kernel(at);
    const std::uint32_t before = now_in_units();
    if (!client || connect(client.get(), to.get(), to.size) != 0) return std::nullopt;
    const std::uint32_t took = now_in_units() - before;
    const UniqueFd server(accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
    const auto number = first_of_peer(client.get());
    if (!number) return std::nullopt;
    if (took >= quickest) continue;
    quickest = took;
    result = c.number - *number + before;
  }
  return result;
}

}  // namespace

Result<std::vector<std::optional<std::int64_t>>> sequence_ages(std::span<const FirstSequence> all) {
  const std::uint32_t now = now_in_units();
  const Laboratory stay = TRY(Laboratory::enter());
  std::vector<std::optional<std::int64_t>> ages;
  for (const FirstSequence& c : all) {
    const auto then = given_at(c);
    ages.push_back(then ? std::optional(static_cast<std::int64_t>(now - *then) * kUnit_ns) : std::nullopt);
  }
  return ages;
}

std::optional<std::vector<std::size_t>> by_age(std::span<const Birth> all) {
  constexpr std::int64_t kMs = 1'000'000;
  constexpr std::int64_t kTick = 20 * kMs;  // ticks are 10 ms at most, and one of them at each end is not whole
  static_assert(2 * kTick < kApart_ms * kMs);
  constexpr std::int64_t kNear = 100 * kMs;
  struct Age {
    std::int64_t ns, give_or_take;
  };
  std::vector<Age> ages;
  for (const Birth& b : all) {
    const std::int64_t coarse = b.idle_ms * kMs;
    Age age{coarse, kTick};
    if (b.sequence_ns) {
      const std::int64_t periods =
          (coarse - *b.sequence_ns + (coarse > *b.sequence_ns ? 1 : -1) * kSequencePeriod_ns / 2) /
          kSequencePeriod_ns;
      const std::int64_t fine = *b.sequence_ns + periods * kSequencePeriod_ns;
      // Another number than a new one (a SYN cookie, the successor of a connection in TIME_WAIT), or a clock that was
      // set since.
      if (std::abs(fine - coarse) < kNear) age = {fine, 0};
    }
    ages.push_back(age);
  }
  std::vector<std::size_t> order(all.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return ages[a].ns > ages[b].ns; });
  for (std::size_t i = 0; i < order.size(); i++)
    for (std::size_t k = i + 1; k < order.size(); k++) {
      const Age &older = ages[order[i]], &younger = ages[order[k]];
      if (older.give_or_take + younger.give_or_take > 0 &&
          older.ns - younger.ns <= older.give_or_take + younger.give_or_take)
        return std::nullopt;
    }
  return order;
}

}  // namespace cr::net
