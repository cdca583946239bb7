// Tracked connections and expectations (ctnetlink).
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/format.h"
#include "netns/parts.h"

namespace cr::netns {
namespace {

struct Tracked {
  const char* what;
  int subsystem, ask, make;
  std::array<int, 6> shown;  ///< attributes that are not taken
};
constexpr Tracked kConnections{"tracked connections",
                               NFNL_SUBSYS_CTNETLINK,
                               IPCTNL_MSG_CT_GET,
                               IPCTNL_MSG_CT_NEW,
                               {CTA_COUNTERS_ORIG, CTA_COUNTERS_REPLY, CTA_USE, CTA_ID, CTA_TIMESTAMP, CTA_SECCTX}};
constexpr Tracked kExpectations{
    "expected connections", NFNL_SUBSYS_CTNETLINK_EXP, IPCTNL_MSG_EXP_GET, IPCTNL_MSG_EXP_NEW, {CTA_EXPECT_ID}};

bool is_absent(int err) { return err == EOPNOTSUPP || err == EINVAL || err == EPROTONOSUPPORT || err == ENOENT; }

Result<std::vector<Message>> look_at(Netlink& nf, const Tracked& t) {
  auto all = nf.dump({t.subsystem << 8 | t.ask, 0, nfgenmsg{AF_UNSPEC, NFNETLINK_V0, 0}}, t.what);
  if (!all.ok() && is_absent(all.error().err)) return std::vector<Message>{};
  return all;
}

Result<> restore(Netlink& nf, const Tracked& t, const std::vector<Message>& all) {
  for (const Message& m : all) {
    const auto g = fixed_of<nfgenmsg>(m);
    Request r(t.subsystem << 8 | t.make, NLM_F_CREATE, g);
    for (const Attribute& a : attributes(body_of(m, sizeof g)))
      if (a.type == 0 || std::find(t.shown.begin(), t.shown.end(), a.type) == t.shown.end())
        r.put(a.whole_type, a.data);
    const int err = TRY(nf.send(r.message()));
    if (err != 0 && err != EEXIST)
      return Error{"netns", "restore", format("one of {} {}", all.size(), t.what), err, nf.why};
  }
  return {};
}

}  // namespace

Result<> look_at_connections(NetNamespace& into) {
  auto socket = Netlink::open(NETLINK_NETFILTER);
  if (!socket.ok() && socket.error().err == EPROTONOSUPPORT) return {};
  Netlink nf = TRY(std::move(socket));
  into.connections = TRY(look_at(nf, kConnections));
  into.expectations = TRY(look_at(nf, kExpectations));
  return {};
}

Result<> restore_connections(const NetNamespace& from) {
  if (from.connections.empty() && from.expectations.empty()) return {};
  Netlink nf = TRY(Netlink::open(NETLINK_NETFILTER));
  TRY(restore(nf, kConnections, from.connections));
  return restore(nf, kExpectations, from.expectations);
}

}  // namespace cr::netns
