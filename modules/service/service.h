// The RPC of CRIU: requests come as one protobuf message a packet over a unix socket (schema in engine/rpc.proto). A
// request becomes the words of a command line and goes the way of every command line from there, so an option means
// the same, and is refused in the same words, whoever gave it.
#pragma once

#include "base/result.h"
#include "core/options.h"

namespace cr::service {

/// `service`: listens on the socket options.address and serves each connection in a process of its own, with the
/// rights of the one who connected. Returns only on an error. Errors: socket(2), bind(2), listen(2).
Result<> serve(const Options&);

/// `swrk FD`: serves the one connection on the inherited descriptor `fd`, for the peer that made it. Errors: a
/// descriptor that is no SOCK_SEQPACKET socket; what the connection itself suffers. A request that fails is an
/// answer, not an error.
Result<> serve_connection(int fd);

}  // namespace cr::service
