// Arrays inside one block of memory that two address spaces see at different places. Freestanding.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace cr {

/// `count` objects at `offset` bytes from the base of the block.
template <class T>
struct RelSpan {
  std::uint32_t offset = 0;
  std::uint32_t count = 0;

  std::span<T> in(std::byte* base) const { return {reinterpret_cast<T*>(base + offset), count}; }
  std::span<const T> in(const std::byte* base) const { return {reinterpret_cast<const T*>(base + offset), count}; }
};
static_assert(sizeof(RelSpan<int>) == 8);

/// What every step of the restorer blob gets first: where its arena is. All RelSpans count from there.
struct BlobCtx {
  std::byte* arena;
};

}  // namespace cr
