#include "net/network_lock.h"

#include <libmnl/libmnl.h>
#include <libnftnl/chain.h>
#include <libnftnl/common.h>
#include <libnftnl/expr.h>
#include <libnftnl/rule.h>
#include <libnftnl/set.h>
#include <libnftnl/table.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <sys/socket.h>

#include <climits>
#include <cstring>
#include <functional>
#include <memory>
#include <vector>

#include "net/tcp_segment.h"

namespace cr::net {
namespace {

constexpr int kFirst = INT_MIN / 2;  // priority: before what a firewall would do
constexpr std::size_t kElementsPerMessage = 512;

template <class T, void (*kFree)(const T*)>
struct Freer {
  void operator()(const T* t) const { kFree(t); }
};
using Table = std::unique_ptr<nftnl_table, Freer<nftnl_table, nftnl_table_free>>;
using Chain = std::unique_ptr<nftnl_chain, Freer<nftnl_chain, nftnl_chain_free>>;
using Rule = std::unique_ptr<nftnl_rule, Freer<nftnl_rule, nftnl_rule_free>>;
using Set = std::unique_ptr<nftnl_set, Freer<nftnl_set, nftnl_set_free>>;

Error failed(const char* step, const std::string& table, int err) {
  return Error{
      "net", step, "the network (nf_tables table " + table + ")", err,
      "the kernel needs CONFIG_NF_TABLES_INET (modules nf_tables, nft_set_hash) and the engine CAP_NET_ADMIN; "
      "or do without by --network-lock skip"};
}

/// One direction of one address family: where the key stands in the packet, which set has the keys.
struct Flow {
  const char* set;
  std::uint32_t id;
  std::uint8_t family;           // NFPROTO_*
  std::uint32_t source, target;  // offsets of the addresses in the network header
  std::uint32_t width;           // of an address
  bool outgoing;
};
constexpr Flow kFlows[] = {
    {"in4", 1, NFPROTO_IPV4, 12, 16, 4, false},
    {"out4", 2, NFPROTO_IPV4, 12, 16, 4, true},
    {"in6", 3, NFPROTO_IPV6, 8, 24, 16, false},
    {"out6", 4, NFPROTO_IPV6, 8, 24, 16, true},
};

const char* chain_of(bool outgoing) { return outgoing ? "output" : "input"; }

/// The messages of one transaction.
class Batch {
 public:
  explicit Batch(std::string table) : table_(std::move(table)) {
    control([](char* at, std::uint32_t seq) { nftnl_batch_begin(at, seq); });
  }

  void table(std::uint16_t message, std::uint32_t flags) {
    Table t(nftnl_table_alloc());
    nftnl_table_set_str(t.get(), NFTNL_TABLE_NAME, table_.c_str());
    if (flags != 0) nftnl_table_set_u32(t.get(), NFTNL_TABLE_FLAGS, flags);
    append(message, NLM_F_CREATE, [&](nlmsghdr* h) { nftnl_table_nlmsg_build_payload(h, t.get()); });
  }

  void chain(bool outgoing) {
    Chain c(nftnl_chain_alloc());
    nftnl_chain_set_str(c.get(), NFTNL_CHAIN_TABLE, table_.c_str());
    nftnl_chain_set_str(c.get(), NFTNL_CHAIN_NAME, chain_of(outgoing));
    nftnl_chain_set_str(c.get(), NFTNL_CHAIN_TYPE, "filter");
    nftnl_chain_set_u32(c.get(), NFTNL_CHAIN_HOOKNUM, outgoing ? NF_INET_LOCAL_OUT : NF_INET_LOCAL_IN);
    nftnl_chain_set_s32(c.get(), NFTNL_CHAIN_PRIO, kFirst);
    nftnl_chain_set_u32(c.get(), NFTNL_CHAIN_POLICY, NF_ACCEPT);
    append(NFT_MSG_NEWCHAIN, NLM_F_CREATE, [&](nlmsghdr* h) { nftnl_chain_nlmsg_build_payload(h, c.get()); });
    pass_marked(outgoing);
  }

  void set(const Flow& f) {
    Set s(nftnl_set_alloc());
    name_set(s.get(), f);
    nftnl_set_set_u32(s.get(), NFTNL_SET_FAMILY, NFPROTO_INET);
    nftnl_set_set_u32(s.get(), NFTNL_SET_KEY_TYPE, 0);
    nftnl_set_set_u32(s.get(), NFTNL_SET_KEY_LEN, 2 * (f.width + 4));
    append(NFT_MSG_NEWSET, NLM_F_CREATE, [&](nlmsghdr* h) { nftnl_set_nlmsg_build_payload(h, s.get()); });
  }

