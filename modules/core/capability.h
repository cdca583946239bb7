// The capabilities of the engine itself: what a restore can decide before it acts.
#pragma once

#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>

namespace cr::core {

/// The effective set of the calling thread; 0 when it can't be read.
inline std::uint64_t effective_capabilities() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2]{};
  if (syscall(SYS_capget, &header, data) != 0) return 0;
  return data[0].effective | static_cast<std::uint64_t>(data[1].effective) << 32;
}

/// Whether the calling thread may use `cap` (CAP_*), in its own user namespace at least.
inline bool has_capability(int cap) { return (effective_capabilities() >> cap & 1) != 0; }

}  // namespace cr::core
