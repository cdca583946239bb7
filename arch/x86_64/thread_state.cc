#include "arch/thread_state.h"

#include <sys/ptrace.h>
#include <sys/uio.h>

#include "base/format.h"

namespace cr::arch {
namespace {

using namespace x86_64;

// <sys/ptrace.h> has them as macros of the kernel's for 32-bit programs only.
constexpr auto kGetThreadArea = static_cast<__ptrace_request>(25);
constexpr auto kSetThreadArea = static_cast<__ptrace_request>(26);

Error fail(const char* step, HostPid tid) { return Error{"engine", step, format("tid {}", tid), errno, ""}; }

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

}  // namespace

Result<> get_thread_state(HostPid tid, ThreadImage& image) {
  for (std::size_t k = 0; k < image.tls.size(); ++k) {
    image.tls[k].entry_number = kFirstTlsEntry + static_cast<std::uint32_t>(k);
    ptrace(kGetThreadArea, tid.value, image.tls[k].entry_number, &image.tls[k]);  // without it the entry stays empty
  }
  return {};
}

Result<> set_thread_state(HostPid tid, const ThreadImage& image) {
  TRY(set_fpu(tid, image.fpu));
  for (const TlsEntry& entry : image.tls)
    if (!entry.empty() && ptrace(kSetThreadArea, tid.value, entry.entry_number, &entry) != 0)
      return fail("set the TLS entries of", tid);
  return {};
}

void* thread_pointer() { return __builtin_thread_pointer(); }

}  // namespace cr::arch
