// A process outside of the tree to which something of the tree leads: who it is, so that a restore can tell whether
// it still lives. Its pid alone does not say that; with the boot, its start and, since Linux 6.9, the number of its
// inode in pidfs, which is never used again, it does.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/ids.h"
#include "base/result.h"
#include "base/unique_fd.h"

namespace cr::pb {
class cr_outside_process;
}

namespace cr::files {

struct OutsideProcess {
  HostPid pid{};                ///< as the dumper knew it
  std::uint64_t pid_space = 0;  ///< inode of the dumper's pid namespace
  std::uint64_t started = 0;    ///< field 22 of /proc/PID/stat
  std::uint64_t inode = 0;      ///< of its pidfd; 0: this kernel has no pidfs
  std::string boot{};           ///< /proc/sys/kernel/random/boot_id
  std::string name{};           ///< for errors: "pid 17 (sshd)"
};

/// A pidfd of a process or, if that number is a thread's, of the thread; pidfd_open(2).
UniqueFd pidfd_of_any(HostPid pid);
/// Who `pid` is, of which `pidfd` is a descriptor; nothing when it has gone meanwhile. Errors: what /proc shows can't
/// be read.
Result<std::optional<OutsideProcess>> look_at_outside(HostPid pid, int pidfd);
/// Whether this system is the one that it lived on, and knows it by the same number. Errors: it is not.
Result<> check_same_system(const OutsideProcess& process, const std::string& object);
/// Whether `pidfd`, of the process that has its number now, is of it.
Result<bool> is_the_same(const OutsideProcess& process, int pidfd);
/// A pidfd of it with these flags of pidfd_open(2); empty when it is gone. On the same system. Errors: pidfd_open(2).
Result<UniqueFd> find_outside(const OutsideProcess& process, unsigned flags, const std::string& object);

void put_outside_process(const OutsideProcess& process, pb::cr_outside_process& entry);
OutsideProcess get_outside_process(const pb::cr_outside_process& entry);

}  // namespace cr::files
