// When TCP connections that wait in the queue of a listener came there: in which order accept(2) will give them.
//
// The kernel does not show the order of that queue. It tells how long a socket has sent nothing, in ticks of its own
// clock (4 ms and more), too coarse for clients that come one after the other. But the first sequence number of the
// server is a hash of both addresses plus the time in units of 64 ns (secure_tcp_seq() in net/core/secure_seq.c): a
// connection between the same addresses, made in a network namespace of our own, has the same hash, and the
// difference is the time between the two.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/result.h"
#include "net/inet_address.h"

namespace cr::net {

/// The addresses of a connection and the first sequence number of its server.
struct FirstSequence {
  InetAddress client{}, server{};
  std::uint32_t number = 0;
};

/// How long ago, in ns, each was given, seen from now and but for multiples of kSequencePeriod_ns; nothing for one
/// that can't be made here. Errors: unshare(2).
Result<std::vector<std::optional<std::int64_t>>> sequence_ages(std::span<const FirstSequence>);

/// The clock behind sequence numbers starts again after so long: 2^32 times 64 ns.
inline constexpr std::int64_t kSequencePeriod_ns = std::int64_t{1} << 38;

/// What is known of one: how long ago it came by the kernel's ticks, and by its sequence number.
struct Birth {
  std::uint32_t idle_ms = 0;
  std::optional<std::int64_t> sequence_ns{};
};

/// Two of which no sequence number is known must have come so far apart.
inline constexpr std::uint32_t kApart_ms = 50;

/// The places of all, the oldest first; nothing when what is known does not tell.
std::optional<std::vector<std::size_t>> by_age(std::span<const Birth>);

}  // namespace cr::net
