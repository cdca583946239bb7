// A descriptor that travels over a unix socket beside a packet (SCM_RIGHTS of unix(7)).
#pragma once

#include <sys/types.h>

#include <string_view>

#include "base/unique_fd.h"

namespace cr {

/// Sends one packet and a copy of `fd`, or the packet alone when that is -1. Returns what sendmsg(2) does, with
/// errno; never raises SIGPIPE.
ssize_t send_with_fd(int socket, std::string_view packet, int fd);
/// Takes the next packet of at most 64 bytes, without waiting, and gives the descriptor that came with it; none when
/// there is no packet or it brought none.
UniqueFd take_passed_fd(int socket);

}  // namespace cr
