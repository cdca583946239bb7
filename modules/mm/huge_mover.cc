#include "mm/huge_mover.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <string_view>

namespace cr::mm {
namespace {

// include/uapi/linux/userfaultfd.h of Linux 6.8; the installed headers are older.
struct Api {
  std::uint64_t api, features, ioctls;
};
struct Register {
  std::uint64_t start, length, mode, ioctls;
};
struct UffdMove {
  std::uint64_t to, from, length, mode;
  std::int64_t moved;
};
constexpr unsigned long kApi = _IOWR(0xAA, 0x3F, Api);
constexpr unsigned long kRegister = _IOWR(0xAA, 0x00, Register);
constexpr unsigned long kMove = _IOWR(0xAA, 0x05, UffdMove);
constexpr std::uint64_t kVersion = 0xAA, kFeatureMove = 1 << 16;
constexpr std::uint64_t kModeWp = 1 << 1;  // not missing: a fault in the range must not wait for anybody

bool huge_pages_are_off() {
  const UniqueFd fd(open("/sys/kernel/mm/transparent_hugepage/enabled", O_RDONLY | O_CLOEXEC));
  char text[128];
  const ssize_t n = fd ? ::read(fd.get(), text, sizeof text) : -1;
  return n <= 0 || std::string_view(text, static_cast<std::size_t>(n)).find("[never]") != std::string_view::npos;
}

}  // namespace

HugeMover::HugeMover() {
  if (huge_pages_are_off()) return;
  fd_.reset(static_cast<int>(syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK)));
  if (!fd_) return;
  Api api{kVersion, kFeatureMove, 0};
  usable_ = ioctl(fd_.get(), kApi, &api) == 0;
}

bool HugeMover::add_target(std::uint64_t start, std::uint64_t size) {
  Register request{start, size, kModeWp, 0};
  return usable() && ioctl(fd_.get(), kRegister, &request) == 0 && (request.ioctls >> 5 & 1) != 0;
}

bool HugeMover::move(std::uint64_t to, std::uint64_t from) const {
  UffdMove request{to, from, kSize, 0, 0};
  return ioctl(fd_.get(), kMove, &request) == 0;
}

Staging::Staging() {
  void* area = mmap(nullptr, 2 * HugeMover::kSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (area == MAP_FAILED) return;
  area_ = area;
  at_ = (reinterpret_cast<std::uint64_t>(area) + HugeMover::kSize - 1) & ~(HugeMover::kSize - 1);
  if (madvise(reinterpret_cast<void*>(at_), HugeMover::kSize, MADV_HUGEPAGE) != 0) at_ = 0;
}

Staging::~Staging() {
  if (area_ != nullptr) munmap(area_, 2 * HugeMover::kSize);
}

}  // namespace cr::mm
