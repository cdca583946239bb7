#include "task/tree.h"

#include <sys/stat.h>

#include "base/format.h"
#include "core/proc_text.h"

namespace cr::task {
namespace {

Result<int> id_at_level(HostPid pid, std::string_view status, const char* key, std::size_t level) {
  auto line = core::field(status, key);
  if (!line) return Error{"task", "read", format("{} of pid {}", key, pid), 0, "the kernel needs CONFIG_PID_NS"};
  std::vector<std::string_view> ids = core::words(*line);
  if (level >= ids.size())
    return Error{"task", "read", format("{} of pid {}", key, pid), 0,
                 "it is outside of the root task's pid namespace"};
  return static_cast<int>(core::number(ids[level]).value_or(0));
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

Result<> check_namespaces(const Task& t, const KobjIds& ids, const KobjIds& root) {
  for (const NamespaceEntry& n : kNamespaces)
    if (ids.*n.id != root.*n.id)
      return Error{
          "task", "dump", format("pid {}", t.host), 0,
          format("it lives in a {} namespace of its own, which is not carried yet; run the engine inside", n.name)};
  return {};
}

}  // namespace

Result<> identify(Task& t, std::size_t level) {
  std::string status = TRY(core::read_proc(t.host, "status"));
  t.pid = NsPid{TRY(id_at_level(t.host, status, "NSpid", level))};
  t.pgid = NsPid{TRY(id_at_level(t.host, status, "NSpgid", level))};
  t.sid = NsPid{TRY(id_at_level(t.host, status, "NSsid", level))};
  if (core::words(*core::field(status, "NSpid")).size() != level + 1)
    return Error{"task", "dump", format("pid {}", t.host), 0, "it lives in a nested pid namespace, not carried yet"};
  return {};
}

Result<NsPid> ns_tid(HostPid pid, HostPid tid, std::size_t level) {
  if (level == 0) return NsPid{tid.value};  // root is in our own namespace, or ours is the only one that it knows
  std::string status = TRY(core::read_text(format("/proc/{}/task/{}/status", pid, tid)));
  return NsPid{TRY(id_at_level(tid, status, "NSpid", level))};
}

Result<> collect_tree(DumpCtx& ctx) {
  KobjModel& m = ctx.models.edit<KobjModel>();
  m.root = KobjIds{1, 1, 1, 1};
  TRY(read_namespaces(ctx, "/proc/self", m.root));
  for (const Task& t : ctx.tree.tasks) {
    if (!t.alive()) continue;
    KobjIds& ids = m.of[t.pid];
    ids.vm = TRY(ctx.ids.vm.id_of(t.host));
    ids.files = TRY(ctx.ids.files.id_of(t.host));
    ids.fs = TRY(ctx.ids.fs.id_of(t.host));
    ids.sighand = TRY(ctx.ids.sighand.id_of(t.host));
    TRY(read_namespaces(ctx, format("/proc/{}", t.host), ids));
    TRY(check_namespaces(t, ids, m.root));
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
