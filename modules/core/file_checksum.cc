#include "core/file_checksum.h"

#include <pthread.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <memory>
#include <new>
#include <vector>

#include "core/crc32c.h"

namespace cr::core {
namespace {

constexpr std::uint64_t kChunk = 4 << 20;     // what one thread takes at a time
constexpr std::size_t kReadSize = 256 << 10;  // stays in the second-level cache between read and sum

struct Job {
  int fd;
  std::uint64_t length;
  std::vector<std::uint32_t> sums;  // one per chunk
  std::atomic<std::size_t> next_chunk = 0;
  std::atomic<int> failure = 0;  // errno; -1: the file is too short
};

void sum_chunk(Job& job, std::size_t chunk, unsigned char* buffer) {
  std::uint64_t at = chunk * kChunk;
  const std::uint64_t end = std::min(job.length, at + kChunk);
  std::uint32_t crc = 0;
  while (at < end) {
    const ssize_t n = ::pread(job.fd, buffer, std::min<std::uint64_t>(kReadSize, end - at), static_cast<off_t>(at));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) {
      job.failure = n < 0 ? errno : -1;
      return;
    }
    crc = crc32c(crc, buffer, static_cast<std::size_t>(n));
    at += static_cast<std::uint64_t>(n);
  }
  job.sums[chunk] = crc;
}

void* work(void* arg) {
  Job& job = *static_cast<Job*>(arg);
  const std::unique_ptr<unsigned char[]> buffer(new (std::nothrow) unsigned char[kReadSize]);
  if (!buffer) job.failure = ENOMEM;
  while (job.failure == 0) {
    const std::size_t chunk = job.next_chunk++;
    if (chunk >= job.sums.size()) break;
    sum_chunk(job, chunk, buffer.get());
  }
  return nullptr;
}

}  // namespace

unsigned checksum_threads() {
  cpu_set_t set;
  if (::sched_getaffinity(0, sizeof set, &set) != 0) return 1;
  return static_cast<unsigned>(std::max(1, CPU_COUNT(&set)));
}

Result<std::uint32_t> checksum_file(int fd, std::uint64_t length, unsigned threads, const std::string& name) {
  Job job{.fd = fd, .length = length, .sums = std::vector<std::uint32_t>((length + kChunk - 1) / kChunk)};
  // pthread_create and not std::thread: that one can report failure only by an exception.
  std::vector<pthread_t> others;
  for (unsigned i = 1; i < std::min<std::size_t>(threads, job.sums.size()); ++i) {
    pthread_t t;
    if (::pthread_create(&t, nullptr, work, &job) != 0) break;
    others.push_back(t);
  }
  work(&job);
  for (pthread_t t : others) ::pthread_join(t, nullptr);
  if (job.failure == -1) return Error{"image", "checksum", name, 0, "the file is shorter than it should be"};
  if (job.failure != 0) return Error{"image", "checksum", name, job.failure, {}};
  std::uint32_t crc = 0;
  for (std::size_t i = 0; i < job.sums.size(); ++i)
    crc = crc32c_combine(crc, job.sums[i], std::min(kChunk, length - i * kChunk));
  return crc;
}

}  // namespace cr::core
