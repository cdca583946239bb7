// Options that all sockets have (SOL_SOCKET).
// Shown by getsockopt(2) on a copy of the descriptor. Put back by setsockopt(2), each only where it differs from what
// a new socket has: Linux 6.16 refuses some on sockets of some families.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "core/contexts.h"

namespace cr::pb {
class sk_opts_entry;
}

namespace cr {
struct FileProbe;
}

namespace cr::net {

/// What fstat(2) tells of a socket; its user is also whom the rules of the network see.
struct SocketOwner {
  std::uint32_t uid = 0, gid = 0, mode = 0777;
  friend bool operator==(const SocketOwner&, const SocketOwner&) = default;
};

struct SocketOptions {
  std::uint32_t sndbuf = 0, rcvbuf = 0;  ///< as getsockopt tells: twice what was set
  std::uint64_t snd_timeout_sec = 0, snd_timeout_usec = 0, rcv_timeout_sec = 0, rcv_timeout_usec = 0;
  bool reuseaddr = false, passcred = false, passsec = false, dontroute = false, no_check = false;
  bool reuseport = false, broadcast = false, keepalive = false;
  std::uint32_t priority = 0, rcvlowat = 1, mark = 0, oobinline = 0, buf_lock = 0;
  std::optional<std::uint32_t> linger{};  ///< seconds, when on
  std::optional<SocketOwner> owner{};
  std::string bound_device{};
  std::vector<std::uint64_t> filter{};              ///< struct sock_filter, one word each
  std::map<std::uint32_t, std::uint32_t> others{};  ///< by SO_*: those of kOtherOptions that are not at their default
  std::map<std::uint32_t, std::vector<std::uint8_t>> wide{};  ///< the same of kWideOptions
};

/// One option that is a number; `missing` where the socket has no such option.
int int_option(int fd, int level, int option, int missing = 0);

/// Reads all of them. Options that the kernel or the family does not have keep their default. Errors: getsockopt(2).
Result<SocketOptions> get_options(int fd, const std::string& object);
/// The same on a dump, with the owner as the tree sees it. Errors: its holder could not make it the owner's again.
Result<SocketOptions> options_in_tree(const DumpCtx& ctx, const FileProbe& probe);
/// Sets what differs. Buffer sizes last: filling queues may have needed larger ones. Errors: setsockopt(2).
Result<> set_options(int fd, const SocketOptions& wanted, const std::string& object);
/// Makes the send buffer as large as filling a queue could need.
void widen_send_buffer(int fd);

void put_options(const SocketOptions& o, pb::sk_opts_entry& e);
SocketOptions read_options(const pb::sk_opts_entry& e);

}  // namespace cr::net
