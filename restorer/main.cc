// The restorer: the last code of the engine inside a restored process. It gives up the memory it was forked with,
// brings the process to its final shape, and parks; the coordinator then takes each thread by ptrace, gives it its
// registers and lets it go. One straight list of steps; the steps live in modules/*/restorer.h.
#include "arch/host.h"
#include "base/clone_args.h"
#include "files/restorer.h"
#include "mm/restorer.h"
#include "parasite/freestanding.h"
#include "restorer/args.h"
#include "restorer/report.h"
#include "security/restorer.h"
#include "signals/restorer.h"
#include "task/restorer.h"
#include "timers/restorer.h"

namespace cr::restorer {
namespace {

struct Here {
  Args& args;
  BlobCtx blob;
  Report report;
};

#define STEP(name, call)                                             \
  do {                                                               \
    if (SysResult r = (call); !r.ok()) h.report.fail(name, r.err()); \
  } while (0)

/// What each thread does for itself while it still has every privilege.
void restore_thread(Here& h, ThreadArgs& t) {
  STEP("restore the state of a thread", task::restore_thread(h.blob, t.task));
  STEP("restore the signals of a thread", signals::restore_thread(h.blob, t.signals));
  STEP("restore the timer signals of a thread", timers::restore_thread(h.blob, t.timers));
  STEP("restore the rings of a thread", files::restore_thread(h.blob, t.files));
}

/// What each thread does last, traced by the coordinator by now.
void finish_thread(Here& h, ThreadArgs& t) {
  STEP("restore the credentials of a thread", security::restore_thread(h.blob, t.security));
  STEP("set the parent-death signal", task::finish_thread(h.blob, t.task));
}

/// A thread that has got another number than it was to have ends: see spawn_wished_thread().
void leave_if_wrong(const ThreadArgs& t) {
  if (t.outer.count == 0 || sys::call(__NR_gettid).raw() == t.own_number) return;
  for (;;) (void)sys::call(__NR_exit, 0);
}

extern "C" void restorer_thread(void* argument) {
  auto& t = *static_cast<ThreadArgs*>(argument);
  leave_if_wrong(t);
  Args& args = *args_of(t);
  Here h{args, {reinterpret_cast<std::byte*>(&args)}, Report(args, t.tid)};
  restore_thread(h, t);
  h.report.done();
  h.report.await(Stage::kFinal);
  h.report.await_zero(args.leader_first);
  finish_thread(h, t);
  h.report.count_down(args.threads_left);
  h.report.done();
  h.report.park();
}

/// Where only the coordinator can see to some of its numbers, and somebody else may get them first. Those that it was
/// made with are given back with its end.
void spawn_wished_thread(Here& h, ThreadArgs& t, CloneArgs& c, void (*entry)(void*)) {
  constexpr int kTries = 2000, kExists = 17;  // EEXIST
  std::byte* const base = reinterpret_cast<std::byte*>(&h.args);
  h.report.begin_wish();
  for (int tries = 0;; ++tries) {
    h.report.wish(h.args.pid_spaces.in(base), t.outer.in(base));
    const SysResult made = arch::spawn_on_stack(&c, sizeof c, entry, &t);
    if (made.ok() && made.raw() == t.own_number) break;
    if (tries == kTries || (!made.ok() && made.err() != kExists))
      h.report.fail("create a thread with its number", made.ok() ? kExists : made.err());
    while (made.ok() && sys::call(__NR_tkill, made.raw(), 0).ok()) h.report.nap();
    h.report.nap();
  }
  h.report.end_wish();
}

void spawn_thread(Here& h, ThreadArgs& t, void (*entry)(void*) = restorer_thread) {
  const auto numbers = t.numbers.in(reinterpret_cast<std::byte*>(&h.args));
  CloneArgs c{};
  c.flags = kThreadFlags;
  c.stack = t.stack_top - kThreadStack;
  c.stack_size = kThreadStack;
  c.set_tid = numbers.empty() ? 0 : reinterpret_cast<std::uint64_t>(numbers.data());
  c.set_tid_size = numbers.size();
  if (t.outer.count != 0) return spawn_wished_thread(h, t, c, entry);
  STEP("create a thread", arch::spawn_on_stack(&c, sizeof c, entry, &t));
}

/// The rest for the thread that does what is the process's: the leader, or the first one when that is dead.
[[noreturn]] void lead(Here& h, ThreadArgs& leader) {
  Args& args = h.args;
  restore_thread(h, leader);
  STEP("lock future memory", mm::lock_future(h.blob, args.mm));
  h.report.done();

  h.report.await(Stage::kFinal);
  STEP("open what could not be opened before", files::open_belated(h.blob, args.files, [&h] { h.report.nap(); }));
  STEP("restore the timers", timers::restore_process(h.blob, args.timers));
  STEP("set the limits", task::restore_limits(h.blob, args.task));
  STEP("install seccomp filters", security::restore_process(h.blob, args.security));
  h.report.count_down(args.leader_first);
  finish_thread(h, leader);
  h.report.await_zero(args.threads_left);
  STEP("set dumpable", task::finish_process(h.blob, args.task));
  h.report.done();
  h.report.park();
}

extern "C" void restorer_first_thread(void* argument) {
  auto& t = *static_cast<ThreadArgs*>(argument);
  leave_if_wrong(t);
  Args& args = *args_of(t);
  Here h{args, {reinterpret_cast<std::byte*>(&args)}, Report(args, t.tid)};
  lead(h, t);
}

/// Ends the main thread alone, with nothing left that the kernel would write to memory for it.
[[noreturn]] void exit_as_leader(Here& h, const DeadLeader& leader) {
  STEP("name the dead leader", sys::call(__NR_prctl, 15 /* PR_SET_NAME */, leader.comm, 0, 0, 0));
  STEP("restore the credentials of the dead leader", security::restore_thread(h.blob, leader.security));
  (void)sys::call(__NR_set_tid_address, nullptr);
  (void)sys::call(__NR_set_robust_list, nullptr, 24);
  for (;;) (void)sys::call(__NR_exit, leader.exit_status);
}

void restore_memory(Here& h) {
  const mm::RestoreSpace& s = h.args.mm;
  STEP("park the vdso", mm::park_vdso(h.blob, s));
  STEP("unmap the engine", mm::unmap_rest(h.blob, s));
  STEP("map rings", mm::place_rings(h.blob, s));
  STEP("place the mappings", mm::place_mappings(h.blob, s));
  STEP("read memory", mm::fill_mappings(h.blob, s));
  STEP("make the rings of asynchronous I/O", mm::restore_rings(h.blob, s));
  STEP("register memory with rings", mm::register_memory(h.blob, s));
  STEP("set the mm fields", mm::set_mm_fields(h.blob, s));
  STEP("protect memory", mm::protect_and_advise(h.blob, s));
  STEP("restore the local descriptors", mm::restore_ldt(h.blob, s));
  h.report.memory_is_ready(h.args.memory_of);
}

/// A process that shares the memory of another came here early: the engine's program goes away under its feet.
void join_memory(Here& h) {
  h.report.done();
  h.report.await(Stage::kRestorer);
  h.report.await_memory(h.args.memory_of);
  STEP("register memory with rings", mm::register_memory(h.blob, h.args.mm));
}

}  // namespace

extern "C" [[noreturn]] void restorer_main(Args* a) {
  Args& args = *a;
  auto threads = args.threads.in(reinterpret_cast<std::byte*>(a));
  Here h{args, {reinterpret_cast<std::byte*>(a)}, Report(args, threads[0].tid)};

  if (args.is_sharer)
    join_memory(h);
  else
    restore_memory(h);
  STEP("enter a user namespace", security::enter_users(h.blob, args.security.users));
  if (args.close_from >= 0)
    STEP("close the engine's descriptors", sys::call(__NR_close_range, args.close_from, ~0u, 0));
  STEP("restore the process state", task::restore_process(h.blob, args.task));
  STEP("restore the signals", signals::restore_process(h.blob, args.signals));
  for (std::size_t i = 1; i < threads.size(); ++i) spawn_thread(h, threads[i]);
  if (!args.dead_leader.exits) lead(h, threads[0]);
  spawn_thread(h, threads[0], restorer_first_thread);
  exit_as_leader(h, args.dead_leader);
}

CR_BLOB_ENTRY(restorer_main);

}  // namespace cr::restorer
