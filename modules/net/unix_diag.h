// What sock_diag(7) tells of unix sockets: who is connected to whom.
#pragma once

#include <cstdint>
#include <map>
#include <set>

#include "base/result.h"

namespace cr::net {

struct UnixDiag {
  std::uint32_t ino = 0;
  std::uint8_t type = 0, state = 0;
  bool has_peer = false;
  std::uint32_t peer = 0;  ///< inode of the peer; 0 with has_peer: it was closed
  std::uint32_t rqueue = 0, wqueue = 0;
  std::uint8_t shutdown = 0;
  bool has_name = false;
};

/// Asks for the sockets of `inodes` in our own network namespace: one by one when they are few (each question makes
/// the kernel search its table), all at once otherwise. Errors: netlink; the kernel has no CONFIG_UNIX_DIAG.
Result<std::map<std::uint32_t, UnixDiag>> ask_unix_diag(const std::set<std::uint32_t>& inodes);

}  // namespace cr::net
