// The attributes of an answer of sock_diag(7).
#pragma once

#include <linux/netlink.h>

#include <cstddef>
#include <cstring>

namespace cr::net {

/// Calls `act(type, payload, bytes)` for each that stands behind the fixed part, of `fixed` bytes, of `message`.
/// Stops at one that does not fit.
template <class Act>
void for_each_attribute(const nlmsghdr* message, std::size_t fixed, Act act) {
  const char* at = static_cast<const char*>(NLMSG_DATA(message)) + NLMSG_ALIGN(fixed);
  const char* end = reinterpret_cast<const char*>(message) + message->nlmsg_len;
  while (at + sizeof(nlattr) <= end) {
    nlattr attr;
    std::memcpy(&attr, at, sizeof attr);
    if (attr.nla_len < sizeof attr || at + attr.nla_len > end) return;
    act(attr.nla_type, at + NLA_HDRLEN, static_cast<std::size_t>(attr.nla_len) - NLA_HDRLEN);
    at += NLMSG_ALIGN(attr.nla_len);
  }
}

}  // namespace cr::net
