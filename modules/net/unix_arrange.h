// Restore: which sockets become a connection with which, by which listener, in which order.
#pragma once

#include "net/unix_socket.h"

namespace cr::net {

/// From the images alone, when all of them have been read. Adds listeners that stand in for those that are gone.
/// Errors: a peer that is not in the images.
Result<> arrange_unix(ReadCtx& ctx);

/// Whether it is connected to a listener that has not accepted it.
inline bool is_pending(const UnixSocket& s) {
  return s.listener != 0 && s.is_client && s.partner == 0 && !s.peer_closed;
}
/// Whether it is a connection, or one end of a pair, with or without the other end.
inline bool is_connection(const UnixSocket& s) {
  return s.partner != 0 || (s.peer_closed && !(s.datagram() && !s.peer_name.empty()));
}

}  // namespace cr::net
