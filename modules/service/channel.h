// One connection of the service: whole packets in, whole packets out, and who is at the other end.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "base/result.h"
#include "base/unique_fd.h"

namespace cr::service {

/// Who made the other end, as SO_PEERCRED of unix(7) tells: the process that connected, or that called socketpair(2).
struct Peer {
  pid_t pid = 0;  ///< 0 when it is outside of our pid namespace
  uid_t uid = 0;
  gid_t gid = 0;

  /// The directory behind a descriptor of the peer, as a path. Errors: no such descriptor, not a directory.
  Result<std::string> directory(int fd) const;
  /// Gives the calling process the ids and groups of the peer for good; of the capabilities only
  /// CAP_CHECKPOINT_RESTORE stays, in which the kernel allows no more than what its bearer may see anyway. Does
  /// nothing for root.
  Result<> become() const;
};

class Channel {
 public:
  /// Errors: `fd` is not a SOCK_SEQPACKET unix socket.
  static Result<Channel> open(UniqueFd fd);

  const Peer& peer() const { return peer_; }
  /// The next packet, or nothing when the peer has closed. Errors: recv(2), a packet of more than 1 MiB.
  Result<std::optional<std::string>> receive();
  /// Sends one packet, with a copy of a descriptor unless `fd` is -1. Errors: sendmsg(2); EPIPE when the peer is
  /// gone.
  Result<> send(const std::string& packet, int fd = -1);

 private:
  Channel(UniqueFd fd, Peer peer) : fd_(std::move(fd)), peer_(peer) {}
  UniqueFd fd_;
  Peer peer_;
};

}  // namespace cr::service
