// The kinds of network devices, as a table: how each is made again.
//
// Nearly all of them take back over RTM_NEWLINK what they show (IFLA_INFO_DATA); the table names the exceptions.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "netns/netns.h"

namespace cr::netns {

/// What IFLA_LINK is for a kind.
enum class LowerLink : std::uint8_t { kNone, kBelow, kPeer };

struct DeviceKind {
  std::string_view name;  ///< IFLA_INFO_KIND
  LowerLink link = LowerLink::kNone;
  bool below_may_be_outside = false;
  std::uint64_t skipped = 0;         ///< bits of attributes of IFLA_INFO_DATA that are shown but can't be set
  std::uint64_t kept = ~0ull;        ///< or only those that can
  std::uint64_t absent_if_zero = 0;  ///< those that mean something by being there, whatever their value
  std::uint64_t masked = 0;          ///< values with a mask behind them, which when they are set ...
  std::uint32_t mask = 0;            ///< ... is this one; 0: only what is on is set
  std::uint64_t flags = 0;           ///< those that are shown as 0 or 1 and set by being there
  std::uint64_t later = 0;           ///< those that are set afterwards, one by one, if they aren't so already ...
  std::uint64_t with_ports = 0;      ///< ... when its ports have joined it
  std::uint64_t when_up = 0;         ///< ... or when it is up, and the kernel may want to wait
  std::uint64_t of_port = 0;         ///< the same of IFLA_INFO_SLAVE_DATA of its ports
  int port_address = 0;              ///< the attribute there with the port's own hardware address, which it hides
  const char* refusal = nullptr;     ///< why it is not carried
};

const DeviceKind* find_device_kind(std::string_view name);
/// Devices that come with every namespace, down and without addresses, and that nobody can make or remove: tunl0, ...
bool is_made_by_kernel(const Link& link);

}  // namespace cr::netns
