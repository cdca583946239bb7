// Steps of the restorer that put back seccomp and credentials. Freestanding; runs in the restored process.
//
// Order, per process, after every step of other modules that needs privileges (task::restore_limits is the last):
//   (the coordinator has seized those threads that will have seccomp with PTRACE_O_SUSPEND_SECCOMP)
//   enter_users       once, much earlier, while there is one thread
//   restore_process   once, by the main thread, when all threads exist: filters with TSYNC
//   restore_thread    in each thread, after restore_process: its own filters, then its credentials
//   task::finish_thread, task::finish_process follow
// Filters come before credentials, since a thread that has given up CAP_SYS_ADMIN may not install them without
// no_new_privs; the suspension keeps them from judging the calls that come after them.
#pragma once

#include <linux/capability.h>
#include <linux/prctl.h>
#include <linux/securebits.h>

#include "arch/host.h"
#include "base/rel_span.h"
#include "base/try.h"
#include "security/wire.h"

namespace cr::security {

inline constexpr unsigned kSeccompSetModeFilter = 1;
inline constexpr unsigned kFilterTsync = 1, kFilterSpecAllow = 4;

/// Installs programs. SPEC_ALLOW: speculation is what the controls say (task), not what seccomp would add.
inline SysResult install_filters(const BlobCtx& ctx, RelSpan<RestoreFilter> filters, unsigned more_flags) {
  for (const RestoreFilter& filter : filters.in(ctx.arena)) {
    const struct {
      std::uint16_t length;
      const std::uint64_t* code;
    } program{static_cast<std::uint16_t>(filter.code.count), filter.code.in(ctx.arena).data()};
    const SysResult r =
        sys::call(__NR_seccomp, kSeccompSetModeFilter, filter.flags | kFilterSpecAllow | more_flags, &program);
    if (r.raw() > 0) return -16;  // EBUSY: TSYNC names the thread that is not in line
    TRY(r);
  }
  return 0;
}

/// With one thread, when what needs rights of the outside is done (memory, descriptors). The ids are taken first: the
/// namespace may not know them. The rights are kept until then.
inline SysResult enter_users(const BlobCtx& ctx, const EnterUsers& users) {
  constexpr int kNewUser = 0x10000000, kNewPid = 0x20000000;
  if (users.fd < 0) return 0;
  const auto groups = users.groups.in(ctx.arena);
  if (!users.same_groups) TRY(sys::call(__NR_setgroups, groups.size(), groups.data()));
  TRY(sys::call(__NR_setresgid, users.gid[0], users.gid[1], users.gid[2]));
  TRY(sys::call(__NR_prctl, PR_SET_SECUREBITS, 1L << SECURE_NO_SETUID_FIXUP, 0, 0, 0));
  TRY(sys::call(__NR_setresuid, users.uid[0], users.uid[1], users.uid[2]));
  TRY(sys::call(__NR_setns, users.fd, kNewUser));
  return users.children_too ? sys::call(__NR_unshare, kNewPid) : SysResult(0);
}

inline SysResult restore_process(const BlobCtx& ctx, const RestoreProcess& p) {
  return install_filters(ctx, p.common, kFilterTsync);
}

inline SysResult set_caps(std::uint64_t permitted, std::uint64_t effective, std::uint64_t inheritable) {
  const __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  const auto low = [](std::uint64_t v) { return static_cast<std::uint32_t>(v); };
  const auto high = [](std::uint64_t v) { return static_cast<std::uint32_t>(v >> 32); };
  const __user_cap_data_struct data[2] = {{low(effective), low(permitted), low(inheritable)},
                                          {high(effective), high(permitted), high(inheritable)}};
  return sys::call(__NR_capset, &header, data);
}

/// The calling thread's permitted set.
inline SysResult get_permitted(std::uint64_t& permitted) {
  const __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2] = {};
  TRY(sys::call(__NR_capget, &header, data));
  permitted = data[0].permitted | static_cast<std::uint64_t>(data[1].permitted) << 32;
  return 0;
}

