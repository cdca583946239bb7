#include <linux/if.h>
#include <linux/if_link.h>

#include <algorithm>
#include <array>

#include "netns/devices.h"

namespace cr::netns {
namespace {

constexpr std::uint64_t bit(unsigned attribute) { return 1ull << attribute; }

// What a bridge counts down or elects. The group address counts as changed by hand once it has been set.
constexpr std::uint64_t kBridgeShown =
    bit(IFLA_BR_ROOT_ID) | bit(IFLA_BR_BRIDGE_ID) | bit(IFLA_BR_ROOT_PORT) | bit(IFLA_BR_ROOT_PATH_COST) |
    bit(IFLA_BR_TOPOLOGY_CHANGE) | bit(IFLA_BR_TOPOLOGY_CHANGE_DETECTED) | bit(IFLA_BR_HELLO_TIMER) |
    bit(IFLA_BR_TCN_TIMER) | bit(IFLA_BR_TOPOLOGY_CHANGE_TIMER) | bit(IFLA_BR_GC_TIMER) | bit(IFLA_BR_GROUP_ADDR) |
    bit(IFLA_BR_PAD) | bit(IFLA_BR_FDB_FLUSH) | bit(IFLA_BR_MCAST_QUERIER_STATE) |
    bit(IFLA_BR_MCAST_QUERIER_STATE + 1 /* IFLA_BR_FDB_N_LEARNED */);
constexpr std::uint64_t kMacvlanSet =
    bit(IFLA_MACVLAN_MODE) | bit(IFLA_MACVLAN_FLAGS) | bit(IFLA_MACVLAN_BC_QUEUE_LEN);

constexpr const char* kNoKeys = "its keys and peers are not carried yet: remove it before the dump";
constexpr const char* kNoBond = "bonds are not carried yet: remove it before the dump, or use a bridge";
constexpr const char* kNoPair =
    "a pair that shares its packets is not carried: use veth, or remove it before the dump";

constexpr std::array kKinds{
    DeviceKind{.name = "loopback"},
    DeviceKind{.name = "veth", .link = LowerLink::kPeer, .kept = 0},
    DeviceKind{.name = "dummy"},
    DeviceKind{.name = "ifb"},
    DeviceKind{.name = "bridge",
               .skipped = kBridgeShown,
               .absent_if_zero = bit(IFLA_BR_VLAN_FILTERING),
               .masked = bit(IFLA_BR_MULTI_BOOLOPT)},
    DeviceKind{.name = "vlan", .link = LowerLink::kBelow},
    DeviceKind{.name = "macvlan", .link = LowerLink::kBelow, .below_may_be_outside = true, .kept = kMacvlanSet},
    DeviceKind{.name = "ipvlan", .link = LowerLink::kBelow},
    DeviceKind{.name = "vxlan",
               .link = LowerLink::kBelow,
               .absent_if_zero = bit(IFLA_VXLAN_REMCSUM_RX),
               .flags = bit(IFLA_VXLAN_TTL_INHERIT)},
    DeviceKind{.name = "vrf"},
    DeviceKind{.name = "gre", .link = LowerLink::kBelow},
    DeviceKind{.name = "gretap", .link = LowerLink::kBelow},
    DeviceKind{.name = "ip6gre", .link = LowerLink::kBelow},
    DeviceKind{.name = "ip6gretap", .link = LowerLink::kBelow},
    DeviceKind{.name = "ipip", .link = LowerLink::kBelow},
    DeviceKind{.name = "sit", .link = LowerLink::kBelow},
    DeviceKind{.name = "ip6tnl", .link = LowerLink::kBelow},
    DeviceKind{.name = "tun"},
    DeviceKind{.name = "bond", .refusal = kNoBond},
    DeviceKind{.name = "wireguard", .refusal = kNoKeys},
    DeviceKind{.name = "netkit", .refusal = kNoPair},
};

/// The fallback devices of tunnels: they appear in every namespace once the driver is there.
constexpr std::array<std::string_view, 8> kFallbacks{"tunl0",   "gre0", "gretap0", "erspan0",
                                                     "ip_vti0", "sit0", "ip6tnl0", "ip6gre0"};

}  // namespace

const std::uint64_t kPortSettings =
    bit(IFLA_BRPORT_PRIORITY) | bit(IFLA_BRPORT_COST) | bit(IFLA_BRPORT_MODE) | bit(IFLA_BRPORT_GUARD) |
    bit(IFLA_BRPORT_PROTECT) | bit(IFLA_BRPORT_FAST_LEAVE) | bit(IFLA_BRPORT_LEARNING) |
    bit(IFLA_BRPORT_UNICAST_FLOOD) | bit(IFLA_BRPORT_PROXYARP) | bit(IFLA_BRPORT_PROXYARP_WIFI) |
    bit(IFLA_BRPORT_MULTICAST_ROUTER) | bit(IFLA_BRPORT_MCAST_FLOOD) | bit(IFLA_BRPORT_MCAST_TO_UCAST) |
    bit(IFLA_BRPORT_VLAN_TUNNEL) | bit(IFLA_BRPORT_BCAST_FLOOD) | bit(IFLA_BRPORT_GROUP_FWD_MASK) |
    bit(IFLA_BRPORT_NEIGH_SUPPRESS) | bit(IFLA_BRPORT_ISOLATED) | bit(IFLA_BRPORT_BACKUP_PORT) |
    bit(IFLA_BRPORT_LOCKED);

const DeviceKind* find_device_kind(std::string_view name) {
  const auto* it = std::find_if(kKinds.begin(), kKinds.end(), [&](const DeviceKind& k) { return k.name == name; });
  return it == kKinds.end() ? nullptr : it;
}

bool is_made_by_kernel(const Link& link) {
  return !(link.flags & IFF_UP) && std::find(kFallbacks.begin(), kFallbacks.end(), link.name) != kFallbacks.end();
}

}  // namespace cr::netns
