// Rules of nf_tables with extensions of iptables, as iptables-nft, ip6tables-nft and ebtables-nft make them.
//
// Extensions check when they are made that the rule is for their protocol. They are told by an attribute of the rule
// (NFTA_RULE_COMPAT) that the kernel shows to nobody; but the same program always compares the protocol in an
// expression that comes before.
#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nf_tables_compat.h>
#include <linux/netfilter/nfnetlink.h>
#include <sys/socket.h>

#include "netns/parts.h"

namespace cr::netns {
namespace {

struct Expression {
  std::string name{};
  ByteSpan data{};

  std::uint32_t number(int type) const {
    const auto value = attribute(data, type);
    return value ? ntohl(as_number<std::uint32_t>(*value)) : ~0u;
  }
};

std::vector<Expression> expressions_of(ByteSpan rule) {
  std::vector<Expression> all;
  const auto list = attribute(rule, NFTA_RULE_EXPRESSIONS);
  if (!list) return all;
  for (const Attribute& a : attributes(*list)) {
    const auto name = attribute(a.data, NFTA_EXPR_NAME);
    all.push_back({name ? as_text(*name) : "", attribute(a.data, NFTA_EXPR_DATA).value_or(ByteSpan{})});
  }
  return all;
}

/// A field of a packet's header.
struct Field {
  int family;
  std::uint32_t base, offset, size;
};
constexpr Field kProtocolFields[] = {{AF_INET, NFT_PAYLOAD_NETWORK_HEADER, 9, 1},
                                     {AF_INET6, NFT_PAYLOAD_NETWORK_HEADER, 6, 1},
                                     {AF_BRIDGE, NFT_PAYLOAD_LL_HEADER, 12, 2}};

bool loads_protocol(int family, const Expression& e) {
  if (e.name == "meta")
    return e.number(NFTA_META_KEY) == (family == AF_BRIDGE ? NFT_META_PROTOCOL : NFT_META_L4PROTO);
  if (e.name != "payload") return false;
  for (const Field& f : kProtocolFields)
    if (f.family == family && f.base == e.number(NFTA_PAYLOAD_BASE) && f.offset == e.number(NFTA_PAYLOAD_OFFSET) &&
        f.size == e.number(NFTA_PAYLOAD_LEN))
      return true;
  return false;
}

/// What the attribute says. The number of a protocol of the link layer is in the order of the packet.
std::optional<std::pair<std::uint32_t, std::uint32_t>> compared(int family, const Expression& e) {
  const auto value = attribute(attribute(e.data, NFTA_CMP_DATA).value_or(ByteSpan{}), NFTA_DATA_VALUE);
  const std::uint32_t op = e.number(NFTA_CMP_OP);
  if (e.name != "cmp" || !value || (op != NFT_CMP_EQ && op != NFT_CMP_NEQ)) return {};
  const std::uint32_t protocol =
      family == AF_BRIDGE ? as_number<std::uint16_t>(*value) : as_number<std::uint8_t>(*value);
  return std::pair{protocol, op == NFT_CMP_NEQ ? std::uint32_t{NFT_RULE_COMPAT_F_INV} : 0u};
}

}  // namespace

Message with_protocol(Message rule) {
  const auto g = fixed_of<nfgenmsg>(rule);
  const ByteSpan attrs = body_of(rule, sizeof g);
  const std::vector<Expression> all = expressions_of(attrs);
  bool has_extension = false;
  for (const Expression& e : all) has_extension |= e.name == "match" || e.name == "target";
  if (!has_extension || attribute(attrs, NFTA_RULE_COMPAT)) return rule;
  for (std::size_t i = 0; i + 1 < all.size(); ++i) {
    if (!loads_protocol(g.nfgen_family, all[i])) continue;
    const auto protocol = compared(g.nfgen_family, all[i + 1]);
    if (!protocol) continue;
    const nlmsghdr h = header_of(rule);
    Request r(h.nlmsg_type, h.nlmsg_flags, g);
    for (const Attribute& a : attributes(attrs)) r.put(a.whole_type, a.data);
    r.nest(NFTA_RULE_COMPAT, [&] {
      r.number(NFTA_RULE_COMPAT_PROTO, htonl(protocol->first));
      r.number(NFTA_RULE_COMPAT_FLAGS, htonl(protocol->second));
    });
    return r.message();
  }
  return rule;
}

}  // namespace cr::netns
