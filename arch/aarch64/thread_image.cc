#include "arch/aarch64/thread_image.h"

#if defined(__aarch64__)
#include <sys/auxv.h>
#endif

#include <cstddef>

#include "arch/foreign_image.h"
#include "arch/thread_image.h"
#include "task/core.pb.h"

namespace cr::arch::aarch64 {
namespace {

void put_regs(const Regs& r, pb::user_aarch64_regs_entry& e) {
  for (const std::uint64_t x : r.x) e.add_regs(x);
  e.set_sp(r.sp), e.set_pc(r.pc), e.set_pstate(r.pstate);
}

Regs get_regs(const pb::user_aarch64_regs_entry& e) {
  Regs r;
  for (std::size_t i = 0; i < r.x.size(); ++i) r.x[i] = e.regs(static_cast<int>(i));
  r.sp = e.sp(), r.pc = e.pc(), r.pstate = e.pstate();
  return r;
}

void put_fpu(const FpuState& fpu, pb::user_aarch64_fpsimd_context_entry& e) {
  for (const std::uint64_t half : fpu.fpsimd.v) e.add_vregs(half);
  e.set_fpsr(fpu.fpsimd.fpsr), e.set_fpcr(fpu.fpsimd.fpcr);
  if (!fpu.sve.empty()) e.set_cr_sve(fpu.sve.data(), fpu.sve.size());
}

FpuState get_fpu(const pb::user_aarch64_fpsimd_context_entry& e) {
  FpuState fpu;
  for (std::size_t i = 0; i < fpu.fpsimd.v.size(); ++i) fpu.fpsimd.v[i] = e.vregs(static_cast<int>(i));
  fpu.fpsimd.fpsr = e.fpsr(), fpu.fpsimd.fpcr = e.fpcr();
  const auto* bytes = reinterpret_cast<const std::byte*>(e.cr_sve().data());
  fpu.sve.assign(bytes, bytes + e.cr_sve().size());
  return fpu;
}

void put_pac(const PacKeys& keys, pb::pac_keys& e) {
  pb::pac_address_keys& a = *e.mutable_pac_address_keys();
  const auto& k = keys.address;
  a.set_apiakey_lo(k[0]), a.set_apiakey_hi(k[1]), a.set_apibkey_lo(k[2]), a.set_apibkey_hi(k[3]);
  a.set_apdakey_lo(k[4]), a.set_apdakey_hi(k[5]), a.set_apdbkey_lo(k[6]), a.set_apdbkey_hi(k[7]);
  a.set_pac_enabled_key(keys.enabled);
  pb::pac_generic_keys& g = *e.mutable_pac_generic_keys();
  g.set_apgakey_lo(keys.generic[0]), g.set_apgakey_hi(keys.generic[1]);
}

PacKeys get_pac(const pb::pac_keys& e) {
  const pb::pac_address_keys& a = e.pac_address_keys();
  const pb::pac_generic_keys& g = e.pac_generic_keys();
  return {{a.apiakey_lo(), a.apiakey_hi(), a.apibkey_lo(), a.apibkey_hi(), a.apdakey_lo(), a.apdakey_hi(),
           a.apdbkey_lo(), a.apdbkey_hi()},
          {g.apgakey_lo(), g.apgakey_hi()},
          a.pac_enabled_key()};
}

/// The registers of the vectors that the header speaks of are all there.
bool is_whole(const FpuState& fpu) {
  if (fpu.sve.empty()) return true;
  const SveHeader h = sve_header(fpu.sve.data(), fpu.sve.size());
  if (h.size != fpu.sve.size() || h.size > kMaxXstate || h.vl < 16 || h.vl % 16 != 0) return false;
  return h.size >= (h.flags & kSveLive ? sve_fpsr_offset(h.vl) + 8 : sizeof h + sizeof(Fpsimd));
}

bool signs_pointers_here() {
#if defined(__aarch64__)
  constexpr unsigned long kPaca = 1ul << 30;  // HWCAP_PACA
  return (getauxval(AT_HWCAP) & kPaca) != 0;
#else
  return false;
#endif
}

}  // namespace

std::string missing_features(const ThreadImage& t) {
  std::string names = missing_xfeatures(t.fpu);
  if (t.pac && !signs_pointers_here()) names += (names.empty() ? "" : ", ") + std::string("pointer authentication");
  return names;
}

void put_architecture(const ThreadImage&, pb::core_entry& e) { e.set_mtype(pb::core_entry_march_AARCH64); }

void put_thread_image(const ThreadImage& t, pb::core_entry& e) {
  put_architecture(t, e);
  pb::thread_info_aarch64& info = *e.mutable_ti_aarch64();
  info.set_clear_tid_addr(t.clear_tid_address);
  info.set_tls(t.tls);
  put_regs(t.regs, *info.mutable_gpregs());
  put_fpu(t.fpu, *info.mutable_fpsimd());
  if (t.pac) put_pac(*t.pac, *info.mutable_pac_keys());
  if (t.tagged_addr != 0) info.set_cr_tagged_addr(t.tagged_addr);
}

Result<ThreadImage> get_thread_image(const pb::core_entry& e) {
  if (e.mtype() != pb::core_entry_march_AARCH64 || !e.has_ti_aarch64())
    return foreign_image(e.mtype(), pb::core_entry_march_AARCH64);
  const pb::thread_info_aarch64& info = e.ti_aarch64();
  ThreadImage t;
  const bool complete =
      info.gpregs().regs_size() == std::ssize(t.regs.x) && info.fpsimd().vregs_size() == std::ssize(t.fpu.fpsimd.v);
  if (!complete) return damaged_image("general or floating-point registers");
  t.regs = get_regs(info.gpregs());
  if (is_compat(t.regs)) return Error{"task", "restore", "a 32-bit task", 0, "32-bit programs are not carried yet"};
  t.fpu = get_fpu(info.fpsimd());
  if (!is_whole(t.fpu)) return damaged_image("vector registers");
  t.tls = info.tls();
  if (info.pac_keys().has_pac_address_keys()) t.pac = get_pac(info.pac_keys());
  t.tagged_addr = info.cr_tagged_addr();
  t.clear_tid_address = info.clear_tid_addr();
  return t;
}

}  // namespace cr::arch::aarch64
