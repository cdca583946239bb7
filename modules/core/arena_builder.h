// Fills the argument arena of the restorer: PODs and arrays, one after the other, found again by RelSpan.
#pragma once

#include <cstring>
#include <span>
#include <type_traits>
#include <vector>

#include "base/rel_span.h"

namespace cr {

class ArenaBuilder {
 public:
  /// Copies `items` into the arena, 16-byte aligned.
  template <class T>
  RelSpan<T> add(std::span<const T> items) {
    static_assert(std::is_trivially_copyable_v<T>);
    std::size_t at = (bytes_.size() + 15) & ~std::size_t{15};
    bytes_.resize(at + items.size_bytes());
    if (!items.empty()) std::memcpy(bytes_.data() + at, items.data(), items.size_bytes());
    return {static_cast<std::uint32_t>(at), static_cast<std::uint32_t>(items.size())};
  }
  template <class T>
  RelSpan<T> add(const std::vector<T>& items) {
    return add(std::span<const T>(items));
  }
  /// The bytes so far; overwrite them in place to patch what was added earlier.
  std::vector<std::byte>& bytes() { return bytes_; }

 private:
  std::vector<std::byte> bytes_{};
};

}  // namespace cr
