// Fallback devices of tunnels: nobody can make, remove or number them. What was dumped has to fit those that are
// here.
#include <linux/if.h>
#include <linux/if_addr.h>

#include <algorithm>

#include "base/format.h"
#include "base/log.h"
#include "netns/devices.h"
#include "netns/parts.h"

namespace cr::netns {
namespace {

constexpr const char* kNotMade =
    "this kernel does not make it in a new network namespace: load its driver, and see "
    "net.core.fb_tunnels_only_for_init_net";

Error unfit(const Link& l, std::string why) {
  return Error{"netns", "restore", format("network device {} ({})", l.name, l.kind), 0, std::move(why)};
}

template <class Matches>
const Link* link_of(const std::vector<Link>& links, Matches matches) {
  const auto it = std::find_if(links.begin(), links.end(), matches);
  return it == links.end() ? nullptr : &*it;
}

bool is_used(const NetNamespace& from, const Link& l) {
  const auto& addresses = from.table(Table::kAddresses);
  return l.flags & IFF_UP || l.master != 0 || !l.alias.empty() || l.group != 0 ||
         std::any_of(addresses.begin(), addresses.end(),
                     [&](const Message& m) { return fixed_of<ifaddrmsg>(m).ifa_index == l.index; });
}

/// Those that both kernels know. Nothing but a few of them can be set, and only by ioctl(2).
Result<> expect_same_data(const Link& wanted, const Link& here) {
  for (const Attribute& a : attributes(wanted.data)) {
    const auto present = attribute(here.data, a.type);
    if (present && !std::equal(present->begin(), present->end(), a.data.begin(), a.data.end()))
      return unfit(wanted,
                   format("its setting {} was changed, which the kernel does not take over netlink: set it back "
                          "before the dump, or use a tunnel of another name",
                          a.type));
  }
  return {};
}

void forget_settings(NetNamespace& n, const std::string& name) {
  std::erase_if(n.settings, [&](const auto& s) {
    return s.first.find("/conf/" + name + "/") != s.first.npos ||
           s.first.find("/neigh/" + name + "/") != s.first.npos;
  });
}

/// Whether it is there to be set up.
Result<bool> fits(const NetNamespace& from, const Link& l, const std::vector<Link>& here) {
  const Link* same = link_of(here, [&](const Link& h) { return h.name == l.name; });
  if (same != nullptr && same->index == l.index) {
    TRY(expect_same_data(l, *same));
    return true;
  }
  if (is_used(from, l))
    return unfit(
        l, same == nullptr ? kNotMade : format("the kernel numbers it {} here, and it was {}", same->index, l.index));
  log::info("network device {} ({}) is {}: nobody used it", l.name, l.kind,
            same == nullptr ? "not made here" : "numbered otherwise here");
  return false;
}

}  // namespace

Result<NetNamespace> fit_to_fallbacks(Netlink& route, const NetNamespace& from) {
  const std::vector<Link> here = TRY(list_devices(route));
  NetNamespace fitted = from;
  fitted.links.clear();
  for (const Link& l : from.links) {
    if (is_made_by_kernel(l)) {
      if (TRY(fits(from, l, here)))
        fitted.links.push_back(l);
      else if (link_of(here, [&](const Link& h) { return h.name == l.name; }) == nullptr)
        forget_settings(fitted, l.name);
      continue;
    }
    const Link* other = link_of(here, [&](const Link& h) { return h.index == l.index && l.kind != "loopback"; });
    if (other != nullptr)
      return unfit(l, format("its number {} is that of {}, which the kernel makes in every network namespace: "
                             "unload the driver of that tunnel, or set net.core.fb_tunnels_only_for_init_net to 1",
                             l.index, other->name));
    fitted.links.push_back(l);
  }
  return fitted;
}

}  // namespace cr::netns
