#include "files/io_uring_ring.h"

#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <utility>

#include "base/format.h"
#include "files/description.h"

namespace cr::files {
namespace {

long answer(long result) { return result < 0 ? -static_cast<long>(errno) : result; }

Result<std::span<std::uint8_t>> map_part(int fd, std::uint64_t offset, std::size_t size, const std::string& object) {
  void* at = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, static_cast<off_t>(offset));
  if (at == MAP_FAILED) return fail("map the memory of", object, errno);
  return std::span(static_cast<std::uint8_t*>(at), size);
}

}  // namespace

Result<UniqueFd> make_ring(RingParams& params, const std::string& object) {
  params.flags |= kSetupCqSize;
  UniqueFd fd(static_cast<int>(syscall(SYS_io_uring_setup, params.sq_entries, &params)));
  if (!fd)
    return fail(format("make a ring with flags {:x} for", params.flags), object, errno,
                errno == EPERM ? "allow io_uring (sysctl kernel.io_uring_disabled)" : "");
  return fd;
}

long enter_ring(int fd, std::uint32_t submit, std::uint32_t flags, const void* argument, std::size_t size) {
  return answer(syscall(SYS_io_uring_enter, fd, submit, 0, flags, argument, size));
}

long register_ring(int fd, std::uint32_t opcode, const void* argument, std::uint32_t count) {
  return answer(syscall(SYS_io_uring_register, fd, opcode, argument, count));
}

Result<RingView> RingView::map(int fd, const RingParams& params, const std::string& object) {
  RingView view(params);
  view.rings_ = TRY(map_part(fd, kOffsetSqRing, params.rings_size(), object));
  view.sqes_ = TRY(map_part(fd, kOffsetSqes, params.sqes_size(), object));
  return view;
}

RingView::RingView(RingView&& o) noexcept
    : params_(o.params_), rings_(std::exchange(o.rings_, {})), sqes_(std::exchange(o.sqes_, {})) {}

RingView::~RingView() {
  if (!rings_.empty()) munmap(rings_.data(), rings_.size());
  if (!sqes_.empty()) munmap(sqes_.data(), sqes_.size());
}

}  // namespace cr::files
