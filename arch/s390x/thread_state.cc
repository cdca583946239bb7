#include "arch/thread_state.h"

#include <sys/ptrace.h>
#include <sys/uio.h>

#include <array>

#include "base/format.h"

namespace cr::arch {
namespace {

using namespace s390x;

constexpr unsigned kTransaction = 0x308, kGuarded = 0x30b, kBroadcast = 0x30c, kInstrumentation = 0x30d;

Error fail(const char* step, HostPid tid) { return Error{"engine", step, format("tid {}", tid), errno, ""}; }

Error not_carried(const char* what, HostPid tid, const char* remedy) {
  return Error{"task", "dump", format("{} of thread {}", what, tid), ENOTSUP, remedy};
}

/// Whether the thread has such a set: those of what it does not use cannot be read.
bool has(HostPid tid, unsigned regset) {
  std::array<std::byte, 256> bytes;
  iovec io{bytes.data(), bytes.size()};
  return ptrace(PTRACE_GETREGSET, tid.value, regset, &io) == 0;
}

/// The kernel offers the set after any interrupt whose code has a certain bit, that of a call by another CPU among
/// them. It holds something only when its first byte, the format, is not zero.
bool has_transaction(HostPid tid) {
  std::array<std::byte, 256> bytes{};
  iovec io{bytes.data(), bytes.size()};
  return ptrace(PTRACE_GETREGSET, tid.value, kTransaction, &io) == 0 && bytes[0] != std::byte{0};
}

bool set(HostPid tid, unsigned regset, void* value, std::size_t size) {
  iovec io{value, size};
  return ptrace(PTRACE_SETREGSET, tid.value, regset, &io) == 0;
}

}  // namespace

Result<> get_thread_state(HostPid tid, ThreadImage&) {
  if (has_transaction(tid))
    return not_carried("the memory transaction", tid, "dump the program when it is outside of one");
  if (has(tid, kGuarded) || has(tid, kBroadcast))
    return not_carried("guarded storage", tid, "run the program without it (Java: without pauseless collection)");
  if (has(tid, kInstrumentation))
    return not_carried("runtime instrumentation", tid, "let the program end it before the dump");
  return {};
}

Result<> set_thread_state(HostPid tid, const ThreadImage& image) {
  Vectors v = image.fpu.registers;
  if (!set(tid, kFpRegset, &v, kFpBytes)) return fail("set the floating-point registers of", tid);
  if (!image.fpu.has_vectors) return {};
  const bool done =
      set(tid, kLowRegset, v.low.data(), sizeof v.low) && set(tid, kHighRegset, v.high.data(), sizeof v.high);
  // A CPU without vectors was found good enough (missing_features()): they are all zero.
  return done || errno == ENODEV ? Result<>{} : fail("set the vector registers of", tid);
}

void* thread_pointer() { return __builtin_thread_pointer(); }

}  // namespace cr::arch
