#include "mm/aio.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <vector>

#include "base/format.h"
#include "base/log.h"
#include "base/page_size.h"
#include "core/contexts.h"
#include "core/proc_text.h"
#include "infect/parasite_session.h"
#include "mm/mm.h"
#include "mm/wire.h"

namespace cr::mm {
namespace {

constexpr std::uint32_t kMagic = 0xa10a10a1;  // AIO_RING_MAGIC
constexpr std::uint64_t kEventSize = 32;      // struct io_event

std::string ring_name(const Task& t, std::uint64_t start) {
  return format("pid {} asynchronous I/O ring {:x}", t.host.value != 0 ? t.host.value : t.pid.value, start);
}

Error refuse(const Task& t, std::uint64_t start, std::string why) {
  return Error{"mm", "dump", ring_name(t, start), 0, std::move(why)};
}

Result<AioHeader> read_header(const Task& t, int mem_fd, std::uint64_t start) {
  AioHeader h{};
  if (pread(mem_fd, &h, sizeof h, static_cast<off_t>(start)) == sizeof h) return h;
  return Error{"mm", "read", ring_name(t, start), errno, ""};
}

/// Field 12 of /proc/diskstats: requests that a disk has been given and has not finished.
bool disks_are_idle() {
  auto text = core::read_text("/proc/diskstats");
  if (!text.ok()) return false;
  std::string_view rest = text.value();
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    const auto words = core::words(rest.substr(0, end));
    if (words.size() > 11 && words[11] != "0") return false;
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return true;
}

Result<std::vector<std::uint32_t>> tails(const Task& t, int mem_fd, const AddressSpace& space) {
  std::vector<std::uint32_t> all;
  for (const AioRing& ring : space.rings) all.push_back(TRY(read_header(t, mem_fd, ring.start)).tail);
  return all;
}

std::uint64_t sysctl_number(const char* path) {
  auto text = core::read_text(path);
  if (!text.ok()) return 0;
  const auto words = core::words(text.value());
  return words.empty() ? 0 : core::number(words[0]).value_or(0);
}

}  // namespace

// As ioctx_alloc() and aio_setup_ring() of fs/aio.c count.
std::uint64_t ring_size(std::uint64_t nr_req, std::uint64_t cpus) {
  const std::uint64_t events = std::max(nr_req, cpus * 4) * 2 + 2;
  return whole_pages(sizeof(AioHeader) + events * kEventSize);
}

std::uint32_t requests_for(std::uint64_t size) {
  if (size <= page_size()) return 1;
  const std::uint64_t too_few = (size - page_size() - sizeof(AioHeader)) / kEventSize;  // what a page less would hold
  return static_cast<std::uint32_t>((too_few - 2) / 2 + 1);
}

Result<> collect_ring(const Task& t, const Vma& v, int mem_fd, AddressSpace& space) {
  const AioHeader h = TRY(read_header(t, mem_fd, v.start));
  if (h.magic != kMagic || h.compat_features != 1 || h.incompat_features != 0 || h.header_length != sizeof h)
    return refuse(t, v.start, "it is of a kind that only a newer kernel knows; call io_destroy before the dump");
  if (v.pgoff != 0 || h.nr != (v.size() - sizeof h) / kEventSize)
    return refuse(t, v.start, "a part of it is not mapped; call io_destroy before the dump");
  log::warn("{}: a request that waits for a descriptor to be ready (IOCB_CMD_POLL) would not be seen, and is lost",
            ring_name(t, v.start));
  space.rings.push_back({v.start, v.size(), h.id, requests_for(v.size())});
  std::sort(space.rings.begin(), space.rings.end(),
            [](const AioRing& a, const AioRing& b) { return a.number < b.number; });
  return {};
}

Result<> await_rings(const Task& t, int mem_fd, const AddressSpace& space) {
  constexpr int kLook_us = 2000, kStill = 500, kMost = 5000;
  if (space.rings.empty()) return {};
  std::vector<std::uint32_t> before = TRY(tails(t, mem_fd, space));
  for (int look = 0, still = 0; look < kMost; ++look) {
    const bool idle = disks_are_idle();
    usleep(kLook_us);  // between the end of a request to a disk and its result in the ring
    std::vector<std::uint32_t> now = TRY(tails(t, mem_fd, space));
    still = now == before ? still + 1 : 0;
    if (still > 0 && (idle || still >= kStill)) return {};  // a disk may be busy for others
    before = std::move(now);
  }
  return refuse(t, space.rings.front().start, "requests are still being worked on; dump it when they are done");
}

Result<> ask_rings(DumpCtx& ctx, const Task& t, const AddressSpace& space, infect::ParasiteSession& session) {
  for (const AioRing& ring : space.rings) {
    // None of at least none: finds the context, and does nothing.
    SysResult found =
        TRY(session.remote_syscall(ctx.seized[t.index].threads().front(), SYS_io_getevents, ring.start, 0, 0, 0, 0));
    if (found.err() == EINVAL)
      return refuse(
          t, ring.start,
          "it is a ring of asynchronous I/O of another process, left here by fork(2); let the program unmap "
          "it before the dump");
  }
  return {};
}

Result<> plan_rings(const Task& t, const AddressSpace& space) {
  const auto cpus = static_cast<std::uint64_t>(std::max(sysconf(_SC_NPROCESSORS_CONF), 1L));
  std::uint64_t requests = 0;
  for (const AioRing& ring : space.rings) {
    requests += ring.nr_req;
    if (ring_size(ring.nr_req, cpus) != ring.size)
      return Error{"mm", "restore", ring_name(t, ring.start), 0,
                   format("with {} CPUs the kernel makes rings of {} bytes, and this one has {}; restore it on a "
                          "machine with as many CPUs as it was dumped on",
                          cpus, ring_size(ring.nr_req, cpus), ring.size)};
  }
  const std::uint64_t most = sysctl_number("/proc/sys/fs/aio-max-nr"), used = sysctl_number("/proc/sys/fs/aio-nr");
  if (requests == 0 || used + requests <= most) return {};
  return Error{"mm", "restore", ring_name(t, space.rings.front().start), 0,
               format("the rings of the process are for {} requests, and of {} that the system allows {} are taken; "
                      "raise fs.aio-max-nr",
                      requests, most, used)};
}

}  // namespace cr::mm
