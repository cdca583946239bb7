// What sock_diag(7) tells of unix sockets: who is connected to whom.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"

namespace cr::net {

struct UnixDiag {
  std::uint32_t ino = 0;
  std::uint8_t type = 0, state = 0;
  bool has_peer = false;
  std::uint32_t peer = 0;  ///< inode of the peer; 0 with has_peer: it was closed
  std::uint32_t rqueue = 0, wqueue = 0;
  std::uint8_t shutdown = 0;
  std::string name{};                        ///< sun_path, as getsockname(2) gives it
  std::uint32_t file_ino = 0, file_dev = 0;  ///< of the file of a path, as the kernel keeps device numbers
  std::vector<std::uint32_t> pending{};      ///< of a listener: inodes of the clients nobody accepted yet, in order
};

/// Asks for the sockets of `inodes` in our own network namespace: one by one when they are few (each question makes
/// the kernel search its table), all at once otherwise. Errors: netlink; the kernel has no CONFIG_UNIX_DIAG.
Result<std::map<std::uint32_t, UnixDiag>> ask_unix_diag(const std::set<std::uint32_t>& inodes);
/// All of them, also those that have no inode: ends of connections that nobody has accepted yet. Errors: the same.
Result<std::vector<UnixDiag>> ask_all_unix();

}  // namespace cr::net
