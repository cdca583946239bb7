#include "arch/ppc64le/fpu_state.h"

namespace cr::arch::ppc64le {

FpuState split_xstate(const Xstate& area) {
  FpuState v = vectors_of(area.data(), area.size());
  for (std::uint32_t& word : v.padding) word = 0;
  return v;
}

void overlay_xstate(const FpuState& s, Xstate& area) {
  area.resize(sizeof s);
  std::memcpy(area.data(), &s, sizeof s);
}

}  // namespace cr::arch::ppc64le
