// Names of unix sockets: a path or an abstract name, and where the file of a path is by now.
//
// bind(2) of a path makes a file under it, but the name stays what it was when the file is removed or renamed, when
// somebody else's file is there by now, and when the working directory of a relative one is another. So the file is
// looked at by SIOCUNIXFILE; on restore a name that does not lead to its file any more is bound inside an empty
// directory of its own, and the file then moved to its place.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"
#include "base/unique_fd.h"
#include "core/id_map.h"
#include "core/task_tree.h"

namespace cr::net {

struct UnixName {
  struct Perms {
    std::uint32_t mode = 0, uid = 0, gid = 0;
  };
  std::string bytes{};           ///< sun_path as getsockname(2) tells it; empty: no name; first byte 0: abstract
  std::string dir{};             ///< of a relative path: the directory from where it leads to its file
  std::string file{};            ///< where the file is, when the name does not lead to it
  bool deleted = false;          ///< it has no file any more, or it is the file of another socket
  std::optional<Perms> perms{};  ///< of the file
  std::int32_t mnt_id = -1;      ///< mount of the file

  bool is_path() const { return !bytes.empty() && bytes[0] != '\0'; }
  /// The path, without what follows the first zero.
  std::string path() const { return is_path() ? std::string(bytes.c_str()) : std::string(); }
  /// For errors: the path, or "@" and the abstract name.
  std::string text() const;
  /// Where the file has to be; empty: nowhere.
  std::string place() const;
};

/// sun_path of an address that getsockname, getpeername or recvmsg gave.
std::string sun_path(const void* address, std::size_t size);
std::string own_name(int fd);
/// Of the peer, also of one that was closed. Empty: it has none, or there is no peer.
std::string peer_name(int fd);

/// Dump: everything about the name of `fd`, a copy of a descriptor of `pid`. Errors: SIOCUNIXFILE, stat(2).
Result<UnixName> look_at_name(int fd, HostPid pid, const core::TreeIds& ids, const std::string& object);

/// A descriptor (O_PATH) of the file that the socket is bound to. Errors: SIOCUNIXFILE.
Result<UniqueFd> file_of(int fd, const std::string& object);

/// Restore: binds `fd` so that all of `name` is as it was. A socket's file that is in the way at its place is
/// replaced; plan has made sure that nobody uses it. Errors: bind(2), whatever stands in the way.
Result<> bind_name(int fd, const UnixName& name, const std::string& object);

/// A socket with that name but no file, in place of one that is gone. When an abstract name is taken, it is made in a
/// network namespace of its own: from there it reaches sockets with paths alone. Errors: socket(2), bind(2).
Result<UniqueFd> stand_in_for(const std::string& name, int type, const std::string& object);

/// An address that leads to a bound socket, wherever its file is.
struct UnixAddress {
  UniqueFd file{};  ///< must live until the address has been used
  std::string bytes{};
};
/// That of `to`, of which we have a descriptor. Errors: SIOCUNIXFILE; it has no name.
Result<UnixAddress> reach(int to, const std::string& object);
/// connect(2) to a name or to what reach() gave; errno in the result, 0 when it worked.
int connect_to(int fd, const std::string& bytes);

}  // namespace cr::net
