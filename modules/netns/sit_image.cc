#include "netns/sit_image.h"

// Before the kernel's headers of the same.
#include <netinet/in.h>
//
#include <linux/if_link.h>
#include <linux/if_tunnel.h>

#include <algorithm>
#include <array>

#include "netns/sit.pb.h"

namespace cr::netns {
namespace {

/// A field that is one number. Addresses and ports keep the order of their bytes.
struct NumberField {
  int attribute;
  std::size_t size;
  bool (pb::sit_entry::*has)() const;
  std::uint32_t (pb::sit_entry::*get)() const;
  void (pb::sit_entry::*set)(std::uint32_t);
};
#define FIELD(attribute, size, name) \
  NumberField { attribute, size, &pb::sit_entry::has_##name, &pb::sit_entry::name, &pb::sit_entry::set_##name }
constexpr std::array kNumbers{
    FIELD(IFLA_IPTUN_LINK, 4, link),
    FIELD(IFLA_IPTUN_TTL, 1, ttl),
    FIELD(IFLA_IPTUN_TOS, 1, tos),
    FIELD(IFLA_IPTUN_PROTO, 1, proto),
    FIELD(IFLA_IPTUN_FLAGS, 2, flags),
    FIELD(IFLA_IPTUN_ENCAP_TYPE, 2, encap_type),
    FIELD(IFLA_IPTUN_ENCAP_FLAGS, 2, encap_flags),
    FIELD(IFLA_IPTUN_ENCAP_SPORT, 2, encap_sport),
    FIELD(IFLA_IPTUN_ENCAP_DPORT, 2, encap_dport),
    FIELD(IFLA_IPTUN_6RD_PREFIXLEN, 2, rd_prefixlen),
    FIELD(IFLA_IPTUN_6RD_RELAY_PREFIXLEN, 2, relay_prefixlen),
};
#undef FIELD

void put_number(Request& r, const NumberField& f, std::uint32_t n) {
  if (f.size == 1) r.number(f.attribute, static_cast<std::uint8_t>(n));
  if (f.size == 2) r.number(f.attribute, static_cast<std::uint16_t>(n));
  if (f.size == 4) r.number(f.attribute, n);
}

std::uint32_t number_in(const NumberField& f, ByteSpan data) {
  if (f.size == 1) return as_number<std::uint8_t>(data);
  return f.size == 2 ? as_number<std::uint16_t>(data) : as_number<std::uint32_t>(data);
}

void put_words(const Message& data, int type, google::protobuf::RepeatedField<std::uint32_t>& to) {
  const auto found = attribute(data, type);
  for (std::size_t at = 0; found && at + 4 <= found->size(); at += 4)
    to.Add(as_number<std::uint32_t>(found->subspan(at)));
}

/// All of them, or none when there are fewer than the kernel wants.
void take_words(const google::protobuf::RepeatedField<std::uint32_t>& from, int type, std::size_t words, Request& r) {
  if (static_cast<std::size_t>(from.size()) < words) return;
  std::array<std::uint32_t, 4> all{};
  std::copy_n(from.begin(), words, all.begin());
  r.put(type, {reinterpret_cast<const std::uint8_t*>(all.data()), words * 4});
}

}  // namespace

void put_sit(const Message& data, pb::sit_entry& to) {
  for (const NumberField& f : kNumbers)
    if (const auto found = attribute(data, f.attribute)) (to.*f.set)(number_in(f, *found));
  if (const auto found = attribute(data, IFLA_IPTUN_PMTUDISC)) to.set_pmtudisc(as_number<std::uint8_t>(*found) != 0);
  put_words(data, IFLA_IPTUN_LOCAL, *to.mutable_local());
  put_words(data, IFLA_IPTUN_REMOTE, *to.mutable_remote());
  put_words(data, IFLA_IPTUN_6RD_PREFIX, *to.mutable_rd_prefix());
  put_words(data, IFLA_IPTUN_6RD_RELAY_PREFIX, *to.mutable_relay_prefix());
}

Message take_sit(const pb::sit_entry& from) {
  Request r(0, 0);
  for (const NumberField& f : kNumbers)
    if ((from.*f.has)()) put_number(r, f, (from.*f.get)());
  if (from.has_pmtudisc()) r.number(IFLA_IPTUN_PMTUDISC, std::uint8_t{from.pmtudisc()});
  take_words(from.local(), IFLA_IPTUN_LOCAL, 1, r);
  take_words(from.remote(), IFLA_IPTUN_REMOTE, 1, r);
  take_words(from.rd_prefix(), IFLA_IPTUN_6RD_PREFIX, 4, r);
  take_words(from.relay_prefix(), IFLA_IPTUN_6RD_RELAY_PREFIX, 1, r);
  const ByteSpan data = body_of(r.message());
  return {data.begin(), data.end()};
}

}  // namespace cr::netns
