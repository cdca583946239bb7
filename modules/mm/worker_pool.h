// Threads that go through numbered pieces of work together.
#pragma once

#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <mutex>
#include <optional>
#include <vector>

#include "base/result.h"

namespace cr::mm {

/// Calls `work(piece, worker)` once for each piece below `pieces`, by `workers` threads of which the caller is one.
/// The first error ends it. Worker numbers count from 0, so that each can have a buffer of its own. pthread_create
/// and not std::thread: that one can report failure only by an exception; with fewer threads all is done as well.
template <class Work>
Result<> in_parallel(std::size_t pieces, unsigned workers, Work work) {
  struct Shared {
    Work* work;
    std::size_t pieces;
    std::atomic<std::size_t> next = 0;
    std::atomic<unsigned> number = 0;
    std::mutex mutex{};
    std::optional<Error> error{};

    void run() {
      const unsigned self = number++;
      for (std::size_t i; (i = next++) < pieces;) {
        Result<> r = (*work)(i, self);
        if (r.ok()) continue;
        std::lock_guard lock(mutex);
        if (!error) error = r.take_error();
        next = pieces;
      }
    }
    static void* enter(void* self) {
      static_cast<Shared*>(self)->run();
      return nullptr;
    }
  };
  Shared shared{&work, pieces};
  std::vector<pthread_t> threads;
  for (unsigned i = 1; i < std::min<std::size_t>(workers, pieces); ++i) {
    pthread_t t;
    if (pthread_create(&t, nullptr, Shared::enter, &shared) != 0) break;
    threads.push_back(t);
  }
  shared.run();
  for (pthread_t t : threads) pthread_join(t, nullptr);
  if (shared.error) return std::move(*shared.error);
  return {};
}

/// One worker per CPU, but none for less than 8 MiB: a thread costs as much as copying one.
unsigned workers_for(std::uint64_t bytes);

}  // namespace cr::mm
