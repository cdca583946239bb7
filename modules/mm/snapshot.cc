#include "mm/snapshot.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <unistd.h>

#include <optional>
#include <utility>

#include "base/format.h"
#include "base/log.h"
#include "base/page_size.h"
#include "cgroup/cgroup.h"
#include "core/proc_text.h"
#include "infect/gadgets.h"
#include "infect/parasite_session.h"
#include "infect/tracee.h"
#include "mm/wire.h"
#include "task/task.h"

namespace cr::mm {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kMostSpaces = 200;  // each needs three descriptors until it is written

std::string text_or_nothing(Result<std::string> r) { return r.ok() ? r.take() : std::string(); }

std::uint64_t kib_of(const std::string& text, std::string_view key) {
  const auto words = core::words(core::field(text, key).value_or("0"));
  return words.empty() ? 0 : core::number(words.front()).value_or(0);
}

/// Why no snapshot of this task can be made; nothing when it can.
std::optional<std::string> obstacle(const DumpCtx& ctx, const Task& t, std::uint64_t& rss_kib) {
  const std::string status = text_or_nothing(core::read_proc(t.live, "status"));
  if (kib_of(status, "Seccomp") != 0) return "a seccomp filter could forbid the fork";
  if (core::words(core::field(status, "NSpid").value_or("")).size() != 1) return "it is in another pid namespace";
  if (t.children_space.kind != ChildrenSpace::Kind::kOwn) return "its children are born in another pid namespace";
  const auto& prctls = ctx.models.get<task::PrctlModel>().processes;
  if (const auto it = prctls.find(t.pid); t.pid.value == 1 || (it != prctls.end() && it->second.child_subreaper))
    return "it is the reaper of its children, so it would see the end of the copy";
  rss_kib += kib_of(status, "RssAnon");
  return std::nullopt;
}

/// What the processes write to meanwhile is counted in their groups.
std::optional<std::string> group_obstacle(const DumpCtx& ctx, std::uint64_t needed) {
  std::string last;
  for (const Task& t : ctx.tree.tasks) {
    if (!t.alive()) continue;
    std::string groups = text_or_nothing(core::read_proc(t.live, "cgroup"));
    if (groups == std::exchange(last, groups)) continue;
    auto left = cgroup::memory_left(t.live);
    if (!left.ok()) return left.error().sentence();
    if (left.value() && *left.value() < needed)
      return format("pid {}: its control group may take only {} MiB more", t.host, *left.value() >> 20);
  }
  return std::nullopt;
}

std::optional<std::string> obstacle(const DumpCtx& ctx) {
  constexpr std::uint64_t kWorthIt_kib = 16 << 10;  // less is copied as fast as processes are forked
  if (ctx.models.get<Model>().spaces.size() > kMostSpaces) return "the tree has too many processes";
  std::uint64_t rss_kib = 0;
  for (const Task& t : ctx.tree.tasks)
    if (t.alive())
      if (auto why = obstacle(ctx, t, rss_kib)) return format("pid {}: {}", t.host, *why);
  if (!ctx.opt.snapshot && rss_kib < kWorthIt_kib) return "it has little";
  // In the worst case all of it is written to, and images in memory need as much again.
  const std::string meminfo = text_or_nothing(core::read_text("/proc/meminfo"));
  if (kib_of(meminfo, "MemAvailable") < 2 * rss_kib + (64 << 10)) return "too little memory is available";
  return group_obstacle(ctx, rss_kib << 10);
}

void say_why_not(const DumpCtx& ctx, const std::string& why) {
  const std::string text = format("no snapshot, the tree stays stopped while its memory is written: {}", why);
  if (ctx.opt.snapshot)
    log::warn("{}", text);
  else
    log::info("{}", text);
}

}  // namespace

bool survives_fork(const Vma& v) {
  constexpr int kDontFork = 10, kWipeOnFork = 18;
  if (v.is(kVmaVdso | kVmaAioRing) || (v.flags & MAP_HUGETLB) != 0) return false;
  return (v.madv >> kDontFork & 1) == 0 && (v.madv >> kWipeOnFork & 1) == 0;
}

SnapshotChild::SnapshotChild(SnapshotChild&& o) noexcept
    : pid_(std::exchange(o.pid_, HostPid{0})), owner_(o.owner_), mem_(std::move(o.mem_)) {}

SnapshotChild::~SnapshotChild() {
  if (pid_.value <= 0 || getpid() != owner_) return;
  if (kill(pid_.value, SIGKILL) != 0) return;  // it ends with the engine (PTRACE_O_EXITKILL)
  for (int tries = 0; tries < 100; ++tries) {
    auto stop = infect::wait_stop(pid_, infect::deadline_in(1s));
    if (!stop.ok() || stop.value().kind == infect::Stop::kDead) return;
  }
}

Result<SnapshotChild> SnapshotChild::fork_from(infect::SeizedTask& task, infect::GadgetCache& gadgets) {
  auto session = TRY(infect::ParasiteSession::open(task, {.arena_size = page_size(), .gadgets = &gadgets}));
  SnapshotFork fork{session.owner_word().value, 0};
  TRY(session.call(task.threads().front(), fork));
  const HostPid pid{static_cast<int>(fork.pid)};
  auto fail = [&](const char* step, int err) { return Error{"mm", step, format("pid {}", pid), err, ""}; };
  if (const SysResult r = infect::ptrace_request(PTRACE_SEIZE, pid, 0, std::uint64_t{PTRACE_O_EXITKILL}); !r.ok()) {
    kill(pid.value, SIGKILL);
    return fail("trace the copy of the memory,", r.err());
  }
  SnapshotChild child(pid);
  (void)infect::ptrace_request(PTRACE_INTERRUPT, pid, 0, nullptr);
  const infect::Stop stop = TRY(infect::wait_event_stop(pid, infect::deadline_in(5s)));
  if (stop.kind == infect::Stop::kDead) return fail("keep the copy of the memory,", ESRCH);
  child.mem_.reset(open(format("/proc/{}/mem", pid).c_str(), O_RDONLY | O_CLOEXEC));
  if (!child.mem_) return fail("open the memory of", errno);
  TRY(session.close());
  return child;
}

void begin_snapshot(DumpCtx& ctx) {
  const Options& opt = ctx.opt;
  const bool nobody_waits = opt.final_state == FinalState::kRunning && opt.action_scripts.empty() && !opt.notify;
  if (!opt.snapshot.value_or(nobody_waits)) return;
  if (auto why = obstacle(ctx)) return say_why_not(ctx, *why);
  infect::GadgetCache gadgets;
  Snapshot& snapshot = ctx.models.edit<Snapshot>();
  for (const auto& [id, space] : ctx.models.get<Model>().spaces) {
    auto child = SnapshotChild::fork_from(ctx.seized[ctx.tree.find(space.owner)->index], gadgets);
    if (!child.ok()) {
      snapshot.copies.clear();
      return say_why_not(ctx, child.error().sentence());
    }
    snapshot.copies.emplace(id, child.take());
  }
}

bool has_snapshot(const DumpCtx& ctx) { return !ctx.models.get<Snapshot>().copies.empty(); }

Result<> finish_snapshot(DumpCtx& ctx) {
  Snapshot& s = ctx.models.edit<Snapshot>();
  for (std::size_t i = 0; i < s.jobs.size(); ++i) s.jobs[i].pages = &s.files[i];
  Result<> copied = copy_pages(s.jobs, PageSource::kMem, page_workers_of_environment());
  s.copies.clear();
  TRY(std::move(copied));
  for (core::RawImage& pages : s.files) TRY(pages.close());
  return {};
}

}  // namespace cr::mm
