// What freezing and injection cost on a small sleeping process, in microseconds; one line of JSON.
#include <algorithm>
#include <cstdio>
#include <vector>

#include "infect/gadgets.h"
#include "infect/parasite_session.h"
#include "infect/tests/target.h"
#include "infect/wire.h"

namespace cr::infect::test {
namespace {

double now_us() {
  timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return static_cast<double>(t.tv_sec) * 1e6 + static_cast<double>(t.tv_nsec) / 1e3;
}

struct Series {
  const char* name;
  std::vector<double> us{};
};

/// One round; false when something failed.
bool round(HostPid pid, GadgetCache* cache, Series (&s)[5]) {
  double at[6] = {now_us()};
  auto task = SeizedTask::seize(pid);
  if (!task.ok()) return false;
  at[1] = now_us();
  auto session = ParasiteSession::open(task.value(), {.gadgets = cache});
  if (!session.ok()) return false;
  at[2] = now_us();
  RawSyscall call{.nr = __NR_getpid};
  if (!session.value().call(task.value().threads()[0], call).ok() || call.result != pid.value) return false;
  at[3] = now_us();
  if (!session.value().close().ok()) return false;
  at[4] = now_us();
  if (!task.value().detach().ok()) return false;
  at[5] = now_us();
  for (int i = 0; i < 5; ++i) s[i].us.push_back(at[i + 1] - at[i]);
  return true;
}

bool measure(const char* what, bool cached, int rounds) {
  Target target([](Shared& s) {
    s.ready = 1;
    for (;;) pause();
  });
  if (!target.wait_ready() || !target.asleep()) return false;
  GadgetCache cache;
  Series s[5] = {{"seize"}, {"open"}, {"call"}, {"close"}, {"detach"}};
  for (int i = 0; i < rounds; ++i) {
    if (!round(target.pid(), cached ? &cache : nullptr, s)) return false;
    usleep(500);
  }
  std::printf("{\"case\": \"%s\"", what);
  for (Series& one : s) {
    std::sort(one.us.begin(), one.us.end());
    std::printf(", \"%s_us\": {\"median\": %.1f, \"min\": %.1f}", one.name, one.us[one.us.size() / 2], one.us[0]);
  }
  std::printf("}\n");
  return true;
}

}  // namespace
}  // namespace cr::infect::test

int main() {
  using cr::infect::test::measure;
  return measure("gadgets cached", true, 400) && measure("gadgets scanned", false, 400) ? 0 : 1;
}
