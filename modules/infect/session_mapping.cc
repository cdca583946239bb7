#include "infect/session_mapping.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>

#include "arch/host.h"
#include "base/format.h"
#include "base/page_size.h"
#include "base/unique_fd.h"

extern "C" {
// parasite/image.S
[[gnu::visibility("hidden")]] extern const std::byte cr_parasite_blob[];
[[gnu::visibility("hidden")]] extern const std::byte cr_parasite_blob_end[];
}

namespace cr::infect {
namespace {

constexpr std::uint32_t kWires = 28 * 1024;
constexpr std::uint32_t kStack = 32 * 1024;
constexpr unsigned kFutexWaiters = 0x80000000;

std::uint32_t pages(std::size_t bytes) { return static_cast<std::uint32_t>(whole_pages(bytes)); }

pthread_mutex_t* mutex_of(Control& control) {
  static_assert(sizeof(pthread_mutex_t) <= sizeof(control.owner));
  return reinterpret_cast<pthread_mutex_t*>(control.owner);
}

/// The C library's robust mutex puts itself on the thread's robust list, whose walk at the thread's end is what we
/// are after; nobody ever waits for the mutex as such.
bool take(Control& control) {
  pthread_mutexattr_t attr;
  pthread_mutexattr_init(&attr);
  pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
  pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
  pthread_mutex_t* mutex = mutex_of(control);
  const bool ok = pthread_mutex_init(mutex, &attr) == 0 && pthread_mutex_lock(mutex) == 0;
  pthread_mutexattr_destroy(&attr);
  // Without this bit the kernel would mark the word but wake nobody (handle_futex_death).
  if (ok) __atomic_fetch_or(&control.owner[0], kFutexWaiters, __ATOMIC_ACQ_REL);
  return ok;
}

}  // namespace

std::span<const std::byte> parasite_code() { return {cr_parasite_blob, cr_parasite_blob_end}; }

Layout Layout::of(std::size_t code_size, std::size_t frame_size, std::size_t arena_size) {
  Layout l;
  l.control = pages(code_size);
  l.wires = l.control + (sizeof(Control) + 63) / 64 * 64;
  l.wires_end = l.control + kWires;
  l.stack_top = pages(l.wires_end + kStack);
  l.frame = l.stack_top;
  l.frame_size = pages(frame_size);
  l.arena = l.frame + l.frame_size;
  l.size = l.arena + pages(arena_size);
  return l;
}

Result<> SharedMapping::map_piece(HostPid pid, std::uint64_t remote, std::uint32_t from, std::uint32_t to) {
  const std::string path = format("/proc/{}/map_files/{:x}-{:x}", pid, remote + from, remote + to);
  UniqueFd fd{::open(path.c_str(), O_RDWR | O_CLOEXEC)};
  if (!fd) return Error{"infect", "open", path, errno, "CAP_CHECKPOINT_RESTORE or CAP_SYS_ADMIN is needed"};
  if (mmap(base_ + from, to - from, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd.get(), 0) == MAP_FAILED)
    return Error{"infect", "map", path, errno, ""};
  return {};
}

Result<> SharedMapping::attach(HostPid pid, std::uint64_t base, const Layout& layout, bool split) {
  void* place = mmap(nullptr, layout.size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (place == MAP_FAILED) return Error{"infect", "map", "the injection arena", errno, ""};
  base_ = static_cast<std::byte*>(place);
  layout_ = layout;
  owner_ = getpid();
  if (split) {
    TRY(map_piece(pid, base, 0, layout.control));
    TRY(map_piece(pid, base, layout.control, layout.size));
  } else {
    TRY(map_piece(pid, base, 0, layout.size));
  }
  const auto code = parasite_code();
  std::memcpy(base_, code.data(), code.size());
  arch::sync_code(base_, code.size());
  locked_ = take(control());
  if (!locked_) return Error{"infect", "lock", "the injection arena", errno, ""};
  return {};
}

void SharedMapping::abandon() {
  if (base_ == nullptr || !locked_ || getpid() != owner_) return;
  std::uint32_t* word = &control().owner[0];
  pthread_mutex_unlock(mutex_of(control()));
  locked_ = false;
  __atomic_fetch_or(word, kFutexOwnerDied, __ATOMIC_ACQ_REL);
  (void)sys::call(__NR_futex, word, 1 /* FUTEX_WAKE */, 1);
  release();
}

void SharedMapping::release() {
  if (base_ == nullptr) return;
  // Before the memory goes: the mutex is linked in this thread's robust list. A forked child has an empty list.
  if (locked_ && getpid() == owner_) pthread_mutex_unlock(mutex_of(control()));
  locked_ = false;
  munmap(base_, layout_.size);
  base_ = nullptr;
}

}  // namespace cr::infect
