// Dump and restore of one process with much memory, next to the reference path.
#include <benchmark/benchmark.h>
#include <unistd.h>

#include <algorithm>

#include "bench/cases.h"
#include "bench/reference.h"
#include "bench/series.h"
#include "bench/subject.h"

namespace cr::bench {
namespace {

/// The reference and ours, of dump and restore; kept as the rows of the table.
struct Samples {
  Series reference_dump, reference_restore, dump, restore, peak_kib;

  void tell(benchmark::State& state) const {
    auto& c = state.counters;
    c["dump_ref_ms"] = reference_dump.median();
    c["dump_ms"] = dump.median();
    c["dump_ratio"] = reference_dump.median() / dump.median();
    c["dump_spread_pct"] = std::max(dump.spread(), reference_dump.spread());
    c["restore_ref_ms"] = reference_restore.median();
    c["restore_ms"] = restore.median();
    c["restore_ratio"] = reference_restore.median() / restore.median();
    c["restore_spread_pct"] = std::max(restore.spread(), reference_restore.spread());
    c["engine_peak_mib"] = peak_kib.max() / 1024;
  }
};

class Pair {
 public:
  Pair(const Place& place, std::size_t bytes, bool huge, bool durable)
      : durable_(durable), file_(place.dir + "/reference"), place_(place), shape_{.bytes = bytes, .huge = huge} {}

  double reference(Samples* s) {
    Reference reference(shape_.bytes, shape_.huge);  // a new one each time, as of ours
    warm(shape_.bytes);
    const double dump = reference.dump(file_, durable_);
    warm(shape_.bytes);
    const double restore = reference.restore(file_);
    unlink(file_.c_str());
    if (s != nullptr) s->reference_dump.add(dump), s->reference_restore.add(restore);
    return dump + restore;
  }
  double ours(Samples* s) {
    // A new one each time: a restored one has huge pages.
    Subject subject(place_, shape_);
    warm(shape_.bytes);
    const double dump = subject.dump();
    const long dump_peak = subject.peak_kib();
    warm(shape_.bytes);
    const double restore = subject.restore();
    subject.check_hash();
    if (s != nullptr) {
      s->dump.add(dump), s->restore.add(restore);
      s->peak_kib.add(static_cast<double>(std::max(dump_peak, subject.peak_kib())));
    }
    return dump + restore;
  }

 private:
  bool durable_;
  std::string file_;
  const Place& place_;
  VictimShape shape_;
};

void add(const std::string& name, Place place, std::size_t bytes, bool huge, bool durable, int rounds) {
  benchmark::RegisterBenchmark(name.c_str(),
                               [=](benchmark::State& state) {
                                 Pair pair(place, bytes, huge, durable);
                                 pair.reference(nullptr);  // warm: the host backs memory at its first use only
                                 pair.ours(nullptr);
                                 Samples s;
                                 for (auto _ : state) {
                                   pair.reference(&s);
                                   const double first = pair.ours(&s), second = pair.ours(&s);
                                   pair.reference(&s);
                                   state.SetIterationTime((first + second) / 2e3);
                                 }
                                 s.tell(state);
                               })
      ->UseManualTime()
      ->Iterations(rounds)
      ->Unit(benchmark::kMillisecond);
}

}  // namespace

void register_memory(const Setting& s) {
  const Place tmpfs{s.engine, s.victim, s.tmpfs}, disk{s.engine, s.victim, s.disk};
  for (bool huge : {false, true}) {
    const std::string pages = huge ? "huge" : "4k";
    const std::string size = std::to_string(s.bytes >> 20) + "MiB";
    add("memory/tmpfs/" + pages + "/1MiB", tmpfs, 1 << 20, huge, false, s.rounds * 4);
    add("memory/tmpfs/" + pages + "/64MiB", tmpfs, 64 << 20, huge, false, s.rounds * 2);
    add("memory/tmpfs/" + pages + "/" + size, tmpfs, s.bytes, huge, false, s.rounds);
    add("memory/disk_durable/" + pages + "/" + size, disk, s.bytes, huge, true, s.rounds);
  }
}

}  // namespace cr::bench
