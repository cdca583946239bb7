#include "engine/task_heap.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>

namespace cr::engine {
namespace {

constexpr std::size_t kRegion = 16 << 20;   // who needs more goes on with malloc(3)
constexpr std::size_t kLargest = 32 << 10;  // what is larger has pages of its own with malloc(3), and is given back
constexpr std::size_t kAhead = 32 << 10;    // made present at once: a page fault each costs more than the page
constexpr std::size_t kAlign = alignof(std::max_align_t);

struct Region {
  std::byte* start = nullptr;
  std::byte* end = nullptr;
};

Region region;                              // of all threads: whose memory it is
thread_local std::byte* next = nullptr;     // null: malloc(3)
thread_local std::byte* present = nullptr;  // up to here

bool is_inside(const void* p) { return p >= region.start && p < region.end; }

void* allocate(std::size_t size) noexcept {
  if (next == nullptr || size > kLargest) return std::malloc(size);
  const std::size_t whole = (std::max<std::size_t>(size, 1) + kAlign - 1) & ~(kAlign - 1);
  if (static_cast<std::size_t>(region.end - next) < whole + kAhead) {
    next = nullptr;
    return std::malloc(size);
  }
  if (next + whole > present) {
    constexpr int kPopulateWrite = 23;  // MADV_POPULATE_WRITE, Linux 5.14; without it the pages come one by one
    madvise(present, kAhead, kPopulateWrite);
    present += kAhead;
  }
  void* const p = next;
  next += whole;
  return p;
}

void* allocate_or_die(std::size_t size) {
  void* const p = allocate(size);
  if (p == nullptr) std::abort();
  return p;
}

void release(void* p) noexcept {
  if (!is_inside(p)) std::free(p);
}

void release(void* p, std::size_t size) noexcept {
  if (next == nullptr || size > kLargest) release(p);
}

}  // namespace

void use_task_heap() {
  if (region.start != nullptr) return;
  void* at = mmap(nullptr, kRegion, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (at == MAP_FAILED) return;
  region = {static_cast<std::byte*>(at), static_cast<std::byte*>(at) + kRegion};
  next = present = region.start;
}

}  // namespace cr::engine

void* operator new(std::size_t size) { return cr::engine::allocate_or_die(size); }
void* operator new[](std::size_t size) { return cr::engine::allocate_or_die(size); }
void* operator new(std::size_t size, const std::nothrow_t&) noexcept { return cr::engine::allocate(size); }
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept { return cr::engine::allocate(size); }
void operator delete(void* p) noexcept { cr::engine::release(p); }
void operator delete[](void* p) noexcept { cr::engine::release(p); }
void operator delete(void* p, std::size_t size) noexcept { cr::engine::release(p, size); }
void operator delete[](void* p, std::size_t size) noexcept { cr::engine::release(p, size); }
