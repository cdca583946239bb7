#include "arch/thread_state.h"

#include <sys/ptrace.h>
#include <sys/uio.h>

#include "base/format.h"

namespace cr::arch {
namespace {

using namespace ppc64le;

constexpr unsigned kTar = 0x103, kDscr = 0x105, kEventBranches = 0x106;

Error fail(const char* step, HostPid tid) { return Error{"engine", step, format("tid {}", tid), errno, ""}; }

Error not_carried(const char* what, HostPid tid, const char* remedy) {
  return Error{"task", "dump", format("{} of thread {}", what, tid), ENOTSUP, remedy};
}

/// False when this CPU or kernel has no such set, or the thread has never used it.
template <class T>
bool get(HostPid tid, unsigned regset, T& value) {
  iovec io{&value, sizeof value};
  return ptrace(PTRACE_GETREGSET, tid.value, regset, &io) == 0;
}

bool set(HostPid tid, unsigned regset, void* value, std::size_t size) {
  iovec io{value, size};
  return ptrace(PTRACE_SETREGSET, tid.value, regset, &io) == 0;
}

}  // namespace

Result<> get_thread_state(HostPid tid, ThreadImage& image) {
  if ((image.regs.msr & kMsrTransaction) != 0)
    return not_carried("the memory transaction", tid, "dump the program when it is outside of one");
  if ((image.regs.msr & kMsrLittle) == 0)
    return not_carried("the big-endian mode", tid, "let the program leave it before the dump");
  std::uint64_t branches[3] = {};
  if (get(tid, kEventBranches, branches) && (branches[0] | branches[1] | branches[2]) != 0)
    return not_carried("event-based branching", tid, "let the program close its counters before the dump");
  get(tid, kTar, image.tar);
  get(tid, kDscr, image.dscr);
  return {};
}

Result<> set_thread_state(HostPid tid, const ThreadImage& image) {
  FpuState fpu = image.fpu;
  if (!set(tid, kFpRegset, fpu.fp.data(), sizeof fpu.fp)) return fail("set the floating-point registers of", tid);
  if (!set(tid, kVmxRegset, fpu.altivec.data(), sizeof fpu.altivec + sizeof fpu.vrsave + sizeof fpu.padding))
    return fail("set the vector registers of", tid);
  if (!set(tid, kVsxRegset, fpu.vsx.data(), sizeof fpu.vsx)) return fail("set the VSX registers of", tid);
  std::uint64_t tar = image.tar, dscr = image.dscr;
  if (!set(tid, kTar, &tar, sizeof tar) && tar != 0) return fail("set the target address register of", tid);
  if (!set(tid, kDscr, &dscr, sizeof dscr) && dscr != 0) return fail("set the data stream control of", tid);
  return {};
}

void* thread_pointer() {
  void* r13;
  asm("mr %0, 13" : "=r"(r13));
  return r13;
}

}  // namespace cr::arch
