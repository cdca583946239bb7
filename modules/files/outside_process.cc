#include "files/outside_process.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/format.h"
#include "core/proc_text.h"
#include "files/description.h"

namespace cr::files {
namespace {

constexpr unsigned long kPidfsMagic = 0x50494446;  // PID_FS_MAGIC, Linux 6.9
constexpr std::size_t kStartTime = 22;             // field of /proc/PID/stat

/// 0 where all pidfds have the same inode.
std::uint64_t inode_of(int pidfd) {
  struct statfs fs;
  struct stat st;
  if (fstatfs(pidfd, &fs) != 0 || static_cast<unsigned long>(fs.f_type) != kPidfsMagic || fstat(pidfd, &st) != 0)
    return 0;
  return st.st_ino;
}

Result<std::string> boot_id() {
  std::string text = TRY(core::read_text("/proc/sys/kernel/random/boot_id"));
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

Result<std::uint64_t> own_pid_space() {
  struct stat st;
  if (stat("/proc/self/ns/pid", &st) != 0) return fail("stat", "/proc/self/ns/pid", errno);
  return st.st_ino;
}

/// A pidfd leads to the same process for ever: while it lives, what /proc shows under its number is about it.
Result<bool> is_alive(int pidfd) {
  const std::string text = TRY(core::read_text(format("/proc/self/fdinfo/{}", pidfd)));
  const auto pid = core::field(text, "Pid");
  return pid && !pid->starts_with("-");
}

}  // namespace

UniqueFd pidfd_of_any(HostPid pid) {
  UniqueFd fd(static_cast<int>(syscall(434 /* pidfd_open */, pid.value, 0)));
  if (!fd && (errno == EINVAL || errno == ENOENT))
    fd.reset(static_cast<int>(syscall(434 /* pidfd_open */, pid.value, O_EXCL /* PIDFD_THREAD, 6.9 */)));
  return fd;
}

Result<std::optional<OutsideProcess>> look_at_outside(HostPid pid, int pidfd) {
  OutsideProcess p{.pid = pid, .inode = inode_of(pidfd)};
  p.boot = TRY(boot_id());
  p.pid_space = TRY(own_pid_space());
  const auto stat = core::read_stat(pid);
  if (!TRY(is_alive(pidfd))) return std::optional<OutsideProcess>();
  if (!stat.ok()) return stat.error();
  p.started = stat.value().number(kStartTime);
  p.name = format("pid {} ({})", pid, stat.value().comm());
  return std::optional(std::move(p));
}

Result<> check_same_system(const OutsideProcess& p, const std::string& object) {
  if (TRY(boot_id()) == p.boot && TRY(own_pid_space()) == p.pid_space) return {};
  return fail("restore", object, 0,
              format("it is of {}, which was outside of the tree: that can be told only before the next boot of the "
                     "machine that it was dumped on, and in the pid namespace of the dumper",
                     p.name));
}

Result<bool> is_the_same(const OutsideProcess& p, int pidfd) {
  if (p.inode != 0) return inode_of(pidfd) == p.inode;
  const auto stat = core::read_stat(p.pid);
  return TRY(is_alive(pidfd)) && stat.ok() && stat.value().number(kStartTime) == p.started;
}

Result<UniqueFd> find_outside(const OutsideProcess& p, unsigned flags, const std::string& object) {
  UniqueFd fd(static_cast<int>(syscall(434 /* pidfd_open */, p.pid.value, flags)));
  if (!fd) {
    // EINVAL, since 6.15 ENOENT: a thread has that number now, which is no process.
    if (errno == ESRCH || errno == EINVAL || errno == ENOENT) return UniqueFd();
    return fail(format("open a pidfd of {} for", p.name), object, errno);
  }
  return TRY(is_the_same(p, fd.get())) ? std::move(fd) : UniqueFd();
}

}  // namespace cr::files
