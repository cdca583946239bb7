#include "netns/setting_tables.h"

#include <array>
#include <charconv>
#include <cstdint>

#include "base/format.h"
#include "netns/netdev.pb.h"

namespace cr::netns {
namespace {

// The order is that of the format.
constexpr std::array kConf4{
    "accept_local",
    "accept_redirects",
    "accept_source_route",
    "arp_accept",
    "arp_announce",
    "arp_filter",
    "arp_ignore",
    "arp_notify",
    "bootp_relay",
    "disable_policy",
    "disable_xfrm",
    "force_igmp_version",
    "forwarding",
    "igmpv2_unsolicited_report_interval",
    "igmpv3_unsolicited_report_interval",
    "log_martians",
    "medium_id",
    "promote_secondaries",
    "proxy_arp",
    "proxy_arp_pvlan",
    "route_localnet",
    "rp_filter",
    "secure_redirects",
    "send_redirects",
    "shared_media",
    "src_valid_mark",
    "tag",
    "ignore_routes_with_linkdown",
    "drop_gratuitous_arp",
    "drop_unicast_in_l2_multicast",
};
constexpr std::array kConf6{
    "accept_dad",
    "accept_ra",
    "accept_ra_defrtr",
    "accept_ra_from_local",
    "accept_ra_min_hop_limit",
    "accept_ra_mtu",
    "accept_ra_pinfo",
    "accept_ra_rt_info_max_plen",
    "accept_ra_rtr_pref",
    "accept_redirects",
    "accept_source_route",
    "autoconf",
    "dad_transmits",
    "disable_ipv6",
    "drop_unicast_in_l2_multicast",
    "drop_unsolicited_na",
    "force_mld_version",
    "force_tllao",
    "forwarding",
    "hop_limit",
    "ignore_routes_with_linkdown",
    "keep_addr_on_down",
    "max_addresses",
    "max_desync_factor",
    "mldv1_unsolicited_report_interval",
    "mldv2_unsolicited_report_interval",
    "mtu",
    "ndisc_notify",
    "optimistic_dad",
    "proxy_ndp",
    "regen_max_retry",
    "router_probe_interval",
    "router_solicitation_delay",
    "router_solicitation_interval",
    "router_solicitations",
    "stable_secret",
    "suppress_frag_ndisc",
    "temp_prefered_lft",
    "temp_valid_lft",
    "use_oif_addrs_only",
    "use_optimistic",
    "use_tempaddr",
};
constexpr std::array kUnix{"max_dgram_qlen"};

void put_value(const Settings& from, const std::string& name, bool text, pb::sysctl_entry& to) {
  to.set_type(text ? pb::SysctlType_CTL_STR : pb::SysctlType_CTL_32);
  const auto it = from.find(name);
  if (it == from.end()) return;  // this kernel has none, or it is not set
  if (text) {
    to.set_sarg(it->second);
    return;
  }
  std::int32_t n = 0;
  std::from_chars(it->second.data(), it->second.data() + it->second.size(), n);
  to.set_iarg(n);
}

template <class Names, class List>
void put_list(const Settings& from, const std::string& where, const Names& names, List* to) {
  for (const char* name : names) put_value(from, where + name, std::string_view(name) == "stable_secret", *to->Add());
}

template <class Names, class List>
void take_list(const List& from, const std::string& where, const Names& names, Settings& to) {
  for (std::size_t i = 0; i < names.size() && i < static_cast<std::size_t>(from.size()); i++) {
    const pb::sysctl_entry& e = from[static_cast<int>(i)];
    if (e.has_sarg()) to[where + names[i]] = e.sarg();
    if (e.has_iarg()) to[where + names[i]] = format("{}", e.iarg());
  }
}

}  // namespace

void put_device_settings(const Settings& from, const std::string& device, pb::net_device_entry& to) {
  put_list(from, format("ipv4/conf/{}/", device), kConf4, to.mutable_conf4());
  put_list(from, format("ipv6/conf/{}/", device), kConf6, to.mutable_conf6());
}

void take_device_settings(const pb::net_device_entry& from, Settings& to) {
  take_list(from.conf4(), format("ipv4/conf/{}/", from.name()), kConf4, to);
  take_list(from.conf6(), format("ipv6/conf/{}/", from.name()), kConf6, to);
}

void put_namespace_settings(const Settings& from, pb::netns_entry& to) {
  put_list(from, "ipv4/conf/default/", kConf4, to.mutable_def_conf4());
  put_list(from, "ipv4/conf/all/", kConf4, to.mutable_all_conf4());
  put_list(from, "ipv6/conf/default/", kConf6, to.mutable_def_conf6());
  put_list(from, "ipv6/conf/all/", kConf6, to.mutable_all_conf6());
  put_list(from, "unix/", kUnix, to.mutable_unix_conf());
  for (const auto& [name, value] : from) {
    auto& e = *to.add_cr_settings();
    e.set_name(name);
    e.set_value(value);
  }
}

void take_namespace_settings(const pb::netns_entry& from, Settings& to) {
  take_list(from.def_conf4(), "ipv4/conf/default/", kConf4, to);
  take_list(from.all_conf4(), "ipv4/conf/all/", kConf4, to);
  take_list(from.def_conf6(), "ipv6/conf/default/", kConf6, to);
  take_list(from.all_conf6(), "ipv6/conf/all/", kConf6, to);
  take_list(from.unix_conf(), "unix/", kUnix, to);
  for (const auto& e : from.cr_settings()) to[e.name()] = e.value();
}

}  // namespace cr::netns
