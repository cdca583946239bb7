// Extended register state of x86_64 taken apart by component, so that it can go to a CPU that lays it out
// differently.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "arch/x86_64/fpu.h"

namespace cr::arch::x86_64 {

/// Numbers of state components: bits of XCR0 (Intel SDM volume 1, 13.1).
enum XComponent : unsigned {
  kXFp = 0,
  kXSse = 1,
  kXAvx = 2,
  kXBndregs = 3,
  kXBndcsr = 4,
  kXOpmask = 5,
  kXZmmHi256 = 6,
  kXHi16Zmm = 7,
  kXPkru = 9,
};

/// x87 and SSE as FXSAVE lays them out, the rest as one byte string per component that was there.
struct FpuState {
  std::array<std::byte, kFxsaveSize> legacy{};
  bool has_xsave = false;
  std::uint64_t xstate_bv = 0;  ///< components that are not in their initial state
  std::map<unsigned, std::vector<std::byte>> components{};
};

/// Takes the raw area of this CPU apart. Every enabled component above SSE is listed.
FpuState split_xstate(const Xstate& area);
/// Puts `state` into `area`, which is the raw area of a thread of this CPU and gives the layout. Components that this
/// CPU lacks must be in their initial state (missing_xfeatures() tells).
void overlay_xstate(const FpuState& state, Xstate& area);
/// Components that `state` uses and this CPU or kernel has not, by name ("AVX-512 opmask, ..."); empty when none.
std::string missing_xfeatures(const FpuState& state);

}  // namespace cr::arch::x86_64
