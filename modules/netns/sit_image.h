// Tunnels of IPv6 in IPv4 as the format's other writer has them: one field for each attribute.
#pragma once

#include "netns/netns.h"

namespace cr::pb {
class sit_entry;
}  // namespace cr::pb

namespace cr::netns {

/// IFLA_INFO_DATA of a sit device into its entry.
void put_sit(const Message& data, pb::sit_entry& to);
/// And back: what the entry has not, the kernel chooses.
Message take_sit(const pb::sit_entry& from);

}  // namespace cr::netns
