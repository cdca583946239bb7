// How the blob speaks to the coordinator: through the page that all tasks of the restore share. Freestanding.
#pragma once

#include <span>

#include "arch/host.h"
#include "base/restore_shared.h"
#include "base/sys_result.h"
#include "restorer/args.h"

namespace cr::restorer {

class Report {
 public:
  Report(const Args& args, std::int32_t tid) : Report(reinterpret_cast<SharedPage*>(args.shared), tid) {}
  Report(SharedPage* page, std::int32_t tid) : page_(page), tid_(tid) {}

  /// Names the step and the errno, and ends the process: the coordinator takes the tree down.
  [[noreturn]] void fail(const char* step, int err) {
    if (page_->failed.exchange(1) == 0) {
      copy(page_->error_module, "restorer");
      copy(page_->error_step, step);
      page_->error_object[0] = '\0';
      page_->error_remedy[0] = '\0';
      page_->error_errno = err;
      page_->error_pid = tid_;
      page_->error_set = 1;
      wake(page_->done);
    }
    leave();
  }

  void done() {
    if (count_done(*page_)) wake(page_->done);
  }

  void await(Stage stage) {
    for (;;) {
      std::uint32_t now = page_->stage;
      if (now == static_cast<std::uint32_t>(Stage::kAbort)) leave();
      if (now >= static_cast<std::uint32_t>(stage)) return;
      wait(page_->stage, now);
      if (page_->engine[0] & kEngineDied) leave();
    }
  }

  /// Between the task whose memory it is and those that share it.
  void memory_is_ready(std::uint32_t task) {
    page_->task[task].memory_ready = 1;
    wake(page_->task[task].memory_ready);
  }
  void await_memory(std::uint32_t task) {
    while (page_->task[task].memory_ready == 0) {
      wait(page_->task[task].memory_ready, 0);
      if (page_->engine[0] & kEngineDied) leave();
    }
  }

  void count_down(std::uint32_t& word) {
    __atomic_fetch_sub(&word, 1, __ATOMIC_ACQ_REL);
    (void)sys::call(__NR_futex, &word, 1 /* FUTEX_WAKE */, 0x7fffffff);
  }
  /// One who waits leaves with the others when the restore has failed.
  void count_up(std::uint32_t& word) {
    __atomic_fetch_add(&word, 1, __ATOMIC_ACQ_REL);
    (void)sys::call(__NR_futex, &word, 1 /* FUTEX_WAKE */, 0x7fffffff);
  }
  void await_not_zero(std::uint32_t& word) {
    while (__atomic_load_n(&word, __ATOMIC_ACQUIRE) == 0) {
      const std::uint64_t patience[2] = {0, 50000000};
      (void)sys::call(__NR_futex, &word, 0 /* FUTEX_WAIT */, 0, patience);
      if (page_->failed != 0) leave();
    }
  }
  void await_zero(std::uint32_t& word) {
    for (;;) {
      std::uint32_t now = __atomic_load_n(&word, __ATOMIC_ACQUIRE);
      if (now == 0) return;
      (void)sys::call(__NR_futex, &word, 0 /* FUTEX_WAIT */, now, nullptr);
    }
  }

  /// One at a time says what numbers the next process or thread that it makes is to get (NumberWish); end_wish() when
  /// that is done.
  void begin_wish() {
    std::uint32_t free = 0;
    while (!page_->wish.taken.compare_exchange_strong(free, 1)) {
      free = 0;
      nap();
    }
  }
  void wish(std::span<const std::uint32_t> inits, std::span<const std::int32_t> numbers) {
    NumberWish& w = page_->wish;
    w.count = static_cast<std::uint32_t>(numbers.size());
    for (std::size_t i = 0; i < numbers.size(); ++i) w.init[i] = inits[i], w.number[i] = numbers[i];
    w.state = NumberWish::kWanted;
    await_wish(NumberWish::kWanted);
  }
  /// Until it is another one.
  void await_wish(std::uint32_t state) {
    while (page_->wish.state == state) {
      wake(page_->done);  // the coordinator looks after us
      nap();
    }
  }
  void end_wish() {
    page_->wish.state = NumberWish::kNone;
    page_->wish.taken = 0;
  }

  /// A moment. Leaves with the others when the restore has failed.
  void nap() {
    const std::uint64_t moment[2] = {0, 200000};
    (void)sys::call(__NR_nanosleep, moment, nullptr);
    if (page_->failed != 0 || page_->stage == static_cast<std::uint32_t>(Stage::kAbort) ||
        page_->engine[0] & kEngineDied)
      leave();
  }

  /// Waits to be taken over by ptrace. Never returns.
  [[noreturn]] void park() {
    await(Stage::kAbort);
    leave();
  }

 private:
  template <std::size_t N>
  static void copy(char (&to)[N], const char* from) {
    std::size_t i = 0;
    for (; i + 1 < N && from[i] != '\0'; ++i) to[i] = from[i];
    to[i] = '\0';
  }
  static void wake(std::atomic<std::uint32_t>& word) {
    (void)sys::call(__NR_futex, &word, 1 /* FUTEX_WAKE */, 0x7fffffff);
  }
  void wait(std::atomic<std::uint32_t>& word, std::uint32_t seen) const {
    const Patience patience = patience_of(*page_);
    (void)sys::call(__NR_futex, &word, 0 /* FUTEX_WAIT */, seen, &patience);
  }
  [[noreturn]] static void leave() {
    for (;;) (void)sys::call(__NR_exit_group, 1);
  }

  SharedPage* page_;
  std::int32_t tid_;
};

}  // namespace cr::restorer
