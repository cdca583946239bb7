#include "task/tree.h"

#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <algorithm>
#include <map>

#include "base/format.h"
#include "core/ns_kind.h"
#include "core/proc_text.h"
#include "infect/parasite_session.h"

namespace cr::task {
namespace {

/// The numbers of a line such as NSpid from that level down.
Result<std::vector<int>> ids_from_level(HostPid pid, std::string_view status, const char* key, std::size_t level) {
  auto line = core::field(status, key);
  if (!line) return Error{"task", "read", format("{} of pid {}", key, pid), 0, "the kernel needs CONFIG_PID_NS"};
  std::vector<int> ids;
  for (std::string_view word : core::words(*line)) ids.push_back(static_cast<int>(core::number(word).value_or(0)));
  if (level >= ids.size())
    return Error{"task", "read", format("{} of pid {}", key, pid), 0,
                 "it is outside of the root task's pid namespace"};
  return std::vector<int>(ids.begin() + static_cast<std::ptrdiff_t>(level), ids.end());
}

struct NamespaceEntry {
  const char* name;
  std::uint32_t KobjIds::*id;
};
/// In the order in which the root's ids are handed out: the order that the format's other writer has.
constexpr NamespaceEntry kNamespaces[] = {
    {"pid", &KobjIds::pid_ns},   {"net", &KobjIds::net_ns},       {"ipc", &KobjIds::ipc_ns},
    {"uts", &KobjIds::uts_ns},   {"time", &KobjIds::time_ns},     {"mnt", &KobjIds::mnt_ns},
    {"user", &KobjIds::user_ns}, {"cgroup", &KobjIds::cgroup_ns},
};

Result<> read_namespaces(DumpCtx& ctx, const std::string& proc, KobjIds& ids) {
  for (const NamespaceEntry& n : kNamespaces) {
    struct stat st;
    std::string path = format("{}/ns/{}", proc, n.name);
    if (stat(path.c_str(), &st) != 0) {
      if (errno == ENOENT) continue;  // a namespace kind this kernel does not have
      return Error{"task", "look at", path, errno, "run as root"};
    }
    ids.*n.id = ctx.ids.namespaces.id_of(st.st_dev, st.st_ino);
  }
  return {};
}

bool is_carried(const NamespaceEntry& n) {
  return std::any_of(ns_kinds().begin(), ns_kinds().end(), [&](const NsKind* kind) { return kind->id == n.id; });
}

Result<> check_namespaces(const Task& t, const KobjIds& ids, const KobjIds& root) {
  for (const NamespaceEntry& n : kNamespaces)
    if (ids.*n.id != root.*n.id && !is_carried(n))
      return Error{
          "task", "dump", format("pid {}", t.host), 0,
          format("it lives in a {} namespace of its own, which is not carried yet; run the engine inside", n.name)};
  return {};
}

/// Whether it is in the engine's own pid namespace, so that its numbers are ours.
Result<bool> lives_here(const Task& t) {
  const std::string status = TRY(core::read_proc(t.host, "status"));
  return core::words(core::field(status, "NSpid").value_or("")).size() == 1;
}

}  // namespace

Result<> identify(Task& t, std::size_t level) {
  std::string status = TRY(core::read_proc(t.host, "status"));
  const std::vector<int> pids = TRY(ids_from_level(t.host, status, "NSpid", level));
  const std::vector<int> groups = TRY(ids_from_level(t.host, status, "NSpgid", level));
  const std::vector<int> sessions = TRY(ids_from_level(t.host, status, "NSsid", level));
  t.pid = NsPid{pids[0]};
  t.pgid = NsPid{groups[0]};
  t.sid = NsPid{sessions[0]};
  t.inner.clear();
  for (std::size_t i = 1; i < pids.size() && i < groups.size() && i < sessions.size(); ++i)
    t.inner.push_back({pids[i], groups[i], sessions[i]});
  return {};
}

Result<Thread> identify_thread(const Task& t, HostPid tid, std::size_t level) {
  // Root is in our own namespace, or ours is the only one that it knows.
  if (level == 0 && t.inner.empty()) return Thread{NsPid{tid.value}, tid};
  std::string status = TRY(core::read_text(format("/proc/{}/task/{}/status", t.host, tid)));
  const std::vector<int> ids = TRY(ids_from_level(tid, status, "NSpid", level));
  return Thread{NsPid{ids[0]}, tid, std::vector<int>(ids.begin() + 1, ids.end())};
}

Result<> find_threads(Task& t) {
  if (t.host.value == t.pid.value && TRY(lives_here(t))) {
    for (Thread& th : t.threads) th.host = HostPid{th.tid.value};
    return {};
  }
  std::map<int, HostPid> hosts;  // by the number in their own pid namespace
  for (const std::string& name : TRY(core::list(format("/proc/{}/task", t.host)))) {
    const HostPid tid{static_cast<int>(core::number(name).value_or(0))};
    const std::string status = TRY(core::read_text(format("/proc/{}/task/{}/status", t.host, tid)));
    const auto ids = core::words(core::field(status, "NSpid").value_or(""));
    if (!ids.empty()) hosts[static_cast<int>(core::number(ids.back()).value_or(0))] = tid;
  }
  for (Thread& th : t.threads) {
    auto it = hosts.find(th.inner.empty() ? th.tid.value : th.inner.back());
    if (it == hosts.end()) return Error{"task", "find", format("thread {} of pid {}", th.tid, t.host), ESRCH, ""};
    th.host = it->second;
  }
  return {};
}

Result<> collect_tree(DumpCtx& ctx) {
  KobjModel& m = ctx.models.edit<KobjModel>();
  m.root = KobjIds{1, 1, 1, 1};
  TRY(read_namespaces(ctx, "/proc/self", m.root));
  for (const Task& t : ctx.tree.tasks) {
    if (!t.alive()) continue;
    KobjIds& ids = m.of[t.pid];
    ids.vm = TRY(ctx.ids.vm.id_of(t.live));
    ids.files = TRY(ctx.ids.files.id_of(t.live));
    ids.fs = TRY(ctx.ids.fs.id_of(t.live));
    ids.sighand = TRY(ctx.ids.sighand.id_of(t.live));
    TRY(read_namespaces(ctx, format("/proc/{}", t.live), ids));
    TRY(check_namespaces(t, ids, m.root));
  }
  return collect_spaces(ctx);
}

Result<> interrogate_tree(DumpCtx& ctx, const Task& t, infect::ParasiteSession& session) {
  for (TaskIndex c : t.children) {
    Task& child = ctx.tree.tasks[c];
    if (child.state != TaskState::kStopped) continue;
    const auto info = TRY(session.reserve<siginfo_t>(1));
    const SysResult asked = TRY(session.remote_syscall(
        ctx.seized[t.index].threads().front(), SYS_waitid, P_PID, ctx.tree.number_in(t.space, child.pid),
        session.address_of(info.offset).value, WSTOPPED | WNOHANG | WNOWAIT | __WALL, 0));
    child.stop_reported = asked.ok() && session.view(info)[0].si_pid == 0;
    session.reset_arena();
  }
  return {};
}

Result<> settle_tree(DumpCtx& ctx) {
  const Task& root = ctx.tree.root();
  if (root.sid == root.pid || ctx.opt.shell_job) return {};
  return Error{
      "task", "dump", format("pid {}", root.host), 0,
      format("its session leader {} is outside of the tree; dump that one, or allow it with --shell-job", root.sid)};
}

}  // namespace cr::task
