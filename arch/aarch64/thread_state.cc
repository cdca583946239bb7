#include "arch/thread_state.h"

#include <sys/ptrace.h>
#include <sys/uio.h>

#include "base/format.h"

namespace cr::arch {
namespace {

using namespace aarch64;

constexpr unsigned kTls = 0x401, kAddressKeys = 0x407, kGenericKeys = 0x408, kTaggedAddr = 0x409,
                   kEnabledKeys = 0x40a, kStreaming = 0x40b, kZa = 0x40c;
constexpr std::uint64_t kTaggedAddrEnable = 1;  // PR_TAGGED_ADDR_ENABLE; all other bits are of memory tagging

Error fail(const char* step, HostPid tid) { return Error{"engine", step, format("tid {}", tid), errno, ""}; }

Error not_carried(const char* what, HostPid tid, const char* remedy) {
  return Error{"task", "dump", format("{} of thread {}", what, tid), ENOTSUP, remedy};
}

/// False when this CPU or kernel has no such set.
template <class T>
bool get(HostPid tid, unsigned regset, T& value) {
  iovec io{&value, sizeof value};
  return ptrace(PTRACE_GETREGSET, tid.value, regset, &io) == 0;
}

template <class T>
bool set(HostPid tid, unsigned regset, const T& value) {
  T copy = value;
  iovec io{&copy, sizeof copy};
  return ptrace(PTRACE_SETREGSET, tid.value, regset, &io) == 0;
}

Result<> set_fpu(HostPid tid, const FpuState& fpu) {
  Xstate area(kMaxXstate);
  for (unsigned regset : kXstateRegsets) {
    iovec io{area.data(), area.size()};
    if (ptrace(PTRACE_GETREGSET, tid.value, regset, &io) != 0) continue;
    area.resize(io.iov_len);
    overlay_xstate(fpu, area);
    io = {area.data(), area.size()};
    if (ptrace(PTRACE_SETREGSET, tid.value, regset, &io) != 0) return fail("set the FPU of", tid);
    return {};
  }
  return fail("read the FPU of", tid);
}

/// The matrix extension: streaming mode, and the array ZA.
Result<> refuse_matrices(HostPid tid) {
  SveHeader h;
  const bool streaming = get(tid, kStreaming, h) && (h.flags & kSveLive) != 0;
  h = {};
  const bool array = get(tid, kZa, h) && h.size > sizeof h;
  if (!streaming && !array) return {};
  return not_carried("the matrix registers (SME)", tid,
                     "let the program leave streaming mode (smstop) before the dump");
}

}  // namespace

Result<> get_thread_state(HostPid tid, ThreadImage& image) {
  if (!get(tid, kTls, image.tls)) return fail("read the thread pointer of", tid);
  TRY(refuse_matrices(tid));
  if (get(tid, kTaggedAddr, image.tagged_addr) && (image.tagged_addr & ~kTaggedAddrEnable) != 0)
    return not_carried("memory tagging (MTE)", tid,
                       "run the program without it (GLIBC_TUNABLES=glibc.mem.tagging=0)");
  PacKeys keys;
  if (get(tid, kAddressKeys, keys.address)) {
    get(tid, kGenericKeys, keys.generic);
    get(tid, kEnabledKeys, keys.enabled);
    image.pac = keys;
  }
  return {};
}

Result<> set_thread_state(HostPid tid, const ThreadImage& image) {
  TRY(set_fpu(tid, image.fpu));
  if (!set(tid, kTls, image.tls)) return fail("set the thread pointer of", tid);
  if (image.tagged_addr != 0 && !set(tid, kTaggedAddr, image.tagged_addr))
    return fail("allow tagged addresses in", tid);
  if (!image.pac) return {};
  // Signed return addresses lie on the stacks: without the keys every one of them would be a fault.
  if (!set(tid, kAddressKeys, image.pac->address))
    return Error{"engine", "set the pointer authentication keys of", format("tid {}", tid), errno,
                 "restore on a CPU that has pointer authentication, as that of the dump"};
  if (!set(tid, kGenericKeys, image.pac->generic) && errno != EINVAL)
    return fail("set the pointer authentication keys of", tid);
  // Before 5.13 all keys are always enabled.
  if (!set(tid, kEnabledKeys, image.pac->enabled) && errno != EINVAL)
    return fail("set which pointer authentication keys work in", tid);
  return {};
}

void* thread_pointer() { return __builtin_thread_pointer(); }

}  // namespace cr::arch
