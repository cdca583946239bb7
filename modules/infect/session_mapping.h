// The memory that engine and target share during a session: layout, the two mappings, the engine's sign of life.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/ids.h"
#include "base/result.h"
#include "infect/wire.h"

namespace cr::infect {

/// Offsets within the mapping, whole pages each: code, control block and wire structs, stack, a frame for threads
/// that have none on their own stack, the arena.
struct Layout {
  std::uint32_t control = 0, wires = 0, wires_end = 0, stack_top = 0, frame = 0, frame_size = 0, arena = 0, size = 0;

  static Layout of(std::size_t code_size, std::size_t frame_size, std::size_t arena_size);
};

/// The bytes of the parasite.
std::span<const std::byte> parasite_code();

/// The engine's view of the mapping, and the robust futex in it that tells the parasite whether the engine lives.
class SharedMapping {
 public:
  SharedMapping() = default;
  SharedMapping(const SharedMapping&) = delete;
  SharedMapping& operator=(const SharedMapping&) = delete;
  ~SharedMapping() { release(); }

  /// Maps what process `pid` has at `base`; `split` says that code and the rest are two mappings there,
  /// the code read-only. Copies the code, takes the futex. Errors: open(2) of /proc/PID/map_files (EPERM without
  /// CAP_CHECKPOINT_RESTORE), mmap(2).
  Result<> attach(HostPid pid, std::uint64_t base, const Layout& layout, bool split);
  /// As if the engine had died: whoever still runs in the mapping heals, and unmaps it. Then as release().
  void abandon();
  /// Gives up the futex and unmaps. Only unmaps in a process or thread that did not attach.
  void release();

  explicit operator bool() const { return base_ != nullptr; }
  std::byte* at(std::uint32_t offset) const { return base_ + offset; }
  Control& control() const { return *reinterpret_cast<Control*>(base_ + layout_.control); }

 private:
  Result<> map_piece(HostPid pid, std::uint64_t remote, std::uint32_t from, std::uint32_t to);

  std::byte* base_ = nullptr;
  Layout layout_;
  pid_t owner_ = 0;
  bool locked_ = false;
};

}  // namespace cr::infect
