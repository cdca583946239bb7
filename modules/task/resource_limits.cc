#include "task/resource_limits.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <set>

#include "base/format.h"
#include "core/capability.h"
#include "core/id_map.h"
#include "core/proc_text.h"
#include "core/stages.h"

namespace cr::task {
namespace {

// fs/proc/base.c, lnames[], in the order of the RLIMIT_ numbers.
constexpr std::string_view kNames[kRlimits] = {
    "Max cpu time",       "Max file size",     "Max data size",         "Max stack size",
    "Max core file size", "Max resident set",  "Max processes",         "Max open files",
    "Max locked memory",  "Max address space", "Max file locks",        "Max pending signals",
    "Max msgqueue size",  "Max nice priority", "Max realtime priority", "Max realtime timeout"};

std::optional<std::uint64_t> limit_value(std::string_view word) {
  if (word == "unlimited") return ~0ull;
  return core::number(word);
}

/// A decimal number of any sign.
std::optional<std::int64_t> signed_number(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  auto v = core::number(text);
  if (!v) return std::nullopt;
  return negative ? -static_cast<std::int64_t>(*v) : static_cast<std::int64_t>(*v);
}

/// A task's directory, under /proc or under a descriptor of that.
struct ProcDir {
  int proc;
  std::string name;
};

/// The first word of `dir`/`entry`; nothing when this kernel has no such file.
Result<std::optional<std::string>> one_word(const ProcDir& dir, const char* entry) {
  auto text = core::read_text_at(dir.proc, format("{}/{}", dir.name, entry));
  if (!text.ok()) {
    if (text.error().err == ENOENT) return std::optional<std::string>{};
    return text.take_error();
  }
  auto parts = core::words(text.value());
  return std::optional<std::string>(parts.empty() ? std::string_view() : parts[0]);
}

/// `parse` gives an optional number for a word.
template <class T>
Result<std::optional<T>> number_in(const ProcDir& dir, const char* entry, auto parse) {
  const std::optional<std::string> word = TRY(one_word(dir, entry));
  if (!word) return std::optional<T>{};
  const auto v = parse(*word);
  if (!v) return Error{"limits", "parse", format("{}/{}: {}", dir.name, entry, *word), 0, ""};
  return std::optional<T>(static_cast<T>(*v));
}

Result<std::optional<std::int32_t>> oom_score_adj_of(const ProcDir& dir) {
  return number_in<std::int32_t>(dir, "oom_score_adj", signed_number);
}
Result<std::optional<std::uint32_t>> coredump_filter_of(const ProcDir& dir) {
  return number_in<std::uint32_t>(dir, "coredump_filter",
                                  [](std::string_view word) { return core::number(word, 16); });
}
Result<std::optional<std::uint32_t>> loginuid_of(const ProcDir& dir) {
  return number_in<std::uint32_t>(dir, "loginuid", [](std::string_view word) { return core::number(word); });
}

Result<> write_entry(const ProcDir& dir, const char* entry, const std::string& text, const char* remedy) {
  UniqueFd fd(openat(dir.proc, format("{}/{}", dir.name, entry).c_str(), O_WRONLY | O_CLOEXEC));
  if (!fd || write(fd.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()))
    return Error{"limits", format("set {} to", entry), format("{} (pid {})", text, dir.name), errno, remedy};
  return {};
}

/// The hard limits of the engine.
std::array<rlim_t, kRlimits> own_hard_limits() {
  std::array<rlim_t, kRlimits> hard{};
  for (std::size_t i = 0; i < kRlimits; ++i) {
    rlimit own{};
    getrlimit(static_cast<__rlimit_resource>(i), &own);
    hard[i] = own.rlim_max;
  }
  return hard;
}

Result<> check_rlimits(NsPid pid, const Limits& wanted, const std::array<rlim_t, kRlimits>& own) {
  for (std::size_t i = 0; i < kRlimits; ++i) {
    if (wanted.rlimits[i].max <= own[i]) continue;
    return Error{"limits", "raise the hard limit",
                 format("\"{}\" of pid {} to {}", kNames[i], pid, wanted.rlimits[i].max), EPERM,
                 "run the restore with CAP_SYS_RESOURCE, or with hard limits at least as high"};
  }
  return {};
}

}  // namespace

std::string_view rlimit_name(std::size_t resource) {
  return resource < kRlimits ? kNames[resource] : "unknown limit";
}

Result<std::array<Rlimit, kRlimits>> parse_limits(std::string_view text) {
  std::array<Rlimit, kRlimits> out{};
  for (std::size_t i = 0; i < kRlimits; ++i) {
    // A name may be part of another line, so only line starts count.
    std::size_t at = text.starts_with(kNames[i]) ? 0 : text.find(format("\n{}", kNames[i]));
    if (at == std::string_view::npos)
      return Error{"limits", "find in /proc/PID/limits", std::string(kNames[i]), 0, ""};
    std::string_view line = text.substr(at + (at != 0 || text[0] == '\n'));
    line = line.substr(0, line.find('\n'));
    auto values = core::words(line.substr(std::min(line.size(), kNames[i].size())));
    auto cur = values.size() < 2 ? std::nullopt : limit_value(values[0]);
    auto max = values.size() < 2 ? std::nullopt : limit_value(values[1]);
    if (!cur || !max) return Error{"limits", "parse the line of /proc/PID/limits", std::string(line), 0, ""};
    out[i] = {*cur, *max};
  }
  return out;
}

std::optional<std::int32_t> parse_autogroup(std::string_view text) {
  // "/autogroup-17 nice 5"
  const auto words = core::words(text);
  if (words.size() != 3 || words[1] != "nice") return std::nullopt;
  const auto nice = signed_number(words[2]);
  return nice ? std::optional(static_cast<std::int32_t>(*nice)) : std::nullopt;
}

namespace limits {

Result<> collect(DumpCtx& ctx) {
  auto& model = ctx.models.edit<LimitsModel>();
  for (const Task& task : ctx.tree.tasks)
    if (task.alive()) {
      const ProcDir dir{AT_FDCWD, format("/proc/{}", task.live)};
      Limits& out = model.tasks[task.pid];
      out.oom_score_adj = TRY(oom_score_adj_of(dir));
      out.coredump_filter = TRY(coredump_filter_of(dir));
      out.loginuid = TRY(loginuid_of(dir));
      if (const auto nice = core::read_text_at(dir.proc, dir.name + "/autogroup"); nice.ok())
        out.autogroup_nice = parse_autogroup(nice.value());
      const std::string text = TRY(core::read_proc(task.live, "limits"));
      out.rlimits = TRY(parse_limits(text));
      out.has_rlimits = true;
      constexpr std::uint32_t kUnset = ~0u;
      if (out.loginuid && *out.loginuid != kUnset) out.loginuid = ctx.models.get<core::TreeIds>().uid(*out.loginuid);
    }
  return {};
}

Result<> plan(PlanCtx& ctx) {
  const bool may_raise = core::has_capability(CAP_SYS_RESOURCE);
  const auto own_score = TRY(oom_score_adj_of({AT_FDCWD, "/proc/self"}));
  const auto own_hard = own_hard_limits();
  for (const auto& [pid, wanted] : ctx.models.get<LimitsModel>().tasks) {
    if (wanted.has_rlimits && !may_raise) TRY(check_rlimits(pid, wanted, own_hard));
    // Without the capability a task may go down to the lowest value that was ever set for it with the capability;
    // that floor isn't shown, so only a value below our own is doubtful.
    if (wanted.oom_score_adj && own_score && *wanted.oom_score_adj < *own_score && !may_raise)
      return Error{"limits", "lower oom_score_adj", format("of pid {} to {}", pid, *wanted.oom_score_adj), EPERM,
                   "run the restore with CAP_SYS_RESOURCE, or with an oom_score_adj that is no higher"};
  }
  return {};
}

Result<> set_files(const ProcDir& dir, const Limits& wanted) {
  if (wanted.oom_score_adj && wanted.oom_score_adj != TRY(oom_score_adj_of(dir)))
    TRY(write_entry(dir, "oom_score_adj", format("{}", *wanted.oom_score_adj), "lowering it needs CAP_SYS_RESOURCE"));
  if (wanted.coredump_filter && wanted.coredump_filter != TRY(coredump_filter_of(dir)))
    TRY(write_entry(dir, "coredump_filter", format("{:#x}", *wanted.coredump_filter), ""));
  return {};
}

bool set_by_coordinator(const Models& models) {
  return models.get<core::TreeIds>().own || !models.get<core::ChildIds>().spaces.empty();
}

/// Nobody can set it for another one.
Result<> set_loginuid(const ProcDir& dir, const Limits& wanted) {
  if (!wanted.loginuid) return {};
  const auto own = TRY(loginuid_of(dir));
  if (own && wanted.loginuid != own)
    TRY(write_entry(dir, "loginuid", format("{}", *wanted.loginuid),
                    "needs CAP_AUDIT_CONTROL, and that the audit system does not hold loginuids immutable"));
  return {};
}

Result<> enter(TaskCtx& ctx) {
  const auto& tasks = ctx.models().get<LimitsModel>().tasks;
  auto it = tasks.find(ctx.task.pid);
  if (it == tasks.end()) return {};
  const ProcDir dir{ctx.restore.proc_fd, core::proc_name(ctx)};
  if (!set_by_coordinator(ctx.models())) TRY(set_files(dir, it->second));
  return set_loginuid(dir, it->second);
}

/// The first task of a session sets it for all. The session of a root that does not lead it is the caller's.
static Result<> set_autogroups(const RestoreCtx& ctx) {
  const Task& root = ctx.tree.root();
  std::set<NsPid> seen;
  if (root.sid != root.pid) seen.insert(root.sid);
  for (const Task& t : ctx.tree.tasks) {
    const auto& tasks = ctx.models.get<LimitsModel>().tasks;
    const auto it = tasks.find(t.pid);
    if (!t.alive() || it == tasks.end() || !it->second.autogroup_nice || !seen.insert(t.sid).second) continue;
    const ProcDir dir{ctx.proc_fd, std::to_string(t.live.value)};
    const auto text = core::read_text_at(dir.proc, dir.name + "/autogroup");
    const auto now = text.ok() ? parse_autogroup(text.value()) : std::nullopt;
    if (now && now != it->second.autogroup_nice)
      TRY(write_entry(dir, "autogroup", format("{}", *it->second.autogroup_nice), "lowering it needs CAP_SYS_NICE"));
  }
  return {};
}

Result<> finish(RestoreCtx& ctx) {
  TRY(set_autogroups(ctx));
  if (!set_by_coordinator(ctx.models)) return {};
  for (const Task& t : ctx.tree.tasks) {
    const auto& tasks = ctx.models.get<LimitsModel>().tasks;
    const auto it = tasks.find(t.pid);
    if (!t.alive() || it == tasks.end()) continue;
    TRY(set_files({ctx.proc_fd, std::to_string(t.live.value)}, it->second));
    const auto own = TRY(parse_limits(TRY(core::read_proc(t.live, "limits"))));
    for (std::size_t i = 0; it->second.has_rlimits && i < kRlimits; ++i) {
      if (own[i] == it->second.rlimits[i]) continue;  // setting it may need rights all the same
      const rlimit wanted{it->second.rlimits[i].cur, it->second.rlimits[i].max};
      if (prlimit(t.live.value, static_cast<__rlimit_resource>(i), &wanted, nullptr) != 0)
        return Error{"limits", format("set the limit \"{}\" of", kNames[i]), format("pid {}", t.pid), errno,
                     "run the restore with CAP_SYS_RESOURCE"};
    }
  }
  return {};
}

}  // namespace limits
}  // namespace cr::task
