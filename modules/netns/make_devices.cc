// Devices, made again in a new namespace. Their indices are asked for with RTM_NEWLINK (ifi_index).
#include <fcntl.h>
// Before the kernel's headers of the same.
#include <netinet/in.h>
//
#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/if_tun.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <set>

#include "base/format.h"
#include "base/log.h"
#include "netns/devices.h"
#include "netns/parts.h"

namespace cr::netns {
namespace {

constexpr int kFreeTries = 300, kFreePause_us = 10'000;

Error failed(const char* step, const Link& l, int err, std::string remedy) {
  return Error{"netns", step, format("network device {} ({})", l.name, l.kind), err, std::move(remedy)};
}

ifinfomsg header_for(const Link& l) {
  ifinfomsg h{};
  h.ifi_index = static_cast<int>(l.index);
  return h;
}

/// What every device is given when it is made.
void put_basics(Request& r, const Link& l, ByteSpan address) {
  r.text(IFLA_IFNAME, l.name);
  r.number(IFLA_MTU, l.mtu);
  r.number(IFLA_TXQLEN, l.queue_length);
  if (l.group != 0) r.number(IFLA_GROUP, l.group);
  if (!address.empty()) r.put(IFLA_ADDRESS, address);
}

void put_settable(Request& r, const Link& l, const DeviceKind& kind) {
  for (const Attribute& a : attributes(l.data)) {
    const std::uint64_t bit = 1ull << (a.type & 63);
    if (!(kind.kept & bit) || kind.skipped & bit) continue;
    const bool zero = std::all_of(a.data.begin(), a.data.end(), [](std::uint8_t byte) { return byte == 0; });
    if (zero && !a.data.empty() && (kind.flags | kind.absent_if_zero) & bit) continue;
    if (kind.masked & bit && a.data.size() == 8) {
      const auto value = as_number<std::uint32_t>(a.data);
      if (kind.mask != 0) r.number(a.whole_type, std::array{value & kind.mask, kind.mask});
      if (kind.mask == 0 && value != 0) r.number(a.whole_type, std::array{value, value});
      continue;
    }
    r.put(a.whole_type, kind.flags & bit ? ByteSpan{} : a.data);
  }
}

/// Those that make it can say more of some kinds afterwards.
Result<> finish(Netlink& route, const Link& l) {
  TRY(settle(route, l, l.kind, Part::kDevice, find_device_kind(l.kind)->later));
  return l.peers.empty() ? Result<>{} : restore_peers(l);
}

class DeviceMaker {
 public:
  DeviceMaker(const Options& opt, Netlink& route, const NetNamespace& from, const Outside& outside)
      : opt_(opt), route_(route), from_(from), outside_(outside) {}

  /// Those with a device below them wait until it is there.
  Result<> run() {
    for (std::size_t before = 0; made_.size() < from_.links.size(); before = made_.size()) {
      for (const Link& l : from_.links)
        if (!made_.contains(l.index) && is_ready(l)) TRY(make(l));
      if (before == made_.size() && before < from_.links.size()) return stuck();
    }
    return {};
  }

 private:
  bool is_ready(const Link& l) const {
    const DeviceKind* kind = find_device_kind(l.kind);
    if (kind == nullptr || kind->link != LowerLink::kBelow) return true;
    return l.lower == 0 || l.lower == l.index || l.lower_ns || made_.contains(l.lower);
  }

  Error stuck() const {
    for (const Link& l : from_.links)
      if (!made_.contains(l.index)) return failed("make", l, 0, format("there is no device {} below it", l.lower));
    return Error{"netns", "make", "network devices", 0, ""};
  }

  Result<> make(const Link& l) {
    made_.insert(l.index);
    if (l.kind == "loopback") return set_loopback(l);
    if (is_made_by_kernel(l)) return set_fallback(l);
    if (l.kind == "tun") return make_tun(l);
    if (l.kind == "veth") return make_veth(l);
    const auto external = l.lower_ns ? external_link(opt_, l.kind, l.name) : std::nullopt;
    return external ? make_above_outside(l, *external) : make_plain(l);
  }

