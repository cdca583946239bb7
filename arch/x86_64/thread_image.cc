#include "arch/x86_64/thread_image.h"

#include <algorithm>
#include <cstring>

#include "arch/foreign_image.h"
#include "arch/thread_image.h"
#include "base/format.h"
#include "task/core.pb.h"

namespace cr::arch::x86_64 {
namespace {

void put_regs(const Regs& r, pb::user_x86_regs_entry& e) {
  e.set_r15(r.r15), e.set_r14(r.r14), e.set_r13(r.r13), e.set_r12(r.r12), e.set_bp(r.rbp), e.set_bx(r.rbx);
  e.set_r11(r.r11), e.set_r10(r.r10), e.set_r9(r.r9), e.set_r8(r.r8), e.set_ax(r.rax), e.set_cx(r.rcx);
  e.set_dx(r.rdx), e.set_si(r.rsi), e.set_di(r.rdi), e.set_orig_ax(r.orig_rax), e.set_ip(r.rip), e.set_cs(r.cs);
  e.set_flags(r.eflags), e.set_sp(r.rsp), e.set_ss(r.ss), e.set_fs_base(r.fs_base), e.set_gs_base(r.gs_base);
  e.set_ds(r.ds), e.set_es(r.es), e.set_fs(r.fs), e.set_gs(r.gs);
  e.set_mode(is_compat(r) ? pb::user_x86_regs_mode_COMPAT : pb::user_x86_regs_mode_NATIVE);
}

Regs get_regs(const pb::user_x86_regs_entry& e) {
  return Regs{e.r15(),   e.r14(), e.r13(), e.r12(),     e.bp(),      e.bx(), e.r11(),     e.r10(), e.r9(),
              e.r8(),    e.ax(),  e.cx(),  e.dx(),      e.si(),      e.di(), e.orig_ax(), e.ip(),  e.cs(),
              e.flags(), e.sp(),  e.ss(),  e.fs_base(), e.gs_base(), e.ds(), e.es(),      e.fs(),  e.gs()};
}

/// The FXSAVE area (Intel SDM volume 1, table 10-2).
struct Fxsave {
  std::uint16_t cwd, swd, twd, fop;
  std::uint64_t rip, rdp;
  std::uint32_t mxcsr, mxcsr_mask, st[32], xmm[64], reserved[24];
};
static_assert(sizeof(Fxsave) == kFxsaveSize);

template <class T, class Field>
void put_words(const FpuState& fpu, unsigned component, Field* field) {
  auto it = fpu.components.find(component);
  if (it == fpu.components.end()) return;
  for (std::size_t at = 0; at + sizeof(T) <= it->second.size(); at += sizeof(T)) {
    T word;
    std::memcpy(&word, it->second.data() + at, sizeof word);
    field->Add(word);
  }
}

template <class T, class Field>
void get_words(const Field& field, unsigned component, FpuState& fpu) {
  if (field.empty()) return;
  std::vector<std::byte> bytes(static_cast<std::size_t>(field.size()) * sizeof(T));
  for (int i = 0; i < field.size(); ++i) {
    T word = static_cast<T>(field.Get(i));
    std::memcpy(bytes.data() + static_cast<std::size_t>(i) * sizeof(T), &word, sizeof word);
  }
  fpu.components[component] = std::move(bytes);
}

/// PKRU is eight bytes in the area and one word in the image.
bool has_own_field(unsigned component) {
  return component == kXAvx || (component >= kXBndregs && component <= kXHi16Zmm) || component == kXPkru;
}

void put_fpu(const FpuState& fpu, pb::user_x86_fpregs_entry& e) {
  Fxsave f;
  std::memcpy(&f, fpu.legacy.data(), sizeof f);
  e.set_cwd(f.cwd), e.set_swd(f.swd), e.set_twd(f.twd), e.set_fop(f.fop), e.set_rip(f.rip), e.set_rdp(f.rdp);
  e.set_mxcsr(f.mxcsr), e.set_mxcsr_mask(f.mxcsr_mask);
  for (std::uint32_t w : f.st) e.add_st_space(w);
  for (std::uint32_t w : f.xmm) e.add_xmm_space(w);
  if (!fpu.has_xsave) return;
  pb::user_x86_xsave_entry& x = *e.mutable_xsave();
  x.set_xstate_bv(fpu.xstate_bv);
  put_words<std::uint32_t>(fpu, kXAvx, x.mutable_ymmh_space());
  put_words<std::uint64_t>(fpu, kXBndregs, x.mutable_bndreg_state());
  put_words<std::uint64_t>(fpu, kXBndcsr, x.mutable_bndcsr_state());
  put_words<std::uint64_t>(fpu, kXOpmask, x.mutable_opmask_reg());
  put_words<std::uint64_t>(fpu, kXZmmHi256, x.mutable_zmm_upper());
  put_words<std::uint64_t>(fpu, kXHi16Zmm, x.mutable_hi16_zmm());
  put_words<std::uint32_t>(fpu, kXPkru, x.mutable_pkru());
  for (const auto& [number, bytes] : fpu.components) {
    if (has_own_field(number)) continue;
    pb::user_x86_xstate_component& c = *x.add_components();
    c.set_number(number);
    c.set_data(bytes.data(), bytes.size());
  }
}

FpuState get_fpu(const pb::user_x86_fpregs_entry& e) {
  FpuState fpu;
  Fxsave f{};
  f.cwd = static_cast<std::uint16_t>(e.cwd()), f.swd = static_cast<std::uint16_t>(e.swd());
  f.twd = static_cast<std::uint16_t>(e.twd()), f.fop = static_cast<std::uint16_t>(e.fop());
  f.rip = e.rip(), f.rdp = e.rdp(), f.mxcsr = e.mxcsr(), f.mxcsr_mask = e.mxcsr_mask();
  for (int i = 0; i < std::min(e.st_space_size(), 32); ++i) f.st[i] = e.st_space(i);
  for (int i = 0; i < std::min(e.xmm_space_size(), 64); ++i) f.xmm[i] = e.xmm_space(i);
  std::memcpy(fpu.legacy.data(), &f, sizeof f);
  if (!e.has_xsave()) return fpu;
  const pb::user_x86_xsave_entry& x = e.xsave();
  fpu.has_xsave = true;
  fpu.xstate_bv = x.xstate_bv();
  get_words<std::uint32_t>(x.ymmh_space(), kXAvx, fpu);
  get_words<std::uint64_t>(x.bndreg_state(), kXBndregs, fpu);
  get_words<std::uint64_t>(x.bndcsr_state(), kXBndcsr, fpu);
  get_words<std::uint64_t>(x.opmask_reg(), kXOpmask, fpu);
  get_words<std::uint64_t>(x.zmm_upper(), kXZmmHi256, fpu);
  get_words<std::uint64_t>(x.hi16_zmm(), kXHi16Zmm, fpu);
  get_words<std::uint32_t>(x.pkru(), kXPkru, fpu);
  for (const pb::user_x86_xstate_component& c : x.components()) {
    auto* p = reinterpret_cast<const std::byte*>(c.data().data());
    fpu.components[c.number()].assign(p, p + c.data().size());
  }
  return fpu;
}

void put_tls(const TlsEntry& t, pb::user_desc_t& e) {
  e.set_entry_number(t.entry_number);
  e.set_base_addr(t.base);
  e.set_limit(t.limit);
  e.set_seg_32bit(t.flags & 1);
  e.set_contents_l(t.flags >> 1 & 1);
  e.set_contents_h(t.flags >> 2 & 1);
  e.set_read_exec_only(t.flags >> 3 & 1);
  e.set_limit_in_pages(t.flags >> 4 & 1);
  e.set_seg_not_present(t.flags >> 5 & 1);
  e.set_usable(t.flags >> 6 & 1);
}

TlsEntry get_tls(const pb::user_desc_t& e) {
  std::uint32_t flags = e.seg_32bit() | e.contents_l() << 1 | e.contents_h() << 2 | e.read_exec_only() << 3 |
                        e.limit_in_pages() << 4 | e.seg_not_present() << 5 | e.usable() << 6;
  return {e.entry_number(), e.base_addr(), e.limit(), flags};
}

}  // namespace

std::string missing_features(const ThreadImage& t) { return missing_xfeatures(t.fpu); }

void put_architecture(const ThreadImage&, pb::core_entry& e) { e.set_mtype(pb::core_entry_march_X86_64); }

void put_thread_image(const ThreadImage& t, pb::core_entry& e) {
  put_architecture(t, e);
  pb::thread_info_x86& info = *e.mutable_thread_info();
  info.set_clear_tid_addr(t.clear_tid_address);
  put_regs(t.regs, *info.mutable_gpregs());
  put_fpu(t.fpu, *info.mutable_fpregs());
  for (const TlsEntry& entry : t.tls) put_tls(entry, *info.add_tls());
}

Result<ThreadImage> get_thread_image(const pb::core_entry& e) {
  if (e.mtype() != pb::core_entry_march_X86_64 || !e.has_thread_info())
    return foreign_image(e.mtype(), pb::core_entry_march_X86_64);
  ThreadImage t;
  t.regs = get_regs(e.thread_info().gpregs());
  if (is_compat(t.regs) != (e.thread_info().gpregs().mode() == pb::user_x86_regs_mode_COMPAT))
    return Error{"task", "restore", "the registers of a task", 0,
                 format("they are said to be of a {}-bit program, with code segment {:#x}",
                        is_compat(t.regs) ? 64 : 32, t.regs.cs)};
  t.fpu = get_fpu(e.thread_info().fpregs());
  t.clear_tid_address = e.thread_info().clear_tid_addr();
  for (int i = 0; i < std::min(e.thread_info().tls_size(), 3); ++i)
    t.tls[static_cast<std::size_t>(i)] = get_tls(e.thread_info().tls(i));
  return t;
}

}  // namespace cr::arch::x86_64
