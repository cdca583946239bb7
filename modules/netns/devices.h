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
  std::uint64_t masked = 0;          ///< values with a mask behind them: only what is on is set
  std::uint64_t flags = 0;           ///< those that are shown as 0 or 1 and set by being there
  const char* refusal = nullptr;     ///< why it is not carried
};

/// Attributes of IFLA_INFO_SLAVE_DATA of a bridge's port that can be set.
extern const std::uint64_t kPortSettings;

const DeviceKind* find_device_kind(std::string_view name);
/// Devices that come with every namespace, down and without addresses, and that nobody can make: tunl0, sit0, ...
bool is_made_by_kernel(const Link& link);

}  // namespace cr::netns