  void elements(const Flow& f, std::span<const LockedConnection> connections) {
    auto next = connections.begin();
    while (next != connections.end()) {
      Set s(nftnl_set_alloc());
      name_set(s.get(), f);
      std::size_t count = 0;
      for (; next != connections.end() && count < kElementsPerMessage; ++next)
        if ((next->local.family == AF_INET6) == (f.family == NFPROTO_IPV6)) {
          add_element(s.get(), f, *next);
          count++;
        }
      if (count == 0) return;
      append(NFT_MSG_NEWSETELEM, NLM_F_CREATE, [&](nlmsghdr* h) { nftnl_set_elems_nlmsg_build_payload(h, s.get()); });
    }
  }

  void drop(const Flow& f) {
    Rule r = rule(f.outgoing);
    compare(r.get(), NFT_META_NFPROTO, &f.family, sizeof f.family);
    const std::uint8_t tcp = IPPROTO_TCP;
    compare(r.get(), NFT_META_L4PROTO, &tcp, sizeof tcp);
    const std::uint32_t words = f.width / 4;
    load(r.get(), NFT_PAYLOAD_NETWORK_HEADER, f.source, f.width, NFT_REG32_00);
    load(r.get(), NFT_PAYLOAD_TRANSPORT_HEADER, 0, 2, NFT_REG32_00 + words);
    load(r.get(), NFT_PAYLOAD_NETWORK_HEADER, f.target, f.width, NFT_REG32_00 + words + 1);
    load(r.get(), NFT_PAYLOAD_TRANSPORT_HEADER, 2, 2, NFT_REG32_00 + 2 * words + 1);
    nftnl_expr* lookup = nftnl_expr_alloc("lookup");
    nftnl_expr_set_u32(lookup, NFTNL_EXPR_LOOKUP_SREG, NFT_REG32_00);
    nftnl_expr_set_str(lookup, NFTNL_EXPR_LOOKUP_SET, f.set);
    nftnl_expr_set_u32(lookup, NFTNL_EXPR_LOOKUP_SET_ID, f.id);
    nftnl_rule_add_expr(r.get(), lookup);
    verdict(r.get(), NF_DROP);
    append(NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND,
           [&](nlmsghdr* h) { nftnl_rule_nlmsg_build_payload(h, r.get()); });
  }

  std::vector<char> finish() {
    control([](char* at, std::uint32_t seq) { nftnl_batch_end(at, seq); });
    return std::move(bytes_);
  }

 private:
  void control(void (*build)(char*, std::uint32_t)) {
    const std::size_t at = bytes_.size();
    bytes_.resize(at + 256);
    build(bytes_.data() + at, seq_++);
    settle(at);
  }

  void append(std::uint16_t message, std::uint16_t flags, const std::function<void(nlmsghdr*)>& fill) {
    const std::size_t at = bytes_.size();
    bytes_.resize(at + 256 * 1024);
    fill(nftnl_nlmsg_build_hdr(bytes_.data() + at, message, NFPROTO_INET, flags, seq_++));
    settle(at);
  }

  void settle(std::size_t at) {
    nlmsghdr h;
    std::memcpy(&h, bytes_.data() + at, sizeof h);
    bytes_.resize(at + MNL_ALIGN(h.nlmsg_len));
  }

  void name_set(nftnl_set* s, const Flow& f) const {
    nftnl_set_set_str(s, NFTNL_SET_TABLE, table_.c_str());
    nftnl_set_set_str(s, NFTNL_SET_NAME, f.set);
    nftnl_set_set_u32(s, NFTNL_SET_ID, f.id);
  }

  static void add_element(nftnl_set* s, const Flow& f, const LockedConnection& c) {
    const InetAddress& from = f.outgoing ? c.local : c.peer;
    const InetAddress& to = f.outgoing ? c.peer : c.local;
    std::uint8_t key[40] = {};
    std::size_t at = 0;
    for (const InetAddress* a : {&from, &to}) {
      std::memcpy(key + at, a->words.data(), f.width);
      const std::uint16_t port = htons(a->port);
      std::memcpy(key + at + f.width, &port, sizeof port);
      at += f.width + 4;
    }
    nftnl_set_elem* e = nftnl_set_elem_alloc();
    nftnl_set_elem_set(e, NFTNL_SET_ELEM_KEY, key, static_cast<std::uint32_t>(at));
    nftnl_set_elem_add(s, e);
  }

  Rule rule(bool outgoing) const {
    Rule r(nftnl_rule_alloc());
    nftnl_rule_set_str(r.get(), NFTNL_RULE_TABLE, table_.c_str());
    nftnl_rule_set_str(r.get(), NFTNL_RULE_CHAIN, chain_of(outgoing));
    nftnl_rule_set_u32(r.get(), NFTNL_RULE_FAMILY, NFPROTO_INET);
    return r;
  }

  void pass_marked(bool outgoing) {
    Rule r = rule(outgoing);
    compare(r.get(), NFT_META_MARK, &kEngineMark, sizeof kEngineMark);
    verdict(r.get(), NF_ACCEPT);
    append(NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND,
           [&](nlmsghdr* h) { nftnl_rule_nlmsg_build_payload(h, r.get()); });
  }

