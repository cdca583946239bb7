// What the restorer needs to rebuild an address space. Crosses into the blob: PODs only.
#pragma once

#include <cstdint>

#include "base/command.h"
#include "base/rel_span.h"

namespace cr::mm {

/// The NUMA policy of one mapping: `address` in, the rest out; mode -1: the kernel has none to tell.
struct VmaPolicyWire {
  std::uint64_t address;
  std::int32_t mode;
  std::int32_t pad;
  std::uint64_t nodes[16];  ///< 1024 nodes
};
static_assert(sizeof(VmaPolicyWire) == 144);

/// Policies of all mappings (get_mempolicy(2), MPOL_F_ADDR). Per process.
struct PolicyQuery {
  static constexpr char kName[] = "mm.policies";
  static constexpr std::uint32_t kCommand = command_id(kName);
  RelSpan<VmaPolicyWire> policies;
};
static_assert(sizeof(PolicyQuery) == 8);

/// Which protection keys the address space has given out: tried by asking for all others. Per process.
struct PkeysQuery {
  static constexpr char kName[] = "mm.pkeys";
  static constexpr std::uint32_t kCommand = command_id(kName);
  std::uint64_t free;  ///< out: bit n, key n
};
static_assert(sizeof(PkeysQuery) == 8);

/// Forks the process; the copy sleeps and is nobody's child here: its parent is the reaper of the process.
struct SnapshotFork {
  static constexpr char kName[] = "mm.snapshot";
  static constexpr std::uint32_t kCommand = command_id(kName);
  std::uint64_t owner;  ///< address of Control::owner in this process
  std::int64_t pid;     ///< out: of the copy, in the pid namespace of the process
};
static_assert(sizeof(SnapshotFork) == 16);

/// mremap(from, size, size, MREMAP_FIXED, to): a premapped region goes to its place.
struct Move {
  std::uint64_t from, size, to;
};

/// mmap at its final place: what was not premapped (shared mappings, empty ones).
struct Map {
  std::uint64_t start, size, offset;
  std::uint32_t prot, flags;
  std::int32_t fd;  ///< -1 anonymous
  std::uint32_t pad;
};

/// A part of an attached System V segment that is mapped.
struct AttachPart {
  std::uint64_t start, size, offset;
};

/// A System V segment, attached once (shmat).
struct Attach {
  std::uint64_t at;            ///< where it is attached; unless it is whole, out of the way
  std::uint64_t segment_size;  ///< whole pages
  std::int32_t id;
  std::uint32_t flags;
  RelSpan<AttachPart> parts;  ///< ascending by offset; empty: it stays where it is attached, whole
};
static_assert(sizeof(Attach) == 32);

/// The start of a ring of asynchronous I/O (fs/aio.c, struct aio_ring).
struct AioHeader {
  std::uint32_t id, nr, head, tail, magic, compat_features, incompat_features, header_length;
};
static_assert(sizeof(AioHeader) == 32);

/// A ring of asynchronous I/O; its content in the pages file says how far it has got.
struct AioRingWire {
  std::uint64_t start, size, offset;
  std::uint32_t nr_req, pad;
};
static_assert(sizeof(AioRingWire) == 32);

/// Memory that is registered with a ring of io_uring: an array of struct iovec.
struct RegisterWire {
  std::int32_t fd;
  std::uint32_t count;
  RelSpan<std::uint64_t> iovecs;  ///< address and length of each
};
static_assert(sizeof(RegisterWire) == 16);

/// preadv into its place: content of what could not be premapped.
struct Fill {
  std::uint64_t start, size, offset;
};

/// mprotect / pkey_mprotect to the final protection.
struct Protect {
  std::uint64_t start, size;
  std::uint32_t prot;
  std::int32_t pkey;  ///< 0: plain mprotect
};

/// One call about a range: madvise, mlock2, mseal, or the policy calls, in the order in which they stand.
struct Advice {
  std::uint64_t start, size;
  std::uint32_t kind;  ///< AdviceKind
  std::int32_t value;
  std::uint64_t extra;  ///< policy: offset of the node mask in the arena; name: offset of the string
};
enum AdviceKind : std::uint32_t { kMadvise, kMlock2, kMseal, kMbind, kAnonName };

/// A range that must survive the first clean-up: premaps, the arena, the page shared with the coordinator.
struct Keep {
  std::uint64_t start, end;
};

/// The argument of PR_SET_MM_MAP (struct prctl_mm_map, include/uapi/linux/prctl.h), with our own spelling because the
/// blobs see no kernel header that declares it with pointers of the right width.
struct MmMap {
  std::uint64_t start_code, end_code, start_data, end_data, start_brk, brk, start_stack, arg_start, arg_end,
      env_start, env_end;
  std::uint64_t auxv;  ///< pointer
  std::uint32_t auxv_size, exe_fd;
};
static_assert(sizeof(MmMap) == 104);

/// Where the kernel's own pages of this process are and where they must go; size 0 is none.
struct VdsoMove {
  std::uint64_t from, size, to;
  std::uint64_t park;  ///< a place out of everybody's way, inside the kept area
};

/// A few bytes of code over others, once the mapping is filled: see vdso.h.
struct Poke {
  std::uint64_t at;
  std::uint32_t size, pad;
  std::uint8_t bytes[24];
};
static_assert(sizeof(Poke) == 40);

struct RestoreSpace {
  RelSpan<Keep> keep;  ///< ascending
  RelSpan<Move> moves;
  RelSpan<Map> maps;
  RelSpan<Map> ring_maps;  ///< of rings of io_uring, ascending
  RelSpan<Attach> attaches;
  RelSpan<AioRingWire> rings;
  RelSpan<RegisterWire> registered;
  RelSpan<Fill> fills;
  RelSpan<Protect> protects;
  RelSpan<Advice> advice;
  RelSpan<VdsoMove> vdso;
  RelSpan<Poke> pokes;
  RelSpan<std::uint64_t> auxv;
  RelSpan<std::uint64_t> ldt;
  MmMap mm_map;
  std::int32_t pages_fd;      ///< -1 when there is nothing to fill
  std::uint32_t lock_future;  ///< mlockall(MCL_FUTURE)
  std::uint32_t pkeys;        ///< bit n: protection key n is given out; never key 0, which always is
  std::int32_t exec_pkey;     ///< one of them, which mprotect(2) takes for memory that can only be executed; or 0
  Keep compat_vdso;  ///< the vdso of 32-bit programs, data first, instead of what `vdso` has parked; of size 0: none
  std::uint64_t task_size;  ///< end of the address space that mappings may use
};

}  // namespace cr::mm
