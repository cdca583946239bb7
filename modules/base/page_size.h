// The page size of this kernel, which may be another one on the same architecture.
#pragma once

#include <unistd.h>

#include <cstdint>

namespace cr {

/// In bytes. Images tell none: they hold pages of the machine that wrote them.
inline std::uint64_t page_size() {
  static const auto size = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  return size;
}

/// `bytes` in whole pages.
inline std::uint64_t whole_pages(std::uint64_t bytes) { return (bytes + page_size() - 1) & ~(page_size() - 1); }

}  // namespace cr
