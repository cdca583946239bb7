// A victim as the benchmarks see it, and the engine's commands on it.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "bench/control.h"

namespace cr::bench {

double now_ms();

struct VictimShape {
  std::size_t bytes = 0;
  bool huge = false;
  int workers = 0;
  const char* threads = "stamp";  ///< stamp, write, quiet
  const char* many = nullptr;     ///< threads, mappings, descriptors, sparse_gib
  int count = 0;                  ///< of these
};

/// Where images lie and which engine is measured.
struct Place {
  std::string engine;  ///< path of crengine
  std::string victim;  ///< path of bench_victim
  std::string dir;     ///< images go into subdirectories of this
};

/// Aborts the benchmark program with a message: a wrong figure is worse than none.
[[noreturn]] void give_up(const std::string& what);

/// A running victim; killed in the end.
class Subject {
 public:
  Subject(const Place& place, const VictimShape& shape);
  ~Subject();
  Subject(const Subject&) = delete;
  Subject& operator=(const Subject&) = delete;

  pid_t pid() const { return pid_; }
  Control& control() { return *control_; }
  std::uint64_t hash();
  /// The hash must still be that of the start.
  void check_hash();
  /// `crengine dump`, in ms of the whole command; without --leave-running the victim is dead and reaped afterwards.
  double dump(const std::vector<std::string>& options = {});
  double restore(const std::vector<std::string>& options = {});
  /// Kills the victim and waits until its pids are free.
  void end();
  void remove_images();
  std::string images() const { return images_; }
  /// Peak RSS of the last command, KiB.
  long peak_kib() const { return peak_kib_; }

 private:
  double run(std::vector<std::string> words);
  const Place& place_;
  std::string file_, images_;
  Control* control_ = nullptr;
  pid_t pid_ = 0;
  std::uint64_t first_hash_ = 0;
  long peak_kib_ = 0;
};

/// Runs a program and gives wall time (ms) and peak RSS (KiB); gives up when it fails.
double run_command(const std::vector<std::string>& words, long& peak_kib);
/// Waits until a killed tree is gone, so that its pids are free and its end takes no time of what comes next. For an
/// init.
void await_all_dead();
void remove_tree(const std::string& dir);
/// Makes so many bytes of free memory ready to use. A virtual machine may give what was free for seconds back to its
/// host (free page reporting), and then each page costs a fault there, whoever takes it first.
void warm(std::size_t bytes);

}  // namespace cr::bench
