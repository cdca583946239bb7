// Rings of asynchronous I/O (io_setup(2)): shared memory in which the kernel puts down the results of requests, and
// whose address is the number that the program knows the context by.
//
// Shown as a mapping of "/[aio]"; its first bytes tell how many results it holds, which of them nobody has read
// (head, tail), and the context's number in the kernel's own table. Put back by io_setup(2), moved to its place, and
// as many requests as bring the kernel's count of results to where it was; then the content is read over it.
// Requests that the kernel is still at are waited for. It does not show them: what is looked at is whether a disk has
// something to do and whether results still come in. A request to poll (IOCB_CMD_POLL) that waits is not to be seen.
// Refused: a ring that is still filled after that; one of which a part is unmapped; one that fork(2) has left in a
// child, where it belongs to no context; on restore, one that is smaller than this kernel makes them.
#pragma once

#include <cstdint>

#include "base/ids.h"
#include "base/result.h"

namespace cr {
struct DumpCtx;
struct Task;
namespace infect {
class ParasiteSession;
}
}  // namespace cr

namespace cr::mm {

struct AddressSpace;
struct Vma;

struct AioRing {
  std::uint64_t start = 0, size = 0;
  std::uint32_t number = 0;  ///< dump: in the kernel's table of the process; rings are restored in this order
  std::uint32_t nr_req = 0;  ///< how many requests to ask io_setup(2) for
};

/// Takes the ring in mapping `v`, read by `mem_fd` (/proc/PID/mem), into the space.
Result<> collect_ring(const Task&, const Vma& v, int mem_fd, AddressSpace&);
/// Returns when nothing comes in any more.
Result<> await_rings(const Task&, int mem_fd, const AddressSpace&);
/// Makes sure that the rings are the process's own.
Result<> ask_rings(DumpCtx&, const Task&, const AddressSpace&, infect::ParasiteSession&);
/// Whether this kernel makes rings of their sizes, and has room for them (fs.aio-max-nr).
Result<> plan_rings(const Task&, const AddressSpace&);

/// Size in bytes of the ring that io_setup(2) makes for so many requests on a machine with `cpus` possible CPUs.
std::uint64_t ring_size(std::uint64_t nr_req, std::uint64_t cpus);
/// The smallest number of requests for which a ring is so big, or would be if it were not for the number of CPUs.
std::uint32_t requests_for(std::uint64_t size);

}  // namespace cr::mm
