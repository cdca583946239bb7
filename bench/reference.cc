#include "bench/reference.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <vector>

#include "bench/subject.h"

namespace cr::bench {
namespace {

constexpr std::size_t kHuge = 2 << 20;

std::byte* map_aligned(std::size_t bytes) {
  auto* area = static_cast<std::byte*>(
      mmap(nullptr, bytes + kHuge, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  return area + (kHuge - reinterpret_cast<std::uintptr_t>(area) % kHuge) % kHuge;
}

}  // namespace

Reference::Reference(std::size_t bytes, bool huge) : bytes_(bytes), memory_(map_aligned(bytes)) {
  for (auto& p : pipes_)
    if (pipe2(p, O_CLOEXEC) != 0 || fcntl(p[1], F_SETPIPE_SZ, kPipe) < 0) give_up("no pipe of 1 MiB");
  if (pipe2(order_, O_CLOEXEC) != 0 || pipe2(answer_, O_CLOEXEC) != 0) give_up("no pipe");
  pid_ = fork();
  if (pid_ == 0) {
    if (huge) madvise(memory_, bytes_, MADV_HUGEPAGE);
    fill_random(memory_, bytes_, 42);
    hash_ = hash_of(memory_, bytes_);
    if (write(answer_[1], &hash_, sizeof hash_) != sizeof hash_) _exit(1);
    give_pages();
  }
  if (read(answer_[0], &hash_, sizeof hash_) != sizeof hash_) give_up("the reference process died");
}

Reference::~Reference() {
  end();
  for (auto& p : pipes_) close(p[0]), close(p[1]);
  for (int fd : {order_[0], order_[1], answer_[0], answer_[1]}) close(fd);
}

void Reference::end() {
  if (pid_ == 0) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
  pid_ = 0;
}

void Reference::look_at_memory() const {
  const std::string proc = "/proc/" + std::to_string(pid_) + "/";
  std::vector<char> buffer(1 << 20);
  const int smaps = open((proc + "smaps").c_str(), O_RDONLY | O_CLOEXEC);
  while (read(smaps, buffer.data(), buffer.size()) > 0) {
  }
  close(smaps);
  const int pagemap = open((proc + "pagemap").c_str(), O_RDONLY | O_CLOEXEC);
  const auto entry = static_cast<off_t>(reinterpret_cast<std::uintptr_t>(memory_) / 4096 * 8);
  for (std::size_t at = 0, end = bytes_ / 4096 * 8; at < end; at += buffer.size())
    if (pread(pagemap, buffer.data(), std::min(buffer.size(), end - at), entry + static_cast<off_t>(at)) <= 0)
      give_up("cannot read pagemap");
  close(pagemap);
}

void Reference::give_pages() {
  std::size_t at;
  while (read(order_[0], &at, sizeof at) == sizeof at) {
    for (auto& p : pipes_) {
      if (at >= bytes_) break;
      iovec io{memory_ + at, std::min(kPipe, bytes_ - at)};
      if (vmsplice(p[1], &io, 1, 0) != static_cast<ssize_t>(io.iov_len)) _exit(1);
      at += io.iov_len;
    }
    if (write(answer_[1], &at, sizeof at) != sizeof at) _exit(1);
  }
  _exit(0);
}

double Reference::dump(const std::string& file, bool durable) {
  const double start = now_ms();
  look_at_memory();
  const int fd = open(file.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  for (std::size_t at = 0, next; at < bytes_; at = next) {
    if (write(order_[1], &at, sizeof at) != sizeof at || read(answer_[0], &next, sizeof next) != sizeof next)
      give_up("the reference process died");
    std::size_t left = next - at;
    for (auto& p : pipes_)
      for (std::size_t in_pipe = std::min(kPipe, left); in_pipe > 0;) {
        const ssize_t n = splice(p[0], nullptr, fd, nullptr, in_pipe, SPLICE_F_MOVE);
        if (n <= 0) give_up("splice to " + file + " failed");
        in_pipe -= static_cast<std::size_t>(n);
        left -= static_cast<std::size_t>(n);
      }
  }
  if (durable && fsync(fd) != 0) give_up("fsync of " + file);
  close(fd);
  end();
  return now_ms() - start;
}

double Reference::restore(const std::string& file) {
  const double start = now_ms();
  int done[2];
  if (pipe2(done, O_CLOEXEC) != 0) give_up("no pipe");
  const pid_t child = fork();
  if (child == 0) {
    const int fd = open(file.c_str(), O_RDONLY | O_CLOEXEC);
    std::byte* memory = map_aligned(bytes_);
    madvise(memory, bytes_, MADV_NOHUGEPAGE);
    for (std::size_t at = 0; at < bytes_;) {
      iovec io{memory + at, std::min<std::size_t>(bytes_ - at, 16 << 20)};
      const ssize_t n = preadv(fd, &io, 1, static_cast<off_t>(at));
      if (n <= 0) _exit(1);
      at += static_cast<std::size_t>(n);
    }
    const double end = now_ms();
    if (write(done[1], &end, sizeof end) != sizeof end) _exit(1);
    _exit(hash_of(memory, bytes_) == hash_ ? 0 : 1);
  }
  double end = 0;
  close(done[1]);
  if (read(done[0], &end, sizeof end) != sizeof end) give_up("the reference restore failed");
  close(done[0]);
  int status = 0;
  waitpid(child, &status, 0);
  if (status != 0) give_up("the reference restore has other memory");
  return end - start;
}

}  // namespace cr::bench
