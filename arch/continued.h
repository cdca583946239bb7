// How a thread goes on with a call that a stop has interrupted.
#pragma once

#include "arch/host.h"

namespace cr::arch {

/// Registers with which a stopped thread with `r` is to run on. Where the kernel goes on with a sleep by
/// restart_syscall(2) and leaves its own code in the register of the first argument, that call is prepared here, as
/// the kernel would but for that: a later dump finds all arguments. A handler that runs first makes it end with EINTR
/// all the same.
template <class R>
constexpr R continued(const R& r) {
  if constexpr (requires { restart_by_hand(r); })
    return restart_by_hand(r);
  else
    return r;
}

}  // namespace cr::arch
