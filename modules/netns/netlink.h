// Netlink without a library: messages are built and taken apart here, kept as the kernel gave them, and sent again.
// (Debian has libmnl and libnftables only as shared libraries, and the engine is linked statically.)
#pragma once

#include <linux/netlink.h>

#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"

namespace cr::netns {

using ByteSpan = std::span<const std::uint8_t>;

/// One whole message, its nlmsghdr first.
using Message = std::vector<std::uint8_t>;

/// Builds one message: the fixed part of its type, then attributes.
class Request {
 public:
  Request(int type, int flags) {
    nlmsghdr h{};
    h.nlmsg_type = static_cast<__u16>(type);
    h.nlmsg_flags = static_cast<__u16>(NLM_F_REQUEST | flags);
    raw(&h, sizeof h);
  }
  template <class Fixed>
  Request(int type, int flags, const Fixed& fixed) : Request(type, flags) {
    raw(&fixed, sizeof fixed);
  }

  void put(int type, ByteSpan data) {
    const nlattr a{static_cast<__u16>(NLA_HDRLEN + data.size()), static_cast<__u16>(type)};
    raw(&a, sizeof a);
    raw(data.data(), data.size());
  }
  template <class Number>
  void number(int type, Number value) {
    put(type, {reinterpret_cast<const std::uint8_t*>(&value), sizeof value});
  }
  void text(int type, std::string_view s) {
    std::vector<std::uint8_t> with_end(s.begin(), s.end());
    with_end.push_back(0);
    put(type, with_end);
  }
  template <class Fill>
  void nest(int type, Fill fill) {
    const std::size_t at = bytes_.size();
    put(type | NLA_F_NESTED, {});
    fill();
    const auto size = static_cast<std::uint16_t>(bytes_.size() - at);
    std::memcpy(bytes_.data() + at, &size, sizeof size);
  }
  void raw(const void* data, std::size_t size) {
    const auto* p = static_cast<const std::uint8_t*>(data);
    bytes_.insert(bytes_.end(), p, p + size);
    bytes_.resize(NLMSG_ALIGN(bytes_.size()));
  }
  /// With its length in place.
  const Message& message() {
    const auto size = static_cast<std::uint32_t>(bytes_.size());
    std::memcpy(bytes_.data(), &size, sizeof size);
    return bytes_;
  }

 private:
  Message bytes_;
};

struct Attribute {
  int type = 0;  ///< without the flags NLA_F_*
  int whole_type = 0;
  ByteSpan data{};
};

/// The attributes in `bytes`; what does not fit ends the list.
std::vector<Attribute> attributes(ByteSpan bytes);
/// The payload of the first one of that type.
std::optional<ByteSpan> attribute(ByteSpan bytes, int type);
std::string as_text(ByteSpan data);
template <class Number>
Number as_number(ByteSpan data) {
  Number n{};
  std::memcpy(&n, data.data(), std::min(sizeof n, data.size()));
  return n;
}

inline nlmsghdr header_of(ByteSpan message) { return as_number<nlmsghdr>(message); }
/// What comes behind the nlmsghdr; and what comes behind the fixed part of that size.
inline ByteSpan body_of(ByteSpan message, std::size_t fixed = 0) {
  return message.subspan(std::min(message.size(), NLMSG_HDRLEN + NLMSG_ALIGN(fixed)));
}
template <class Fixed>
Fixed fixed_of(ByteSpan message) {
  return as_number<Fixed>(body_of(message));
}

/// Cuts a row of messages, as a dump gives and raw images keep them. Errors: one that is cut short.
Result<std::vector<Message>> split_messages(ByteSpan bytes, const std::string& where);

/// A socket of one netlink protocol; it belongs to the network namespace that the thread was in when it was opened.
class Netlink {
 public:
  /// Errors: socket(2).
  static Result<Netlink> open(int protocol);
  explicit Netlink(UniqueFd fd) : fd_(std::move(fd)) {}

  /// Every message of the answer to a dump request. Errors: netlink(7).
  Result<std::vector<Message>> dump(Request request, const char* what);
  /// What one request is answered with. Errors: netlink(7).
  Result<std::vector<Message>> ask(Message request, const char* what);
  /// Sends one message with NLM_F_ACK and gives the kernel's errno, 0 for none; the sentence that the kernel may say
  /// about it is in `why`. Errors: only of the socket.
  Result<int> send(Message message);
  /// Sends several messages at once (a batch of nfnetlink) and gives the first errno.
  Result<int> send_batch(ByteSpan bytes);

  std::string why{};
  UniqueFd& fd() { return fd_; }

 private:
  /// Sends it and gives what comes before the acknowledgement, whose errno goes to `err`.
  Result<std::vector<Message>> exchange(Message message, int& err);

  UniqueFd fd_;
  std::uint32_t seq_ = 1;
};

}  // namespace cr::netns
