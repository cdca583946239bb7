// Strong types for numbers that must not be mixed. Freestanding.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>

namespace cr {

/// A number with a meaning. Tag makes the type; comparison works only within one meaning.
template <class Tag, class Rep>
struct Id {
  Rep value{};
  constexpr Id() = default;
  constexpr explicit Id(Rep v) : value(v) {}
  friend constexpr auto operator<=>(const Id&, const Id&) = default;
};

using HostPid = Id<struct HostPidTag, int>;                ///< pid as the engine's own pid namespace sees it
using NsPid = Id<struct NsPidTag, int>;                    ///< pid as the root task's pid namespace sees it
using TargetFd = Id<struct TargetFdTag, int>;              ///< descriptor number inside a target
using MountId = Id<struct MountIdTag, int>;                ///< mnt_id of /proc/PID/mountinfo and fdinfo
using RemotePtr = Id<struct RemotePtrTag, std::uint64_t>;  ///< address inside a target
using Bytes = Id<struct BytesTag, std::uint64_t>;          ///< an amount of memory or file data

constexpr RemotePtr operator+(RemotePtr p, std::uint64_t n) { return RemotePtr{p.value + n}; }

/// Hash for unordered containers keyed by an Id.
struct IdHash {
  template <class Tag, class Rep>
  std::size_t operator()(Id<Tag, Rep> id) const {
    return static_cast<std::size_t>(id.value) * 0x9e3779b97f4a7c15ull;
  }
};

}  // namespace cr
