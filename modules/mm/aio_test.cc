#include "mm/aio.h"

#include <gtest/gtest.h>
#include <linux/aio_abi.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <fstream>
#include <string>

namespace cr::mm {
namespace {

std::uint64_t size_of_mapping_at(std::uint64_t start) {
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    std::size_t dash = 0;
    if (std::stoull(line, &dash, 16) == start) return std::stoull(line.substr(dash + 1), nullptr, 16) - start;
  }
  return 0;
}

TEST(AioRings, SizesAreThoseOfTheKernel) {
  const auto cpus = static_cast<std::uint64_t>(sysconf(_SC_NPROCESSORS_CONF));
  for (std::uint32_t requests : {1u, 62u, 63u, 126u, 127u, 128u, 1000u, 4000u}) {
    aio_context_t ring = 0;
    if (syscall(SYS_io_setup, requests, &ring) != 0) GTEST_SKIP() << "no asynchronous I/O here";
    EXPECT_EQ(size_of_mapping_at(ring), ring_size(requests, cpus)) << requests;
    syscall(SYS_io_destroy, ring);
  }
}

TEST(AioRings, AsksForNoMoreThanNeeded) {
  for (std::uint64_t size = 4096; size < 100 * 4096; size += 4096) {
    const std::uint32_t requests = requests_for(size);
    EXPECT_EQ(ring_size(requests, 1), size);
    if (requests > 5) {
      EXPECT_EQ(ring_size(requests - 1, 1), size - 4096);
    }
  }
}

}  // namespace
}  // namespace cr::mm