  Result<> ask(Netlink& where, Request& r, const Link& l, std::string remedy = {}) {
    const int err = TRY(where.send(r.message()));
    if (err == 0) return {};
    if (remedy.empty()) remedy = where.why;
    return failed("make", l, err, remedy.empty() && err == EOPNOTSUPP ? "the kernel has no such driver" : remedy);
  }

  const Link* link_with(std::uint32_t index) const {
    const auto it =
        std::find_if(from_.links.begin(), from_.links.end(), [&](const Link& l) { return l.index == index; });
    return it == from_.links.end() ? nullptr : &*it;
  }

  /// Some masters give their ports an address of their own.
  ByteSpan own_address(const Link& l) const {
    const Link* master = l.master == 0 ? nullptr : link_with(l.master);
    const DeviceKind* kind = master == nullptr ? nullptr : find_device_kind(master->kind);
    if (kind == nullptr || kind->port_address == 0) return l.address;
    return attribute(l.port_data, kind->port_address).value_or(l.address);
  }

  void put_common(Request& r, const Link& l) const { put_basics(r, l, own_address(l)); }

  Result<> make_plain(const Link& l) {
    const DeviceKind& kind = *find_device_kind(l.kind);
    Request r(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, header_for(l));
    put_common(r, l);
    if (kind.link == LowerLink::kBelow && l.lower != 0 && l.lower != l.index) r.number(IFLA_LINK, l.lower);
    r.nest(IFLA_LINKINFO, [&] {
      r.text(IFLA_INFO_KIND, l.kind);
      r.nest(IFLA_INFO_DATA, [&] { put_settable(r, l, kind); });
    });
    TRY(ask(route_, r, l));
    TRY(finish(route_, l));
    return set_alias(l);
  }

  /// It is here already, like the one that was dumped: fit_to_fallbacks() has seen to it.
  Result<> set_fallback(const Link& l) {
    const Link now = TRY(look_at_device(route_, l.index));
    Request r(RTM_NEWLINK, 0, header_for(l));
    if (now.mtu != l.mtu) r.number(IFLA_MTU, l.mtu);
    if (now.queue_length != l.queue_length) r.number(IFLA_TXQLEN, l.queue_length);
    if (now.group != l.group) r.number(IFLA_GROUP, l.group);
    if (now.address != l.address) r.put(IFLA_ADDRESS, l.address);
    TRY(ask(route_, r, l));
    return set_alias(l);
  }

