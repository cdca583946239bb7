// Processes to experiment on: forked children that share a page with the test.
#pragma once

#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <fstream>
#include <functional>
#include <sstream>
#include <string>

#include "base/ids.h"

namespace cr::infect::test {

/// What target and test tell each other.
struct Shared {
  std::atomic<int> ready;  ///< target: set up
  std::atomic<std::uint64_t> progress;
  std::atomic<int> wrong;  ///< target: a result was not what it should be
  std::atomic<long> result;
  std::atomic<int> error;
  std::atomic<std::int64_t> took_ms;
  std::atomic<int> done;
  std::atomic<int> go;  ///< test: go on
};

inline std::int64_t now_ms() {
  timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/// A child that runs `body` and is killed at the latest with this object.
class Target {
 public:
  explicit Target(const std::function<void(Shared&)>& body) {
    shared_ = static_cast<Shared*>(
        mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
    pid_ = fork();
    if (pid_ == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      body(*shared_);
      _exit(0);
    }
  }
  Target(const Target&) = delete;
  Target& operator=(const Target&) = delete;
  ~Target() {
    finish(SIGKILL);
    munmap(shared_, sizeof(Shared));
  }

  HostPid pid() const { return HostPid{pid_}; }
  Shared& shared() { return *shared_; }

  /// Waits for `what` to hold; false after 20 s.
  template <class F>
  bool eventually(F what) {
    for (int i = 0; i < 20000; ++i) {
      if (what()) return true;
      usleep(1000);
    }
    return false;
  }
  bool wait_ready() {
    return eventually([&] { return shared_->ready != 0; });
  }
  bool wait_done() {
    return eventually([&] { return shared_->done != 0; });
  }
  /// Still computes: `progress` moves.
  bool moves() {
    const std::uint64_t before = shared_->progress;
    return eventually([&] { return shared_->progress > before; });
  }

  std::string proc(const std::string& file) const {
    std::ifstream in("/proc/" + std::to_string(pid_) + "/" + file);
    std::ostringstream text;
    text << in.rdbuf();
    return text.str();
  }
  /// Value of a line of /proc/PID/status.
  std::string status(const std::string& key) const {
    const std::string text = proc("status");
    const std::size_t at = text.find("\n" + key + ":");
    if (at == text.npos) return {};
    const std::size_t from = text.find_first_not_of("\t ", at + key.size() + 2);
    return text.substr(from, text.find('\n', from) - from);
  }
  bool asleep() {
    return eventually([&] { return status("State")[0] == 'S'; });
  }

  /// Sends `signal` and gives back the wait status; -1 when it was waited for already.
  int finish(int signal) {
    if (pid_ <= 0) return -1;
    if (signal != 0) ::kill(pid_, signal);
    int status = 0;
    const pid_t pid = std::exchange(pid_, -1);
    return waitpid(pid, &status, 0) == pid ? status : -1;
  }
  /// It is known to be gone.
  void forget() { pid_ = -1; }

 private:
  pid_t pid_ = -1;
  Shared* shared_ = nullptr;
};

/// Target body: runs a blocking call once and reports what it returned and how long it took.
inline std::function<void(Shared&)> once(std::function<long()> call) {
  return [call](Shared& s) {
    s.ready = 1;
    const std::int64_t start = now_ms();
    errno = 0;
    const long r = call();
    s.error = errno;
    s.took_ms = now_ms() - start;
    s.result = r;
    s.done = 1;
    for (;;) pause();
  };
}

/// One round of floating point, vector and integer work with a result that never changes.
inline std::uint64_t compute_round(std::uint64_t seed) {
  double x = 1.0 + static_cast<double>(seed % 1000) / 1000;
  typedef double V4 __attribute__((vector_size(32)));
  V4 v{x, x * 2, x * 3, x * 4};
  std::uint64_t h = seed * 0x9e3779b97f4a7c15ull + 1;
  for (int i = 0; i < 2000; ++i) {
    x = x * 1.0000001 + 0.5 / x;
    v = v * 1.0000001 + 0.25 / v;
    h ^= h << 13, h ^= h >> 7, h ^= h << 17;
  }
  const double sum = x + v[0] + v[1] + v[2] + v[3];
  std::uint64_t bits;
  __builtin_memcpy(&bits, &sum, sizeof bits);
  return h ^ bits;
}

/// Target body: computes for ever and checks every result.
inline void compute(Shared& s) {
  std::uint64_t want[16];
  for (std::uint64_t i = 0; i < 16; ++i) want[i] = compute_round(i);
  s.ready = 1;
  for (std::uint64_t n = 0;; ++n) {
    if (compute_round(n % 16) != want[n % 16]) s.wrong = 1;
    s.progress = n + 1;
  }
}

}  // namespace cr::infect::test
