#include "engine/check.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <set>

#include "engine/engine.h"

namespace cr::engine {
namespace {

probe::Answer there() { return {true, ""}; }
probe::Answer not_there() { return {false, "Function not implemented"}; }

constexpr std::array kSome{
    Feature{"a", Need::kAlways, true, "everything", there},
    Feature{"b", Need::kAlways, true, "much", not_there},
    Feature{"c", Need::kAlways, true, "more", not_there},
    Feature{"d", Need::kExtra, true, "some", not_there},
    Feature{"e", Need::kExperimental, false, "later things", there},
    Feature{"f", Need::kExperimental, false, "later things", not_there},
};

TEST(Check, OnlyWhatIsAlwaysNeeded) {
  CheckReport r = make_report(kSome, {});
  EXPECT_EQ(r.text,
            "  a                 ok\n"
            "  b                 MISSING  lost: much (Function not implemented)\n"
            "  c                 MISSING  lost: more (Function not implemented)\n");
  EXPECT_EQ(r.missing_always, "b, c");
  EXPECT_FALSE(r.missing_other);
}

TEST(Check, Everything) {
  CheckReport r = make_report(kSome, {.extra = true, .experimental = true, .feature = ""});
  EXPECT_NE(r.text.find("  e                 unused   later for: later things\n"), std::string::npos) << r.text;
  EXPECT_NE(r.text.find("  f                 -        later for: later things (Function"), std::string::npos);
  EXPECT_TRUE(r.missing_other);
}

TEST(Check, UnusedFeaturesAreNeverMissing) {
  CheckReport r = make_report(std::span(kSome).subspan(4), {.extra = true, .experimental = true, .feature = ""});
  EXPECT_EQ(r.missing_always, "");
  EXPECT_FALSE(r.missing_other);
}

TEST(Check, OneFeature) {
  Options o;
  o.check.feature = "no-such-thing";
  EXPECT_EQ(check(o).error().sentence(),
            "check: cannot find feature no-such-thing (unknown); --feature list prints the names");
  o.check.feature = "list";
  EXPECT_TRUE(check(o).ok());
  o.check.feature = "memfd";
  EXPECT_TRUE(check(o).ok());
  o.check.feature = "uffd";
  EXPECT_FALSE(check(o).ok()) << "lazy pages are not there yet, so a caller must not count on them";
}

TEST(Check, NamesAreUnique) {
  std::set<std::string_view> names;
  for (const Feature& f : features()) EXPECT_TRUE(names.insert(f.name).second) << f.name;
}

std::size_t open_descriptors() {
  auto all = std::filesystem::directory_iterator("/proc/self/fd");
  return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

// On a kernel and with privileges that run the rest of the test suite, all that is always needed answers yes.
TEST(Probes, LeaveNothingBehind) {
  const std::size_t before = open_descriptors();
  for (const Feature& f : features()) {
    probe::Answer a = f.ask();
    EXPECT_TRUE(a.yes || !a.detail.empty()) << f.name << " gives no reason";
    EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1) << f.name << " left a child";
    EXPECT_EQ(open_descriptors(), before) << f.name << " left a descriptor";
    if (geteuid() == 0 && f.need == Need::kAlways) {
      EXPECT_TRUE(a.yes) << f.name << ": " << a.detail;
    }
  }
}

// A process without any privilege is told what it lacks.
TEST(Probes, WithoutPrivileges) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root to give it up";
  pid_t child = fork();
  if (child == 0) {
    if (setresgid(65534, 65534, 65534) < 0 || setresuid(65534, 65534, 65534) < 0) _exit(10);
    if (probe::privileges().yes) _exit(11);
    if (probe::clone3_set_tid().yes) _exit(12);
    if (probe::suspend_seccomp().yes) _exit(13);
    if (!probe::memfd().yes) _exit(14);
    if (probe::socket_namespaces().yes) _exit(15);
    _exit(0);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

}  // namespace
}  // namespace cr::engine
