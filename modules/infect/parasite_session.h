// Running the project's own code inside a seized process, so that the process survives whatever becomes of the
// engine.
//
// One mapping is made in the target (anonymous, shared) and mapped into the engine as well (/proc/PID/map_files), so
// arguments and results are never copied between the two. From the first changed register on, the thread's stack
// holds a signal frame that leads it back to itself: see docs/design.md "Injection that heals itself".
#pragma once

#include <array>
#include <chrono>
#include <concepts>
#include <cstring>
#include <memory>
#include <span>

#include "base/command.h"
#include "base/rel_span.h"
#include "base/result.h"
#include "base/sys_result.h"
#include "infect/seize.h"

namespace cr::infect {

class GadgetCache;

struct SessionOptions {
  /// Room for arrays in arguments and results; pages cost memory only once they are touched.
  std::size_t arena_size = 1 << 20;
  /// How long one call may take before the session gives up on it.
  std::chrono::milliseconds timeout{30000};
  /// Shared by the sessions of a tree: its C library is then scanned once. May be null.
  GadgetCache* gadgets = nullptr;
};

/// Move-only guard: while it lives the target has one mapping more. One thread of the process at a time runs
/// injected code, the others stay stopped. Bound to the thread that opened it, like the ptrace relation itself: when
/// that thread ends, the kernel wakes the injected code and it cleans up by itself (robust futex).
class ParasiteSession {
 public:
  /// Finds the gadgets, writes the frame, maps the arena. Errors, by name: shadow stacks in use, no place for the
  /// frame, mmap refused in the target (its limits, a policy against executable memory), no CAP_CHECKPOINT_RESTORE
  /// for map_files, target killed meanwhile. After an error the target is as before.
  static Result<ParasiteSession> open(SeizedTask& task, const SessionOptions& options = {});

  ParasiteSession(ParasiteSession&&) noexcept;
  ParasiteSession& operator=(ParasiteSession&&) noexcept;
  ~ParasiteSession();

  /// Runs one or more commands in `thread`, in order and in one visit; the structs are arguments and results. The
  /// thread is back in its stop with its own registers and mask when this returns. Error when a command failed: step
  /// is its name, errno what it returned. Errors also: target died, timeout, command unknown to the blob.
  template <WireStruct... W>
  Result<> call(SeizedThread& thread, W&... wires) {
    static_assert(sizeof...(W) >= 1 && sizeof...(W) <= kMaxCommands);
    const std::array<Request, sizeof...(W)> requests{
        Request{W::kCommand, sizeof(W), alignof(W), static_cast<void*>(&wires), W::kName}...};
    return run(thread, requests);
  }

  /// One system call in `thread`, arguments as they are (pointers are addresses of the target; address_of() gives
  /// those of arena memory). Errors are of the injection; the call's own outcome is the value.
  Result<SysResult> remote_syscall(SeizedThread& thread, long nr, std::span<const std::uint64_t> args);
  template <class... A>
  Result<SysResult> remote_syscall(SeizedThread& thread, long nr, A... args) {
    const std::array<std::uint64_t, sizeof...(A)> words{static_cast<std::uint64_t>(args)...};
    return remote_syscall(thread, nr, std::span<const std::uint64_t>(words));
  }

  /// Reserves `count` objects in the arena until reset_arena(). They start zeroed the first time. Error: ENOMEM.
  template <class T>
  Result<RelSpan<T>> reserve(std::size_t count) {
    std::uint32_t offset = TRY(reserve_bytes(count * sizeof(T), alignof(T)));
    return RelSpan<T>{offset, static_cast<std::uint32_t>(count)};
  }
  /// Forgets all reservations.
  void reset_arena();
  /// The memory behind a reservation, in the engine's address space. Shared with the target.
  template <class T>
  std::span<T> view(RelSpan<T> s) const {
    return arena().view(s);
  }
  Arena arena() const;
  /// Where an arena offset lies in the target.
  RemotePtr address_of(std::uint32_t offset) const;
  /// Where Control::owner lies in the target: the word that the kernel marks when the engine has died.
  RemotePtr owner_word() const;
  /// The mapping in the target (start, length), so that a dump leaves it out.
  std::pair<RemotePtr, Bytes> mapping() const;

  /// Unmaps the arena in the target, puts back the stack bytes and the thread. Done by the destructor as well.
  Result<> close();

 private:
  static constexpr std::size_t kMaxCommands = 16;
  struct Request {
    std::uint32_t command;
    std::uint32_t size, align;
    void* data;
    const char* name;
  };
  struct State;
  explicit ParasiteSession(std::unique_ptr<State> state);
  Result<> run(SeizedThread& thread, std::span<const Request> requests);
  Result<std::uint32_t> reserve_bytes(std::size_t size, std::size_t align);

  std::unique_ptr<State> state_;
};

}  // namespace cr::infect
