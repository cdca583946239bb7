// Queues of unix sockets: looked into without taking anything, and filled again.
#pragma once

#include <sys/socket.h>

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"

namespace cr::net {

/// A message as it was found; `rights` are descriptors of our own.
struct PeekedMessage {
  std::vector<std::uint8_t> data{};
  std::vector<UniqueFd> rights{};
  std::optional<ucred> creds{};
};

/// Everything in the receive queue of `fd`, in order. The socket's peek offset (SO_PEEK_OFF) is used for that and put
/// back; where one look shows all, it is not touched. Errors: recvmsg(2), setsockopt(2); a message that is too long
/// for the buffer, too few descriptors free.
Result<std::vector<PeekedMessage>> peek_queue(int fd, int type, const std::string& object);

/// Sends one message with everything that comes with it. Errors: sendmsg(2).
Result<> send_message(int fd, int type, const std::vector<std::uint8_t>& data, const std::vector<int>& rights,
                      const std::optional<ucred>& creds, const std::string& object);

}  // namespace cr::net
