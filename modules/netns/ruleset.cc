// nf_tables: tables, chains, sets with their elements, objects, flow tables, rules.
//
// Kept as the kernel's messages and sent again in one transaction; what nft(8) prints is the same in words. The order
// of a transaction is that of use: tables, objects, sets, chains, elements, rules. Anonymous sets keep their names.
#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/format.h"
#include "netns/parts.h"

namespace cr::netns {
namespace {

constexpr int type_of(int message) { return NFNL_SUBSYS_NFTABLES << 8 | message; }

/// One kind of object: how it is asked for, how it is made, and attributes that are shown but not taken.
struct ObjectKind {
  const char* what;
  int ask, make;
  std::array<int, 3> shown;
};
// Handles are numbers of one kernel's; counts of users count themselves.
constexpr ObjectKind kTablesOf{
    "tables of nf_tables", NFT_MSG_GETTABLE, NFT_MSG_NEWTABLE, {NFTA_TABLE_USE, NFTA_TABLE_HANDLE, NFTA_TABLE_OWNER}};
constexpr ObjectKind kObjects{
    "objects of nf_tables", NFT_MSG_GETOBJ, NFT_MSG_NEWOBJ, {NFTA_OBJ_USE, NFTA_OBJ_HANDLE, 0}};
constexpr ObjectKind kSets{"sets of nf_tables",
                           NFT_MSG_GETSET,
                           NFT_MSG_NEWSET,
                           {NFTA_SET_HANDLE, 19 /* NFTA_SET_TYPE */, 20 /* NFTA_SET_COUNT */}};
constexpr ObjectKind kChains{
    "chains of nf_tables", NFT_MSG_GETCHAIN, NFT_MSG_NEWCHAIN, {NFTA_CHAIN_USE, NFTA_CHAIN_HANDLE, 0}};
constexpr ObjectKind kFlowTables{"flow tables of nf_tables",
                                 NFT_MSG_GETFLOWTABLE,
                                 NFT_MSG_NEWFLOWTABLE,
                                 {NFTA_FLOWTABLE_USE, NFTA_FLOWTABLE_HANDLE, 0}};
constexpr ObjectKind kRules{
    "rules of nf_tables", NFT_MSG_GETRULE, NFT_MSG_NEWRULE, {NFTA_RULE_HANDLE, NFTA_RULE_POSITION, 0}};

Message without(const Message& m, const ObjectKind& k) {
  nfgenmsg g = fixed_of<nfgenmsg>(m);
  g.res_id = 0;  // the generation that it was shown of
  Request r(type_of(k.make), NLM_F_CREATE | (k.make == NFT_MSG_NEWRULE ? NLM_F_APPEND : 0), g);
  const auto attrs = body_of(m, sizeof g);
  for (const Attribute& a : attributes(attrs)) {
    if (std::find(k.shown.begin(), k.shown.end(), a.type) != k.shown.end()) continue;
    r.put(a.whole_type, a.data);
  }
  // A set needs a number in the transaction, though everything finds it by its name.
  if (k.make == NFT_MSG_NEWSET && !attribute(attrs, NFTA_SET_ID)) r.number(NFTA_SET_ID, htonl(1));
  return r.message();
}

Result<std::vector<Message>> ask_all(Netlink& nf, const ObjectKind& k) {
  std::vector<Message> all;
  for (const Message& m : TRY(nf.dump({type_of(k.ask), 0, nfgenmsg{AF_UNSPEC, NFNETLINK_V0, 0}}, k.what)))
    if (header_of(m).nlmsg_type == type_of(k.make)) all.push_back(without(m, k));
  return all;
}

std::string name_of(const Message& m, int attribute_type) {
  const auto name = attribute(body_of(m, sizeof(nfgenmsg)), attribute_type);
  return name ? as_text(*name) : std::string();
}

/// A table that its owner takes along when it closes its socket. Ours lock the network for a moment.
bool has_owner(const Message& m) {
  const auto flags = attribute(body_of(m, sizeof(nfgenmsg)), NFTA_TABLE_FLAGS);
  return flags && ntohl(as_number<std::uint32_t>(*flags)) & NFT_TABLE_F_OWNER;
}

Result<std::vector<Message>> elements_of(Netlink& nf, const Message& set) {
  Request ask(type_of(NFT_MSG_GETSETELEM), 0, fixed_of<nfgenmsg>(set));
  ask.text(NFTA_SET_ELEM_LIST_TABLE, name_of(set, NFTA_SET_TABLE));
  ask.text(NFTA_SET_ELEM_LIST_SET, name_of(set, NFTA_SET_NAME));
  std::vector<Message> all;
  for (const Message& m : TRY(nf.dump(std::move(ask), "elements of a set of nf_tables"))) {
    if (header_of(m).nlmsg_type != type_of(NFT_MSG_NEWSETELEM)) continue;
    nfgenmsg g = fixed_of<nfgenmsg>(m);
    g.res_id = 0;
    Request r(type_of(NFT_MSG_NEWSETELEM), NLM_F_CREATE, g);
    for (const Attribute& a : attributes(body_of(m, sizeof g))) r.put(a.whole_type, a.data);
    if (attribute(body_of(m, sizeof g), NFTA_SET_ELEM_LIST_ELEMENTS)) all.push_back(r.message());
  }
  return all;
}

}  // namespace

Result<std::vector<Message>> look_at_ruleset() {
  auto socket = Netlink::open(NETLINK_NETFILTER);
  if (!socket.ok() && socket.error().err == EPROTONOSUPPORT) return std::vector<Message>{};
  Netlink nf = TRY(std::move(socket));
  auto tables = ask_all(nf, kTablesOf);
  if (!tables.ok()) {  // without nf_tables there is nothing to look at
    const int err = tables.error().err;
    if (err == EOPNOTSUPP || err == EINVAL || err == EPROTONOSUPPORT) return std::vector<Message>{};
    return tables.take_error();
  }
  std::vector<Message> all;
  for (Message& t : tables.value()) {
    if (has_owner(t))
      return Error{"netns", "dump", format("table {} of nf_tables", name_of(t, NFTA_TABLE_NAME)), 0,
                   "it belongs to a program that is running; stop that one before the dump"};
    all.push_back(std::move(t));
  }
  for (Message& m : TRY(ask_all(nf, kObjects))) all.push_back(std::move(m));
  const std::vector<Message> sets = TRY(ask_all(nf, kSets));
  all.insert(all.end(), sets.begin(), sets.end());
  for (Message& m : TRY(ask_all(nf, kChains))) all.push_back(std::move(m));
  for (Message& m : TRY(ask_all(nf, kFlowTables))) all.push_back(std::move(m));
  for (const Message& s : sets)
    for (Message& m : TRY(elements_of(nf, s))) all.push_back(std::move(m));
  for (Message& m : TRY(ask_all(nf, kRules))) all.push_back(std::move(m));
  return all;
}

Result<> restore_ruleset(const std::vector<Message>& ruleset) {
  if (ruleset.empty()) return {};
  Netlink nf = TRY(Netlink::open(NETLINK_NETFILTER));
  const nfgenmsg control{AF_UNSPEC, NFNETLINK_V0, htons(NFNL_SUBSYS_NFTABLES)};
  Message batch = Request(NFNL_MSG_BATCH_BEGIN, 0, control).message();
  std::uint32_t set_id = 1, seq = 1;
  for (Message m : ruleset) {
    if (header_of(m).nlmsg_type == type_of(NFT_MSG_NEWRULE)) m = with_protocol(std::move(m));
    nlmsghdr h = header_of(m);
    h.nlmsg_seq = seq++;
    std::memcpy(m.data(), &h, sizeof h);
    if (h.nlmsg_type == type_of(NFT_MSG_NEWSET))
      if (auto id = attribute(body_of(m, sizeof control), NFTA_SET_ID); id && id->size() == 4) {
        const std::uint32_t number = htonl(set_id++);
        std::memcpy(m.data() + (id->data() - m.data()), &number, sizeof number);
      }
    batch.insert(batch.end(), m.begin(), m.end());
  }
  const Message end = Request(NFNL_MSG_BATCH_END, 0, control).message();
  batch.insert(batch.end(), end.begin(), end.end());
  if (const int err = TRY(nf.send_batch(batch)); err != 0)
    return Error{"netns", "restore", "the rules of nf_tables", err,
                 nf.why.empty() ? "this kernel may lack one of the modules nft_*" : nf.why};
  return {};
}

}  // namespace cr::netns
