#include "engine/task_heap.h"

#include <gtest/gtest.h>
#include <malloc.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace cr::engine {
namespace {

/// In a process of its own, since there is no way back: gives what `f` gives.
template <class F>
int in_child(F f) {
  const pid_t child = fork();
  if (child == 0) {
    use_task_heap();
    _exit(f());
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

struct Small {
  char bytes[32];
};

std::uintptr_t address(const void* p) { return reinterpret_cast<std::uintptr_t>(p); }

TEST(TaskHeap, GivesMemoryInOrderAndTakesNoneBack) {
  EXPECT_EQ(in_child([] {
              auto first = std::make_unique<Small>(), second = std::make_unique<Small>();
              first.reset();
              const auto third = std::make_unique<Small>();
              return address(third.get()) - address(second.get()) == sizeof(Small) ? 7 : 0;
            }),
            7);
}

TEST(TaskHeap, WhatIsLargeIsGivenBack) {
  EXPECT_EQ(in_child([] {
              for (int i = 0; i < 64; ++i) {
                const std::vector<char> large(8 << 20, 'x');
                if (large.back() != 'x') return 0;
              }
              return mallinfo2().hblkhd + mallinfo2().uordblks < (32 << 20) ? 7 : 0;
            }),
            7);
}

TEST(TaskHeap, AnotherThreadMayGiveBackWhatItHasFromHere) {
  EXPECT_EQ(in_child([] {
              auto text = std::make_unique<std::string>(100, 'a');
              std::thread([&] { text = std::make_unique<std::string>(200, 'b'); }).join();
              return text->size() == 200 ? 7 : 0;
            }),
            7);
}

TEST(TaskHeap, GoesOnWhenItsRegionIsUsedUp) {
  EXPECT_EQ(in_child([] {
              std::vector<std::unique_ptr<std::vector<char>>> all;
              for (int i = 0; i < 5000; ++i) all.push_back(std::make_unique<std::vector<char>>(8000, char(i)));
              for (int i = 0; i < 5000; ++i)
                if (all[i]->front() != char(i) || all[i]->back() != char(i)) return 0;
              all.clear();
              const std::size_t before = mallinfo2().uordblks;
              for (int i = 0; i < 5000; ++i) std::vector<char> gone(8000, 'x');
              return mallinfo2().uordblks < before + (1 << 20) ? 7 : 0;
            }),
            7);
}

}  // namespace
}  // namespace cr::engine
