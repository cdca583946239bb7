// A sleeping small process: the whole commands, from fork to exit.
#include <benchmark/benchmark.h>

#include "bench/cases.h"
#include "bench/series.h"
#include "bench/subject.h"

namespace cr::bench {
namespace {

void run(benchmark::State& state, const Place& place) {
  Subject v(place, {.threads = "quiet"});
  Series dump, restore;
  for (int i = 0; i < 3; ++i) v.dump(), v.restore();
  for (auto _ : state) {
    v.remove_images();
    dump.add(v.dump());
    restore.add(v.restore());
    state.SetIterationTime((dump.max() + restore.max()) / 1e3);
  }
  v.check_hash();
  auto& c = state.counters;
  c["dump_ms"] = dump.median();
  c["restore_ms"] = restore.median();
  c["dump_spread_pct"] = dump.spread();
  c["restore_spread_pct"] = restore.spread();
  c["aim_ms"] = 6;
  c["engine_peak_mib"] = static_cast<double>(v.peak_kib()) / 1024;
}

}  // namespace

void register_small(const Setting& s) {
  struct Row {
    const char* name;
    std::string dir;
  };
  for (const Row& row : {Row{"small/tmpfs", s.tmpfs}, Row{"small/disk", s.disk}})
    benchmark::RegisterBenchmark(row.name, run, Place{s.engine, s.victim, row.dir})
        ->UseManualTime()
        ->Iterations(s.rounds * 10)
        ->Unit(benchmark::kMillisecond);
}

}  // namespace cr::bench
