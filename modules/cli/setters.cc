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
  if (text) return not_yet(o, text, "give the option without a list of sockets: it then holds for all");
  inv.options.ext_unix_sk = true;
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
    if (n.mode != CgroupMode::kIgnore)
      return not_yet(o, s, "use --manage-cgroups=ignore: tasks come back in the cgroup of the caller");
    inv.options.manage_cgroups = n.mode;
    return {};
  }
  return bad_value(o, s, "the words are ignore, none, props, soft, full and strict");
}

/// Terminals, so far: "tty[RDEV:DEV]".
static bool is_terminal(std::string_view resource) { return resource.starts_with("tty[") && resource.ends_with("]"); }

Result<> set_external(Invocation& inv, const Option& o, const char* text, bool) {
  if (!is_terminal(text)) return not_yet(o, text, "only terminals, tty[RDEV:DEV], can be left outside so far");
  inv.options.external.emplace_back(text);
  return {};
}

Result<> set_inherit_fd(Invocation& inv, const Option& o, const char* text, bool) {
  std::string_view s = text;
  std::size_t close = s.find("]:");
  if (!s.starts_with("fd[") || close == std::string_view::npos || close + 2 == s.size())
    return bad_value(o, text, "write fd[NUMBER]:RESOURCE");
  long fd = TRY(parse_number(o, s.substr(3, close - 3), 0, std::numeric_limits<int>::max()));
  const std::string_view resource = s.substr(close + 2);
  if (!is_terminal(resource)) return not_yet(o, text, "only terminals, fd[N]:tty[RDEV:DEV], can be passed on so far");
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