  static void compare(nftnl_rule* r, std::uint32_t key, const void* value, std::uint32_t size) {
    nftnl_expr* meta = nftnl_expr_alloc("meta");
    nftnl_expr_set_u32(meta, NFTNL_EXPR_META_KEY, key);
    nftnl_expr_set_u32(meta, NFTNL_EXPR_META_DREG, NFT_REG_1);
    nftnl_rule_add_expr(r, meta);
    nftnl_expr* cmp = nftnl_expr_alloc("cmp");
    nftnl_expr_set_u32(cmp, NFTNL_EXPR_CMP_SREG, NFT_REG_1);
    nftnl_expr_set_u32(cmp, NFTNL_EXPR_CMP_OP, NFT_CMP_EQ);
    nftnl_expr_set(cmp, NFTNL_EXPR_CMP_DATA, value, size);
    nftnl_rule_add_expr(r, cmp);
  }

  static void load(nftnl_rule* r, std::uint32_t base, std::uint32_t offset, std::uint32_t size, std::uint32_t to) {
    nftnl_expr* e = nftnl_expr_alloc("payload");
    nftnl_expr_set_u32(e, NFTNL_EXPR_PAYLOAD_BASE, base);
    nftnl_expr_set_u32(e, NFTNL_EXPR_PAYLOAD_OFFSET, offset);
    nftnl_expr_set_u32(e, NFTNL_EXPR_PAYLOAD_LEN, size);
    nftnl_expr_set_u32(e, NFTNL_EXPR_PAYLOAD_DREG, to);
    nftnl_rule_add_expr(r, e);
  }

  static void verdict(nftnl_rule* r, std::uint32_t code) {
    nftnl_expr* e = nftnl_expr_alloc("immediate");
    nftnl_expr_set_u32(e, NFTNL_EXPR_IMM_DREG, NFT_REG_VERDICT);
    nftnl_expr_set_u32(e, NFTNL_EXPR_IMM_VERDICT, code);
    nftnl_rule_add_expr(r, e);
  }

  std::string table_;
  std::vector<char> bytes_{};
  std::uint32_t seq_ = 1;
};

Result<UniqueFd> open_netlink(const std::string& table) {
  UniqueFd fd(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER));
  sockaddr_nl own{};
  own.nl_family = AF_NETLINK;
  if (!fd || bind(fd.get(), reinterpret_cast<sockaddr*>(&own), sizeof own) != 0)
    return failed("open netlink to lock", table, errno);
  return fd;
}

/// Sends a transaction. A batch is answered where it failed only, so an empty request behind it tells that it is
/// over: the kernel handles both before send(2) returns. Gives the errno, 0 for none.
Result<int> commit(int fd, const std::vector<char>& batch, const std::string& table) {
  const int buffer = static_cast<int>(batch.size() + 64 * 1024);
  setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &buffer, sizeof buffer);
  if (send(fd, batch.data(), batch.size(), 0) < 0) return failed("lock", table, errno);
  alignas(nlmsghdr) char answer[16 * 1024];
  int err = 0;
  for (;;) {
    const ssize_t n = recv(fd, answer, sizeof answer, MSG_DONTWAIT);
    if (n < 0) return err;
    auto left = static_cast<std::size_t>(n);
    for (auto* h = reinterpret_cast<nlmsghdr*>(answer); NLMSG_OK(h, left); h = NLMSG_NEXT(h, left))
      if (h->nlmsg_type == NLMSG_ERROR && err == 0) err = -static_cast<const nlmsgerr*>(NLMSG_DATA(h))->error;
  }
}

std::vector<char> deletion(const std::string& table) {
  Batch batch(table);
  batch.table(NFT_MSG_DELTABLE, 0);
  return batch.finish();
}

}  // namespace

Result<NetworkLock> NetworkLock::take(const std::string& table, Life life,
                                      std::span<const LockedConnection> connections) {
  UniqueFd fd = TRY(open_netlink(table));
  Batch batch(table);
  batch.table(NFT_MSG_NEWTABLE, life == Life::kOwned ? NFT_TABLE_F_OWNER : 0);
  for (bool outgoing : {false, true}) batch.chain(outgoing);
  for (const Flow& f : kFlows) {
    batch.set(f);
    batch.elements(f, connections);
    batch.drop(f);
  }
  if (const int err = TRY(commit(fd.get(), batch.finish(), table)); err != 0) return failed("lock", table, err);
  return NetworkLock(std::move(fd), table);
}

Result<> NetworkLock::release() {
  if (const int err = TRY(commit(socket_.get(), deletion(table_), table_)); err != 0 && err != ENOENT)
    return failed("unlock", table_, err);
  socket_.reset();
  return {};
}

Result<> NetworkLock::remove(const std::string& table) {
  UniqueFd fd = TRY(open_netlink(table));
  if (const int err = TRY(commit(fd.get(), deletion(table), table)); err != 0 && err != ENOENT)
    return failed("unlock", table, err);
  return {};
}

}  // namespace cr::net
