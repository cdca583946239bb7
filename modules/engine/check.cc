#include "engine/check.h"

#include <sys/utsname.h>

#include <array>
#include <cstdio>

#include "base/format.h"
#include "engine/engine.h"

namespace cr::engine {
namespace {

// clang-format off
constexpr std::array kFeatures{
    Feature{"privileges", Need::kAlways, true, "tasks of other users, exact pids and credentials", probe::privileges},
    Feature{"ptrace_seize", Need::kAlways, true, "stopping a task", probe::ptrace_seize},
    Feature{"ptrace_signals", Need::kAlways, true, "pending signals and signal masks", probe::ptrace_signals},
    Feature{"kcmp", Need::kAlways, true, "what tasks share with each other", probe::kcmp},
    Feature{"clone3_set_tid", Need::kAlways, true, "exact pids", probe::clone3_set_tid},
    Feature{"children", Need::kAlways, true, "finding the tree (CONFIG_PROC_CHILDREN)", probe::children},
    Feature{"map_files", Need::kAlways, true, "mapped files that have no name any more", probe::map_files},
    Feature{"mnt_id", Need::kAlways, true, "the mount a descriptor was opened on", probe::mount_ids},
    Feature{"pagemap", Need::kAlways, true, "telling used pages from unused ones", probe::pagemap},
    Feature{"set_mm_map", Need::kAlways, true, "bounds of heap, stack and arguments (CONFIG_CHECKPOINT_RESTORE)", probe::set_mm_map},
    Feature{"memfd", Need::kAlways, true, "injected code and memfd descriptors", probe::memfd},
    Feature{"timers", Need::kAlways, true, "POSIX timers (CONFIG_CHECKPOINT_RESTORE)", probe::posix_timers},
    Feature{"pidfd_getfd", Need::kAlways, true, "looking at a task's descriptors", probe::pidfd_getfd},
    Feature{"get_rseq_conf", Need::kAlways, true, "restartable sequences, which the C library registers", probe::ptrace_rseq},

    Feature{"seccomp_suspend", Need::kExtra, true, "tasks under seccomp", probe::suspend_seccomp},
    Feature{"seccomp_filters", Need::kExtra, true, "tasks with seccomp filters", probe::seccomp_filters},
    Feature{"timerfd", Need::kExtra, true, "timerfds that have expired", probe::timerfd_ticks},
    Feature{"syscall_dispatch", Need::kExtra, true, "tasks with syscall user dispatch", probe::ptrace_syscall_dispatch},
    Feature{"futex_waitv", Need::kExtra, true, "programs that wait for several futexes", probe::futex_waitv},
    Feature{"compat_cr", Need::kExtra, true, "32-bit programs", probe::compat_programs},
    Feature{"userns", Need::kExtra, true, "user namespaces", probe::user_namespace},
    Feature{"cgroupns", Need::kExtra, true, "cgroup namespaces", probe::cgroup_namespace},
    Feature{"timens", Need::kExtra, true, "time namespaces", probe::time_namespace},
    Feature{"openat2", Need::kExtra, true, "paths resolved below a container's root", probe::openat2},

    Feature{"external_net_ns", Need::kExtra, true, "network namespaces", probe::network_namespace},
    Feature{"nsid", Need::kExtra, true, "network devices with an end in another namespace", probe::namespace_ids},
    Feature{"sk_ns", Need::kExtra, true, "sockets of several network namespaces", probe::socket_namespaces},
    Feature{"sk_unix_file", Need::kExtra, true, "unix sockets whose name leads elsewhere by now", probe::socket_files},
    Feature{"tun", Need::kExtra, true, "tun and tap devices", probe::tun},
    Feature{"nftables", Need::kExtra, true, "locking TCP connections; rules of nftables", probe::nf_tables},
    Feature{"fdinfo_lock", Need::kExtra, true, "file locks", probe::lock_lines},
    Feature{"loginuid", Need::kExtra, true, "login uids of the audit system", probe::loginuid},

    Feature{"pagemap_scan", Need::kExperimental, true, "finding used pages without looking at each", probe::pagemap_scan},
    Feature{"timer_cr_ids", Need::kExperimental, true, "POSIX timer ids in one step", probe::timer_ids},
    Feature{"mem_dirty_track", Need::kExperimental, false, "pre-dump", probe::soft_dirty},
    Feature{"uffd", Need::kExperimental, false, "lazy pages", probe::userfaultfd},
    Feature{"uffd-noncoop", Need::kExperimental, false, "lazy pages of programs that fork or unmap", probe::userfaultfd_events},
    Feature{"pidfd_store", Need::kExperimental, false, "telling reused pids between pre-dumps", probe::pidfd_getfd},
};
// clang-format on

bool in_scope(const Feature& f, const CheckScope& scope) {
  switch (f.need) {
    case Need::kAlways:
      return true;
    case Need::kExtra:
      return scope.extra;
    case Need::kExperimental:
      return scope.experimental;
  }
  return false;
}

std::string line(const Feature& f, const probe::Answer& a) {
  std::string_view state = f.used ? (a.yes ? "ok" : "MISSING") : (a.yes ? "unused" : "-");
  std::string text = format("  {:<18}{:<9}", f.name, state);
  if (!f.used) text += format("later for: {}", f.loss);
  if (f.used && !a.yes) text += format("lost: {}", f.loss);
  if (!a.yes) text += format(" ({})", a.detail);
  text.erase(text.find_last_not_of(' ') + 1);
  return text + "\n";
}

Result<> check_one(const std::string& name) {
  std::string known;
  for (const Feature& f : features()) {
    known += format("{}{}", known.empty() ? "" : " ", f.name);
    if (f.name != name) continue;
    probe::Answer a = f.ask();
    if (a.yes && f.used) {
      printf("%s: ok\n", name.c_str());
      return {};
    }
    std::string why = a.yes ? "the kernel has it, crengine does not use it yet" : a.detail;
    return Error{"check", "rely on", format("feature {} ({})", name, why), 0, format("it is for: {}", f.loss)};
  }
  if (name == "list") {
    printf("%s\n", known.c_str());
    return {};
  }
  return Error{"check", "find", format("feature {} (unknown)", name), 0, "--feature list prints the names"};
}

}  // namespace

std::span<const Feature> features() { return kFeatures; }

CheckReport make_report(std::span<const Feature> all, const CheckScope& scope) {
  CheckReport report;
  for (const Feature& f : all) {
    if (!in_scope(f, scope)) continue;
    probe::Answer a = f.ask();
    report.text += line(f, a);
    if (a.yes || !f.used) continue;
    if (f.need == Need::kAlways)
      report.missing_always += format("{}{}", report.missing_always.empty() ? "" : ", ", f.name);
    else
      report.missing_other = true;
  }
  return report;
}

Result<> check(const Options& o) {
  if (!o.check.feature.empty()) return check_one(o.check.feature);
  utsname kernel;
  uname(&kernel);
  CheckReport report = make_report(features(), o.check);
  printf("Linux %s %s\n%s", kernel.release, kernel.machine, report.text.c_str());
  if (!report.missing_always.empty())
    return Error{"check", "go on without", report.missing_always, 0,
                 "run as root, outside of a restricted container, on a kernel with CONFIG_CHECKPOINT_RESTORE"};
  printf(report.missing_other ? "Looks good, but programs that use what is missing above can't be carried.\n"
                              : "Looks good.\n");
  return {};
}

}  // namespace cr::engine
