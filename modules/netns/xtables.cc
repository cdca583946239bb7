// Tables of the older iptables and ip6tables (ip_tables, ip6_tables of the kernel), with their counters.
//
// /proc/net/ip_tables_names lists them, IPT_SO_GET_INFO and IPT_SO_GET_ENTRIES of getsockopt(2) show one whole, and
// IPT_SO_SET_REPLACE takes back just what was shown: offsets are within the table, and the kernel leaves out what is
// its own. A table that nobody has put anything into is not carried: the kernel makes those by itself when somebody
// looks at them.
//
// Refused: matches and targets that name something by its number in the kernel (sets of ipset), rules of arptables.
// Before the kernel's headers of the same.
#include <netinet/in.h>
//
#include <linux/netfilter_arp/arp_tables.h>
#include <linux/netfilter_ipv4/ip_tables.h>
#include <linux/netfilter_ipv6/ip6_tables.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstddef>

#include "base/format.h"
#include "core/proc_text.h"
#include "netns/parts.h"

namespace cr::netns {
namespace {

/// What differs between the families; offsets are of one entry.
struct Family {
  int family, level;
  int info, entries, replace, counters;  ///< names of options
  const char* names;                     ///< file below /proc/net
  std::size_t hooks;
  std::size_t entry_size, target_at, next_at, counters_at;
};
constexpr std::array<Family, 3> kFamilies{{
    {AF_INET, IPPROTO_IP, IPT_SO_GET_INFO, IPT_SO_GET_ENTRIES, IPT_SO_SET_REPLACE, IPT_SO_SET_ADD_COUNTERS,
     "ip_tables_names", NF_INET_NUMHOOKS, sizeof(ipt_entry), offsetof(ipt_entry, target_offset),
     offsetof(ipt_entry, next_offset), offsetof(ipt_entry, counters)},
    {AF_INET6, IPPROTO_IPV6, IP6T_SO_GET_INFO, IP6T_SO_GET_ENTRIES, IP6T_SO_SET_REPLACE, IP6T_SO_SET_ADD_COUNTERS,
     "ip6_tables_names", NF_INET_NUMHOOKS, sizeof(ip6t_entry), offsetof(ip6t_entry, target_offset),
     offsetof(ip6t_entry, next_offset), offsetof(ip6t_entry, counters)},
    {AF_UNSPEC, IPPROTO_IP, ARPT_SO_GET_INFO, ARPT_SO_GET_ENTRIES, ARPT_SO_SET_REPLACE, ARPT_SO_SET_ADD_COUNTERS,
     "arp_tables_names", NF_ARP_NUMHOOKS, sizeof(arpt_entry), offsetof(arpt_entry, target_offset),
     offsetof(arpt_entry, next_offset), offsetof(arpt_entry, counters)},
}};

// The head of a table for SET_REPLACE and ADD_COUNTERS, the same for all families but for the number of hooks.
constexpr std::size_t kNameSize = XT_TABLE_MAXNAMELEN, kEntriesAt = offsetof(ipt_get_entries, entrytable);
static_assert(kEntriesAt == offsetof(ip6t_get_entries, entrytable));
static_assert(kEntriesAt == offsetof(arpt_get_entries, entrytable));
static_assert(offsetof(ipt_replace, entries) == offsetof(ip6t_replace, entries));
static_assert(sizeof(ipt_getinfo) == sizeof(ip6t_getinfo) && sizeof(arpt_getinfo) <= sizeof(ipt_getinfo));

std::string object_of(const Family& f, const std::string& table) {
  return format("table {} of the older iptables ({})", table, f.names);
}

Error failed(const Family& f, const std::string& table, std::string step, int err, std::string why = {}) {
  return Error{"netns", std::move(step), object_of(f, table), err, std::move(why)};
}

Result<UniqueFd> open_control(const Family& f) {
  UniqueFd fd(socket(f.family == AF_UNSPEC ? AF_INET : f.family, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW));
  if (!fd) return Error{"netns", "open", "a raw socket for the older iptables", errno, ""};
  return fd;
}

Message head_of(const std::string& table, std::size_t size) {
  Message m(size);
  std::copy_n(table.begin(), std::min(table.size(), kNameSize - 1), m.begin());
  return m;
}

template <class T>
T number_at(ByteSpan bytes, std::size_t at) {
  return as_number<T>(bytes.subspan(std::min(at, bytes.size())));
}

template <class T>
void put_at(Message& m, std::size_t at, T value) {
  std::memcpy(m.data() + at, &value, sizeof value);
}

struct Info {
  std::uint32_t valid_hooks = 0, num_entries = 0, size = 0;
  std::array<std::uint32_t, NF_INET_NUMHOOKS> hook_entry{}, underflow{};
};

/// getinfo: name, valid_hooks, hook_entry[], underflow[], num_entries, size.
Result<Info> ask_info(const Family& f, int fd, const std::string& table) {
  Message m = head_of(table, kNameSize + 4 + 2 * 4 * f.hooks + 8);
  auto size = static_cast<socklen_t>(m.size());
  if (getsockopt(fd, f.level, f.info, m.data(), &size) != 0) return failed(f, table, "look at", errno);
  Info i;
  std::size_t at = kNameSize;
  auto take = [&] { return number_at<std::uint32_t>(m, (at += 4) - 4); };
  i.valid_hooks = take();
  for (std::size_t h = 0; h < f.hooks; ++h) i.hook_entry[h] = take();
  for (std::size_t h = 0; h < f.hooks; ++h) i.underflow[h] = take();
  i.num_entries = take();
  i.size = take();
  return i;
}

/// The entries, one after the other. Errors: what does not fit together.
Result<std::vector<ByteSpan>> split(const Family& f, const XtTable& t) {
  std::vector<ByteSpan> all;
  for (ByteSpan left = t.entries; !left.empty();) {
    const std::size_t next = number_at<std::uint16_t>(left, f.next_at);
    const std::size_t target = number_at<std::uint16_t>(left, f.target_at);
    if (left.size() < f.entry_size || next > left.size() || target < f.entry_size ||
        target + sizeof(xt_entry_target) > next)
      return failed(f, t.name, "use", 0, "its entries do not fit together: the image is damaged");
    all.push_back(left.first(next));
    left = left.subspan(next);
  }
  return all;
}

std::string name_at(ByteSpan entry, std::size_t at) {
  return as_text(entry.subspan(at + offsetof(xt_entry_target, u.user.name), XT_EXTENSION_MAXNAMELEN));
}

/// Names of the matches of an entry, and of its target.
std::vector<std::string> extensions(const Family& f, ByteSpan entry) {
  std::vector<std::string> all;
  const std::size_t target = number_at<std::uint16_t>(entry, f.target_at);
  for (std::size_t at = f.entry_size; at + sizeof(xt_entry_match) <= target;) {
    all.push_back(name_at(entry, at));
    const std::size_t size = number_at<std::uint16_t>(entry, at);
    if (size == 0) break;
    at += size;
  }
  all.push_back(name_at(entry, target));
  return all;
}

/// Nothing but policies that accept and have never been asked, and the mark of the end.
bool is_untouched(const Family& f, const XtTable& t, const std::vector<ByteSpan>& entries) {
  if (entries.size() > static_cast<std::size_t>(std::popcount(t.valid_hooks)) + 1) return false;
  for (const ByteSpan& e : entries) {
    const std::size_t target = number_at<std::uint16_t>(e, f.target_at);
    if (name_at(e, target) == XT_ERROR_TARGET) continue;
    if (number_at<std::int32_t>(e, target + offsetof(xt_standard_target, verdict)) != -NF_ACCEPT - 1) return false;
    if (number_at<std::uint64_t>(e, f.counters_at) != 0) return false;
  }
  return true;
}

Result<> check(const Family& f, const XtTable& t, const std::vector<ByteSpan>& entries) {
  if (f.family == AF_UNSPEC)
    return failed(
        f, t.name, "dump", 0,
        "rules of arptables are not carried: remove them, or leave the content of the namespace to the caller "
        "with --empty-ns net");
  for (const ByteSpan& e : entries)
    for (const std::string& name : extensions(f, e))
      if (name == "set" || name == "SET")
        return failed(
            f, t.name, "dump", 0,
            format("it has a rule with {}, and sets of ipset are not carried: remove it, or leave the content "
                   "of the namespace to the caller with --empty-ns net",
                   name));
  return {};
}

Result<XtTable> ask_table(const Family& f, int fd, const std::string& name) {
  constexpr int kTries = 5;  // somebody may change it between the two questions
  for (int tries = 1;; ++tries) {
    const Info info = TRY(ask_info(f, fd, name));
    Message m = head_of(name, kEntriesAt + info.size);
    put_at(m, kNameSize, info.size);
    auto size = static_cast<socklen_t>(m.size());
    if (getsockopt(fd, f.level, f.entries, m.data(), &size) != 0) {
      if (errno == EAGAIN && tries < kTries) continue;
      return failed(f, name, "read", errno);
    }
    XtTable t{.family = f.family, .name = name, .valid_hooks = info.valid_hooks};
    t.hook_entry.assign(info.hook_entry.begin(), info.hook_entry.begin() + static_cast<long>(f.hooks));
    t.underflow.assign(info.underflow.begin(), info.underflow.begin() + static_cast<long>(f.hooks));
    t.entries.assign(m.begin() + static_cast<long>(kEntriesAt), m.end());
    return t;
  }
}

Result<> look_at_family(const Family& f, std::vector<XtTable>& all) {
  const auto names = core::read_text(format("/proc/thread-self/net/{}", f.names));
  if (!names.ok()) return {};  // the kernel has no such tables
  for (std::string_view name : core::words(names.value())) {
    const UniqueFd fd = TRY(open_control(f));
    XtTable t = TRY(ask_table(f, fd.get(), std::string(name)));
    const std::vector<ByteSpan> entries = TRY(split(f, t));
    if (is_untouched(f, t, entries)) continue;
    TRY(check(f, t, entries));
    all.push_back(std::move(t));
  }
  return {};
}

/// xt_counters_info: name, num_counters, counters[].
Result<> restore_counters(const Family& f, int fd, const XtTable& t, const std::vector<ByteSpan>& entries) {
  Message m = head_of(t.name, offsetof(xt_counters_info, counters) + entries.size() * sizeof(xt_counters));
  put_at(m, offsetof(xt_counters_info, num_counters), static_cast<std::uint32_t>(entries.size()));
  for (std::size_t i = 0; i < entries.size(); ++i)
    std::memcpy(m.data() + offsetof(xt_counters_info, counters) + i * sizeof(xt_counters),
                entries[i].data() + f.counters_at, sizeof(xt_counters));
  if (setsockopt(fd, f.level, f.counters, m.data(), static_cast<socklen_t>(m.size())) != 0)
    return failed(f, t.name, "restore the counters of", errno);
  return {};
}

Result<> restore_table(const Family& f, const XtTable& t) {
  const std::vector<ByteSpan> entries = TRY(split(f, t));
  if (t.hook_entry.size() != f.hooks || t.underflow.size() != f.hooks)
    return failed(f, t.name, "use", 0, "it has another number of hooks: the image is damaged");
  const UniqueFd fd = TRY(open_control(f));
  const Info present = TRY(ask_info(f, fd.get(), t.name));
  std::vector<xt_counters> old(present.num_entries);
  const std::size_t hooks_at = kNameSize + 12, tail_at = hooks_at + 2 * 4 * f.hooks;
  const std::size_t pointer_at = (tail_at + 4 + 7) / 8 * 8, entries_at = pointer_at + 8;
  static_assert(offsetof(ipt_replace, counters) == (kNameSize + 12 + 8 * NF_INET_NUMHOOKS + 4 + 7) / 8 * 8);
  Message m = head_of(t.name, entries_at + t.entries.size());
  put_at(m, kNameSize, t.valid_hooks);
  put_at(m, kNameSize + 4, static_cast<std::uint32_t>(entries.size()));
  put_at(m, kNameSize + 8, static_cast<std::uint32_t>(t.entries.size()));
  for (std::size_t h = 0; h < f.hooks; ++h) {
    put_at(m, hooks_at + 4 * h, t.hook_entry[h]);
    put_at(m, hooks_at + 4 * (f.hooks + h), t.underflow[h]);
  }
  put_at(m, tail_at, present.num_entries);
  put_at(m, pointer_at, reinterpret_cast<std::uintptr_t>(old.data()));
  std::copy(t.entries.begin(), t.entries.end(), m.begin() + static_cast<long>(entries_at));
  if (setsockopt(fd.get(), f.level, f.replace, m.data(), static_cast<socklen_t>(m.size())) != 0)
    return failed(f, t.name, "restore", errno, "this kernel may lack one of the modules xt_*");
  return restore_counters(f, fd.get(), t, entries);
}

}  // namespace

Result<std::vector<XtTable>> look_at_xtables() {
  std::vector<XtTable> all;
  for (const Family& f : kFamilies) TRY(look_at_family(f, all));
  return all;
}

Result<> restore_xtables(const std::vector<XtTable>& tables) {
  // The kernel lists the one that was made last first.
  for (auto it = tables.rbegin(); it != tables.rend(); ++it) {
    const XtTable& t = *it;
    const auto f = std::find_if(kFamilies.begin(), kFamilies.end(),
                                [&](const Family& one) { return one.family == t.family && one.family != AF_UNSPEC; });
    if (f == kFamilies.end())
      return Error{"netns", "restore", format("table {} of address family {}", t.name, t.family), 0,
                   "no such tables are known: the image is damaged"};
    TRY(restore_table(*f, t));
  }
  return {};
}

}  // namespace cr::netns
