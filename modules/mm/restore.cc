// What the restorer is told about the address space; and what is decided before any process exists.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <tuple>

#include "base/format.h"
#include "base/page_size.h"
#include "core/proc_text.h"
#include "files/files.h"
#include "ipc/ipc.h"
#include "mm/inherited.h"
#include "mm/mm.h"
#include "mm/pkeys.h"
#include "mm/premap.h"
#include "mm/smaps.h"
#include "mm/vdso.h"
#include "task/task.h"

namespace cr::mm {
namespace {

constexpr int kGuardInstall = 102;  // MADV_GUARD_INSTALL, Linux 6.13

/// Descriptors for mappings: each file is opened once per task and kept until the restorer has mapped it.
class MapFiles {
 public:
  explicit MapFiles(TaskCtx& t) : t_(t) {}
  Result<int> fd_for(const Vma& v) {
    const auto key = std::make_pair(v.file, v.fdflags);
    auto it = open_.find(key);
    if (it != open_.end()) return it->second;
    const bool borrowed = v.is(kVmaMemfd | kVmaSocket) || files::is_ring(t_.models(), v.file);
    UniqueFd fd = borrowed ? TRY(files::borrow(t_, v.file, v.fdflags)) : TRY(files::open_path(t_, v.file, v.fdflags));
    int service = fcntl(fd.get(), F_DUPFD_CLOEXEC, t_.restore.first_service_fd);
    if (service < 0) return Error{"mm", "keep a descriptor for", format("file {}", v.file), errno, ""};
    t_.keep.emplace_back(service);
    return open_[key] = service;
  }

