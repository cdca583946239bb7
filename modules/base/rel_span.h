// Arrays in memory that two address spaces map at different places: offset + count instead of a pointer.
// Freestanding.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace cr {

/// `count` objects of type T that start `offset` bytes into an arena. Trivially copyable, so it may lie in a wire
/// struct; Arena::view() makes a checked span of it.
template <class T>
struct RelSpan {
  std::uint32_t offset = 0;
  std::uint32_t count = 0;

  /// The array, trusted: for arguments that the engine itself has composed.
  std::span<T> in(std::byte* base) const { return {reinterpret_cast<T*>(base + offset), count}; }
};

/// One stretch of memory that arguments and results live in, as the side at hand sees it.
class Arena {
 public:
  constexpr Arena() = default;
  constexpr Arena(std::byte* base, std::size_t size) : base_(base), size_(size) {}

  std::byte* base() const { return base_; }
  std::size_t size() const { return size_; }

  /// The array as a span; empty when it does not lie wholly within the arena.
  template <class T>
  std::span<T> view(RelSpan<T> s) const {
    const std::size_t bytes = static_cast<std::size_t>(s.count) * sizeof(T);
    if (s.offset > size_ || bytes > size_ - s.offset || s.offset % alignof(T) != 0) return {};
    return {reinterpret_cast<T*>(base_ + s.offset), s.count};
  }

 private:
  std::byte* base_ = nullptr;
  std::size_t size_ = 0;
};

/// What every step of the restorer blob gets first: where its arena is. All RelSpans count from there.
struct BlobCtx {
  std::byte* arena;
};

}  // namespace cr
