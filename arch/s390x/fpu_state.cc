#include "arch/s390x/fpu_state.h"

#if defined(__s390x__)
#include <sys/auxv.h>
#endif

#include <algorithm>

namespace cr::arch::s390x {
namespace {

bool has_vectors_here() {
#if defined(__s390x__)
  constexpr unsigned long kVectors = 1 << 11;  // HWCAP_S390_VXRS
  return (getauxval(AT_HWCAP) & kVectors) != 0;
#else
  return false;
#endif
}

}  // namespace

FpuState split_xstate(const Xstate& area) {
  FpuState s{vectors_of(area.data(), area.size()), area.size() >= sizeof(Vectors)};
  s.registers.padding = 0;
  return s;
}

void overlay_xstate(const FpuState& s, Xstate& area) {
  area.resize(area.size() >= sizeof(Vectors) ? sizeof(Vectors) : kFpBytes);
  std::memcpy(area.data(), &s.registers, area.size());
}

std::string missing_xfeatures(const FpuState& s) {
  const auto zero = [](std::uint64_t half) { return half == 0; };
  const bool used = !std::ranges::all_of(s.registers.low, zero) || !std::ranges::all_of(s.registers.high, zero);
  return s.has_vectors && used && !has_vectors_here() ? "vector registers" : "";
}

}  // namespace cr::arch::s390x
