// The parts of a network namespace, each with its look and its way back. All run in that namespace.
#pragma once

#include "netns/netns.h"

namespace cr::netns {

// devices.cc
/// Refuses devices that can't be made again. Errors: netlink(7).
Result<std::vector<Link>> look_at_devices(Netlink& route);
/// One of them, as it is now. Errors: netlink(7).
Result<Link> look_at_device(Netlink& route, std::uint32_t index);
/// All of them, whatever they are. Errors: netlink(7).
Result<std::vector<Link>> list_devices(Netlink& route);
// fallbacks.cc
/// `from` without the fallback devices that this kernel does not make and that nobody used. Refuses what they
/// prevent.
Result<NetNamespace> fit_to_fallbacks(Netlink& route, const NetNamespace& from);
// wireguard.cc
/// Keys and peers. Refuses a device whose packets go through another namespace. Errors: netlink(7).
Result<> look_at_peers(Link& link);
Result<> restore_peers(const Link& link);
// settle.cc
enum class Part { kDevice, kPort };  ///< IFLA_INFO_DATA, IFLA_INFO_SLAVE_DATA
/// Sets those of its attributes, bits of `which`, that are not as they were; `kind` is its own or that of its master.
/// With `patient` the kernel may need a moment, and what it does not take in the end is a warning.
Result<> settle(Netlink& route, const Link& link, std::string_view kind, Part part, std::uint64_t which,
                bool patient = false);
// make_devices.cc
/// Makes all devices, down, with their indices; what must be outside is asked for over `outside`.
Result<> make_devices(const Options& opt, Netlink& route, const NetNamespace& from, const Outside& outside);
/// Masters and settings of ports.
Result<> join_masters(Netlink& route, const std::vector<Link>& links);
/// Flags, up among them; lower devices first. Then what can be set of a device that is up.
Result<> set_device_flags(Netlink& route, const std::vector<Link>& links);

// tables.cc
Result<> look_at_tables(Netlink& route, NetNamespace& into);
/// Leads one table to what it was.
Result<> restore_table(Netlink& route, const NetNamespace& from, Table table);

// settings.cc
Result<std::map<std::string, std::string>> look_at_settings();
/// Writes those that differ. With `weak` one that can't be set is a warning.
Result<> restore_settings(const std::map<std::string, std::string>& from, bool weak);
/// While devices come up, the kernel makes no addresses of its own.
void stop_own_addresses(const std::vector<Link>& links);

// compat_rule.cc
/// A rule of nf_tables, and what its extensions of iptables have to be told of it, which the kernel does not show.
Message with_protocol(Message rule);

// ruleset.cc
Result<std::vector<Message>> look_at_ruleset();
Result<> restore_ruleset(const std::vector<Message>& ruleset);

// xtables.cc
/// Refuses what can't be made again. Errors: getsockopt(2).
Result<std::vector<XtTable>> look_at_xtables();
/// Errors: setsockopt(2), a damaged table.
Result<> restore_xtables(const std::vector<XtTable>& tables);

// conntrack.cc
Result<> look_at_connections(NetNamespace& into);
Result<> restore_connections(const NetNamespace& from);

// refusals.cc
/// What nothing here carries: traffic control, IPsec, VLAN filters.
Result<> refuse_the_rest(Netlink& route, const NetNamespace& found);

}  // namespace cr::netns
