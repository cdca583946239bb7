// The reference path, written from its description: one thread; reads smaps and pagemap of the frozen target; its
// pages go into pipes by vmsplice from inside it, and from the pipes into the file by splice; then the target is
// killed. Restore: preadv into fresh anonymous memory of 4 KiB pages.
#pragma once

#include <sys/types.h>

#include <string>

namespace cr::bench {

/// A process with as much memory, which gives its pages away on order and does nothing else meanwhile.
class Reference {
 public:
  Reference(std::size_t bytes, bool huge);
  ~Reference();
  Reference(const Reference&) = delete;
  Reference& operator=(const Reference&) = delete;

  /// Writes all memory to `file`, and kills the process; ms, once. `durable`: with fsync.
  double dump(const std::string& file, bool durable);
  /// A new process reads `file` into its memory and checks the hash after the time was taken; ms.
  double restore(const std::string& file);

 private:
  static constexpr std::size_t kPipe = 1 << 20, kPipes = 16;
  void give_pages();
  void look_at_memory() const;
  void end();

  std::size_t bytes_;
  std::byte* memory_;
  std::uint64_t hash_ = 0;
  int pipes_[kPipes][2];
  int order_[2], answer_[2];
  pid_t pid_ = 0;
};

}  // namespace cr::bench
