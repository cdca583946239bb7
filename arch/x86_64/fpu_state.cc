#include "arch/x86_64/fpu_state.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif

#include <algorithm>
#include <cstring>

namespace cr::arch::x86_64 {
namespace {

constexpr unsigned kFirstExtended = 2, kComponents = 63;

struct Place {
  std::uint32_t size = 0, offset = 0;
};

/// Where CPUID leaf 0xD says that a component lies in the standard form of the area; size 0: not there.
Place place_of(unsigned component) {
#if defined(__x86_64__)
  unsigned a = 0, b = 0, c = 0, d = 0;
  if (__get_cpuid_count(0xd, component, &a, &b, &c, &d)) return {a, b};
#endif
  (void)component;
  return {};
}

/// Components that the kernel has enabled (XCR0).
std::uint64_t enabled_here() {
#if defined(__x86_64__)
  unsigned a = 0, b = 0, c = 0, d = 0;
  if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_OSXSAVE)) return 3;
  unsigned low, high;
  asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return low | std::uint64_t{high} << 32;
#else
  return 3;
#endif
}

const char* component_name(unsigned n) {
  static constexpr const char* kNames[] = {"x87",
                                           "SSE",
                                           "AVX",
                                           "MPX bounds",
                                           "MPX config",
                                           "AVX-512 opmask",
                                           "AVX-512 ZMM_Hi256",
                                           "AVX-512 Hi16_ZMM",
                                           "PT",
                                           "PKRU",
                                           "PASID",
                                           "CET user",
                                           "CET supervisor",
                                           "HDC",
                                           "UINTR",
                                           "LBR",
                                           "HWP",
                                           "AMX TILECFG",
                                           "AMX TILEDATA",
                                           "APX"};
  return n < std::size(kNames) ? kNames[n] : "unknown";
}

}  // namespace

FpuState split_xstate(const Xstate& area) {
  FpuState s;
  std::memcpy(s.legacy.data(), area.data(), std::min(area.size(), kFxsaveSize));
  if (area.size() <= kFxsaveSize) return s;
  s.has_xsave = true;
  std::memcpy(&s.xstate_bv, area.data() + kXstateBvOffset, sizeof s.xstate_bv);
  std::uint64_t enabled = xfeatures(area.data(), area.size());
  for (unsigned n = kFirstExtended; n < kComponents; ++n) {
    if (!(enabled >> n & 1)) continue;
    Place p = place_of(n);
    if (p.size == 0 || p.offset + p.size > area.size()) continue;
    s.components[n].assign(area.begin() + p.offset, area.begin() + p.offset + p.size);
  }
  return s;
}

void overlay_xstate(const FpuState& s, Xstate& area) {
  std::memcpy(area.data(), s.legacy.data(), std::min(area.size(), kXfeaturesOffset));
  if (area.size() <= kFxsaveSize) return;
  std::uint64_t bv = s.has_xsave ? s.xstate_bv : 3;
  std::uint64_t enabled = enabled_here();
  for (const auto& [n, bytes] : s.components) {
    Place p = place_of(n);
    if (p.size == 0 || p.offset + p.size > area.size()) continue;
    std::memcpy(area.data() + p.offset, bytes.data(), std::min<std::size_t>(p.size, bytes.size()));
  }
  bv &= enabled;
  std::memset(area.data() + kXstateBvOffset, 0, 64);  // xcomp_bv and the reserved words must be zero
  std::memcpy(area.data() + kXstateBvOffset, &bv, sizeof bv);
}

std::string missing_xfeatures(const FpuState& s) {
  std::uint64_t missing = s.has_xsave ? s.xstate_bv & ~enabled_here() : 0;
  std::string names;
  for (unsigned n = 0; n < kComponents; ++n)
    if (missing >> n & 1) names += (names.empty() ? "" : ", ") + std::string(component_name(n));
  return names;
}

}  // namespace cr::arch::x86_64
