// Settings of devices that depend on each other: they are compared with what the kernel has made of the device
// already, and set one by one in the order in which it shows them, which is that in which it takes them.
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <unistd.h>

#include <algorithm>

#include "base/format.h"
#include "base/log.h"
#include "netns/parts.h"

namespace cr::netns {
namespace {

constexpr int kSettleTries = 100, kSettlePause_us = 20'000;

struct PartAttributes {
  int kind, data;
};
constexpr PartAttributes attributes_of(Part part) {
  return part == Part::kDevice ? PartAttributes{IFLA_INFO_KIND, IFLA_INFO_DATA}
                               : PartAttributes{IFLA_INFO_SLAVE_KIND, IFLA_INFO_SLAVE_DATA};
}

const Message& data_of(const Link& l, Part part) { return part == Part::kDevice ? l.data : l.port_data; }

Result<bool> is_so(Netlink& route, const Link& l, Part part, const Attribute& wanted) {
  const Link now = TRY(look_at_device(route, l.index));
  const auto present = attribute(data_of(now, part), wanted.type);
  return present && std::equal(present->begin(), present->end(), wanted.data.begin(), wanted.data.end());
}

Result<int> set_one(Netlink& route, const Link& l, std::string_view kind, Part part, const Attribute& wanted) {
  ifinfomsg h{};
  h.ifi_index = static_cast<int>(l.index);
  Request r(RTM_NEWLINK, 0, h);
  r.nest(IFLA_LINKINFO, [&] {
    r.text(attributes_of(part).kind, kind);
    r.nest(attributes_of(part).data, [&] { r.put(wanted.whole_type, wanted.data); });
  });
  return route.send(r.message());
}

}  // namespace

Result<> settle(Netlink& route, const Link& link, std::string_view kind, Part part, std::uint64_t which,
                bool patient) {
  for (const Attribute& wanted : attributes(data_of(link, part))) {
    if (!(which >> (wanted.type & 63) & 1)) continue;
    int err = 0;
    for (int tries = patient ? kSettleTries : 1; tries > 0; --tries) {
      if (TRY(is_so(route, link, part, wanted))) break;
      err = TRY(set_one(route, link, kind, part, wanted));
      if (err == 0) break;
      if (patient) usleep(kSettlePause_us);
    }
    if (err == 0 || TRY(is_so(route, link, part, wanted))) continue;
    Error e{"netns", "set", format("setting {} of network device {} ({})", wanted.type, link.name, link.kind), err,
            route.why};
    if (!patient) return e;
    log::warn("{}", e.sentence());
  }
  return {};
}

}  // namespace cr::netns
