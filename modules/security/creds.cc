#include "security/creds.h"

#include <sys/prctl.h>

#include <algorithm>
#include <optional>

#include "base/format.h"
#include "core/capability.h"
#include "core/proc_text.h"
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
struct KnownIds {
  std::vector<IdRange> uids{}, gids{};
};

Result<KnownIds> known_ids() {
  const std::string uids = TRY(core::read_text("/proc/self/uid_map"));
  const std::string gids = TRY(core::read_text("/proc/self/gid_map"));
  return KnownIds{parse_id_map(uids), parse_id_map(gids)};
}

Result<> check_mapped(const std::vector<IdRange>& known, std::uint32_t id, const char* kind, HostPid tid) {
  for (const IdRange& range : known)
    if (range.holds(id)) return {};
  return Error{"creds", format("dump {} {} of", kind, id), format("thread {}", tid), 0,
               "it is not mapped into the engine's user namespace; run the engine in the parent namespace"};
}

Result<> check_ids(const KnownIds& known, const Creds& c, HostPid tid) {
  for (std::uint32_t id : {c.uid.real, c.uid.effective, c.uid.saved, c.uid.fs})
    TRY(check_mapped(known.uids, id, "uid", tid));
  for (std::uint32_t id : {c.gid.real, c.gid.effective, c.gid.saved, c.gid.fs})
    TRY(check_mapped(known.gids, id, "gid", tid));
  for (std::uint32_t id : c.groups) TRY(check_mapped(known.gids, id, "supplementary group", tid));
  return {};
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

std::vector<IdRange> parse_id_map(std::string_view text) {
  std::vector<IdRange> out;
  const auto parts = core::words(text);
  for (std::size_t i = 0; i + 2 < parts.size(); i += 3) {
    auto first = core::number(parts[i]), count = core::number(parts[i + 2]);
    if (first && count) out.push_back({static_cast<std::uint32_t>(*first), static_cast<std::uint32_t>(*count)});
  }
  return out;
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

Result<> collect(DumpCtx& ctx) {
  auto& model = ctx.models.edit<CredsModel>();
  const KnownIds known = TRY(known_ids());
  const std::string own_label = TRY(label_of("/proc/self"));
  for (const Task& task : ctx.tree.tasks)
    for (const Thread& thread : task.threads) {
      const std::string status = TRY(core::read_proc(thread.host, "status"));
      Creds& out = model.threads[thread.tid] = TRY(parse_status(status));
      out.label = TRY(label_of(format("/proc/{}", thread.host)));
      TRY(check_ids(known, out, thread.host));
      TRY(check_label(own_label, out.label, format("thread {}", thread.host)));
    }
  return {};
}

Result<> settle(DumpCtx& ctx) {
  const auto& asked = ctx.models.get<task::PrctlModel>().threads;
  for (auto& [tid, creds] : ctx.models.edit<CredsModel>().threads)
    if (auto it = asked.find(tid); it != asked.end()) creds.securebits = it->second.securebits;
  return {};
}

Result<> plan(PlanCtx& ctx) {
  auto& model = ctx.models.edit<CredsModel>();
  model.own = TRY(own_creds());
  for (auto& [tid, wanted] : model.threads) TRY(check_creds(ctx.opt, tid, model.own, wanted));
  return {};
}

}  // namespace creds
}  // namespace cr::security
