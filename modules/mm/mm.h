// The address space of a task: its mappings, their contents, and the numbers the kernel keeps about it.
//
// Shown by /proc/PID/smaps (ranges, protection, VmFlags), /proc/PID/pagemap with the ioctl PAGEMAP_SCAN (which pages
// hold content of their own), /proc/PID/mem (the content), /proc/PID/stat and auxv (the mm fields).
// Put back in two moves: private mappings that hold content are made and filled in a gap of the address space before
// the children are forked, so that copy-on-write pages are shared again (premap.h); the restorer moves them to their
// place, maps the rest, and sets protections, advice and the mm fields (restorer.h).
// Refused by name: mappings of devices, userfaultfd-registered ranges, shadow stacks.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/file_kind.h"
#include "core/module.h"
#include "core/page_stream.h"
#include "mm/aio.h"
#include "mm/page_copy.h"

namespace cr::mm {

/// vma_entry.status bits of the image format.
enum VmaStatus : std::uint32_t {
  kVmaRegular = 1u << 0,
  kVmaStack = 1u << 1,
  kVmaVsyscall = 1u << 2,
  kVmaVdso = 1u << 3,
  kVmaHeap = 1u << 5,
  kVmaFilePrivate = 1u << 6,
  kVmaFileShared = 1u << 7,
  kVmaAnonShared = 1u << 8,
  kVmaAnonPrivate = 1u << 9,
  kVmaSysvShm = 1u << 10,
  kVmaSocket = 1u << 11,  ///< the ring of a packet socket
  kVmaVvar = 1u << 12,
  kVmaAioRing = 1u << 13,
  kVmaMemfd = 1u << 14,
};

/// A half-open range of addresses, page aligned.
struct Range {
  std::uint64_t start = 0;
  std::uint64_t end = 0;
  std::uint64_t size() const { return end - start; }
  friend bool operator==(const Range&, const Range&) = default;
};

/// NUMA policy of a mapping (mbind); mode -1 is none.
struct VmaPolicy {
  int mode = -1;
  std::vector<std::uint64_t> nodes{};
};

struct Vma : Range {
  std::uint64_t pgoff = 0;  ///< bytes into the file
  FileId file = 0;          ///< description that it maps, or id of the System V segment; vma_entry.shmid
  std::uint32_t prot = 0;   ///< PROT_*
  std::uint32_t flags = 0;  ///< MAP_*
  std::uint32_t status = 0;
  std::uint64_t madv = 0;      ///< bit n: madvise(n)
  std::uint32_t fdflags = 0;   ///< O_* that the mapping needs of its file
  int pkey = 0;                ///< protection key
  bool lock_on_fault = false;  ///< mlock2(MLOCK_ONFAULT)
  bool sealed = false;         ///< mseal(2)
  bool unshared = false;       ///< dump: no other process maps any of its pages
  std::string anon_name{};     ///< PR_SET_VMA_ANON_NAME
  VmaPolicy policy{};
  std::vector<Range> guards{};  ///< MADV_GUARD_INSTALL

  bool is_private() const { return status & (kVmaFilePrivate | kVmaAnonPrivate); }
  bool is(std::uint32_t bits) const { return (status & bits) != 0; }
  /// A private mapping that the task itself made and that we rebuild with its content: not vdso, vvar, vsyscall.
  bool has_own_pages() const { return is_private() && !is(kVmaVdso | kVmaVvar | kVmaVsyscall); }
};

/// What the kernel's mm_struct keeps beside the mappings (prctl(2), PR_SET_MM_MAP).
struct Fields {
  std::uint64_t start_code = 0, end_code = 0, start_data = 0, end_data = 0, start_stack = 0, start_brk = 0, brk = 0,
                arg_start = 0, arg_end = 0, env_start = 0, env_end = 0;
  std::vector<std::uint64_t> auxv{};  ///< pairs, without the closing AT_NULL
};

struct AddressSpace {
  std::uint32_t vm_id = 0;
  NsPid owner;  ///< the task that the images mm-<pid> and pagemap-<pid> are named after
  std::vector<Vma> vmas{};
  Fields fields{};
  FileId exe = 0;
  int dumpable = 1;
  std::vector<std::uint64_t> ldt{};   ///< x86: local descriptors from number 0 on (modify_ldt(2))
  bool has_pkeys = false;             ///< dump: the machine has protection keys
  std::uint32_t pkeys = 0;            ///< bit n: protection key n is given out (pkeys(7))
  std::vector<AioRing> rings{};       ///< in the order in which they were made
  bool thp_disabled = false;          ///< PR_SET_THP_DISABLE
  std::uint32_t lock_future = 0;      ///< flags of mlockall(2) with MCL_FUTURE, 0 none
  std::uint32_t pages_id = 0;         ///< N of pages-N.img
  std::vector<core::PageRun> runs{};  ///< ascending by vaddr

  // Restore only.
  std::vector<NsPid> sharers{};           ///< the tasks that have it besides its owner
  std::vector<std::uint8_t> vdso_code{};  ///< what the images hold of [vdso], empty if not all of it
  bool vdso_proxy = false;                ///< it stays, and leads to this kernel's (plan; vdso.h)
};

struct Model {
  std::map<std::uint32_t, AddressSpace> spaces{};  ///< by vm_id
  std::map<NsPid, std::uint32_t> space_of{};       ///< of each live task
  std::vector<TaskIndex> forked_from{};            ///< by task: whose memory it is born with; kNoTask: nobody's
  std::vector<Range> occupied{};                   ///< restore: what any task of the tree uses, ascending (plan)

  const AddressSpace& of(const Task& t) const { return spaces.at(space_of.at(t.pid)); }
  AddressSpace& of(const Task& t) { return spaces.at(space_of.at(t.pid)); }
};

struct FoundPages;
/// Looks for the pages of an address space, whose process is stopped, and notes its guards. Errors: as scan_pages.
Result<FoundPages> find_pages(const DumpCtx&, AddressSpace&);
/// Writes into `pagemap` which of them only the images can bring back, and says where they are.
Result<std::vector<Extent>> list_pages(DumpCtx&, const AddressSpace&, const FoundPages&,
                                       core::PagemapWriter& pagemap);

// Hooks.
Result<> collect(DumpCtx&);
Result<> interrogate(DumpCtx&, const Task&, infect::ParasiteSession&);
Result<> settle(DumpCtx&);
Result<> write(DumpCtx&);
Result<> read(ReadCtx&);
Result<> plan(PlanCtx&);
Result<> finish(RestoreCtx&);

inline constexpr Module kModule{.name = "mm",
                                .collect = collect,
                                .interrogate = interrogate,
                                .settle = settle,
                                .write = write,
                                .read = read,
                                .plan = plan,
                                .finish = finish};

}  // namespace cr::mm
