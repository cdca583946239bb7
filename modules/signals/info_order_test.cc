#include "signals/info_order.h"

#include <gtest/gtest.h>

#include <csignal>
#include <cstring>
#include <initializer_list>
#include <vector>

#include "base/little_endian.h"

namespace cr::signals {
namespace {

/// Bytes that say where they stand.
SigInfo numbered() {
  SigInfo info;
  for (std::size_t i = 0; i < info.size(); ++i) info[i] = static_cast<std::uint8_t>(i);
  return info;
}

std::vector<std::uint8_t> part(const SigInfo& info, std::size_t from, std::size_t size) {
  return {info.begin() + static_cast<long>(from), info.begin() + static_cast<long>(from + size)};
}
using Bytes = std::vector<std::uint8_t>;

TEST(SigInfoOrder, EverySiginfoBeginsWithThreeNumbers) {
  const SigInfo turned = with_integers_turned(numbered(), SIGUSR1, SI_USER);
  EXPECT_EQ(part(turned, 0, 16), (Bytes{3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 12, 13, 14, 15}));
  EXPECT_EQ(part(turned, 16, 12), (Bytes{19, 18, 17, 16, 23, 22, 21, 20, 24, 25, 26, 27}))
      << "pid and uid, nothing more";
}

TEST(SigInfoOrder, SignalAndCodeSayWhatFollows) {
  EXPECT_EQ(part(with_integers_turned(numbered(), SIGRTMIN, SI_QUEUE), 24, 8),
            (Bytes{31, 30, 29, 28, 27, 26, 25, 24}));
  EXPECT_EQ(part(with_integers_turned(numbered(), SIGALRM, SI_TIMER), 20, 4), (Bytes{23, 22, 21, 20})) << "overrun";
  EXPECT_EQ(part(with_integers_turned(numbered(), SIGCHLD, CLD_EXITED), 24, 4), (Bytes{27, 26, 25, 24})) << "status";
  EXPECT_EQ(part(with_integers_turned(numbered(), SIGCHLD, SI_USER), 24, 4), (Bytes{24, 25, 26, 27})) << "kill(2)";
  EXPECT_EQ(part(with_integers_turned(numbered(), SIGSEGV, SEGV_MAPERR), 16, 8),
            (Bytes{23, 22, 21, 20, 19, 18, 17, 16}));
  EXPECT_EQ(part(with_integers_turned(numbered(), SIGBUS, BUS_MCEERR_AO), 24, 2), (Bytes{25, 24}));
  EXPECT_EQ(part(with_integers_turned(numbered(), SIGRTMIN, POLL_IN), 16, 8),
            (Bytes{23, 22, 21, 20, 19, 18, 17, 16}));
  EXPECT_EQ(part(with_integers_turned(numbered(), SIGSYS, 1), 28, 4), (Bytes{31, 30, 29, 28})) << "architecture";
}

TEST(SigInfoOrder, ThereAndBackIsTheSame) {
  for (int signal : {SIGUSR1, SIGCHLD, SIGSEGV, SIGBUS, SIGIO, SIGSYS, SIGALRM, SIGRTMIN})
    for (int code :
         std::initializer_list<int>{SI_USER, SI_QUEUE, SI_TIMER, SI_SIGIO, SI_KERNEL, SI_TKILL, 1, 2, 3, 4, 5}) {
      SigInfo info = numbered();
      const std::int32_t head[] = {signal, 0, code};
      std::memcpy(info.data(), head, sizeof head);
      EXPECT_EQ(with_integers_turned(with_integers_turned(info, signal, code), signal, code), info);
      EXPECT_EQ(info_from_image(info_for_image(info)), info);
      EXPECT_EQ(info_for_image(info)[0], signal) << "little-endian in the images";
    }
}

TEST(LittleEndian, InstructionsOfPacketFilters) {
  // code 0x1122, jt 0x33, jf 0x44, k 0x55667788
  EXPECT_EQ(bpf_from_big_endian(0x1122334455667788), 0x5566778844331122u);
  EXPECT_EQ(bpf_to_big_endian(0x5566778844331122), 0x1122334455667788u);
  EXPECT_EQ(bpf_from_image(bpf_for_image(0x0123456789abcdef)), 0x0123456789abcdefu);
  EXPECT_EQ(byte_swapped<std::uint16_t>(0x1234), 0x3412);
  EXPECT_EQ(byte_swapped<std::int32_t>(0x12345678), 0x78563412);
}

}  // namespace
}  // namespace cr::signals
