#include "security/creds.h"

#include <sys/prctl.h>

#include <algorithm>
#include <optional>

#include "base/format.h"
#include "core/capability.h"
#include "core/id_map.h"
#include "core/proc_text.h"
#include "security/asked_label.h"
#include "security/security.h"
#include "task/task.h"

namespace cr::security {
namespace {

Error missing(const char* line) { return {"creds", "find in /proc/PID/status", line, 0, ""}; }

std::optional<Ids> parse_ids(std::string_view line) {
  auto parts = core::words(line);
  if (parts.size() < 4) return std::nullopt;
  std::uint32_t out[4];
  for (std::size_t i = 0; i < 4; ++i) {
    auto v = core::number(parts[i]);
    if (!v) return std::nullopt;
    out[i] = static_cast<std::uint32_t>(*v);
  }
  return Ids{out[0], out[1], out[2], out[3]};
}

Result<std::uint64_t> capability_set(std::string_view text, const char* key) {
  auto line = core::field(text, key);
  auto v = line ? core::number(*line, 16) : std::nullopt;
  if (!v) return missing(key);
  return *v;
}

/// No label: no security module that gives one (EINVAL, or no such file).
Result<std::string> label_of(const std::string& dir) {
  auto text = core::read_text(dir + "/attr/current");
  if (text.ok()) return parse_label(text.value());
  if (text.error().err == ENOENT || text.error().err == EINVAL || text.error().err == EOPNOTSUPP)
    return std::string();
  return text.take_error();
}

/// The ids that our own user namespace knows; others are shown as the overflow id.
Result<core::IdMaps> known_ids() {
  const std::string uids = TRY(core::read_text("/proc/self/uid_map"));
  const std::string gids = TRY(core::read_text("/proc/self/gid_map"));
  return core::IdMaps{core::parse_id_map(uids), core::parse_id_map(gids)};
}

/// Ids of one kind on their way from what we see to what the tree sees.
struct Translation {
  const core::IdMap& ours;
  const core::IdMap& theirs;
  HostPid tid;

