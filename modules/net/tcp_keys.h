// The keys that a TCP socket signs its segments with (RFC 2385, TCP_MD5SIG).
//
// Shown by inet_diag of the socket to those who have CAP_NET_ADMIN; put back by setsockopt(2) before anything else is
// done with the socket, so that they are among the options of its protocol. Not to be seen: keys of a socket that is
// not even bound or, before Linux 6.8, does not listen; whether a key is bound to a device (VRF).
#pragma once

#include "base/result.h"
#include "net/inet_socket.h"

namespace cr::net {

/// Adds the keys to the socket's options. Errors: netlink(7).
Result<> add_segment_keys(InetSocket& s);

}  // namespace cr::net