inline SysResult drop_bounding(std::uint64_t wanted) {
  for (int cap = 0; cap < 64; ++cap) {
    const SysResult has = sys::call(__NR_prctl, PR_CAPBSET_READ, cap, 0, 0, 0);
    if (!has.ok()) break;  // EINVAL: behind the last capability
    if (has.raw() == 1 && !(wanted >> cap & 1)) TRY(sys::call(__NR_prctl, PR_CAPBSET_DROP, cap, 0, 0, 0));
  }
  return 0;
}

inline SysResult raise_ambient(std::uint64_t wanted) {
  TRY(sys::call(__NR_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0));
  for (int cap = 0; cap < 64; ++cap)
    if (wanted >> cap & 1) TRY(sys::call(__NR_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0));
  return 0;
}

inline SysResult set_securebits(std::uint32_t wanted) {
  constexpr std::uint32_t kKeep = 1u << SECURE_KEEP_CAPS;
  const std::uint32_t now = static_cast<std::uint32_t>(TRY(sys::call(__NR_prctl, PR_GET_SECUREBITS, 0, 0, 0, 0)));
  if (now == wanted) return 0;
  // The one bit that needs no capability.
  if ((now ^ wanted) == kKeep) return sys::call(__NR_prctl, PR_SET_KEEPCAPS, (wanted & kKeep) != 0, 0, 0, 0);
  return sys::call(__NR_prctl, PR_SET_SECUREBITS, wanted, 0, 0, 0);
}

inline SysResult set_gids(const RestoreThread& t) {
  TRY(sys::call(__NR_setresgid, t.gid[0], t.gid[1], t.gid[2]));
  (void)sys::call(__NR_setfsgid, t.gid[3]);  // returns the old id, whatever happened
  return 0;
}

/// The permitted set outlives the change of users (PR_SET_KEEPCAPS), the effective one is raised again in between: a
/// file system id that is none of the others needs the capability.
inline SysResult set_uids(const RestoreThread& t) {
  (void)sys::call(__NR_prctl, PR_SET_KEEPCAPS, 1, 0, 0, 0);
  TRY(sys::call(__NR_setresuid, t.uid[0], t.uid[1], t.uid[2]));
  std::uint64_t permitted = 0;
  TRY(get_permitted(permitted));
  TRY(set_caps(permitted, permitted, t.inheritable));
  (void)sys::call(__NR_setfsuid, t.uid[3]);
  // -1 is no id: the call changes nothing and tells what is there.
  if (sys::call(__NR_setfsuid, -1).raw() != static_cast<long>(t.uid[3])) return -1;
  return set_caps(permitted, permitted, t.inheritable);
}

inline SysResult set_ids(const BlobCtx& ctx, const RestoreThread& t) {
  const auto groups = t.groups.in(ctx.arena);
  if (!t.same_groups) TRY(sys::call(__NR_setgroups, groups.size(), groups.data()));
  if (!t.same_gids) TRY(set_gids(t));
  if (!t.same_uids) TRY(set_uids(t));
  if (!t.same_gids && sys::call(__NR_setfsgid, -1).raw() != static_cast<long>(t.gid[3])) return -1;
  return 0;
}

inline SysResult restore_creds(const BlobCtx& ctx, const RestoreThread& t) {
  std::uint64_t permitted = 0;
  TRY(get_permitted(permitted));
  // Inheritable before bounding: what has left the bounding set can't be added any more.
  TRY(set_caps(permitted, permitted, t.inheritable));
  TRY(drop_bounding(t.bounding));
  TRY(set_ids(ctx, t));
  TRY(raise_ambient(t.ambient));  // before securebits, which may forbid it
  TRY(set_securebits(t.securebits));
  return set_caps(t.permitted, t.effective, t.inheritable);
}

inline SysResult restore_thread(const BlobCtx& ctx, const RestoreThread& t) {
  TRY(install_filters(ctx, t.filters, 0));
  if (!t.same_creds) TRY(restore_creds(ctx, t));
  if (t.no_new_privs) TRY(sys::call(__NR_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
  return t.seccomp_strict ? sys::call(__NR_prctl, PR_SET_SECCOMP, 1, 0, 0, 0) : SysResult(0);
}

}  // namespace cr::security
