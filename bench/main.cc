// The benchmarks of memory and of small processes. Each row has its reference from the same run: A B B A.
// Environment: CRENGINE_BENCH_ENGINE, _VICTIM (paths), _TMPFS, _DISK (directories), _MIB (size, 1024), _ROUNDS (2).
#include <benchmark/benchmark.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "bench/cases.h"

namespace cr::bench {
namespace {

std::string env(const char* name, const char* otherwise) {
  const char* value = std::getenv((std::string("CRENGINE_BENCH_") + name).c_str());
  return value != nullptr && *value != '\0' ? value : otherwise;
}

}  // namespace
}  // namespace cr::bench

int main(int argc, char** argv) {
  using namespace cr::bench;
  prctl(PR_SET_CHILD_SUBREAPER, 1);  // what was restored detached becomes our child, and is reaped
  static Setting setting{.engine = env("ENGINE", "build-release/crengine"),
                         .victim = env("VICTIM", "build-release/bench/bench_victim"),
                         .tmpfs = env("TMPFS", "/dev/shm/crengine-bench"),
                         .disk = env("DISK", "/var/tmp/crengine-bench"),
                         .bytes = std::stoull(env("MIB", "1024")) << 20,
                         .rounds = std::stoi(env("ROUNDS", "2"))};
  benchmark::Initialize(&argc, argv);
  register_limits(setting);
  register_memory(setting);
  register_freeze(setting);
  register_small(setting);
  register_trees(setting);
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}
