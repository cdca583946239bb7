#include "cli/setters.h"

#include <dirent.h>

#include <array>
#include <cerrno>
#include <limits>

#include "base/defer.h"
#include "base/format.h"

namespace cr::cli {
namespace {

/// Calls f with each part of a comma-separated list; stops at the first error. Empty parts are an error too.
template <class F>
Result<> each_part(const Option& o, std::string_view list, F f) {
  while (true) {
    std::size_t comma = list.find(',');
    std::string_view part = list.substr(0, comma);
    if (part.empty()) return bad_value(o, list, "separate the words by single commas");
    TRY(f(part));
    if (comma == std::string_view::npos) return {};
    list.remove_prefix(comma + 1);
  }
}

Error not_yet(const Option& o, std::string_view text, std::string remedy) {
  return {"cli", "take", format("option --{} with the value \"{}\" (not implemented yet)", o.name, text), 0,
          std::move(remedy)};
}

}  // namespace

Error bad_value(const Option& o, std::string_view text, std::string expected) {
  return {"cli", "read", format("the value \"{}\" of option --{}", text, o.name), 0, std::move(expected)};
}

Result<long> parse_number(const Option& o, std::string_view text, long low, long high) {
  long n = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
  if (error != std::errc{} || end != text.data() + text.size() || n < low || n > high)
    return bad_value(o, text, format("give a whole number from {} to {}", low, high));
  return n;
}

Result<Bytes> parse_size(const Option& o, std::string_view text) {
  std::uint64_t n = 0;
  const char* stop = text.data() + text.size();
  auto [end, error] = std::from_chars(text.data(), stop, n);
  unsigned shift = 0;
  if (error == std::errc{} && stop - end == 1) {
    std::size_t unit = std::string_view("KMGkmg").find(*end);
    if (unit != std::string_view::npos) {
      shift = 10 * static_cast<unsigned>(unit % 3 + 1);
      end++;
    }
  }
  if (error != std::errc{} || end != stop || n > std::numeric_limits<std::uint64_t>::max() >> shift)
    return bad_value(o, text, "give a number of bytes, or one followed by K, M or G");
  return Bytes{n << shift};
}

Result<> set_pid(Invocation& inv, const Option& o, const char* text, bool) {
  long pid = TRY(parse_number(o, text, 1, std::numeric_limits<int>::max()));
  inv.options.pid = HostPid{static_cast<int>(pid)};
  return {};
}

Result<> set_timeout(Invocation& inv, const Option& o, const char* text, bool) {
  inv.options.timeout_s = static_cast<unsigned>(TRY(parse_number(o, text, 0, std::numeric_limits<int>::max())));
  return {};
}

Result<> set_status_fd(Invocation& inv, const Option& o, const char* text, bool) {
  inv.options.status_fd = static_cast<int>(TRY(parse_number(o, text, 0, std::numeric_limits<int>::max())));
  return {};
}

Result<> set_close(Invocation& inv, const Option& o, const char* text, bool) {
  inv.close_fds.push_back(static_cast<int>(TRY(parse_number(o, text, 0, std::numeric_limits<int>::max()))));
  return {};
}

// -v and -vv count up from the level there is, -v4 and --verbosity=4 set it; more than the most is the most.
Result<> set_verbosity(Invocation& inv, const Option& o, const char* text, bool) {
  constexpr long kMost = 4;
  std::string_view s = text ? text : "";
  long level = 0;
  if (s.find_first_not_of('v') == std::string_view::npos)
    level = inv.options.verbosity + 1 + static_cast<long>(s.size());
  else
    level = TRY(parse_number(o, s, 0, std::numeric_limits<int>::max()));
  inv.options.verbosity = static_cast<int>(std::min(level, kMost));
  return {};
}

Result<> set_ghost_limit(Invocation& inv, const Option& o, const char* text, bool) {
  inv.options.ghost_limit = TRY(parse_size(o, text));
  return {};
}

Result<> set_ext_unix_sk(Invocation& inv, const Option& o, const char* text, bool) {
  if (text == nullptr) {
    inv.options.ext_unix_sk = true;
    return {};
  }
  return each_part(o, text, [&](std::string_view part) -> Result<> {
    inv.options.external.push_back(format("unix[{}]", part));
    return {};
  });
}

/// What follows apparmor: or selinux:, or nothing.
static std::string_view lsm_label(std::string_view text) {
  for (const std::string_view type : {"apparmor:", "selinux:"})
    if (text.starts_with(type)) return text.substr(type.size());
  return {};
}

Result<> set_lsm_profile(Invocation& inv, const Option& o, const char* text, bool) {
  if (lsm_label(text).empty()) return bad_value(o, text, "write apparmor:PROFILE or selinux:LABEL");
  inv.options.lsm_label = text;
  return {};
}

Result<> set_allow_lossy(Invocation& inv, const Option& o, const char* text, bool) {
  return each_part(o, text, [&](std::string_view part) -> Result<> {
    inv.options.allow_lossy.emplace_back(part);
    return {};
  });
}

Result<> set_cpu_cap(Invocation& inv, const Option& o, const char* text, bool) {
  if (!text) return {};  // alone it asks for the default
  CpuCap cap{.fpu = false, .ins = false, .cpu = false};
  TRY(each_part(o, text, [&](std::string_view part) -> Result<> {
    if (part == "none")
      cap = CpuCap{.fpu = false, .ins = false, .cpu = false};
    else if (part == "fpu")
      cap.fpu = true;
    else if (part == "ins")
      cap.ins = true;
    else if (part == "cpu" || part == "all")
      return not_yet(o, part, "use fpu,ins: what programs can see of the processor is compared by both");
    else
      return bad_value(o, part, "the words are none, fpu, ins, cpu and all");
    return {};
  }));
  inv.options.cpu_cap = cap;
  return {};
}

Result<> set_file_validation(Invocation& inv, const Option& o, const char* text, bool) {
  std::string_view s = text;
  if (s == "filesize")
    inv.options.file_validation = FileValidation::kFileSize;
  else if (s == "buildid")
    inv.options.file_validation = FileValidation::kBuildId;
  else
    return bad_value(o, text, "the words are filesize and buildid");
  return {};
}

Result<> set_network_lock(Invocation& inv, const Option& o, const char* text, bool) {
  const std::string_view s = text;
  // Whoever asks for iptables wants the packets held up, which nf_tables does by netlink alone.
  if (s == "nftables" || s == "iptables")
    inv.options.network_lock = NetworkLockMethod::kNftables;
  else if (s == "skip")
    inv.options.network_lock = NetworkLockMethod::kSkip;
  else
    return bad_value(o, text, "nftables, iptables or skip");
  return {};
}

Result<> set_manage_cgroups(Invocation& inv, const Option& o, const char* text, bool) {
  struct Name {
    std::string_view name;
    CgroupMode mode;
  };
  static constexpr std::array kNames{
      Name{"ignore", CgroupMode::kIgnore}, Name{"none", CgroupMode::kCgNone}, Name{"props", CgroupMode::kProps},
      Name{"soft", CgroupMode::kSoft},     Name{"full", CgroupMode::kFull},   Name{"strict", CgroupMode::kStrict},
  };
  std::string_view s = text ? text : "soft";
  for (const Name& n : kNames) {
    if (n.name != s) continue;
    inv.options.manage_cgroups = n.mode;
    return {};
  }
  return bad_value(o, s, "the words are ignore, none, props, soft, full and strict");
}

/// What can be left outside, by its numbers or names: "tty[RDEV:DEV]", "mnt[MOUNTPOINT]:KEY", "net[INODE]:KEY".
static bool is_resource(std::string_view text) {
  constexpr std::string_view kByNumber[] = {"tty[", "unix[", "pipe:[", "pipe[", "file[", "mnt["};
  for (std::string_view kind : kByNumber)
    if (text.starts_with(kind) && text.ends_with("]")) return true;
  constexpr std::string_view kByKey[] = {"unix[", "mnt[", "dev[", "net[", "pid[", "veth[", "macvlan["};
  for (const std::string_view kind : kByKey)
    if (const std::size_t close = text.find("]:"); text.starts_with(kind) && close != text.npos)
      return close + 2 < text.size();
  return text == "pipe";
}

Result<> set_external(Invocation& inv, const Option& o, const char* text, bool) {
  if (!lsm_label(text).empty()) {  // LXC 5 says this of a network of type empty, meaning nothing
    inv.notes.push_back(format("Option --external {} has no effect", text));
    return {};
  }
  if (!is_resource(text))
    return not_yet(o, text,
                   "what can be left outside: tty[RDEV:DEV], unix[INODE], pipe:[INODE], pipe (all of them), "
                   "file[MNT_ID:INODE], mnt[MOUNTPOINT]:KEY, dev[MAJOR/MINOR]:KEY, net[INODE]:KEY, "
                   "pid[INODE]:KEY, veth[INSIDE]:OUTSIDE@BRIDGE, macvlan[INSIDE]:OUTSIDE");
  inv.options.external.emplace_back(text);
  return {};
}

/// INSIDE=OUTSIDE@BRIDGE, the older words for --external veth[INSIDE]:OUTSIDE@BRIDGE.
Result<> set_veth_pair(Invocation& inv, const Option& o, const char* text, bool) {
  const std::string_view s = text;
  const std::size_t equals = s.find('=');
  if (equals == 0 || equals == s.npos || equals + 1 == s.size()) return bad_value(o, text, "write INSIDE=OUTSIDE");
  inv.options.external.push_back(format("veth[{}]:{}", s.substr(0, equals), s.substr(equals + 1)));
  return {};
}

Result<> set_empty_ns(Invocation& inv, const Option& o, const char* text, bool) {
  if (std::string_view(text) != "net") return bad_value(o, text, "only the network namespace can be left empty: net");
  inv.options.empty_net_ns = true;
  return {};
}

namespace {

struct Joinable {
  std::string_view kind;
  const char* otherwise;  ///< what helps where it can't be joined
};
constexpr Joinable kJoinable[] = {
    {"net", nullptr},
    {"uts", nullptr},
    {"ipc", nullptr},
    {"time", nullptr},
    {"mnt",
     "a mount namespace can't be joined: run the engine in it (nsenter --mount=FILE), or make new mounts on "
     "--root and leave what is there to the outside by --external 'mnt[..]'"},
    {"pid",
     "a pid namespace can't be joined: run the engine in it (nsenter --pid=FILE --mount=FILE), dump with --external "
     "'pid[..]' and give it by --inherit-fd, or leave the option out for a new one"},
    {"user",
     "a user namespace can't be joined: run the engine in it (nsenter --user=FILE), or leave the option out for "
     "a new one with the same id maps"},
    {"cgroup", "a cgroup namespace can't be joined: say by --cgroup-root under which group the tree comes back"},
};

}  // namespace

Result<> set_join_ns(Invocation& inv, const Option& o, const char* text, bool) {
  const std::string_view s = text;
  const std::size_t colon = std::min(s.find(':'), s.size());
  const std::string_view kind = s.substr(0, colon), where = s.substr(std::min(colon + 1, s.size()));
  for (const Joinable& j : kJoinable) {
    if (j.kind != kind) continue;
    if (j.otherwise != nullptr) return bad_value(o, text, j.otherwise);
    if (where.empty()) return bad_value(o, text, "say which one: KIND:PID or KIND:FILE");
    if (inv.options.joined(kind) != nullptr) return bad_value(o, text, "one of that kind is given already");
    const bool is_pid = where.find_first_not_of("0123456789") == where.npos;
    inv.options.join_ns.push_back(
        {std::string(kind), is_pid ? format("/proc/{}/ns/{}", where, kind) : std::string(where)});
    return {};
  }
  return bad_value(o, text, "the kinds that can be joined are net, uts, ipc and time");
}

Result<> set_ext_mount_map(Invocation& inv, const Option& o, const char* text, bool) {
  const std::string_view s = text;
  const std::size_t colon = s.rfind(':');
  if (s == "auto")
    inv.options.external.emplace_back("mnt[]");
  else if (colon == 0 || colon == std::string_view::npos)
    return bad_value(o, text, "write KEY:VALUE, or auto");
  else
    inv.options.external.push_back(format("mnt[{}]:{}", s.substr(0, colon), s.substr(colon + 1)));
  return {};
}

Result<> set_enable_fs(Invocation& inv, const Option& o, const char* text, bool) {
  return each_part(o, text, [&](std::string_view part) -> Result<> {
    inv.options.enable_fs.emplace_back(part);
    return {};
  });
}

Result<> set_inherit_fd(Invocation& inv, const Option& o, const char* text, bool) {
  std::string_view s = text;
  std::size_t close = s.find("]:");
  if (!s.starts_with("fd[") || close == std::string_view::npos || close + 2 == s.size())
    return bad_value(o, text, "write fd[NUMBER]:RESOURCE");
  long fd = TRY(parse_number(o, s.substr(3, close - 3), 0, std::numeric_limits<int>::max()));
  const std::string_view resource = s.substr(close + 2);
  inv.options.inherit_fds.push_back({static_cast<int>(fd), std::string(resource)});
  return {};
}

// There is no plugin interface. A directory without plugins asks for nothing; one with plugins asks for device state
// that would be lost.
Result<> set_libdir(Invocation&, const Option& o, const char* text, bool) {
  DIR* dir = opendir(text);
  if (!dir) {
    if (errno == ENOENT) return {};
    return Error{"cli", "read", format("directory {} of option --libdir", text), errno, "leave the option out"};
  }
  Defer close([&] { closedir(dir); });
  while (const dirent* e = readdir(dir))
    if (std::string_view(e->d_name).ends_with(".so"))
      return not_yet(o, text,
                     format("the plugin {} can't be loaded: leave the option out when it is not needed", e->d_name));
  return {};
}

Result<> set_config(Invocation& inv, const Option& o, const char* text, bool) {
  if (*text == 0) return bad_value(o, text, "give the path of a configuration file");
  inv.config_file = text;
  return {};
}

Result<> set_feature(Invocation& inv, const Option&, const char* text, bool) {
  inv.options.check.feature = text;
  return {};
}

Result<> set_check_all(Invocation& inv, const Option&, const char*, bool on) {
  inv.options.check.extra = on;
  inv.options.check.experimental = on;
  return {};
}

}  // namespace cr::cli
