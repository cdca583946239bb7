#include "core/stages.h"
#include "base/page_size.h"

#include <linux/futex.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <climits>
#include <cstring>
#include <new>

#include "arch/host.h"

namespace cr::core {
namespace {

void futex_wait(std::atomic<std::uint32_t>& word, std::uint32_t seen, const timespec* timeout) {
  syscall(SYS_futex, &word, FUTEX_WAIT, seen, timeout, nullptr, 0);
}

void futex_wake_all(std::atomic<std::uint32_t>& word) {
  syscall(SYS_futex, &word, FUTEX_WAKE, INT_MAX, nullptr, nullptr, 0);
}

void put_text(char* to, std::size_t size, const std::string& text) {
  std::size_t n = std::min(size - 1, text.size());
  std::memcpy(to, text.data(), n);
  to[n] = '\0';
}

/// The C library's robust mutex puts itself on the thread's robust list, which the kernel walks when the thread ends.
void hold(SharedPage& page) {
  static_assert(sizeof(pthread_mutex_t) <= sizeof page.engine);
  auto* mutex = reinterpret_cast<pthread_mutex_t*>(page.engine);
  pthread_mutexattr_t attr;
  pthread_mutexattr_init(&attr);
  pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
  pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
  pthread_mutex_init(mutex, &attr);
  pthread_mutex_lock(mutex);
  pthread_mutexattr_destroy(&attr);
}

Error reported(const SharedPage& page) {
  return Error{page.error_module, page.error_step, page.error_object, page.error_errno, page.error_remedy};
}

}  // namespace

SysResult pid_in_proc(int proc_fd) {
  char text[16];
  const SysResult length = sys::call(__NR_readlinkat, proc_fd, "self", text, sizeof text);
  if (!length.ok()) return length;
  long pid = 0;
  for (long i = 0; i < length.raw(); ++i) pid = pid * 10 + text[i] - '0';
  return pid;
}

std::string proc_name(const TaskCtx& ctx) {
  return std::to_string(ctx.restore.shared->task[ctx.task.index].host_pid.load());
}

Result<SharedPage*> make_shared_page(std::size_t tasks) {
  std::size_t bytes = whole_pages(sizeof(SharedPage) + tasks * sizeof(TaskSlot));
  void* at = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (at == MAP_FAILED) return Error{"core", "map memory for", "the stages of the restore", errno, "free memory"};
  auto* page = new (at) SharedPage{};
  page->bytes = bytes;
  page->tasks = tasks;
  hold(*page);
  return page;
}

void report_error(SharedPage& page, const Error& e) {
  if (page.failed.exchange(1) != 0) return;
  put_text(page.error_module, sizeof page.error_module, e.module);
  put_text(page.error_step, sizeof page.error_step, e.step);
  put_text(page.error_object, sizeof page.error_object, e.object);
  put_text(page.error_remedy, sizeof page.error_remedy, e.remedy);
  page.error_errno = e.err;
  page.error_set = 1;
  futex_wake_all(page.done);
}

void say_done(SharedPage& page) {
  if (count_done(page)) futex_wake_all(page.done);
}

void await_stage(SharedPage& page, Stage stage) {
  for (;;) {
    std::uint32_t now = page.stage;
    if (now == static_cast<std::uint32_t>(Stage::kAbort)) _exit(1);
    if (now >= static_cast<std::uint32_t>(stage)) return;
    const Patience between = patience_of(page);
    const timespec patience{between.seconds, between.nanoseconds};
    futex_wait(page.stage, now, &patience);
    if (page.engine[0] & kEngineDied) _exit(1);
  }
}

void await_value(SharedPage& page, const std::atomic<std::uint32_t>& word, std::uint32_t value) {
  while (word != value) pause_for_others(page);
}

void pause_for_others(SharedPage& page) {
  constexpr useconds_t kPause_us = 50;
  if (page.stage == static_cast<std::uint32_t>(Stage::kAbort) || page.engine[0] & kEngineDied) _exit(1);
  usleep(kPause_us);
}

void open_stage(SharedPage& page, Stage stage) {
  page.done = 0;
  page.stage = static_cast<std::uint32_t>(stage);
  futex_wake_all(page.stage);
}

Result<> await_done(SharedPage& page, std::size_t count, Result<> (*check)(void*), void* argument) {
  const Patience between = patience_of(page);
  const timespec patience{between.seconds, between.nanoseconds};
  page.awaited = static_cast<std::uint32_t>(count);  // and then a look at `done`, which may be there already
  for (;;) {
    std::uint32_t done = page.done;
    if (page.error_set != 0) return reported(page);
    if (done >= count) return {};
    futex_wait(page.done, done, &patience);
    if (page.done < count && page.error_set == 0) {
      auto verdict = check(argument);
      // A task that has reported its error dies right after: its own words say more.
      if (!verdict.ok()) return page.error_set != 0 ? Result<>(reported(page)) : std::move(verdict);
    }
  }
}

}  // namespace cr::core
