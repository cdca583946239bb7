#include <linux/if_link.h>
#include <linux/if_tunnel.h>

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

// What can be set of a port.
constexpr std::uint64_t kBridgePort =
    bit(IFLA_BRPORT_PRIORITY) | bit(IFLA_BRPORT_COST) | bit(IFLA_BRPORT_MODE) | bit(IFLA_BRPORT_GUARD) |
    bit(IFLA_BRPORT_PROTECT) | bit(IFLA_BRPORT_FAST_LEAVE) | bit(IFLA_BRPORT_LEARNING) |
    bit(IFLA_BRPORT_UNICAST_FLOOD) | bit(IFLA_BRPORT_PROXYARP) | bit(IFLA_BRPORT_PROXYARP_WIFI) |
    bit(IFLA_BRPORT_MULTICAST_ROUTER) | bit(IFLA_BRPORT_MCAST_FLOOD) | bit(IFLA_BRPORT_MCAST_TO_UCAST) |
    bit(IFLA_BRPORT_VLAN_TUNNEL) | bit(IFLA_BRPORT_BCAST_FLOOD) | bit(IFLA_BRPORT_GROUP_FWD_MASK) |
    bit(IFLA_BRPORT_NEIGH_SUPPRESS) | bit(IFLA_BRPORT_ISOLATED) | bit(IFLA_BRPORT_BACKUP_PORT) |
    bit(IFLA_BRPORT_LOCKED);
constexpr std::uint64_t kBondPort =
    bit(IFLA_BOND_SLAVE_QUEUE_ID) | bit(9 /* IFLA_BOND_SLAVE_PRIO */) | bit(10 /* IFLA_BOND_SLAVE_ACTOR_PORT_PRIO */);
// A bond takes most of its settings in some modes only, and names ports that must be there, or up.
constexpr std::uint64_t kBondAtOnce = bit(IFLA_BOND_MODE), kBondWithPorts = bit(IFLA_BOND_PRIMARY),
                        kBondUp = bit(IFLA_BOND_ACTIVE_SLAVE),
                        kBondLater = ~(kBondAtOnce | kBondWithPorts | kBondUp | bit(IFLA_BOND_AD_INFO));
// Those that hold Ethernet take no address of nobody.
constexpr std::uint64_t kGreRemote = bit(IFLA_GRE_REMOTE);
constexpr std::uint32_t kVlanFlags = 0x1f;  // VLAN_FLAG_REORDER_HDR to VLAN_FLAG_BRIDGE_BINDING

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
               .masked = bit(IFLA_BR_MULTI_BOOLOPT),
               .of_port = kBridgePort},
    DeviceKind{.name = "vlan", .link = LowerLink::kBelow, .masked = bit(IFLA_VLAN_FLAGS), .mask = kVlanFlags},
    DeviceKind{.name = "macvlan", .link = LowerLink::kBelow, .below_may_be_outside = true, .kept = kMacvlanSet},
    DeviceKind{.name = "ipvlan", .link = LowerLink::kBelow},
    DeviceKind{.name = "vxlan",
               .link = LowerLink::kBelow,
               .absent_if_zero = bit(IFLA_VXLAN_REMCSUM_RX),
               .flags = bit(IFLA_VXLAN_TTL_INHERIT)},
    DeviceKind{.name = "vrf"},
    DeviceKind{.name = "gre", .link = LowerLink::kBelow},
    DeviceKind{.name = "gretap", .link = LowerLink::kBelow, .absent_if_zero = kGreRemote},
    DeviceKind{.name = "erspan", .link = LowerLink::kBelow, .absent_if_zero = kGreRemote},
    DeviceKind{.name = "ip6gre", .link = LowerLink::kBelow},
    DeviceKind{.name = "ip6gretap", .link = LowerLink::kBelow, .absent_if_zero = kGreRemote},
    DeviceKind{.name = "ip6erspan", .link = LowerLink::kBelow, .absent_if_zero = kGreRemote},
    DeviceKind{.name = "vti", .link = LowerLink::kBelow},
    DeviceKind{.name = "vti6", .link = LowerLink::kBelow},
    DeviceKind{.name = "ipip", .link = LowerLink::kBelow},
    DeviceKind{.name = "sit", .link = LowerLink::kBelow},
    DeviceKind{.name = "ip6tnl", .link = LowerLink::kBelow},
    DeviceKind{.name = "tun"},
    DeviceKind{.name = "bond",
               .kept = kBondAtOnce,
               .later = kBondLater,
               .with_ports = kBondWithPorts,
               .when_up = kBondUp,
               .of_port = kBondPort,
               .port_address = IFLA_BOND_SLAVE_PERM_HWADDR},
    DeviceKind{.name = "wireguard"},
    DeviceKind{.name = "netkit", .refusal = kNoPair},
};

/// The fallback devices of tunnels: they appear in every namespace once the driver is there.
struct Fallback {
  std::string_view name, kind;
};
constexpr std::array<Fallback, 9> kFallbacks{{{"tunl0", "ipip"},
                                              {"gre0", "gre"},
                                              {"gretap0", "gretap"},
                                              {"erspan0", "erspan"},
                                              {"ip_vti0", "vti"},
                                              {"ip6_vti0", "vti6"},
                                              {"sit0", "sit"},
                                              {"ip6tnl0", "ip6tnl"},
                                              {"ip6gre0", "ip6gre"}}};

}  // namespace

const DeviceKind* find_device_kind(std::string_view name) {
  const auto* it = std::find_if(kKinds.begin(), kKinds.end(), [&](const DeviceKind& k) { return k.name == name; });
  return it == kKinds.end() ? nullptr : it;
}

bool is_made_by_kernel(const Link& link) {
  return std::any_of(kFallbacks.begin(), kFallbacks.end(), [&](const Fallback& f) {
    return f.name == link.name && (f.kind == link.kind || link.kind.empty());
  });
}

}  // namespace cr::netns
