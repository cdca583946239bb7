#include "infect/parasite_session.h"

#include <linux/futex.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>

#include "base/format.h"
#include "infect/session_state.h"
#include "infect/thread_visit.h"

namespace cr::infect {

using std::chrono::milliseconds;

ParasiteSession::ParasiteSession(std::unique_ptr<State> state) : state_(std::move(state)) {}
ParasiteSession::ParasiteSession(ParasiteSession&&) noexcept = default;
ParasiteSession& ParasiteSession::operator=(ParasiteSession&& o) noexcept {
  if (this == &o) return *this;
  (void)close();
  state_ = std::move(o.state_);
  return *this;
}
ParasiteSession::~ParasiteSession() { (void)close(); }

Result<ParasiteSession> ParasiteSession::open(SeizedTask& task, const SessionOptions& options) {
  ParasiteSession session{std::make_unique<State>()};
  TRY(session.state_->set_up(task, options));  // the destructor gives back what was done
  return session;
}

Result<> ParasiteSession::close() {
  if (!state_) return {};
  return std::exchange(state_, nullptr)->tear_down();
}

// Waits for Control::done. The futex tells the good news; the bad ones (killed, stopped by SIGSTOP, crashed) come
// from wait4, so both are looked at in turn.
Result<> ParasiteSession::State::wait_finished(const SeizedThread& thread, Deadline deadline) {
  constexpr int kSpins = 500;  // some 10 us: most visits are over by then
  std::uint32_t* done = &shared.control().done;
  for (int i = 0; i < kSpins; ++i) {
    if (__atomic_load_n(done, __ATOMIC_ACQUIRE) == kFinished) return {};
    arch::relax();
  }
  timespec nap{0, 1000000};
  for (;;) {
    std::uint32_t expected = kBusy;
    __atomic_compare_exchange_n(done, &expected, kHostWaits, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
    if (expected == kFinished) return {};
    const SysResult woken = sys::call(__NR_futex, done, FUTEX_WAIT, kHostWaits, &nap);
    if (__atomic_load_n(done, __ATOMIC_ACQUIRE) == kFinished) return {};
    Stop stop{};
    if (woken.err() != ETIMEDOUT) continue;
    if (nap.tv_nsec < 50000000) nap.tv_nsec *= 2;
    if (poll_stop(thread.tid, stop)) {
      if (stop.kind == Stop::kDead) return died(thread);
      if (stop.kind == Stop::kSignal && stop.signal != SIGSTOP)
        return Error{"infect", "run code in", format("thread {}", thread.tid), EFAULT,
                     format("the injected code got signal {}; please report this", stop.signal)};
      // A group stop begins or ends around us: on we go, it takes hold again after detach.
      const std::uint64_t signal = stop.kind == Stop::kSignal ? SIGSTOP : 0;
      if (!ptrace_request(PTRACE_CONT, thread.tid, 0, signal).ok()) return died(thread);
      nap.tv_nsec = 1000000;
    }
    if (std::chrono::steady_clock::now() > deadline)
      return Error{"infect", "run code in", format("thread {}", thread.tid), ETIMEDOUT, "it did not finish in time"};
  }
}

Result<> ParasiteSession::State::run_parasite(SeizedThread& thread) {
  const std::uint64_t control = base + layout.control;
  const Deadline deadline = deadline_in(timeout);
  if (&thread != opener) TRY(allow_all_syscalls(thread, pid));
  astray = true;
  TRY(go_away(thread, arch::at_entry(thread.regs, base, base + layout.stack_top, control)));
  if (!ptrace_request(PTRACE_CONT, thread.tid, 0, nullptr).ok()) return died(thread);
  auto finished = wait_finished(thread, deadline);
  if (!finished.ok() && finished.error().err == ESRCH) return finished;
  if (!finished.ok() && finished.error().err == EFAULT) {  // stands in a signal stop, which must not deliver
    TRY(come_back(thread));
    astray = false;
    return finished;
  }
  (void)ptrace_request(PTRACE_INTERRUPT, thread.tid, 0, nullptr);
  const Stop stop = TRY(wait_event_stop(thread.tid, deadline_in(timeout)));
  if (stop.kind == Stop::kDead) return died(thread);
  TRY(come_back(thread));
  astray = false;
  return finished;
}

Result<> ParasiteSession::run(SeizedThread& thread, std::span<const Request> requests) {
  if (!state_)
    return Error{"infect", "run code in", format("thread {}", thread.tid), EINVAL, "the session is closed"};
  State& s = *state_;
  if (thread.shadow_stack)
    return Error{"infect", "run code in", format("thread {}", thread.tid), ENOTSUP,
                 "it uses a hardware shadow stack (CET), which is not supported"};
  Control& c = s.shared.control();
  std::uint32_t at = s.layout.wires;
  for (std::size_t i = 0; i < requests.size(); ++i) {
    const Request& r = requests[i];
    at = (at + r.align - 1) / r.align * r.align;
    if (at + r.size > s.layout.wires_end) return Error{"infect", "run", r.name, E2BIG, "its arguments do not fit"};
    std::memcpy(s.shared.at(at), r.data, r.size);
    c.slot[i] = {r.command, at, -ECANCELED};
    at += r.size;
  }
  c.slots_used = static_cast<std::uint32_t>(requests.size());
  c.base = s.base;
  c.size = s.layout.size;
  c.arena = s.layout.arena;
  c.arena_size = s.layout.size - s.layout.arena;
  const bool opener = &thread == s.opener;
  c.frame = opener ? s.frame : s.shared_frame(thread);
  c.gadget =
      opener ? s.gadgets.syscall_ret : 0;  // another thread's frame lies in the mapping, which has to stay then
  c.quiet = 0;
  __atomic_store_n(&c.done, kBusy, __ATOMIC_RELEASE);
  TRY(s.run_parasite(thread));
  for (std::size_t i = 0; i < requests.size(); ++i) {
    const SysResult result(static_cast<long>(c.slot[i].result));
    if (!result.ok())
      return Error{"infect", format("run {} in", requests[i].name), format("thread {}", thread.tid), result.err(),
                   ""};
    std::memcpy(requests[i].data, s.shared.at(c.slot[i].offset), requests[i].size);
  }
  return {};
}

Result<SysResult> ParasiteSession::remote_syscall(SeizedThread& thread, long nr,
                                                  std::span<const std::uint64_t> args) {
  RawSyscall raw{.nr = nr, .args = {}, .result = 0};
  std::copy_n(args.begin(), std::min<std::size_t>(args.size(), 6), raw.args);
  TRY(call(thread, raw));
  return SysResult(static_cast<long>(raw.result));
}

Result<std::uint32_t> ParasiteSession::reserve_bytes(std::size_t size, std::size_t align) {
  State& s = *state_;
  const std::size_t capacity = s.layout.size - s.layout.arena;
  const std::size_t at = (s.arena_used + align - 1) / align * align;
  if (at > capacity || size > capacity - at)
    return Error{"infect", "reserve", format("{} bytes of the arena", size), ENOMEM,
                 "open the session with a larger one"};
  s.arena_used = static_cast<std::uint32_t>(at + size);
  return static_cast<std::uint32_t>(at);
}

void ParasiteSession::reset_arena() { state_->arena_used = 0; }

Arena ParasiteSession::arena() const {
  const State& s = *state_;
  return {s.shared.at(s.layout.arena), s.layout.size - s.layout.arena};
}

RemotePtr ParasiteSession::address_of(std::uint32_t offset) const {
  return RemotePtr{state_->base + state_->layout.arena + offset};
}

RemotePtr ParasiteSession::owner_word() const { return RemotePtr{state_->base + state_->layout.control}; }

std::pair<RemotePtr, Bytes> ParasiteSession::mapping() const {
  return {RemotePtr{state_->base}, Bytes{state_->layout.size}};
}

}  // namespace cr::infect
