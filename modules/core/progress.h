// How far a long copy is, on the terminal of whoever waits for it.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

namespace cr::core {

/// "dumping memory: 512 MiB of 2.0 GiB, 430 MiB/s, 4 s left"
std::string progress_line(const std::string& what, std::uint64_t done, std::uint64_t total, double seconds);

/// One line on `fd`, where that is a terminal on which no log goes by (-v3), from `quiet_us` microseconds after the
/// beginning on; it is taken away at the end.
class Progress {
 public:
  static constexpr std::uint64_t kQuiet_us = 1'000'000;

  Progress(std::string what, std::uint64_t total_bytes, int fd = 2, std::uint64_t quiet_us = kQuiet_us);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// So many more bytes are done. By any thread.
  void add(std::uint64_t bytes);

 private:
  std::string what_;
  std::uint64_t total_;
  int fd_;
  std::uint64_t began_us_;
  std::atomic<std::uint64_t> done_ = 0;
  std::atomic<std::uint64_t> next_us_;  ///< when a line is due; one thread gets to write it
  std::atomic<bool> shown_ = false;
};

}  // namespace cr::core
