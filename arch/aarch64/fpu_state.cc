#include "arch/aarch64/fpu_state.h"

#if defined(__aarch64__)
#include <sys/prctl.h>
#endif

#include <algorithm>
#include <cstring>

#include "base/format.h"

namespace cr::arch::aarch64 {
namespace {

/// Whether a thread here can have vectors of `vl` bytes. 0: without SVE.
bool has_vector_length(unsigned vl) {
#if defined(__aarch64__)
  constexpr int kSet = 50, kGet = 51;  // PR_SVE_SET_VL, PR_SVE_GET_VL
  constexpr int kOnExec = 1 << 18, kLength = 0xffff;
  const int own = prctl(kGet);
  if (own < 0) return false;
  if ((own & kLength) == static_cast<int>(vl)) return true;
  // What would become of a program's: of ours nothing changes by that.
  const int got = prctl(kSet, vl | kOnExec);
  prctl(kSet, (own & kLength) | kOnExec);
  return got >= 0 && (got & kLength) == static_cast<int>(vl);
#else
  (void)vl;
  return false;
#endif
}

bool is_live(const FpuState& s) { return (sve_header(s.sve.data(), s.sve.size()).flags & kSveLive) != 0; }

}  // namespace

FpuState split_xstate(const Xstate& area) {
  FpuState s;
  s.fpsimd = fpsimd_of(area.data(), area.size());
  const SveHeader h = sve_header(area.data(), area.size());
  // The kernel gives as many bytes as there could be; the header says how many there are.
  if (h.size != 0) s.sve.assign(area.begin(), area.begin() + std::min<std::ptrdiff_t>(h.size, std::ssize(area)));
  return s;
}

void overlay_xstate(const FpuState& s, Xstate& area) {
  const SveHeader own = sve_header(area.data(), area.size());
  if (own.size == 0) {
    area.resize(sizeof s.fpsimd);
    std::memcpy(area.data(), &s.fpsimd, sizeof s.fpsimd);
    return;
  }
  if (!s.sve.empty()) {
    area = s.sve;
    return;
  }
  SveHeader h = own;  // from a CPU without SVE
  h.flags &= static_cast<std::uint16_t>(~kSveLive);
  h.size = sizeof h + sizeof s.fpsimd;
  area.resize(h.size);
  std::memcpy(area.data(), &h, sizeof h);
  std::memcpy(area.data() + sizeof h, &s.fpsimd, sizeof s.fpsimd);
}

std::string missing_xfeatures(const FpuState& s) {
  if (s.sve.empty()) return {};
  const unsigned vl = sve_header(s.sve.data(), s.sve.size()).vl;
  if (has_vector_length(vl)) return {};
  // Without live registers a thread may as well never use them again.
  if (!is_live(s) && !has_vector_length(16)) return {};
  return format("SVE with vectors of {} bytes", vl);
}

}  // namespace cr::arch::aarch64
