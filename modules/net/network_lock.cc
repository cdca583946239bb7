#include "net/network_lock.h"

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <sys/socket.h>

#include <climits>
#include <cstring>
#include <vector>

#include "net/tcp_segment.h"

namespace cr::net {
namespace {

constexpr int kFirst = INT_MIN / 2;  // priority: before what a firewall would do
constexpr std::size_t kElementsPerMessage = 512;

Error lock_failed(const char* step, const std::string& table, int err) {
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

/// The messages of one transaction. Numbers in attributes are big-endian.
class Batch {
 public:
  explicit Batch(std::string table) : table_(std::move(table)) { control(NFNL_MSG_BATCH_BEGIN); }

  void table(int message, std::uint32_t flags) {
    append(message, NLM_F_CREATE, [&] {
      text(NFTA_TABLE_NAME, table_);
      if (flags != 0) number(NFTA_TABLE_FLAGS, flags);
    });
  }

  void chain(bool outgoing) {
    append(NFT_MSG_NEWCHAIN, NLM_F_CREATE, [&] {
      text(NFTA_CHAIN_TABLE, table_);
      text(NFTA_CHAIN_NAME, chain_of(outgoing));
      nest(NFTA_CHAIN_HOOK, [&] {
        number(NFTA_HOOK_HOOKNUM, outgoing ? NF_INET_LOCAL_OUT : NF_INET_LOCAL_IN);
        number(NFTA_HOOK_PRIORITY, static_cast<std::uint32_t>(kFirst));
      });
      number(NFTA_CHAIN_POLICY, NF_ACCEPT);
      text(NFTA_CHAIN_TYPE, "filter");
    });
    rule(outgoing, [&] {
      compare(NFT_META_MARK, &kEngineMark, sizeof kEngineMark);
      verdict(NF_ACCEPT);
    });
  }

  void set(const Flow& f) {
    append(NFT_MSG_NEWSET, NLM_F_CREATE, [&] {
      text(NFTA_SET_TABLE, table_);
      text(NFTA_SET_NAME, f.set);
      number(NFTA_SET_ID, f.id);
      number(NFTA_SET_KEY_TYPE, 0);
      number(NFTA_SET_KEY_LEN, 2 * (f.width + 4));
    });
  }

  void elements(const Flow& f, std::span<const LockedConnection> all) {
    std::vector<const LockedConnection*> mine;
    for (const LockedConnection& c : all)
      if ((c.local.family == AF_INET6) == (f.family == NFPROTO_IPV6)) mine.push_back(&c);
    for (std::size_t at = 0; at < mine.size(); at += kElementsPerMessage)
      append(NFT_MSG_NEWSETELEM, NLM_F_CREATE, [&] {
        text(NFTA_SET_ELEM_LIST_TABLE, table_);
        text(NFTA_SET_ELEM_LIST_SET, f.set);
        number(NFTA_SET_ELEM_LIST_SET_ID, f.id);
        nest(NFTA_SET_ELEM_LIST_ELEMENTS, [&] {
          for (std::size_t i = at; i < mine.size() && i < at + kElementsPerMessage; i++) element(f, *mine[i]);
        });
      });
  }

  void drop(const Flow& f) {
    rule(f.outgoing, [&] {
      const std::uint8_t tcp = IPPROTO_TCP;
      compare(NFT_META_NFPROTO, &f.family, sizeof f.family);
      compare(NFT_META_L4PROTO, &tcp, sizeof tcp);
      const std::uint32_t words = f.width / 4;
      load(NFT_PAYLOAD_NETWORK_HEADER, f.source, f.width, NFT_REG32_00);
      load(NFT_PAYLOAD_TRANSPORT_HEADER, 0, 2, NFT_REG32_00 + words);
      load(NFT_PAYLOAD_NETWORK_HEADER, f.target, f.width, NFT_REG32_00 + words + 1);
      load(NFT_PAYLOAD_TRANSPORT_HEADER, 2, 2, NFT_REG32_00 + 2 * words + 1);
      expression("lookup", [&] {
        text(NFTA_LOOKUP_SET, f.set);
        number(NFTA_LOOKUP_SREG, NFT_REG32_00);
        number(NFTA_LOOKUP_SET_ID, f.id);
      });
      verdict(NF_DROP);
    });
  }

  std::vector<char> finish() {
    control(NFNL_MSG_BATCH_END);
    return std::move(bytes_);
  }

 private:
  std::size_t start(int type, int flags, std::uint8_t family, std::uint16_t resource) {
    const std::size_t at = bytes_.size();
    nlmsghdr h{};
    h.nlmsg_type = static_cast<__u16>(type);
    h.nlmsg_flags = static_cast<__u16>(NLM_F_REQUEST | flags);
    h.nlmsg_seq = seq_++;
    const nfgenmsg g{family, NFNETLINK_V0, htons(resource)};
    raw(&h, sizeof h);
    raw(&g, sizeof g);
    return at;
  }
  void end(std::size_t at) {
    const auto size = static_cast<std::uint32_t>(bytes_.size() - at);
    std::memcpy(bytes_.data() + at, &size, sizeof size);
  }
  void control(int type) { end(start(type, 0, AF_UNSPEC, NFNL_SUBSYS_NFTABLES)); }

  template <class Fill>
  void append(int message, int flags, Fill fill) {
    const std::size_t at = start(NFNL_SUBSYS_NFTABLES << 8 | message, flags, NFPROTO_INET, 0);
    fill();
    end(at);
  }

  void raw(const void* data, std::size_t size) {
    const auto* p = static_cast<const char*>(data);
    bytes_.insert(bytes_.end(), p, p + size);
    bytes_.resize((bytes_.size() + 3) & ~std::size_t{3});
  }
  void attribute(int type, const void* data, std::size_t size) {
    const nlattr a{static_cast<__u16>(NLA_HDRLEN + size), static_cast<__u16>(type)};
    raw(&a, sizeof a);
    raw(data, size);
  }
  void text(int type, const std::string& s) { attribute(type, s.c_str(), s.size() + 1); }
  void number(int type, std::uint32_t value) {
    value = htonl(value);
    attribute(type, &value, sizeof value);
  }
  template <class Fill>
  void nest(int type, Fill fill) {
    const std::size_t at = bytes_.size();
    attribute(type | NLA_F_NESTED, nullptr, 0);
    fill();
    const auto size = static_cast<std::uint16_t>(bytes_.size() - at);
    std::memcpy(bytes_.data() + at, &size, sizeof size);
  }

  void element(const Flow& f, const LockedConnection& c) {
    std::uint8_t key[40] = {};
    std::size_t at = 0;
    for (const InetAddress* a : {f.outgoing ? &c.local : &c.peer, f.outgoing ? &c.peer : &c.local}) {
      std::memcpy(key + at, a->words.data(), f.width);
      const std::uint16_t port = htons(a->port);
      std::memcpy(key + at + f.width, &port, sizeof port);
      at += f.width + 4;
    }
    nest(NFTA_LIST_ELEM, [&] { nest(NFTA_SET_ELEM_KEY, [&] { attribute(NFTA_DATA_VALUE, key, at); }); });
  }

  template <class Fill>
  void rule(bool outgoing, Fill fill) {
    append(NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND, [&] {
      text(NFTA_RULE_TABLE, table_);
      text(NFTA_RULE_CHAIN, chain_of(outgoing));
      nest(NFTA_RULE_EXPRESSIONS, fill);
    });
  }
  template <class Fill>
  void expression(const char* name, Fill fill) {
    nest(NFTA_LIST_ELEM, [&] {
      text(NFTA_EXPR_NAME, name);
      nest(NFTA_EXPR_DATA, fill);
    });
  }
  void compare(std::uint32_t key, const void* value, std::size_t size) {
    expression("meta", [&] {
      number(NFTA_META_DREG, NFT_REG_1);
      number(NFTA_META_KEY, key);
    });
    expression("cmp", [&] {
      number(NFTA_CMP_SREG, NFT_REG_1);
      number(NFTA_CMP_OP, NFT_CMP_EQ);
      nest(NFTA_CMP_DATA, [&] { attribute(NFTA_DATA_VALUE, value, size); });
    });
  }
  void load(std::uint32_t base, std::uint32_t offset, std::uint32_t size, std::uint32_t to) {
    expression("payload", [&] {
      number(NFTA_PAYLOAD_DREG, to);
      number(NFTA_PAYLOAD_BASE, base);
      number(NFTA_PAYLOAD_OFFSET, offset);
      number(NFTA_PAYLOAD_LEN, size);
    });
  }
  void verdict(std::uint32_t code) {
    expression("immediate", [&] {
      number(NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
      nest(NFTA_IMMEDIATE_DATA, [&] { nest(NFTA_DATA_VERDICT, [&] { number(NFTA_VERDICT_CODE, code); }); });
    });
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
    return lock_failed("open netlink to lock", table, errno);
  return fd;
}

/// Sends a transaction. A batch is answered where it lock_failed only, so an empty request behind it tells that it is
/// over: the kernel handles both before send(2) returns. Gives the errno, 0 for none.
Result<int> commit(int fd, const std::vector<char>& batch, const std::string& table) {
  const int buffer = static_cast<int>(batch.size() + 64 * 1024);
  setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &buffer, sizeof buffer);
  if (send(fd, batch.data(), batch.size(), 0) < 0) return lock_failed("lock", table, errno);
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
  if (const int err = TRY(commit(fd.get(), batch.finish(), table)); err != 0) return lock_failed("lock", table, err);
  return NetworkLock(std::move(fd), table);
}

Result<> NetworkLock::release() {
  if (const int err = TRY(commit(socket_.get(), deletion(table_), table_)); err != 0 && err != ENOENT)
    return lock_failed("unlock", table_, err);
  socket_.reset();
  return {};
}

Result<> NetworkLock::remove(const std::string& table) {
  UniqueFd fd = TRY(open_netlink(table));
  if (const int err = TRY(commit(fd.get(), deletion(table), table)); err != 0 && err != ENOENT)
    return lock_failed("unlock", table, err);
  return {};
}

}  // namespace cr::net
