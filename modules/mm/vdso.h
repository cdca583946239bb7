// The vdso: code and data of the kernel inside every process. Programs keep pointers to its functions, so it must be
// at its place and have them where they were. A restore compares the image's with its own kernel's, byte by byte:
// - alike, or with the same functions at the same offsets: the kernel's own is moved to the old place.
// - otherwise the old code stays at its place as ordinary memory, the kernel's own goes to a gap of the address
// space, and
//   each old function's entry is overwritten with a jump to the one of the same name (a proxy). To later dumps both
//   are what they are: memory, and a vdso.
// 32-bit programs have one of their own, which the restored process has made by arch_prctl(2) where the old one was;
// it has to be alike, and of another kernel it is refused. Refused by the restore: a thread that stands inside of old
// code that would not be there any more, functions that this kernel neither has nor replaces by a system call. By the
// dump: a vdso that the program has changed or split. Signal frames need nothing of it: on x86_64 a handler returns
// by the program's own restorer, without which the kernel refuses to run it, and the vdso has no sigreturn.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/result.h"
#include "mm/mm.h"
#include "mm/vdso_elf.h"
#include "mm/wire.h"

namespace cr::mm {

/// Where the kernel's pages lie; the parts of the vvar area counted as one.
struct VdsoPlace {
  Range vdso{}, vvar{};
};

/// This process's vdso, which is that of the running kernel.
struct OwnVdso {
  VdsoPlace place;
  std::vector<Range> vvar_parts{};
  std::span<const std::uint8_t> code{};
  std::vector<std::uint8_t> copy{};  ///< what `code` shows when the vdso itself is not in this process
  /// Errors: /proc/self/maps.
  static Result<OwnVdso> find();
  /// The same, from the text of /proc/self/maps.
  static Result<OwnVdso> find_in(const std::string& maps);
};

/// Those of the running kernel, each looked for when it is asked for.
class KernelVdsos {
 public:
  /// That of 64-bit programs or (`compat`) of 32-bit ones, which a child process has to map. Errors: /proc/self/maps;
  /// a kernel that runs no 32-bit programs.
  Result<const OwnVdso*> of(bool compat);

 private:
  std::optional<OwnVdso> native_, compat_;
};

/// How the vdso of an image gets on with this kernel's.
enum class VdsoFit { kNone, kSame, kSameFunctions, kProxy };
/// `code`: the image's, empty when it has none (then equal sizes count as the same). Errors: a proxy would be needed
/// and there is no code, or no symbols.
Result<VdsoFit> compare_vdso(const VdsoPlace& old, std::span<const std::uint8_t> code, const OwnVdso& own);

/// What to write over the old code at address `at`: for each of its functions a jump to the one of this name in
/// `own`, whose code will be at `own_at`. Errors: a function that has no counterpart, or no room for a jump.
Result<std::vector<Poke>> proxy_pokes(const VdsoFunctions& old, std::uint64_t at, std::uint64_t size,
                                      const VdsoFunctions& own, std::uint64_t own_at);

/// Decides for one task (space.vdso_proxy), in `plan`. Errors: as above; a thread of `t` inside old code.
Result<> plan_vdso(const Models&, const Task& t, const OwnVdso&, AddressSpace&);

/// Refuses the vdso of a task that is being dumped if it is not what the kernel gave it.
Result<> check_untouched(const Task&, const AddressSpace&, int mem_fd, const OwnVdso&);

/// Where the kernel's own pages of this process go; with a proxy, also what is written over the old code. Those of a
/// 32-bit program are made anew.
struct VdsoMoves {
  std::vector<VdsoMove> moves{};
  Range compat{};
  std::vector<Poke> pokes{};
};
/// In the restored task `t`. Errors: no gap in the address space.
Result<VdsoMoves> vdso_moves(const RestoreCtx&, const Task& t, const AddressSpace&, std::uint64_t park);

}  // namespace cr::mm
