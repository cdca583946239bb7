// How long a dump that leaves its victim running stops it: the largest gap between two stamps of the victim's clock.
#include <benchmark/benchmark.h>

#include "bench/cases.h"
#include "bench/series.h"
#include "bench/subject.h"

namespace cr::bench {
namespace {

using Words = std::vector<std::string>;

struct Measured {
  double freeze_ms, command_ms;
};

/// `check`: also restores the set in the victim's place, and compares the memory.
Measured snapshot(Subject& v, const Words& options, bool check) {
  Words words{"--leave-running"};
  words.insert(words.end(), options.begin(), options.end());
  v.control().gap_ns = 0;
  const double ms = v.dump(words);
  const double freeze = static_cast<double>(v.control().gap_ns) / 1e6;
  v.check_hash();
  if (check) {
    v.end();
    v.restore();
    v.check_hash();
  }
  v.remove_images();
  return {freeze, ms};
}

void run(benchmark::State& state, const Place& place, const VictimShape& shape, const Words& options) {
  Subject v(place, shape);
  snapshot(v, options, false);  // warm; not restored, since that would give it huge pages
  Series freeze, command;
  for (auto _ : state) {
    const Measured m = snapshot(v, options, false);
    state.SetIterationTime(m.freeze_ms / 1e3);
    freeze.add(m.freeze_ms);
    command.add(m.command_ms);
  }
  snapshot(v, options, true);
  const double gib = static_cast<double>(shape.bytes) / (1 << 30);
  state.counters["freeze_ms"] = freeze.median();
  state.counters["freeze_aim_ms"] = shape.huge ? 12 + 3 * gib : 35 + 25 * gib;
  state.counters["spread_pct"] = freeze.spread();
  state.counters["command_ms"] = command.median();
  state.counters["engine_peak_mib"] = static_cast<double>(v.peak_kib()) / 1024;
}

}  // namespace

void register_freeze(const Setting& s) {
  const Place place{s.engine, s.victim, s.tmpfs};
  const std::string size = std::string("/").append(std::to_string(s.bytes >> 20)).append("MiB");
  struct Row {
    const char* name;
    VictimShape shape;
    Words options;
  };
  for (const Row& row :
       {Row{"freeze/plain/4k", {.bytes = s.bytes}, {}}, Row{"freeze/snapshot/4k", {.bytes = s.bytes}, {"--snapshot"}},
        Row{"freeze/snapshot/huge", {.bytes = s.bytes, .huge = true}, {"--snapshot"}},
        Row{"freeze/snapshot/writing", {.bytes = s.bytes, .threads = "write"}, {"--snapshot"}}})
    benchmark::RegisterBenchmark((row.name + size).c_str(), run, place, row.shape, row.options)
        ->UseManualTime()
        ->Iterations(s.rounds * 2)
        ->Unit(benchmark::kMillisecond);
}

}  // namespace cr::bench
