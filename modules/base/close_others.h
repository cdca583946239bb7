// Leaving nothing open in a child process that lives on beside the engine: whoever looks for the holders of a
// terminal or a socket must not find it.
#pragma once

#include <unistd.h>

#include <algorithm>

namespace cr {

/// Closes every descriptor of the caller but these two, which may be the same.
inline void close_all_but(int a, int b) {
  const auto low = static_cast<unsigned>(std::min(a, b)), high = static_cast<unsigned>(std::max(a, b));
  if (low > 0) close_range(0, low - 1, 0);
  if (high > low + 1) close_range(low + 1, high - 1, 0);
  close_range(high + 1, ~0u, 0);
}

}  // namespace cr
