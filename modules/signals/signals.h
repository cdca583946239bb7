// Signals: what a process does with them, what is pending, and on which stack handlers run.
//
// Shown by rt_sigaction(2) and sigaltstack(2) to the task alone (the parasite asks); both queues, in
// order and with their siginfo, by PTRACE_PEEKSIGINFO. The mask is with the registers (task/regs.h).
// Put back in the restorer: dispositions first, since ignoring a signal empties its queue; then each thread queues to
// itself what was pending, which the kernel allows with any si_code.
// Signals of POSIX timers (SI_TIMER) are the module timers' to put back: queued by hand they would not count as the
// timer's own, and the next expiry would queue a second one. SIGSTOP can't be blocked, so the coordinator sends a
// pending one (finish).
// Refused: a siginfo of another size than the kernel's (image).
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <vector>

#include "core/arena_builder.h"
#include "core/module.h"

namespace cr::signals {

inline constexpr int kSignals = 64;  ///< _NSIG, the same on all architectures but MIPS

/// The kernel's struct sigaction.
struct Action {
  std::uint64_t handler = 0, flags = 0, restorer = 0, mask = 0;
  friend bool operator==(const Action&, const Action&) = default;
};

/// The kernel's siginfo_t, all 128 bytes as they are.
using SigInfo = std::array<std::uint8_t, 128>;
/// The fields that every siginfo begins with.
std::int32_t signal_of(const SigInfo&);
std::int32_t code_of(const SigInfo&);
/// si_timerid: meaningful when code_of() is SI_TIMER.
std::int32_t timer_of(const SigInfo&);

/// sigaltstack(2). flags 2 (SS_DISABLE): none.
struct AltStack {
  std::uint64_t sp = 0, size = 0;
  std::uint32_t flags = 2;
};

struct ProcessSignals {
  std::vector<Action> actions{};  ///< entry i is signal i + 1; empty: not in the image
  std::vector<SigInfo> shared{};  ///< the process' queue, oldest first
  bool compat = false;            ///< handlers are of 32-bit code, and get frames of that kind
};

struct ThreadSignals {
  AltStack stack{};
  std::vector<SigInfo> queue{};  ///< the thread's own, oldest first
};

struct Model {
  std::map<NsPid, ProcessSignals> processes{};
  std::map<NsPid, ThreadSignals> threads{};
};

/// Whether that signal was pending for the task or one of its threads.
bool is_pending(const Model&, const Task&, int signal);

struct RestoreProcess;  // wire.h
struct RestoreThread;
Result<> fill_process(const TaskCtx&, RestoreProcess&, ArenaBuilder&);
Result<> fill_thread(const TaskCtx&, std::size_t thread, RestoreThread&, ArenaBuilder&);

/// Reads what is pending for the process and each of its threads. Once more after its timers were read: see
/// timers::interrogate.
Result<> read_queues(DumpCtx&, const Task&);

Result<> collect(DumpCtx&);
Result<> interrogate(DumpCtx&, const Task&, infect::ParasiteSession&);
Result<> write_core(const DumpCtx&, const Task&, std::size_t thread, pb::core_entry&);
Result<> read_core(ReadCtx&, const Task&, std::size_t thread, const pb::core_entry&);
/// Sends the pending SIGSTOPs to the stopped tasks.
/// Handlers of 32-bit code are of 32-bit programs only.
Result<> plan(PlanCtx&);
Result<> finish(RestoreCtx&);

inline constexpr Module kModule{.name = "signals",
                                .collect = collect,
                                .interrogate = interrogate,
                                .write_core = write_core,
                                .read_core = read_core,
                                .plan = plan,
                                .finish = finish};

}  // namespace cr::signals
