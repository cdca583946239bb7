// What a ParasiteSession holds, in the order in which it is set up and, backwards, given back.
#pragma once

#include <sys/types.h>

#include <vector>

#include "infect/gadgets.h"
#include "infect/parasite_session.h"
#include "infect/session_mapping.h"

namespace cr::infect {

struct ParasiteSession::State {
  HostPid pid;
  pid_t owner = 0;                 ///< the process that opened the session
  SeizedThread* opener = nullptr;  ///< the thread that has a frame on its stack
  int mem_fd = -1;                 ///< SeizedTask's
  std::chrono::milliseconds timeout{};

  Gadgets gadgets;
  Padding planted;                     ///< when the program had no gadgets of its own
  std::uint64_t frame = 0;             ///< address of opener's frame, 0: not written
  std::vector<std::byte> frame_bytes;  ///< what was there before
  Layout layout;
  std::uint64_t base = 0;  ///< of the mapping in the target, 0: none
  bool split = false;      ///< code and data are two mappings
  SharedMapping shared;
  std::uint32_t arena_used = 0;
  bool astray =
      false;  ///< a thread could not be brought back: it is left to heal, and nothing under it may be touched

  Result<> set_up(SeizedTask& task, const SessionOptions& options);
  Result<> tear_down();

  Result<> place_frame(const std::vector<TargetMapping>& maps);
  Result<> map_remote();
  /// One system call in opener by way of its frame; the thread is left in an event stop with foreign registers.
  Result<SysResult> frame_syscall(long nr, std::span<const std::uint64_t> args);
  /// Builds the frame for a thread other than opener in the shared memory; its address in the target.
  std::uint64_t shared_frame(const SeizedThread& thread);
  /// Lets the parasite run in `thread` until it has finished, and puts the thread back.
  Result<> run_parasite(SeizedThread& thread);
  Result<> wait_finished(const SeizedThread& thread, Deadline deadline);
};

}  // namespace cr::infect
