// Trees: workers that share their parent's memory copy-on-write, and a thousand sleeping processes. Much of one kind:
// threads, mappings, descriptors, address space.
#include <benchmark/benchmark.h>
#include <unistd.h>

#include <fstream>
#include <string>
#include <vector>

#include "bench/cases.h"
#include "bench/series.h"
#include "bench/subject.h"

namespace cr::bench {
namespace {

/// Proportional set size of a process and its children, KiB.
double pss_of_tree(pid_t root) {
  double sum = 0;
  std::string word;
  std::ifstream rollup("/proc/" + std::to_string(root) + "/smaps_rollup");
  while (rollup >> word)
    if (word == "Pss:") rollup >> word, sum += std::stod(word);
  std::ifstream children("/proc/" + std::to_string(root) + "/task/" + std::to_string(root) + "/children");
  for (pid_t child; children >> child;) sum += pss_of_tree(child);
  return sum;
}

struct Row {
  std::string name;
  VictimShape shape;
  int rounds;
  std::vector<std::string> dump_options{};
};

void run(benchmark::State& state, const Place& place, const Row& row) {
  Subject v(place, row.shape);
  const double pss_before = pss_of_tree(v.pid());
  Series dump, restore, pss;
  v.dump(row.dump_options), v.restore();
  for (auto _ : state) {
    v.remove_images();
    warm(row.shape.bytes * static_cast<std::size_t>(row.shape.workers + 1));
    dump.add(v.dump(row.dump_options));
    warm(row.shape.bytes);
    restore.add(v.restore());
    pss.add(pss_of_tree(v.pid()));
    state.SetIterationTime((dump.median() + restore.median()) / 1e3);
  }
  v.check_hash();
  auto& c = state.counters;
  c["dump_ms"] = dump.median();
  c["restore_ms"] = restore.median();
  c["dump_spread_pct"] = dump.spread();
  c["restore_spread_pct"] = restore.spread();
  c["pss_ratio"] = pss.median() / pss_before;
  c["engine_peak_mib"] = static_cast<double>(v.peak_kib()) / 1024;
}

}  // namespace

void register_trees(const Setting& s) {
  const Place place{s.engine, s.victim, s.tmpfs};
  const std::size_t shared = s.bytes / 4;  // nine images of it
  const auto size = [](std::size_t bytes) { return std::to_string(bytes >> 20) + "MiB"; };
  for (const Row& row :
       {Row{"tree/alone/" + size(shared), {.bytes = shared, .threads = "quiet"}, 2},
        Row{"tree/alone/" + size(s.bytes), {.bytes = s.bytes, .threads = "quiet"}, 2},
        Row{"tree/8_workers/" + size(shared), {.bytes = shared, .workers = 8, .threads = "quiet"}, 2},
        Row{"tree/8_workers_stored_once/" + size(s.bytes),
            {.bytes = s.bytes, .workers = 8, .threads = "quiet"},
            2,
            {"--store-once"}},
        Row{"many/threads/100", {.threads = "quiet", .many = "threads", .count = 100}, 2},
        Row{"many/threads/1000", {.threads = "quiet", .many = "threads", .count = 1000}, 2},
        Row{"many/mappings/1000", {.threads = "quiet", .many = "mappings", .count = 1000}, 2},
        Row{"many/mappings/10000", {.threads = "quiet", .many = "mappings", .count = 10000}, 2},
        Row{"many/descriptors/1000", {.threads = "quiet", .many = "descriptors", .count = 1000}, 2},
        Row{"many/descriptors/10000", {.threads = "quiet", .many = "descriptors", .count = 10000}, 2},
        Row{"many/sparse_gib/1024", {.threads = "quiet", .many = "sparse_gib", .count = 1024}, 2},
        Row{"tree/100_processes", {.workers = 99, .threads = "quiet"}, 2},
        Row{"tree/1000_processes", {.workers = 999, .threads = "quiet"}, 2}})
    benchmark::RegisterBenchmark(row.name.c_str(), run, place, row)
        ->UseManualTime()
        ->Iterations(row.rounds * s.rounds)
        ->Unit(benchmark::kMillisecond);
}

}  // namespace cr::bench
