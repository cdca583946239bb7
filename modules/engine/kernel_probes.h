// Asks the running kernel what it can do, by doing it: on this process, on a child made for it, or on a descriptor.
// Nothing outlives a probe. The table of what the answers mean is in check.cc.
#pragma once

#include <string>

namespace cr::engine::probe {

/// Whether it is there, and what was found out on the way: the error when it isn't, a remark when it is.
struct Answer {
  bool yes = false;
  std::string detail;
};

// kernel_probes.cc: this process, its files in /proc, new descriptors.
Answer privileges();
Answer kcmp();
Answer clone3_set_tid();
Answer map_files();
Answer pagemap();
Answer pagemap_scan();
Answer set_mm_map();
Answer memfd();
Answer posix_timers();
Answer timer_ids();
Answer timerfd_ticks();
Answer children();
Answer mount_ids();
Answer futex_waitv();
Answer openat2();
Answer soft_dirty();
Answer userfaultfd();
Answer userfaultfd_events();
Answer user_namespace();
Answer cgroup_namespace();
Answer time_namespace();
Answer network_namespace();
Answer loginuid();
Answer lock_lines();

// kernel_probes_net.cc: sockets made for it.
Answer tun();
Answer socket_files();
Answer socket_namespaces();
Answer namespace_ids();
Answer nf_tables();

// kernel_probes_child.cc: a child that is traced.
Answer ptrace_seize();
Answer ptrace_signals();
Answer compat_programs();
Answer ptrace_rseq();
Answer ptrace_syscall_dispatch();
Answer suspend_seccomp();
Answer seccomp_filters();
Answer pidfd_getfd();

/// "yes" when `ok`, otherwise the text of errno as it is now.
Answer by_errno(bool ok);

}  // namespace cr::engine::probe
