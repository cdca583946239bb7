// WireGuard's own family of generic netlink: keys, peers, endpoints, allowed addresses. Sessions are not shown, and
// are agreed upon anew with the next packet; so are counters and the times of handshakes.
#include <linux/genetlink.h>
#include <linux/if.h>
#include <linux/wireguard.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/format.h"
#include "core/proc_text.h"
#include "netns/parts.h"

namespace cr::netns {
namespace {

constexpr std::array kOfDevice{WGDEVICE_A_PRIVATE_KEY, WGDEVICE_A_LISTEN_PORT, WGDEVICE_A_FWMARK};
constexpr std::array kOfPeer{WGPEER_A_PUBLIC_KEY, WGPEER_A_PRESHARED_KEY, WGPEER_A_ENDPOINT,
                             WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL, WGPEER_A_ALLOWEDIPS};

template <class Set>
bool is_in(const Set& set, int type) {
  return std::find(set.begin(), set.end(), type) != set.end();
}

/// What can be set of what is shown. The same peer may go on in the next message: it is added to.
Message settable(ByteSpan shown) {
  Request r(0, 0);
  for (const Attribute& a : attributes(shown)) {
    if (is_in(kOfDevice, a.type)) r.put(a.whole_type, a.data);
    if (a.type != WGDEVICE_A_PEERS) continue;
    r.nest(WGDEVICE_A_PEERS, [&] {
      for (const Attribute& peer : attributes(a.data))
        r.nest(0, [&] {
          for (const Attribute& of : attributes(peer.data))
            if (is_in(kOfPeer, of.type)) r.put(of.whole_type, of.data);
        });
    });
  }
  return r.message();
}

Result<std::uint16_t> wireguard_family(Netlink& generic) {
  Request ask(GENL_ID_CTRL, 0, genlmsghdr{CTRL_CMD_GETFAMILY, 1, 0});
  ask.text(CTRL_ATTR_FAMILY_NAME, WG_GENL_NAME);
  for (const Message& m : TRY(generic.ask(ask.message(), "the netlink family of WireGuard")))
    if (const auto id = attribute(body_of(m, sizeof(genlmsghdr)), CTRL_ATTR_FAMILY_ID))
      return as_number<std::uint16_t>(*id);
  return Error{"netns", "ask for", "the netlink family of WireGuard", ENOENT, "load the module wireguard"};
}

/// Its socket is in the namespace where it was made, and shows there only.
Result<> refuse_another_namespace(const Link& l, std::uint16_t port) {
  if (!(l.flags & IFF_UP) || port == 0) return {};
  const std::string wanted = format(":{:04X} ", port);
  for (const char* name : {"/proc/thread-self/net/udp", "/proc/thread-self/net/udp6"})
    if (const auto text = core::read_text(name); text.ok() && text.value().find(wanted) != std::string::npos)
      return {};
  return Error{
      "netns", "dump", format("network device {} ({})", l.name, l.kind), 0,
      "its packets go through the network namespace that it was made in, and it can be made again in its own "
      "only: make it inside, or leave the content of the namespace to the caller with --empty-ns net"};
}

}  // namespace

Result<> look_at_peers(Link& link) {
  Netlink generic = TRY(Netlink::open(NETLINK_GENERIC));
  Request ask(TRY(wireguard_family(generic)), 0, genlmsghdr{WG_CMD_GET_DEVICE, WG_GENL_VERSION, 0});
  ask.number(WGDEVICE_A_IFINDEX, link.index);
  std::uint16_t port = 0;
  for (const Message& m : TRY(generic.dump(ask, "keys and peers of WireGuard"))) {
    const ByteSpan shown = body_of(m, sizeof(genlmsghdr));
    if (const auto listens = attribute(shown, WGDEVICE_A_LISTEN_PORT)) port = as_number<std::uint16_t>(*listens);
    link.peers.push_back(settable(shown));
  }
  return refuse_another_namespace(link, port);
}

Result<> restore_peers(const Link& link) {
  Netlink generic = TRY(Netlink::open(NETLINK_GENERIC));
  const std::uint16_t type = TRY(wireguard_family(generic));
  for (const Message& m : link.peers) {
    Request r(type, 0, genlmsghdr{WG_CMD_SET_DEVICE, WG_GENL_VERSION, 0});
    r.number(WGDEVICE_A_IFINDEX, link.index);
    r.raw(body_of(m).data(), body_of(m).size());
    if (const int err = TRY(generic.send(r.message())); err != 0)
      return Error{"netns", "give keys and peers to", format("network device {} ({})", link.name, link.kind), err,
                   generic.why};
  }
  return {};
}

}  // namespace cr::netns
