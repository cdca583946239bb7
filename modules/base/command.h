// Names of the commands that cross into blobs. Freestanding.
#pragma once

#include <cstdint>
#include <string_view>
#include <type_traits>

namespace cr {

/// 32-bit FNV-1a of a command's name: what a blob dispatches on. Computed at compile time.
constexpr std::uint32_t command_id(std::string_view name) {
  std::uint32_t h = 0x811c9dc5u;
  for (char c : name) h = (h ^ static_cast<unsigned char>(c)) * 0x01000193u;
  return h;
}

/// A plain struct that carries one command's arguments and results, e.g. task::ThreadQuery. kName is
/// "<module>.<what>"; kCommand is command_id(kName).
template <class W>
concept WireStruct = std::is_trivially_copyable_v<W> && std::is_standard_layout_v<W> && requires {
  { W::kName } -> std::convertible_to<std::string_view>;
  { W::kCommand } -> std::convertible_to<std::uint32_t>;
};

}  // namespace cr
