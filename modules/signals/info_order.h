// The integers of siginfo_t in the order of the images.
#pragma once

#include "signals/signals.h"

namespace cr::signals {

/// `info`, whose signal and code are `signal` and `code`, with the bytes of each of its integers turned around. Which
/// they are depends on both (the kernel's siginfo_layout). What a program has put behind them by rt_sigqueueinfo(2)
/// stays as it is.
SigInfo with_integers_turned(SigInfo info, std::int32_t signal, std::int32_t code);

/// From the host's order to that of the images, and back. On a little-endian host both leave it as it is.
SigInfo info_for_image(const SigInfo&);
SigInfo info_from_image(const SigInfo&);

}  // namespace cr::signals
