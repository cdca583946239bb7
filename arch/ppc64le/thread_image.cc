#include "arch/ppc64le/thread_image.h"

#include <algorithm>

#include "arch/foreign_image.h"
#include "arch/thread_image.h"
#include "task/core.pb.h"

namespace cr::arch::ppc64le {
namespace {

void put_regs(const Regs& r, pb::user_ppc64_regs_entry& e) {
  for (const std::uint64_t word : r.gpr) e.add_gpr(word);
  e.set_nip(r.nip), e.set_msr(r.msr), e.set_orig_gpr3(r.orig_gpr3), e.set_ctr(r.ctr), e.set_link(r.link);
  e.set_xer(r.xer), e.set_ccr(r.ccr), e.set_trap(r.trap);
}

Regs get_regs(const pb::user_ppc64_regs_entry& e) {
  Regs r;
  std::copy(e.gpr().begin(), e.gpr().end(), r.gpr.begin());
  r.nip = e.nip(), r.msr = e.msr(), r.orig_gpr3 = e.orig_gpr3(), r.ctr = e.ctr(), r.link = e.link();
  r.xer = e.xer(), r.ccr = e.ccr(), r.trap = e.trap();
  return r;
}

void put_fpu(const FpuState& fpu, pb::thread_info_ppc64& info) {
  for (const std::uint64_t word : fpu.fp) info.mutable_fpstate()->add_fpregs(word);
  for (const std::uint64_t half : fpu.altivec) info.mutable_vrstate()->add_vrregs(half);
  info.mutable_vrstate()->set_vrsave(fpu.vrsave);
  for (const std::uint64_t half : fpu.vsx) info.mutable_vsxstate()->add_vsxregs(half);
}

/// A thread that has never used a unit may lack its registers: they are zero then.
bool get_fpu(const pb::thread_info_ppc64& info, FpuState& fpu) {
  const auto take = [](const auto& words, auto& to) {
    if (!words.empty() && words.size() != std::ssize(to)) return false;
    std::copy(words.begin(), words.end(), to.begin());
    return true;
  };
  fpu.vrsave = info.vrstate().vrsave();
  return take(info.fpstate().fpregs(), fpu.fp) && take(info.vrstate().vrregs(), fpu.altivec) &&
         take(info.vsxstate().vsxregs(), fpu.vsx);
}

}  // namespace

std::string missing_features(const ThreadImage& t) { return missing_xfeatures(t.fpu); }

void put_architecture(const ThreadImage&, pb::core_entry& e) { e.set_mtype(pb::core_entry_march_PPC64); }

void put_thread_image(const ThreadImage& t, pb::core_entry& e) {
  put_architecture(t, e);
  pb::thread_info_ppc64& info = *e.mutable_ti_ppc64();
  info.set_clear_tid_addr(t.clear_tid_address);
  put_regs(t.regs, *info.mutable_gpregs());
  put_fpu(t.fpu, info);
  if (t.tar != 0) info.set_cr_tar(t.tar);
  if (t.dscr != 0) info.set_cr_dscr(t.dscr);
}

Result<ThreadImage> get_thread_image(const pb::core_entry& e) {
  if (e.mtype() != pb::core_entry_march_PPC64 || !e.has_ti_ppc64())
    return foreign_image(e.mtype(), pb::core_entry_march_PPC64);
  const pb::thread_info_ppc64& info = e.ti_ppc64();
  ThreadImage t;
  if (info.gpregs().gpr_size() != std::ssize(t.regs.gpr)) return damaged_image("general registers");
  t.regs = get_regs(info.gpregs());
  if (is_compat(t.regs)) return Error{"task", "restore", "a 32-bit task", 0, "32-bit programs are not carried yet"};
  if (info.has_tmstate() || (t.regs.msr & kMsrTransaction) != 0)
    return Error{"task", "restore", "a task in a memory transaction", 0,
                 "these are not carried; dump it outside of one"};
  if (!get_fpu(info, t.fpu)) return damaged_image("floating-point or vector registers");
  t.tar = info.cr_tar();
  t.dscr = info.cr_dscr();
  t.clear_tid_address = info.clear_tid_addr();
  return t;
}

}  // namespace cr::arch::ppc64le
