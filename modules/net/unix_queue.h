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
  std::optional<ucred> creds{};  ///< none when nobody wanted any when it was sent
  std::string from{};            ///< sun_path of the sender of a datagram
};

/// Everything in the receive queue of `fd`, in order. The socket's peek offset (SO_PEEK_OFF) is used for that and put
/// back; where one look shows all, it is not touched; SO_PASSCRED is set while it looks. Errors: recvmsg(2),
/// setsockopt(2); a message that is too long for the buffer, too few descriptors free.
Result<std::vector<PeekedMessage>> peek_queue(int fd, int type, const std::string& object);

/// What is to be sent with a message.
struct Accompanying {
  std::vector<int> rights{};
  std::optional<ucred> creds{};
  std::string to{};  ///< sun_path; empty: to the peer
};

/// Sends one message with everything that comes with it. Errors: sendmsg(2).
Result<> send_message(int fd, int type, const std::vector<std::uint8_t>& data, const Accompanying& with,
                      const std::string& object);

/// The memory that messages of these sizes take when they lie in a queue, as SIOCOUTQ of their sender tells it; tried
/// with sockets of our own. Errors: socketpair(2), send(2).
Result<int> memory_of(const std::vector<std::size_t>& sizes, int type);

}  // namespace cr::net