  Result<> apply(std::uint32_t& id, const char* kind) const {
    auto unmapped = [&](const char* whose, const char* remedy) {
      return Error{"creds", format("dump {} {} of", kind, id), format("thread {}", tid), 0,
                   format("it is not mapped into {} user namespace{}", whose, remedy)};
    };
    if (!ours.has(id)) return unmapped("the engine's", "; run the engine in the parent namespace");
    if (!theirs.knows(id)) return unmapped("the thread's own", ", where nothing can give it such an id again");
    id = theirs.to_inside(id);
    return {};
  }
  Result<> apply(Ids& ids, const char* kind) const {
    for (std::uint32_t* id : {&ids.real, &ids.effective, &ids.saved, &ids.fs}) TRY(apply(*id, kind));
    return {};
  }
};

Result<> translate_ids(const core::IdMaps& known, const core::IdMaps& theirs, Creds& c, HostPid tid) {
  const Translation users{known.uid, theirs.uid, tid}, groups{known.gid, theirs.gid, tid};
  TRY(users.apply(c.uid, "uid"));
  TRY(groups.apply(c.gid, "gid"));
  for (std::uint32_t& id : c.groups) TRY(groups.apply(id, "supplementary group"));
  return {};
}

/// All that there are: those of who is new in a user namespace.
Capabilities all_capabilities() {
  const auto last = core::read_text("/proc/sys/kernel/cap_last_cap");
  const std::uint64_t count = 1 + (last.ok() ? core::number(core::words(last.value())[0]).value_or(40) : 40);
  const std::uint64_t all = (std::uint64_t{1} << count) - 1;
  return {.inheritable = 0, .permitted = all, .effective = all, .bounding = all, .ambient = 0};
}

/// What the root task has in the new user namespace (ns/user.h), and all others inherit.
Creds first_creds(const Creds& own, const core::IdMaps& maps, bool groups_denied,
                  const std::vector<std::uint32_t>& groups) {
  Creds first = own;
  const std::uint32_t uid = maps.uid.first_inside(), gid = maps.gid.first_inside();
  first.uid = {uid, uid, uid, uid};
  first.gid = {gid, gid, gid, gid};
  first.groups = groups_denied ? groups : std::vector<std::uint32_t>();
  first.caps = all_capabilities();
  first.securebits = 0;
  return first;
}

/// Where nobody may change them, all have those that the root task is born with.
Result<> check_groups(const std::vector<std::uint32_t>& groups, const std::vector<std::uint32_t>& wanted, NsPid tid) {
  if (groups == wanted) return {};
  return Error{"creds", "give other groups than the first process's to", format("thread {}", tid), EPERM,
               "setgroups(2) is forbidden in its user namespace"};
}

Result<> check_label(const std::string& own, const std::string& label, const std::string& object) {
  if (own == label) return {};
  return Error{"creds", "carry the security label of", object, 0,
               format("it is \"{}\", the engine's own is \"{}\"; run the engine under the same label", label, own)};
}

/// Takes from `set` what we don't have; an error that names the first of it unless the caller accepts the loss.
Result<> fit_caps(const Options& opt, NsPid tid, const char* name, std::uint64_t have, std::uint64_t& set) {
  const std::uint64_t lacking = set & ~have;
  if (lacking == 0) return {};
  if (!opt.allows_lossy("capabilities"))
    return Error{"creds", format("give {} in the {} set to", capability_name(__builtin_ctzll(lacking)), name),
                 format("thread {}", tid), EPERM,
                 "run the restore with that capability, or accept the loss by --allow-lossy capabilities"};
  set &= have;
  return {};
}

Result<> need_cap(std::uint64_t effective, int cap, const char* step, NsPid tid) {
  if (effective >> cap & 1) return {};
  return Error{"creds", step, format("thread {}", tid), EPERM, format("needs {}", capability_name(cap))};
}

}  // namespace

std::string capability_name(int cap) {
  static constexpr const char* kNames[] = {"chown",
                                           "dac_override",
                                           "dac_read_search",
                                           "fowner",
                                           "fsetid",
                                           "kill",
                                           "setgid",
                                           "setuid",
                                           "setpcap",
                                           "linux_immutable",
                                           "net_bind_service",
                                           "net_broadcast",
                                           "net_admin",
                                           "net_raw",
                                           "ipc_lock",
                                           "ipc_owner",
                                           "sys_module",
                                           "sys_rawio",
                                           "sys_chroot",
                                           "sys_ptrace",
                                           "sys_pacct",
                                           "sys_admin",
                                           "sys_boot",
                                           "sys_nice",
                                           "sys_resource",
                                           "sys_time",
                                           "sys_tty_config",
                                           "mknod",
                                           "lease",
                                           "audit_write",
                                           "audit_control",
                                           "setfcap",
                                           "mac_override",
                                           "mac_admin",
                                           "syslog",
                                           "wake_alarm",
                                           "block_suspend",
                                           "audit_read",
                                           "perfmon",
                                           "bpf",
                                           "checkpoint_restore"};
  if (cap >= 0 && cap < static_cast<int>(std::size(kNames))) return format("cap_{}", kNames[cap]);
  return format("capability {}", cap);
}

Result<Creds> parse_status(std::string_view text) {
  Creds out;
  auto uid = core::field(text, "Uid"), gid = core::field(text, "Gid"), groups = core::field(text, "Groups");
  auto uids = uid ? parse_ids(*uid) : std::nullopt;
  auto gids = gid ? parse_ids(*gid) : std::nullopt;
  if (!uids) return missing("Uid");
  if (!gids) return missing("Gid");
  if (!groups) return missing("Groups");
  out.uid = *uids;
  out.gid = *gids;
  for (std::string_view word : core::words(*groups)) {
    auto v = core::number(word);
    if (!v) return missing("Groups");
    out.groups.push_back(static_cast<std::uint32_t>(*v));
  }
  out.caps.inheritable = TRY(capability_set(text, "CapInh"));
  out.caps.permitted = TRY(capability_set(text, "CapPrm"));
  out.caps.effective = TRY(capability_set(text, "CapEff"));
  out.caps.bounding = TRY(capability_set(text, "CapBnd"));
  if (core::field(text, "CapAmb")) out.caps.ambient = TRY(capability_set(text, "CapAmb"));  // Linux 4.3
  auto nnp = core::field(text, "NoNewPrivs");                                               // Linux 4.10
  out.no_new_privs = nnp && *nnp == "1";
  return out;
}

std::string parse_label(std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\0')) text.remove_suffix(1);
  if (text == "unconfined") return {};
  return std::string(text);
}

const std::vector<std::uint32_t>& groups_of(const Models& models, const Task& t) {
  static const std::vector<std::uint32_t> kNone;
  const auto& threads = models.get<CredsModel>().threads;
  const auto it = threads.find(t.pid);
  return it == threads.end() ? kNone : it->second.groups;
}

const Creds& first_creds_of(const Models& models, NsPid task) {
  const CredsModel& model = models.get<CredsModel>();
  const auto it = model.first.find(task);
  return it == model.first.end() ? model.own : it->second;
}

Result<Creds> own_creds() {
  const std::string status = TRY(core::read_text("/proc/self/status"));
  Creds out = TRY(parse_status(status));
  out.securebits = static_cast<std::uint32_t>(prctl(PR_GET_SECUREBITS));
  out.label = TRY(label_of("/proc/self"));
  return out;
}

Result<> check_creds(const Options& opt, NsPid tid, const Creds& own, Creds& wanted) {
  TRY(check_label(own.label, wanted.label, format("thread {}", tid)));
  if (own.no_new_privs && !wanted.no_new_privs) {
    if (!opt.allows_lossy("no-new-privs"))
      return Error{"creds", "leave no_new_privs unset in", format("thread {}", tid), 0,
                   "the engine runs under no_new_privs itself; --allow-lossy no-new-privs accepts that it stays"};
    wanted.no_new_privs = true;
  }
  Capabilities& caps = wanted.caps;
  TRY(fit_caps(opt, tid, "permitted", own.caps.permitted, caps.permitted));
  TRY(fit_caps(opt, tid, "effective", caps.permitted, caps.effective));
  TRY(fit_caps(opt, tid, "bounding", own.caps.bounding, caps.bounding));
  TRY(fit_caps(opt, tid, "inheritable", own.caps.inheritable | own.caps.bounding, caps.inheritable));
  TRY(fit_caps(opt, tid, "ambient", caps.permitted & caps.inheritable, caps.ambient));
  const std::uint64_t effective = own.caps.effective;
  if (wanted.uid != own.uid) TRY(need_cap(effective, CAP_SETUID, "set the user ids of", tid));
  if (wanted.gid != own.gid || wanted.groups != own.groups)
    TRY(need_cap(effective, CAP_SETGID, "set the group ids of", tid));
  if (caps.bounding != own.caps.bounding) TRY(need_cap(effective, CAP_SETPCAP, "shrink the bounding set of", tid));
  if ((wanted.securebits ^ own.securebits) & ~(1u << 4 /* SECBIT_KEEP_CAPS */))
    TRY(need_cap(effective, CAP_SETPCAP, "set the securebits of", tid));
  return {};
}

namespace creds {

/// Who is born inside is the first user there; the others have taken the ids of their main threads outside.
void find_first_creds(const TaskTree& tree, Models& models) {
  CredsModel& model = models.edit<CredsModel>();
  for (const Task& t : tree.tasks) {
    const core::ChildIds::Space* space = core::child_space(models, t.pid);
    if (space == nullptr) continue;
    Creds& first = model.first[t.pid] = model.own;
    first.caps = all_capabilities();
    first.securebits = 0;
    const Task* init = &t;
    while (init->parent != kNoTask && core::birth_space(models, tree.tasks[init->parent].pid) != nullptr)
      init = &tree.tasks[init->parent];
    const Creds& base = model.threads[init->threads.empty() ? init->pid : init->threads.front().tid];
    if (core::birth_space(models, t.pid) == nullptr) {
      first.uid = base.uid, first.gid = base.gid, first.groups = base.groups;
      first.uid.fs = first.uid.effective, first.gid.fs = first.gid.effective;
      continue;
    }
    const std::uint32_t uid = space->maps.uid.to_outside(space->maps.uid.first_inside());
    const std::uint32_t gid = space->maps.gid.to_outside(space->maps.gid.first_inside());
    first.uid = {uid, uid, uid, uid};
    first.gid = {gid, gid, gid, gid};
    first.groups = space->groups_denied ? base.groups : std::vector<std::uint32_t>();
  }
}

/// Whether a thread can take from inside what differs from what its process begins with.
Result<> check_ids_inside(const Models& models, const Task& t, NsPid tid) {
  const core::ChildIds::Space* space = core::child_space(models, t.pid);
  const auto& threads = models.get<CredsModel>().threads;
  const auto it = threads.find(tid);
  if (space == nullptr || it == threads.end()) return {};
  const Creds& own = first_creds_of(models, t.pid);
  const Creds& wanted = it->second;
  auto knows = [](const core::IdMap& map, const Ids& ids) {
    return map.knows(ids.real) && map.knows(ids.effective) && map.knows(ids.saved) && map.knows(ids.fs);
  };
  auto fail = [&](const char* what) {
    return Error{"creds", format("give its {} to", what), format("thread {}", tid), 0,
                 "the user namespace that it lives in does not know them, so nobody in there can"};
  };
  if (wanted.uid != own.uid && !knows(space->maps.uid, wanted.uid)) return fail("user ids");
  if (wanted.gid != own.gid && !knows(space->maps.gid, wanted.gid)) return fail("group ids");
  if (wanted.groups == own.groups) return {};
  if (space->groups_denied) return check_groups(wanted.groups, own.groups, tid);
  for (const std::uint32_t g : wanted.groups)
    if (!space->maps.gid.knows(g)) return fail("groups");
  return {};
}

/// Nobody can ask a dead thread for all of its credentials, so it gets those of a live one; what shows must agree.
Result<> check_dead_leader(const Task& task, const Creds& first) {
  const std::string status = TRY(core::read_proc(task.host, "status"));
  const Creds own = TRY(parse_status(status));
  Creds shown = first;  // as it shows to us
  shown.label = own.label;
  if (own == shown) return {};
  return Error{"creds", "dump the credentials of", format("the main thread of pid {}", task.host), 0,
               "it has exited with others than the threads that run on have, which is not carried"};
}

Result<> collect(DumpCtx& ctx) {
  auto& model = ctx.models.edit<CredsModel>();
  const core::IdMaps known = TRY(known_ids());
  const core::IdMaps& theirs = ctx.models.get<core::TreeIds>().maps;
  const std::string own_label = TRY(label_of("/proc/self"));
  for (const Task& task : ctx.tree.tasks) {
    for (const Thread& thread : task.threads) {
      const std::string status = TRY(core::read_proc(thread.host, "status"));
      Creds& out = model.threads[thread.tid] = TRY(parse_status(status));
      if (task.leader_exited && &thread == &task.threads.front()) TRY(check_dead_leader(task, out));
      out.label = TRY(label_of(format("/proc/{}", thread.host)));
      TRY(translate_ids(known, theirs, out, thread.host));
      TRY(check_label(own_label, out.label, format("thread {}", thread.host)));
    }
  }
  return {};
}

Result<> settle(DumpCtx& ctx) {
  find_first_creds(ctx.tree, ctx.models);
  for (const Task& t : ctx.tree.tasks)
    for (const Thread& th : t.threads) TRY(check_ids_inside(ctx.models, t, th.tid));
  const auto& asked = ctx.models.get<task::PrctlModel>().threads;
  for (auto& [tid, creds] : ctx.models.edit<CredsModel>().threads)
    if (auto it = asked.find(tid); it != asked.end()) creds.securebits = it->second.securebits;
  return {};
}

Result<> plan_thread(PlanCtx& ctx, const Task& t, NsPid tid) {
  auto& threads = ctx.models.edit<CredsModel>().threads;
  const auto wanted = threads.find(tid);
  if (wanted == threads.end()) return {};
  const Creds& own = first_creds_of(ctx.models, t.pid);
  if (ctx.opt.lsm_label) wanted->second.label = TRY(asked_label(*ctx.opt.lsm_label));
  TRY(check_ids_inside(ctx.models, t, tid));
  if (ctx.models.get<core::TreeIds>().groups_denied)
    TRY(check_groups(wanted->second.groups, ctx.models.get<CredsModel>().own.groups, tid));
  return check_creds(ctx.opt, tid, own, wanted->second);
}

Result<> plan(PlanCtx& ctx) {
  auto& model = ctx.models.edit<CredsModel>();
  model.own = TRY(own_creds());
  if (const auto& ids = ctx.models.get<core::TreeIds>(); ids.own) {
    const std::vector<std::uint32_t>& groups = groups_of(ctx.models, ctx.tree.root());
    model.own = first_creds(model.own, ids.maps, ids.groups_denied, groups);
  }
  find_first_creds(ctx.tree, ctx.models);
  for (const Task& t : ctx.tree.tasks)
    for (const Thread& th : t.threads) TRY(plan_thread(ctx, t, th.tid));
  return {};
}

}  // namespace creds
}  // namespace cr::security
