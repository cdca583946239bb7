// The frame rt_sigreturn takes on aarch64, built from ptrace's regsets. Freestanding; compiles on every host.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "arch/aarch64/fpu.h"
#include "arch/aarch64/regs.h"

namespace cr::arch::aarch64 {

inline constexpr std::array<unsigned char, 8> kSyscallRet{0x01, 0, 0, 0xd4, 0xc0, 0x03, 0x5f, 0xd6};  ///< svc #0; ret
/// mov x8, #__NR_rt_sigreturn; svc #0: what handlers return to, in the vdso.
inline constexpr std::array<unsigned char, 8> kSigreturn{0x68, 0x11, 0x80, 0xd2, 0x01, 0, 0, 0xd4};

/// Where in the frame mmap(2) takes its arguments from; 0: from registers.
inline constexpr std::size_t kMmapArguments = 0;

inline constexpr std::size_t kCodeAlignment = 4;

/// Both contain the instruction `svc`: where in them its last byte is. Scans look for that byte.
inline constexpr unsigned char kScanByte = 0xd4;
inline constexpr std::size_t kScanInSyscallRet = 3, kScanInSigreturn = 7;

/// The stack_t that the frame carries; rt_sigreturn applies it (do_sigaltstack), so it must be the thread's own.
/// flags = kKeepAltstack makes the kernel refuse it and keep what is there.
struct AltStack {
  std::uint64_t sp = 0;
  std::int32_t flags = 0;
  std::int32_t pad = 0;
  std::uint64_t size = 0;
};
/// restore_altstack() ignores do_sigaltstack's error: an unknown mode changes nothing.
inline constexpr std::int32_t kKeepAltstack = 0x7fffffff;

/// struct rt_sigframe: siginfo, which rt_sigreturn does not read, ucontext, and records of the rest.
struct Sigframe {
  std::uint64_t sigreturn;  ///< ours: address of kSigreturn, for unmap_and_sigreturn()
  std::byte siginfo[120];
  std::uint64_t uc_flags, uc_link;
  AltStack uc_stack;
  std::uint64_t sigmask;
  std::byte unused[128];
  std::uint64_t fault_address, regs[31], sp, pc, pstate, padding;
  std::byte records[4096];
};
static_assert(offsetof(Sigframe, uc_flags) == 128 && offsetof(Sigframe, fault_address) == 304 &&
              offsetof(Sigframe, records) == 592 && sizeof(Sigframe) == 4688);

/// Head of a record (asm/sigcontext.h); one of zeros is the last.
struct FrameRecord {
  std::uint32_t magic, size;
};
inline constexpr std::size_t kEndSize = 16;  ///< TERMINATOR_SIZE
inline constexpr std::uint32_t kFpsimdMagic = 0x46508001, kSveMagic = 0x53564501, kExtraMagic = 0x45585401;

/// A record that says that more of them follow behind the end of the records that have a place in the frame.
struct ExtraRecord {
  FrameRecord head;
  std::uint64_t data;
  std::uint32_t size, reserved[3];
};
static_assert(sizeof(ExtraRecord) == 32);

/// An SVE record: the vector length, and the registers if they are live.
struct SveRecord {
  FrameRecord head;
  std::uint16_t vl, flags, reserved[2];
};
static_assert(sizeof(SveRecord) == 16);

constexpr std::size_t round_up_16(std::size_t n) { return (n + 15) / 16 * 16; }

inline constexpr std::size_t kFpsimdRecordSize = 528;

/// Bytes that build_sigframe() needs for a state of `xstate_size` bytes. The kernel reads records up to their end
/// only, so what is behind it need not be ours: a stack may be short.
constexpr std::size_t sigframe_size(std::size_t xstate_size) {
  const bool live = xstate_size > sizeof(SveHeader) + sizeof(Fpsimd);
  const std::size_t vectors =
      live ? sizeof(ExtraRecord) + kEndSize + sizeof(SveRecord) + round_up_16(xstate_size) : 0;
  return offsetof(Sigframe, records) + kFpsimdRecordSize + vectors + kEndSize;
}

/// Appends records to `out` from `at` on.
class RecordWriter {
 public:
  RecordWriter(std::span<std::byte> out, std::size_t at) : out_(out), at_(at) {}
  template <class T>
  void put(const T& value) {
    put_bytes(std::as_bytes(std::span(&value, 1)));
  }
  void put_bytes(std::span<const std::byte> bytes) {
    std::memcpy(out_.data() + at_, bytes.data(), bytes.size());
    at_ += bytes.size();
  }
  void align() {
    while (at_ % 16 != 0) out_[at_++] = std::byte{0};
  }
  std::size_t at() const { return at_; }

 private:
  std::span<std::byte> out_;
  std::size_t at_;
};

inline void put_fpsimd(RecordWriter& w, const Fpsimd& f) {
  w.put(FrameRecord{kFpsimdMagic, kFpsimdRecordSize});
  w.put(f.fpsr);
  w.put(f.fpcr);
  w.put(f.v);
}

inline void put_end(RecordWriter& w) { w.put(std::array<FrameRecord, kEndSize / sizeof(FrameRecord)>{}); }

/// The record with which rt_sigreturn sets the vector registers; a state that is not live needs none.
inline void put_sve(RecordWriter& w, const SveHeader& h, std::span<const std::byte> xstate) {
  const std::size_t bytes = sve_register_bytes(h.vl);
  const auto size = static_cast<std::uint32_t>(sizeof(SveRecord) + round_up_16(bytes));
  w.put(SveRecord{{kSveMagic, size}, h.vl, 0, {}});
  w.put_bytes(xstate.subspan(sizeof h, bytes));
  w.align();
}

/// Writes the frame for `regs` (already passed through for_sigreturn), `xstate` and `sigmask` into `out`, which will
/// lie at address `at` (16-aligned) of the target. `sigreturn` is the address of kSigreturn. Returns the address for
/// sp: the frame's start. out.size() >= sigframe_size().
inline std::uint64_t build_sigframe(std::span<std::byte> out, std::uint64_t at, std::uint64_t sigreturn,
                                    const Regs& r, std::span<const std::byte> xstate, std::uint64_t sigmask,
                                    AltStack altstack) {
  Sigframe f{};
  f.sigreturn = sigreturn;
  f.uc_stack = altstack;
  f.sigmask = sigmask;
  for (std::size_t i = 0; i < r.x.size(); ++i) f.regs[i] = r.x[i];
  f.sp = r.sp;
  f.pc = r.pc;
  f.pstate = r.pstate & ~(1ull << 21);  // a step under way is the tracer's matter
  std::memcpy(out.data(), &f, offsetof(Sigframe, records));
  RecordWriter w(out, offsetof(Sigframe, records));
  put_fpsimd(w, fpsimd_of(xstate.data(), xstate.size()));
  const SveHeader h = sve_header(xstate.data(), xstate.size());
  if ((h.flags & kSveLive) && xstate.size() >= sve_fpsr_offset(h.vl)) {
    const std::size_t size = sizeof(SveRecord) + round_up_16(sve_register_bytes(h.vl));
    if (w.at() + size + kEndSize > sizeof f) {
      // parse_user_sigframe() wants them right behind the end of the others, which is of 16 bytes.
      const std::uint64_t data = at + w.at() + sizeof(ExtraRecord) + kEndSize;
      w.put(ExtraRecord{{kExtraMagic, sizeof(ExtraRecord)}, data, static_cast<std::uint32_t>(size + kEndSize), {}});
      put_end(w);
    }
    put_sve(w, h, xstate);
  }
  put_end(w);
  return at;
}

}  // namespace cr::arch::aarch64
