// The parasite: code that the engine runs inside a seized process, one visit per call. It takes its commands from the
// control block, reports, and waits to be lifted out again; when the engine is dead instead, it removes itself and
// resumes the program. No module logic here.
#include "arch/host.h"
#include "infect/wire.h"
#include "parasite/commands.h"
#include "parasite/freestanding.h"

namespace cr::parasite {
namespace {

using infect::Control;

inline bool engine_died(const Control& c) {
  return (__atomic_load_n(&c.owner[0], __ATOMIC_ACQUIRE) & infect::kFutexOwnerDied) != 0;
}

[[noreturn]] void heal(const Control& c) {
  if (c.gadget != 0 && !c.quiet) arch::unmap_and_sigreturn(c.frame, c.gadget, c.base, c.size);
  arch::sigreturn(c.frame);
}

void run_commands(Control& c) {
  auto* base = reinterpret_cast<std::byte*>(c.base);
  const Arena arena{base + c.arena, c.arena_size};
  for (std::uint32_t i = 0; i < c.slots_used && !engine_died(c); ++i)
    c.slot[i].result = Commands::run(c.slot[i].command, base + c.slot[i].offset, arena).raw();
}

}  // namespace

extern "C" [[noreturn]] void parasite_main(Control* control) {
  Control& c = *control;
  // With the engine gone a seccomp filter holds again, and any call may be the last: look first.
  if (engine_died(c)) {
    c.quiet = 1;
    heal(c);
  }
  if (sys::call(__NR_prctl, 21 /* PR_GET_SECCOMP */).raw() != 0) c.quiet = 1;
  run_commands(c);
  const std::uint32_t before = __atomic_exchange_n(&c.done, infect::kFinished, __ATOMIC_ACQ_REL);
  if (before == infect::kHostWaits && !c.quiet) (void)sys::call(__NR_futex, &c.done, 1 /* FUTEX_WAKE */, 1);
  for (std::uint32_t spins = 0;; ++spins) {
    const std::uint32_t word = __atomic_load_n(&c.owner[0], __ATOMIC_ACQUIRE);
    if (word & infect::kFutexOwnerDied) heal(c);
    if (c.quiet || spins < 64)
      arch::relax();
    else
      (void)sys::call(__NR_futex, &c.owner[0], 0 /* FUTEX_WAIT */, word, nullptr);
  }
}

CR_BLOB_ENTRY(parasite_main);

}  // namespace cr::parasite
