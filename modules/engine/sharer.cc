#include "engine/sharer.h"

#include <linux/sched.h>
#include <signal.h>
#include <sys/wait.h>

#include "arch/host.h"
#include "core/stages.h"
#include "restorer/report.h"

namespace cr::engine {
namespace {

constexpr int kCloneTries = 2000;

void nap() {
  const std::uint64_t millisecond[2] = {0, 1000000};
  (void)sys::call(__NR_nanosleep, millisecond, nullptr);
}

/// A process with the memory as it is now and with the descriptors of the caller, under a pid that no task of the
/// tree will want.
SysResult fork_stand_in(Sharer& s) {
  std::int32_t pids[Sharer::kMostNumbers];
  for (std::uint64_t i = 0; i < s.levels; ++i) pids[i] = s.stand_in_pid;
  CloneArgs c{};
  c.flags = CLONE_FILES | CLONE_FS;
  c.exit_signal = SIGCHLD;  // ignored by default, and not yet blocked; its own children get it too
  c.set_tid = reinterpret_cast<std::uint64_t>(pids);
  c.set_tid_size = s.levels;
  SysResult child = sys::call(__NR_clone3, &c, sizeof c);
  for (int i = 0; i < kCloneTries && child.err() == EEXIST; ++i) {
    for (std::uint64_t level = 0; level < s.levels; ++level) ++pids[level];
    child = sys::call(__NR_clone3, &c, sizeof c);
  }
  if (child.err() != EINVAL) return child;
  c.set_tid = c.set_tid_size = 0;  // beyond pid_max
  return sys::call(__NR_clone3, &c, sizeof c);
}

/// What it does as long as the memory is the engine's.
extern "C" void sharer_main(void* argument) {
  auto& s = *static_cast<Sharer*>(argument);
  restorer::Report report(s.page, s.pid.value);
  auto must = [&](const char* step, SysResult r) {
    if (!r.ok()) report.fail(step, r.err());
    return r.raw();
  };
  const long pid = must("find itself in /proc", core::pid_in_proc(s.proc_fd));
  s.slot->host_pid = static_cast<std::int32_t>(pid);
  if (s.setsid) must("make a session for a process that shares memory", sys::call(__NR_setsid));
  if (s.leads_group) must("make a process group", sys::call(__NR_setpgid, 0, 0));
  for (Sharer* other : s.makes) must("make a process that shares memory", make_sharer(*other));
  const long stand_in = must("fork the stand-in of a process that shares memory", fork_stand_in(s));
  if (stand_in == 0) s.stand_in(s);
  report.count_up(s.is_made);
  report.done();

  report.await(Stage::kGroups);
  if (s.group != 0 && !s.leads_group && sys::call(__NR_getpgid, 0).raw() != s.group)
    must("join a process group", sys::call(__NR_setpgid, 0, s.group));
  report.done();

  int status = 0;
  must("wait for the stand-in", sys::call(__NR_wait4, stand_in, &status, 0, nullptr));
  if (status != 0) report.fail("restore a process that shares memory: its stand-in died", 0);
  const std::uint64_t all = ~0ull;
  must("block signals", sys::call(__NR_rt_sigprocmask, SIG_SETMASK, &all, nullptr, sizeof all));
  arch::enter_blob(s.arena.entry, s.arena.stack, s.arena.args);
}

}  // namespace

SysResult make_sharer(Sharer& s) {
  CloneArgs c = s.how;
  c.stack = s.arena.birth_stack;
  c.stack_size = kBirthStack;
  c.set_tid = reinterpret_cast<std::uint64_t>(s.numbers);
  c.set_tid_size = s.levels;
  SysResult child = arch::spawn_on_stack(&c, sizeof c, sharer_main, &s);
  for (int i = 0; i < kCloneTries && child.err() == EEXIST;
       ++i) {  // of what was dumped a moment ago: see fork_tree.cc
    nap();
    child = arch::spawn_on_stack(&c, sizeof c, sharer_main, &s);
  }
  if (child.ok()) restorer::Report(s.page, s.pid.value).await_not_zero(s.is_made);
  return child;
}

}  // namespace cr::engine
