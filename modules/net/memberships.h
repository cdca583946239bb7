// Multicast groups that a socket has joined, with their source filters.
// No call lists them: every group that some interface listens to (/proc/net/igmp, igmp6) is tried with
// getsockopt(MCAST_MSFILTER), which knows the members only.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "net/inet_address.h"

namespace cr::net {

struct Membership {
  InetAddress group{};
  std::string interface {};
  bool include = false;  ///< only the sources are heard; otherwise all but them
  std::vector<InetAddress> sources{};
};

/// Errors: those of reading /proc, getsockopt(2).
Result<std::vector<Membership>> find_memberships(int fd, int family, const std::string& object);
/// Errors: an interface that is not there, setsockopt(2).
Result<> join_groups(int fd, const std::vector<Membership>&, const std::string& object);

}  // namespace cr::net
