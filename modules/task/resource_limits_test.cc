#include "task/resource_limits.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include "core/proc_text.h"

namespace cr::task {
namespace {

// Linux 6.18.
constexpr std::string_view kText =
    "Limit                     Soft Limit           Hard Limit           Units     \n"
    "Max cpu time              unlimited            unlimited            seconds   \n"
    "Max file size             4096                 8192                 bytes     \n"
    "Max data size             unlimited            unlimited            bytes     \n"
    "Max stack size            8388608              unlimited            bytes     \n"
    "Max core file size        0                    unlimited            bytes     \n"
    "Max resident set          unlimited            unlimited            bytes     \n"
    "Max processes             96365                96365                processes \n"
    "Max open files            20000                20000                files     \n"
    "Max locked memory         8388608              8388608              bytes     \n"
    "Max address space         18446744073709551614 unlimited            bytes     \n"
    "Max file locks            unlimited            unlimited            locks     \n"
    "Max pending signals       96365                96365                signals   \n"
    "Max msgqueue size         819200               819200               bytes     \n"
    "Max nice priority         0                    0                    \n"
    "Max realtime priority     0                    99                   \n"
    "Max realtime timeout      unlimited            unlimited            us        \n";

TEST(ResourceLimits, ReadsEveryLine) {
  auto limits = parse_limits(kText);
  ASSERT_TRUE(limits.ok()) << limits.error().sentence();
  EXPECT_EQ(limits.value()[RLIMIT_CPU], (Rlimit{~0ull, ~0ull}));
  EXPECT_EQ(limits.value()[RLIMIT_FSIZE], (Rlimit{4096, 8192}));
  EXPECT_EQ(limits.value()[RLIMIT_STACK], (Rlimit{8388608, ~0ull}));
  EXPECT_EQ(limits.value()[RLIMIT_NOFILE], (Rlimit{20000, 20000}));
  EXPECT_EQ(limits.value()[RLIMIT_AS], (Rlimit{18446744073709551614ull, ~0ull}));
  EXPECT_EQ(limits.value()[RLIMIT_NICE], (Rlimit{0, 0}));
  EXPECT_EQ(limits.value()[RLIMIT_RTPRIO], (Rlimit{0, 99}));
}

TEST(ResourceLimits, RefusesWhatItDoesNotKnow) {
  EXPECT_FALSE(parse_limits("").ok());
  std::string cut(kText.substr(0, 300));
  EXPECT_FALSE(parse_limits(cut).ok());
  std::string wrong(kText);
  wrong.replace(wrong.find("20000 "), 5, "many!");
  auto r = parse_limits(wrong);
  ASSERT_FALSE(r.ok());
  EXPECT_NE(r.error().sentence().find("Max open files"), std::string::npos) << r.error().sentence();
}

TEST(ResourceLimits, Autogroup) {
  EXPECT_EQ(parse_autogroup("/autogroup-17 nice 5\n"), 5);
  EXPECT_EQ(parse_autogroup("/autogroup-17 nice -20\n"), -20);
  EXPECT_EQ(parse_autogroup("\n"), std::nullopt);
  EXPECT_EQ(parse_autogroup("/autogroup-17 nice x\n"), std::nullopt);
}

TEST(ResourceLimits, AgreesWithTheKernel) {
  auto text = core::read_text("/proc/self/limits");
  ASSERT_TRUE(text.ok());
  auto limits = parse_limits(text.value());
  ASSERT_TRUE(limits.ok()) << limits.error().sentence();
  for (std::size_t i = 0; i < kRlimits; ++i) {
    rlimit own{};
    ASSERT_EQ(getrlimit(static_cast<__rlimit_resource>(i), &own), 0);
    EXPECT_EQ(limits.value()[i], (Rlimit{own.rlim_cur, own.rlim_max})) << rlimit_name(i);
  }
}

}  // namespace
}  // namespace cr::task