 private:
  TaskCtx& t_;
  std::map<std::pair<FileId, std::uint32_t>, int> open_{};
};

void add_advice(const Vma& v, std::vector<Advice>& out, ArenaBuilder& arena) {
  for (int n = 0; n < 64; ++n)
    if (v.madv >> n & 1) out.push_back({v.start, v.size(), kMadvise, n, 0});
  for (const Range& g : v.guards) out.push_back({g.start, g.size(), kMadvise, kGuardInstall, 0});
  if (!v.anon_name.empty()) {
    std::vector<char> name(v.anon_name.begin(), v.anon_name.end());
    name.push_back('\0');
    out.push_back({v.start, v.size(), kAnonName, 0, arena.add(name).offset});
  }
  if (v.policy.mode >= 0) out.push_back({v.start, v.size(), kMbind, v.policy.mode, arena.add(v.policy.nodes).offset});
  if (v.flags & MAP_LOCKED) out.push_back({v.start, v.size(), kMlock2, v.lock_on_fault ? 1 : 0, 0});
  if (v.sealed) out.push_back({v.start, v.size(), kMseal, 0, 0});
}

/// The pages of the images that lie in `v`. A run may reach over several mappings.
void add_fills(const std::vector<core::PageRun>& runs, const Vma& v, std::vector<Fill>& fills) {
  const std::uint64_t page = page_size();
  auto it = std::upper_bound(runs.begin(), runs.end(), v.start, [&](std::uint64_t start, const core::PageRun& r) {
    return start < r.vaddr + r.nr_pages * page;
  });
  for (; it != runs.end() && it->vaddr < v.end; ++it) {
    std::uint64_t start = std::max(it->vaddr, v.start), end = std::min(it->vaddr + it->nr_pages * page, v.end);
    fills.push_back({start, end - start, it->offset + (start - it->vaddr)});
  }
}

/// What came of one shmat(2): mappings of one segment that have its start in the same place.
struct AttachGroup {
  Attach attach{};
  std::vector<AttachPart> parts{};
};

/// Attaches the System V segments.
Result<> add_attaches(TaskCtx& t, const AddressSpace& space, std::vector<Attach>& attaches,
                      std::vector<Protect>& protects, ArenaBuilder& arena) {
  std::map<std::tuple<std::uint64_t, FileId, std::uint32_t>, AttachGroup> groups;
  for (const Vma& v : space.vmas) {
    if (!v.is(kVmaSysvShm)) continue;
    const ipc::Segment& segment = *ipc::find_segment(t.models(), t.task, static_cast<int>(v.file));
    const std::uint64_t page = segment.huge != 0 ? std::uint64_t{1} << (segment.huge >> 26) : page_size();
    const bool writable = (v.fdflags & O_RDWR) != 0;
    AttachGroup& group = groups[{v.start - v.pgoff, v.file, v.fdflags}];
    group.attach.id = segment.id;
    group.attach.flags = writable ? 0 : SHM_RDONLY;
    group.attach.segment_size = (segment.size + page - 1) & ~(page - 1);
    group.parts.push_back({v.start, v.size(), v.pgoff});
    const std::uint32_t prot = PROT_READ | (writable ? PROT_WRITE : 0);
    if (v.pkey != 0 || v.prot != prot) protects.push_back({v.start, v.size(), v.prot, v.pkey});
  }
  for (auto& [key, group] : groups) {
    if (group.parts.front().size == group.attach.segment_size) {
      group.attach.at = group.parts.front().start;
    } else {
      group.attach.at = TRY(find_gap(t.restore, group.attach.segment_size));
      group.attach.parts = arena.add(group.parts);
    }
    attaches.push_back(group.attach);
  }
  return {};
}

/// Places everything that was not premapped.
Result<> add_maps(TaskCtx& t, const AddressSpace& space, const Premaps& premaps, std::vector<Map>& maps,
                  std::vector<Map>& ring_maps, std::vector<Fill>& fills, std::vector<Protect>& protects) {
  MapFiles files(t);
  auto premap = premaps.begin();  // both ascend
  for (const Vma& v : space.vmas) {
    if (v.is(kVmaVvar | kVmaVsyscall | kVmaSysvShm) || (v.is(kVmaVdso) && !space.vdso_proxy)) continue;
    bool moved = premap != premaps.end() && premap->vma == &v;
    if (moved) ++premap;
    std::size_t fills_before = fills.size();
    if (!moved) {
      Map m{v.start, v.size(), v.pgoff, v.prot, v.flags & ~std::uint32_t{MAP_LOCKED}, -1, 0};
      if (v.is(kVmaAioRing)) m.flags = MAP_PRIVATE | MAP_ANONYMOUS, m.prot = PROT_NONE;  // keeps the place free
      if (v.is(kVmaFilePrivate | kVmaFileShared)) m.fd = TRY(files.fd_for(v));
      if (v.is_private()) add_fills(space.runs, v, fills);
      if (fills.size() > fills_before) m.prot |= PROT_WRITE;
      (files::is_ring(t.models(), v.file) ? ring_maps : maps).push_back(m);
    }
    bool writable_now = moved || v.is(kVmaAioRing) || fills.size() > fills_before;
    if (v.pkey != 0 || (writable_now && v.prot != (PROT_READ | PROT_WRITE)))
      protects.push_back({v.start, v.size(), v.prot, v.pkey});
  }
  return {};
}

/// The rings of asynchronous I/O, with the place of their content in the pages file.
Result<std::vector<AioRingWire>> rings_of(const AddressSpace& space, const Task& t) {
  std::vector<AioRingWire> rings;
  for (const AioRing& ring : space.rings) {
    Vma whole;
    whole.start = ring.start, whole.end = ring.start + ring.size;
    std::vector<Fill> content;
    add_fills(space.runs, whole, content);
    if (content.size() != 1 || content[0].size != ring.size)
      return Error{"mm", "restore", format("pid {} asynchronous I/O ring {:x}", t.pid, ring.start), 0,
                   "the images do not have its content"};
    rings.push_back({ring.start, ring.size, content[0].offset, ring.nr_req, 0});
  }
  return rings;
}

/// Memory that is registered with rings of io_uring.
std::vector<RegisterWire> registered(const TaskCtx& t, ArenaBuilder& arena) {
  std::vector<RegisterWire> all;
  for (const files::RegisteredMemory& memory : files::registered_memory(t.models(), t.task))
    all.push_back({memory.fd, static_cast<std::uint32_t>(memory.parts.size() / 2), arena.add(memory.parts)});
  return all;
}

Result<> fill_mm_map(TaskCtx& t, const AddressSpace& space, RestoreSpace& out, ArenaBuilder& arena) {
  const Fields& f = space.fields;
  out.mm_map = MmMap{f.start_code, f.end_code, f.start_data, f.end_data, f.start_brk, f.brk, f.start_stack,
                     f.arg_start,  f.arg_end,  f.env_start,  f.env_end,  0,           0,     0};
  out.auxv = arena.add(f.auxv);
  UniqueFd exe = files::is_memory(t.models(), space.exe) ? TRY(files::borrow(t, space.exe, O_RDONLY))
                                                         : TRY(files::open_path(t, space.exe, O_RDONLY));
  int service = fcntl(exe.get(), F_DUPFD_CLOEXEC, t.restore.first_service_fd);
  if (service < 0) return Error{"mm", "keep a descriptor for", "the executable", errno, ""};
  t.keep.emplace_back(service);
  out.mm_map.exe_fd = static_cast<std::uint32_t>(service);
  return {};
}

/// A mapping that a seal which came after it (F_SEAL_FUTURE_WRITE) would forbid.
bool is_writable_memfd(const Vma& v) { return v.is(kVmaFileShared) && v.is(kVmaMemfd) && (v.fdflags & O_RDWR); }

/// A mapping of System V shared memory needs its segment.
Result<> check_segment(const PlanCtx& ctx, const Task& t, const Vma& v) {
  if (!v.is(kVmaSysvShm)) return {};
  const ipc::Segment* segment = ipc::find_segment(ctx.models, t, static_cast<int>(v.file));
  if (segment != nullptr && v.pgoff + v.size() <= segment->size + (segment->huge != 0 ? 1u << 30 : page_size() - 1))
    return {};
  return Error{"mm", "restore", format("pid {} mapping {:x}-{:x}", t.pid, v.start, v.end), 0,
               format("the images have no System V segment {} of that size", v.file)};
}

}  // namespace

Result<> fill_process(TaskCtx& t, const Premaps& premaps, std::vector<Keep> keep, std::uint64_t park,
                      RestoreSpace& out, ArenaBuilder& arena) {
  const AddressSpace& space = t.models().get<Model>().of(t.task);
  out.pages_fd = -1;
  out.task_size = arch::kTaskSize;
  out.lock_future = space.lock_future;
  std::vector<Move> moves;
  for (const Premap& p : premaps) {
    keep.push_back({p.at, p.at + p.vma->size()});
    if (p.at != p.vma->start) moves.push_back({p.at, p.vma->size(), p.vma->start});
  }
  std::sort(keep.begin(), keep.end(), [](const Keep& a, const Keep& b) { return a.start < b.start; });
  std::vector<Map> maps;
  std::vector<Fill> fills;
  std::vector<Protect> protects;
  std::vector<Advice> advice;
  std::vector<Map> ring_maps;
  TRY(add_maps(t, space, premaps, maps, ring_maps, fills, protects));
  std::vector<Attach> attaches;
  TRY(add_attaches(t, space, attaches, protects, arena));
  for (const Vma& v : space.vmas)
    if (!v.is(kVmaVdso | kVmaVvar | kVmaVsyscall)) add_advice(v, advice, arena);
  const std::vector<AioRingWire> rings = TRY(rings_of(space, t.task));
  if (!fills.empty() || !rings.empty()) {
    UniqueFd pages = TRY(t.restore.images.raw(core::ImageType::kPages, space.pages_id));
    out.pages_fd = fcntl(pages.get(), F_DUPFD_CLOEXEC, t.restore.first_service_fd);
    if (out.pages_fd < 0) return Error{"mm", "keep a descriptor for", "the pages file", errno, ""};
    t.keep.emplace_back(out.pages_fd);
  }
  out.keep = arena.add(keep);
  out.moves = arena.add(moves);
  out.maps = arena.add(maps);
  out.ring_maps = arena.add(ring_maps);
  out.attaches = arena.add(attaches);
  out.rings = arena.add(rings);
  out.registered = arena.add(registered(t, arena));
  out.fills = arena.add(fills);
  out.protects = arena.add(protects);
  out.advice = arena.add(advice);
  out.ldt = arena.add(space.ldt);
  out.pkeys = space.pkeys;
  out.exec_pkey = exec_pkey(space);
  VdsoMoves vdso = TRY(vdso_moves(t.restore, t.task, space, park));
  out.vdso = arena.add(vdso.moves);
  out.pokes = arena.add(vdso.pokes);
  out.compat_vdso = {vdso.compat.start, vdso.compat.end};
  return fill_mm_map(t, space, out, arena);
}

Result<> plan(PlanCtx& ctx) {
  Model& m = ctx.models.edit<Model>();
  KernelVdsos vdsos;
  for (const Task& t : ctx.tree.tasks) {
    if (!t.alive()) continue;
    AddressSpace& space = m.of(t);
    if (space.owner != t.pid) continue;
    TRY(plan_vdso(ctx.models, t, *TRY(vdsos.of(task::runs_compat(ctx.models, t))), space));
    files::use_as_program(ctx, space.exe);
    TRY(plan_rings(t, space));
    TRY(plan_pkeys(t, space));
    TRY(rings_of(space, t));
    TRY(check_inherited(ctx, t));
    for (const Vma& v : space.vmas) {
      if (!v.is(kVmaVsyscall)) m.occupied.push_back(v);
      if (is_writable_memfd(v)) files::delay_seals(ctx, v.file);
      TRY(check_segment(ctx, t, v));
    }
  }
  // Merged, or a tree of many alike tasks would make every search for a gap slow.
  std::sort(m.occupied.begin(), m.occupied.end(), [](const Range& a, const Range& b) { return a.start < b.start; });
  std::vector<Range> merged;
  for (const Range& r : m.occupied) {
    if (!merged.empty() && r.start <= merged.back().end)
      merged.back().end = std::max(merged.back().end, r.end);
    else
      merged.push_back(r);
  }
  m.occupied = std::move(merged);
  return {};
}

Result<> finish(RestoreCtx& ctx) {
  for (const auto& [id, space] : ctx.models.get<Model>().spaces) {
    const Task& t = *ctx.tree.find(space.owner);
    for (const Vma& v : space.vmas)
      if (is_writable_memfd(v))
        TRY(files::add_late_seals(ctx.models, v.file,
                                  format("/proc/{}/map_files/{:x}-{:x}", t.live, v.start, v.end)));
  }
  return {};
}

}  // namespace cr::mm
