#include "signals/info_order.h"

#include <csignal>

#include "base/little_endian.h"

namespace cr::signals {
namespace {

// Offsets in the structures of <asm-generic/siginfo.h>.
constexpr IntegerAt kHeader[] = {{0, 4}, {4, 4}, {8, 4}};                      // signo, errno, code
constexpr IntegerAt kKill[] = {{16, 4}, {20, 4}};                              // pid, uid
constexpr IntegerAt kTimer[] = {{16, 4}, {20, 4}, {24, 8}, {32, 4}};           // id, overrun, value, private
constexpr IntegerAt kQueue[] = {{16, 4}, {20, 4}, {24, 8}};                    // pid, uid, value
constexpr IntegerAt kChild[] = {{16, 4}, {20, 4}, {24, 4}, {32, 8}, {40, 8}};  // pid, uid, status, utime, stime
constexpr IntegerAt kPoll[] = {{16, 8}, {24, 4}};                              // band, fd
constexpr IntegerAt kSyscall[] = {{16, 8}, {24, 4}, {28, 4}};                  // address, number, architecture
constexpr IntegerAt kFault[] = {{16, 8}};                                      // address
constexpr IntegerAt kMachineCheck[] = {{16, 8}, {24, 2}};                      // address, its lowest bit
constexpr IntegerAt kBounds[] = {{16, 8}, {32, 8}, {40, 8}};                   // address, lower, upper
constexpr IntegerAt kKey[] = {{16, 8}, {32, 4}};                               // address, protection key

bool by_program(std::int32_t code) { return code <= SI_USER || code == SI_KERNEL; }

std::span<const IntegerAt> fault_layout(std::int32_t signal, std::int32_t code) {
  if (signal == SIGBUS && (code == BUS_MCEERR_AR || code == BUS_MCEERR_AO)) return kMachineCheck;
  if (signal == SIGSEGV && code == SEGV_BNDERR) return kBounds;
  if (signal == SIGSEGV && code == SEGV_PKUERR) return kKey;
  return kFault;
}

std::span<const IntegerAt> layout_of(std::int32_t signal, std::int32_t code) {
  if (code == SI_TIMER) return kTimer;
  if (code == SI_SIGIO) return kPoll;
  if (by_program(code)) return code < SI_USER ? std::span<const IntegerAt>(kQueue) : kKill;
  switch (signal) {
    case SIGILL:
    case SIGFPE:
    case SIGSEGV:
    case SIGBUS:
    case SIGTRAP:
      return fault_layout(signal, code);
    case SIGCHLD:
      return kChild;
    case SIGSYS:
      return kSyscall;
    default:
      return kPoll;  // SIGIO and whatever is sent instead of it (F_SETSIG)
  }
}

}  // namespace

SigInfo with_integers_turned(SigInfo info, std::int32_t signal, std::int32_t code) {
  swap_integers(info, kHeader);
  swap_integers(info, layout_of(signal, code));
  return info;
}

SigInfo info_for_image(const SigInfo& info) {
  return kBigEndianHost ? with_integers_turned(info, signal_of(info), code_of(info)) : info;
}

SigInfo info_from_image(const SigInfo& info) {
  return kBigEndianHost ? with_integers_turned(info, little_endian(signal_of(info)), little_endian(code_of(info)))
                        : info;
}

}  // namespace cr::signals
