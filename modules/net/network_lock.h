// The lock of the network: while connections are dumped, away, or half restored, no packet of theirs may pass, so
// that a peer neither gets a reset from a host that does not know the connection, nor data that is acknowledged and
// lost.
//
// One nf_tables table of family inet with two base chains (input and output, before all others) drops exactly the
// packets of the locked connections, both ways; packets that carry kEngineMark pass. Set up over netlink by
// libnftnl in one transaction.
// An owned table (NFT_TABLE_F_OWNER, Linux 5.12) vanishes with the socket that made it, however the engine ends. A
// kept one stays until somebody removes it: it bridges the time between a dump that kills and the restore.
#pragma once

#include <span>
#include <string>

#include "base/result.h"
#include "base/unique_fd.h"
#include "net/inet_address.h"

namespace cr::net {

/// The two ends of a connection; their families are equal.
struct LockedConnection {
  InetAddress local{}, peer{};
};

class NetworkLock {
 public:
  enum class Life { kOwned, kKept };

  /// Locks all of them at once. Errors: netlink(7), the kernel has no nf_tables.
  static Result<NetworkLock> take(const std::string& table, Life life, std::span<const LockedConnection> connections);
  /// Removes the table now. An owned one also goes with the object.
  Result<> release();
  /// Removes a kept one of an earlier run; one that is not there is fine.
  static Result<> remove(const std::string& table);

  /// Where an owned lock's descriptor should be, out of the way of others.
  UniqueFd& socket() { return socket_; }

 private:
  NetworkLock(UniqueFd socket, std::string table) : socket_(std::move(socket)), table_(std::move(table)) {}
  UniqueFd socket_;
  std::string table_;
};

}  // namespace cr::net
