#include "arch/s390x/thread_image.h"

#include <algorithm>

#include "arch/foreign_image.h"
#include "arch/thread_image.h"
#include "task/core.pb.h"

namespace cr::arch::s390x {
namespace {

void put_regs(const Regs& r, pb::user_s390_regs_entry& e) {
  e.set_psw_mask(r.psw_mask), e.set_psw_addr(r.psw_addr);
  for (const std::uint64_t word : r.gpr) e.add_gprs(word);
  for (const std::uint32_t word : r.acr) e.add_acrs(word);
  e.set_orig_gpr2(r.orig_gpr2), e.set_system_call(r.system_call);
}

/// All of the words, or false.
bool take(const auto& words, auto& to) {
  if (words.size() != std::ssize(to)) return false;
  std::copy(words.begin(), words.end(), to.begin());
  return true;
}

bool get_regs(const pb::user_s390_regs_entry& e, Regs& r) {
  r.psw_mask = e.psw_mask(), r.psw_addr = e.psw_addr();
  r.orig_gpr2 = e.orig_gpr2(), r.system_call = e.system_call();
  return take(e.gprs(), r.gpr) && take(e.acrs(), r.acr);
}

void put_fpu(const FpuState& fpu, pb::thread_info_s390& info) {
  info.mutable_fpregs()->set_fpc(fpu.registers.fpc);
  for (const std::uint64_t word : fpu.registers.fp) info.mutable_fpregs()->add_fprs(word);
  if (!fpu.has_vectors) return;
  for (const std::uint64_t half : fpu.registers.low) info.mutable_vxrs_low()->add_regs(half);
  for (const std::uint64_t half : fpu.registers.high) info.mutable_vxrs_high()->add_regs(half);
}

bool get_fpu(const pb::thread_info_s390& info, FpuState& fpu) {
  fpu.registers.fpc = info.fpregs().fpc();
  fpu.has_vectors = info.has_vxrs_low();
  if (!take(info.fpregs().fprs(), fpu.registers.fp) || info.has_vxrs_low() != info.has_vxrs_high()) return false;
  return !fpu.has_vectors ||
         (take(info.vxrs_low().regs(), fpu.registers.low) && take(info.vxrs_high().regs(), fpu.registers.high));
}

}  // namespace

std::string missing_features(const ThreadImage& t) { return missing_xfeatures(t.fpu); }

void put_architecture(const ThreadImage&, pb::core_entry& e) { e.set_mtype(pb::core_entry_march_S390); }

void put_thread_image(const ThreadImage& t, pb::core_entry& e) {
  put_architecture(t, e);
  pb::thread_info_s390& info = *e.mutable_ti_s390();
  info.set_clear_tid_addr(t.clear_tid_address);
  put_regs(t.regs, *info.mutable_gpregs());
  put_fpu(t.fpu, info);
}

Result<ThreadImage> get_thread_image(const pb::core_entry& e) {
  if (e.mtype() != pb::core_entry_march_S390 || !e.has_ti_s390())
    return foreign_image(e.mtype(), pb::core_entry_march_S390);
  const pb::thread_info_s390& info = e.ti_s390();
  ThreadImage t;
  if (!get_regs(info.gpregs(), t.regs)) return damaged_image("general registers");
  if (is_compat(t.regs)) return Error{"task", "restore", "a 31-bit task", 0, "31-bit programs are not carried"};
  if (info.has_gs_cb() || info.has_gs_bc() || info.ri_cb().ri_on() != 0)
    return Error{"task", "restore", "a task with guarded storage or runtime instrumentation", 0,
                 "these are not carried; dump it without them"};
  if (!get_fpu(info, t.fpu)) return damaged_image("floating-point or vector registers");
  t.clear_tid_address = info.clear_tid_addr();
  return t;
}

}  // namespace cr::arch::s390x
