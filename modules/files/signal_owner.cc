#include "files/signal_owner.h"

#include <sys/syscall.h>
#include <unistd.h>

#ifndef F_GETOWNER_UIDS
#define F_GETOWNER_UIDS 17
#endif

namespace cr::files {
namespace {

std::uint32_t pid_in_tree(const TaskTree& tree, const f_owner_ex& owner) {
  for (const Task& task : tree.tasks) {
    if (owner.type == F_OWNER_TID) {
      for (const Thread& thread : task.threads)
        if (thread.host.value == owner.pid) return static_cast<std::uint32_t>(thread.tid.value);
    } else if (task.host.value == owner.pid) {
      return static_cast<std::uint32_t>(task.pid.value);
    } else if (owner.type == F_OWNER_PGRP && getpgid(task.host.value) == owner.pid) {
      return static_cast<std::uint32_t>(task.pgid.value);
    }
  }
  return static_cast<std::uint32_t>(owner.pid);
}

}  // namespace

Result<FileOwner> read_signal_owner(const DumpCtx& ctx, int fd, const std::string& object) {
  FileOwner owner;
  int signal = fcntl(fd, F_GETSIG);
  if (signal < 0) return fail("read F_GETSIG of", object, errno);
  f_owner_ex who{};
  if (fcntl(fd, F_GETOWN_EX, &who) != 0) return fail("read F_GETOWN_EX of", object, errno);
  owner.signum = static_cast<std::uint32_t>(signal);
  if (who.pid == 0) return owner;
  owner.pid_type = static_cast<std::uint32_t>(who.type);
  owner.pid = pid_in_tree(ctx.tree, who);
  std::uint32_t ids[2] = {0, 0};
  if (fcntl(fd, F_GETOWNER_UIDS, ids) != 0)
    return fail("read F_GETOWNER_UIDS of", object, errno, "the kernel needs CONFIG_CHECKPOINT_RESTORE");
  const auto& of_tree = ctx.models.get<core::TreeIds>();
  owner.uid = of_tree.uid(ids[0]);
  owner.euid = of_tree.uid(ids[1]);
  return owner;
}

bool owner_is_late(const TaskTree& tree, const Task& setter, const FileOwner& owner) {
  if (owner.pid == 0) return false;
  const NsPid pid{static_cast<int>(owner.pid)};
  return tree.number_in(setter.space, pid) == 0 || (owner.pid_type == F_OWNER_TID && tree.find(pid) == nullptr);
}

Description as_seen_by(const TaskCtx& setter, const Description& d) {
  Description seen = d;
  FileOwner& o = seen.owner;
  o.pid =
      static_cast<std::uint32_t>(setter.tree().number_in(setter.task.space, NsPid{static_cast<int>(d.owner.pid)}));
  o.uid = core::uid_for(setter.models(), setter.task.pid, d.owner.uid);
  o.euid = core::uid_for(setter.models(), setter.task.pid, d.owner.euid);
  return seen;
}

HostPid host_of(const TaskTree& tree, const FileOwner& owner) {
  for (const Task& task : tree.tasks)
    for (const Thread& thread : task.threads)
      if (thread.tid.value == static_cast<int>(owner.pid)) return thread.host;
  if (owner.pid_type == F_OWNER_PGRP)
    for (const Task& task : tree.tasks)
      if (task.pgid.value == static_cast<int>(owner.pid) && task.host.value > 0)
        return HostPid{getpgid(task.host.value)};
  return HostPid{static_cast<int>(owner.pid)};
}

Result<> set_signal_owner(int fd, const Description& d) {
  const FileOwner& o = d.owner;
  if (o.signum != 0 && fcntl(fd, F_SETSIG, o.signum) != 0) return fail("set F_SETSIG of", d.object, errno);
  if (o.pid != 0) {
    // The kernel takes uid and euid from whoever calls F_SETOWN. By system call, for this thread alone; the saved id
    // stays ours, which keeps the permitted capabilities, so that the way back is open.
    const uid_t uid = getuid(), euid = geteuid();
    const bool other = o.uid != uid || o.euid != euid;
    if (other && syscall(SYS_setresuid, o.uid, o.euid, euid) != 0)
      return fail("take the ids of the owner of", d.object, errno);
    f_owner_ex who{static_cast<decltype(f_owner_ex::type)>(o.pid_type), static_cast<pid_t>(o.pid)};
    const int result = fcntl(fd, F_SETOWN_EX, &who);
    const int err = errno;
    if (other && syscall(SYS_setresuid, uid, euid, euid) != 0)
      return fail("take back our own ids for", d.object, errno);
    if (result != 0 && err != ESRCH) return fail("set F_SETOWN_EX of", d.object, err);
  }
  if (d.flags & O_ASYNC) {
    const int flags = fcntl(fd, F_GETFL);
    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_ASYNC) != 0) return fail("set O_ASYNC of", d.object, errno);
  }
  return {};
}

}  // namespace cr::files