  /// Asked for outside, where the device below is; it comes to life in our namespace.
  Result<> make_above_outside(const Link& l, const ExternalLink& external) {
    UniqueFd here(open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
    if (!here) return failed("make", l, errno, "");
    Netlink out(UniqueFd(dup(outside_.route)));
    Request r(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, header_for(l));
    put_common(r, l);
    r.number(IFLA_NET_NS_FD, static_cast<std::uint32_t>(here.get()));
    r.number(IFLA_LINK, TRY(index_outside(out, external.outside, l)));
    r.nest(IFLA_LINKINFO, [&] {
      r.text(IFLA_INFO_KIND, l.kind);
      r.nest(IFLA_INFO_DATA, [&] { put_settable(r, l, *find_device_kind(l.kind)); });
    });
    TRY(ask(out, r, l));
    return set_alias(l);
  }

  Result<std::uint32_t> index_outside(Netlink& out, const std::string& name, const Link& l) {
    for (const Message& m : TRY(out.dump({RTM_GETLINK, 0, ifinfomsg{}}, "network devices outside"))) {
      const auto its = attribute(body_of(m, sizeof(ifinfomsg)), IFLA_IFNAME);
      if (its && as_text(*its) == name) return static_cast<std::uint32_t>(fixed_of<ifinfomsg>(m).ifi_index);
    }
    return failed("make", l, ENODEV, format("there is no device {} outside: make it before the restore", name));
  }

  /// Both ends are made at once. The first of two that are here makes the other.
  Result<> make_veth(const Link& l) {
    if (l.lower_ns) return make_veth_to_outside(l);
    const Link* peer = link_with(l.lower);
    if (peer == nullptr) return failed("make", l, 0, "its other end is not there; the image is damaged");
    made_.insert(peer->index);
    Request r(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, header_for(l));
    put_common(r, l);
    r.nest(IFLA_LINKINFO, [&] {
      r.text(IFLA_INFO_KIND, "veth");
      r.nest(IFLA_INFO_DATA, [&] {
        r.nest(VETH_INFO_PEER, [&] {
          const ifinfomsg h = header_for(*peer);
          r.raw(&h, sizeof h);
          put_common(r, *peer);
        });
      });
    });
    TRY(ask(route_, r, l));
    TRY(set_alias(l));
    return set_alias(*peer);
  }

  Result<> make_veth_to_outside(const Link& l) {
    const auto external = external_link(opt_, "veth", l.name);
    if (!external)
      return failed("make", l, 0, "say where its other end is to be: --external veth[" + l.name + "]:NAME");
    UniqueFd here(open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
    if (!here) return failed("make", l, errno, "");
    Netlink out(UniqueFd(dup(outside_.route)));
    Request r(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, header_for(l));
    put_common(r, l);
    r.number(IFLA_NET_NS_FD, static_cast<std::uint32_t>(here.get()));
    r.nest(IFLA_LINKINFO, [&] {
      r.text(IFLA_INFO_KIND, "veth");
      r.nest(IFLA_INFO_DATA, [&] {
        r.nest(VETH_INFO_PEER, [&] {
          const ifinfomsg any{};
          r.raw(&any, sizeof any);
          r.text(IFLA_IFNAME, external->outside);
          r.number(IFLA_MTU, l.mtu);
        });
      });
    });
    TRY(ask_until_free(out, r, l));
    TRY(raise_outside(out, l, *external));
    return set_alias(l);
  }

  /// The kernel takes a moment to clean up after the namespace that was dumped: its outer end may still be there.
  Result<> ask_until_free(Netlink& out, Request& r, const Link& l) {
    int err = TRY(out.send(r.message()));
    for (int tries = 0; err == EEXIST && tries < kFreeTries; tries++) {
      usleep(kFreePause_us);
      err = TRY(out.send(r.message()));
    }
    if (err == 0) return {};
    return failed("make", l, err,
                  err == EEXIST ? "the name outside is taken: remove that device, or name another one" : out.why);
  }

  /// The outer end is up, in its bridge.
  Result<> raise_outside(Netlink& out, const Link& l, const ExternalLink& external) {
    ifinfomsg h{};
    h.ifi_index = static_cast<int>(TRY(index_outside(out, external.outside, l)));
    h.ifi_flags = h.ifi_change = IFF_UP;
    Request r(RTM_NEWLINK, 0, h);
    if (!external.bridge.empty()) r.number(IFLA_MASTER, TRY(index_outside(out, external.bridge, l)));
    if (const int err = TRY(out.send(r.message())); err != 0)
      return failed("bring up the outer end of", l, err, out.why);
    return {};
  }

  /// A persistent one; those that a descriptor keeps alive are refused with the descriptor.
  Result<> make_tun(const Link& l) {
    auto number = [&](int type) { return as_number<std::uint32_t>(attribute(l.data, type).value_or(ByteSpan{})); };
    auto byte = [&](int type) { return as_number<std::uint8_t>(attribute(l.data, type).value_or(ByteSpan{})); };
    UniqueFd fd(open("/dev/net/tun", O_RDWR | O_CLOEXEC));
    if (!fd) return failed("make", l, errno, "the kernel needs CONFIG_TUN");
    ifreq r{};
    std::strncpy(r.ifr_name, l.name.c_str(), IFNAMSIZ - 1);
    r.ifr_flags = static_cast<short>(
        (byte(IFLA_TUN_TYPE) == IFF_TAP ? IFF_TAP : IFF_TUN) | (byte(IFLA_TUN_PI) ? 0 : IFF_NO_PI) |
        (byte(IFLA_TUN_VNET_HDR) ? IFF_VNET_HDR : 0) | (byte(IFLA_TUN_MULTI_QUEUE) ? IFF_MULTI_QUEUE : 0));
    const unsigned index = l.index;
    if (ioctl(fd.get(), TUNSETIFINDEX, &index) != 0 || ioctl(fd.get(), TUNSETIFF, &r) != 0)
      return failed("make", l, errno, "");
    if (attribute(l.data, IFLA_TUN_OWNER) && ioctl(fd.get(), TUNSETOWNER, number(IFLA_TUN_OWNER)) != 0)
      return failed("give an owner to", l, errno, "");
    if (attribute(l.data, IFLA_TUN_GROUP) && ioctl(fd.get(), TUNSETGROUP, number(IFLA_TUN_GROUP)) != 0)
      return failed("give a group to", l, errno, "");
    if (ioctl(fd.get(), TUNSETPERSIST, 1) != 0) return failed("keep", l, errno, "");
    Request set(RTM_NEWLINK, 0, header_for(l));
    put_common(set, l);
    TRY(ask(route_, set, l));
    return set_alias(l);
  }

  Result<> set_loopback(const Link& l) {
    Request r(RTM_NEWLINK, 0, header_for(l));
    r.number(IFLA_MTU, l.mtu);
    r.number(IFLA_TXQLEN, l.queue_length);
    r.number(IFLA_GROUP, l.group);
    TRY(ask(route_, r, l));
    return set_alias(l);
  }

  Result<> set_alias(const Link& l) {
    if (l.alias.empty()) return {};
    Request r(RTM_NEWLINK, 0, header_for(l));
    r.put(IFLA_IFALIAS, {reinterpret_cast<const std::uint8_t*>(l.alias.data()), l.alias.size()});
    return ask(route_, r, l);
  }

  const Options& opt_;
  Netlink& route_;
  const NetNamespace& from_;
  const Outside& outside_;
  std::set<std::uint32_t> made_{};
};

}  // namespace

Result<> make_devices(const Options& opt, Netlink& route, const NetNamespace& from, const Outside& outside) {
  return DeviceMaker(opt, route, from, outside).run();
}

Result<> join_masters(Netlink& route, const std::vector<Link>& links) {
  for (const Link& l : links) {
    if (l.master == 0) continue;
    Request join(RTM_NEWLINK, 0, header_for(l));
    join.number(IFLA_MASTER, l.master);
    if (const int err = TRY(route.send(join.message())); err != 0)
      return failed("give a master to", l, err, route.why);
    const auto master = std::find_if(links.begin(), links.end(), [&](const Link& m) { return m.index == l.master; });
    const DeviceKind* kind = master == links.end() ? nullptr : find_device_kind(master->kind);
    if (kind != nullptr) TRY(settle(route, l, kind->name, Part::kPort, kind->of_port));
  }
  for (const Link& l : links)
    if (const DeviceKind* kind = find_device_kind(l.kind))
      TRY(settle(route, l, l.kind, Part::kDevice, kind->with_ports));
  return {};
}

Result<> set_device_flags(Netlink& route, const std::vector<Link>& links) {
  constexpr std::uint32_t kSet =
      IFF_UP | IFF_DEBUG | IFF_NOARP | IFF_PROMISC | IFF_ALLMULTI | IFF_DYNAMIC | IFF_MULTICAST | IFF_NOTRAILERS;
  std::set<std::uint32_t> done;
  for (bool more = true; more;) {
    more = false;
    for (const Link& l : links) {
      const DeviceKind* kind = find_device_kind(l.kind);
      const bool waits = kind != nullptr && kind->link == LowerLink::kBelow && !l.lower_ns && l.lower != 0 &&
                         l.lower != l.index && !done.contains(l.lower);
      if (waits || !done.insert(l.index).second) continue;
      more = true;
      ifinfomsg h = header_for(l);
      h.ifi_flags = l.flags & kSet;
      h.ifi_change = kSet;
      Request r(RTM_NEWLINK, 0, h);
      if (const int err = TRY(route.send(r.message())); err != 0)
        return failed("set the flags of", l, err, route.why);
    }
  }
  for (const Link& l : links)
    if (const DeviceKind* kind = find_device_kind(l.kind))
      TRY(settle(route, l, l.kind, Part::kDevice, kind->when_up, true));
  return {};
}

}  // namespace cr::netns
