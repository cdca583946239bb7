// Interval timers and POSIX timers of a process.
//
// Shown by /proc/PID/timers (ids, clocks, notification), and to the task alone by getitimer(2), timer_gettime(2),
// timer_getoverrun(2): the parasite asks. Put back in the restorer, with the time that was left at the dump and as
// late as possible: all timers are made with their ids (PR_TIMER_CREATE_RESTORE_IDS, Linux 6.15; before that, timers
// are made and deleted until the counter is there), then armed.
// A timer whose signal is pending has expired but is not armed again before the signal is taken. It is armed for an
// expiry in the past, in phase, so that the kernel queues the timer's own signal. The overrun count of the last
// delivery is brought back the same way, by an expiry that many intervals ago whose signal the restorer takes; not
// for timers that signal another thread (SIGEV_THREAD_ID), which only that thread could take. Expirations missed
// while a signal is pending are counted only when it is taken: the parasite takes it and makes it pending again. Not
// to be seen, so lost: those of a timer on a CPU clock, of one whose signal number is pending twice, or of one that
// has told overruns before in a program that runs on after the dump (asking would change timer_getoverrun(2));
// whether a CLOCK_REALTIME timer was set to an absolute time (it goes on by the time left). Refused: a
// CLOCK_THREAD_CPUTIME_ID timer that is not armed in a process of several threads, since the kernel does not say
// whose time it counts (an armed one is found by watching it); --allow-lossy thread-cpu-timer takes the main thread.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string_view>
#include <vector>

#include "core/arena_builder.h"
#include "core/module.h"

namespace cr::timers {

/// ITIMER_*: microseconds; value 0: not armed.
struct Itimer {
  std::uint64_t interval_us = 0, value_us = 0;
  friend bool operator==(const Itimer&, const Itimer&) = default;
};

inline constexpr std::int32_t kNotifySignal = 0, kNotifyNone = 1, kNotifyThread = 2, kNotifyThreadId = 4;

struct Timer {
  std::int32_t id = 0;
  std::int32_t clock = 0;  ///< as given to timer_create(2): clocks of a process or thread are negative
  std::int32_t signal = 0;
  std::int32_t notify = kNotifyNone;  ///< SIGEV_*
  std::uint64_t sigval = 0;
  NsPid target;     ///< of SIGEV_THREAD_ID
  NsPid cpu_owner;  ///< CLOCK_THREAD_CPUTIME_ID: whose time it counts
  std::uint32_t overrun = 0;
  std::uint32_t missed = 0;                     ///< expirations while its signal is pending
  std::uint64_t interval_ns = 0, value_ns = 0;  ///< time left; 0: not armed
};

struct ProcessTimers {
  std::array<Itimer, 3> itimers{};
  std::vector<Timer> posix{};  ///< ascending ids
};

struct Model {
  std::map<NsPid, ProcessTimers> processes{};
};

/// The text of /proc/PID/timers, in ascending order of ids. The thread of SIGEV_THREAD_ID is in `target` as the text
/// tells it, a number of the reader's pid namespace. Errors: a record that is not of the known form.
Result<std::vector<Timer>> parse_timers(std::string_view text);
/// The CPU clock of whichever thread made the timer; the kernel shows it as that of thread 0 (-2).
bool is_own_thread_clock(std::int32_t clock);
/// Clocks on which a moment some intervals ago exists also for a restored task: its CPU clocks have just begun.
bool has_past(std::int32_t clock);

struct RestoreProcess;  // wire.h
struct RestoreThread;
Result<> fill_process(const TaskCtx&, RestoreProcess&, ArenaBuilder&);
Result<> fill_thread(const TaskCtx&, std::size_t thread, RestoreThread&, ArenaBuilder&);

Result<> collect(DumpCtx&);
Result<> interrogate(DumpCtx&, const Task&, infect::ParasiteSession&);
Result<> write_core(const DumpCtx&, const Task&, std::size_t thread, pb::core_entry&);
Result<> read_core(ReadCtx&, const Task&, std::size_t thread, const pb::core_entry&);

inline constexpr Module kModule{.name = "timers",
                                .collect = collect,
                                .interrogate = interrogate,
                                .write_core = write_core,
                                .read_core = read_core};

}  // namespace cr::timers
