// The process that is dumped: memory with random content, a thread that stamps the clock, workers that share the
// memory copy-on-write.
// usage: bench_victim CONTROL_FILE BYTES 4k|huge WORKERS stamp|write|quiet [threads|mappings|descriptors|sparse_gib
// COUNT]
#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>

#include "bench/control.h"

namespace cr::bench {
namespace {

struct Victim {
  Control* control;
  std::byte* memory;
  std::size_t bytes;
};

std::uint64_t now_ns() {
  timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return static_cast<std::uint64_t>(t.tv_sec) * 1000000000 + static_cast<std::uint64_t>(t.tv_nsec);
}

void nap(long us) {
  timespec t{0, us * 1000};
  nanosleep(&t, nullptr);
}

void* stamp(void* argument) {
  Control& c = *static_cast<Victim*>(argument)->control;
  for (c.last_ns = now_ns();; nap(100)) {
    const std::uint64_t now = now_ns(), gap = now - c.last_ns;
    if (gap > c.gap_ns) c.gap_ns = gap;
    c.last_ns = now;
  }
}

/// Writes one byte per page, all over, again and again; puts back what was there, so that the hash stays.
void* write_always(void* argument) {
  const Victim& v = *static_cast<Victim*>(argument);
  for (std::size_t at = 0;; at = (at + 4096 * 37) % v.bytes) {
    auto* p = reinterpret_cast<volatile std::byte*>(v.memory + at);
    *p = *p;
    v.control->written.fetch_add(1, std::memory_order_relaxed);
  }
}

[[noreturn]] void worker() {
  for (;;) pause();
}

void* sleep_always(void*) {
  for (;;) pause();
}

bool make_threads(int count) {
  pthread_attr_t small;
  pthread_attr_init(&small);
  pthread_attr_setstacksize(&small, 64 << 10);
  pthread_t thread;
  for (int i = 0; i < count; ++i)
    if (pthread_create(&thread, &small, sleep_always, nullptr) != 0) return false;
  return true;
}

/// One page each, with content; every second one can only be read, so that no two become one.
bool make_mappings(int count) {
  const std::size_t bytes = static_cast<std::size_t>(count) * 4096;
  auto* m = static_cast<char*>(mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  for (std::size_t at = 0; at < bytes; at += 4096) {
    m[at] = 1;
    if (at / 4096 % 2 == 1 && mprotect(m + at, 4096, PROT_READ) != 0) return false;
  }
  return true;
}

bool make_descriptors(int count) {
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  for (int i = 0; i < count; ++i)
    if (open("/dev/null", O_RDONLY) < 0) return false;
  return true;
}

/// A page with content in every GiB.
bool make_sparse(int gib) {
  const std::size_t bytes = static_cast<std::size_t>(gib) << 30;
  void* m = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (m == MAP_FAILED) return false;
  for (std::size_t at = 0; at < bytes; at += std::size_t{1} << 30) static_cast<volatile char*>(m)[at] = 1;
  return true;
}

bool make_many(const char* what, int count) {
  if (std::strcmp(what, "threads") == 0) return make_threads(count);
  if (std::strcmp(what, "mappings") == 0) return make_mappings(count);
  if (std::strcmp(what, "descriptors") == 0) return make_descriptors(count);
  return std::strcmp(what, "sparse_gib") == 0 && make_sparse(count);
}

[[noreturn]] void obey(const Victim& v) {
  Control& c = *v.control;
  for (;; nap(500)) {
    if (c.order == Order::kExit) _exit(0);
    if (c.order != Order::kHash) continue;
    c.hash = hash_of(v.memory, v.bytes);
    c.order = Order::kNone;
  }
}

int run(int argc, char** argv) {
  const int fd = open(argv[1], O_RDWR | O_CLOEXEC);
  void* page = mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (page == MAP_FAILED) return 1;
  close(fd);
  Victim v{static_cast<Control*>(page), nullptr, std::strtoull(argv[2], nullptr, 10)};
  constexpr std::size_t kHuge = 2 << 20;
  if (v.bytes > 0) {
    auto* area = static_cast<std::byte*>(
        mmap(nullptr, v.bytes + kHuge, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    v.memory = area + (kHuge - reinterpret_cast<std::uintptr_t>(area) % kHuge) % kHuge;
    if (std::strcmp(argv[3], "huge") == 0) madvise(v.memory, v.bytes, MADV_HUGEPAGE);
    fill_random(v.memory, v.bytes, 42);
  }
  for (int i = std::atoi(argv[4]); i > 0; --i)
    if (fork() == 0) worker();
  pthread_t thread;
  if (std::strcmp(argv[5], "quiet") != 0) pthread_create(&thread, nullptr, stamp, &v);
  if (std::strcmp(argv[5], "write") == 0) pthread_create(&thread, nullptr, write_always, &v);
  if (argc == 8 && !make_many(argv[6], std::atoi(argv[7]))) return 1;
  v.control->ready = 1;
  obey(v);
}

}  // namespace
}  // namespace cr::bench

int main(int argc, char** argv) { return argc == 6 || argc == 8 ? cr::bench::run(argc, argv) : 2; }
