// The dump side of mm: what the address spaces look like (collect), and their pages (write).
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <span>

#include "base/format.h"
#include "base/page_size.h"
#include "core/proc_text.h"
#include "files/files.h"
#include "infect/parasite_session.h"
#include "ipc/ipc.h"
#include "mm/inherited.h"
#include "mm/mm.h"
#include "mm/pagemap_scan.h"
#include "mm/pkeys.h"
#include "mm/smaps.h"
#include "mm/vdso.h"
#include "mm/wire.h"
#include "task/task.h"

namespace cr::mm {
namespace {

constexpr std::uint32_t kLogHugeShift = 26;  // MAP_HUGE_SHIFT

std::string range_name(const Task& t, const Vma& v) {
  return format("pid {} mapping {:x}-{:x}", t.host, v.start, v.end);
}

Error refuse(const Task& t, const Vma& v, const std::string& path, const char* kind, const char* remedy) {
  return Error{"mm", "dump", range_name(t, v) + " " + path, 0, format("it is {}; {}", kind, remedy)};
}

/// What the mapping's path says beyond an ordinary file.
Result<> classify_file(DumpCtx& ctx, const Task& t, const SmapsEntry& e, Vma& v) {
  bool shared = v.is(kVmaFileShared);
  if (e.path.starts_with("/SYSV")) {
    v.status = kVmaRegular | kVmaAnonShared | kVmaSysvShm;
    v.flags |= MAP_ANONYMOUS;
    v.fdflags = e.has("mw") ? O_RDWR : O_RDONLY;
    v.file = static_cast<FileId>(e.inode);
    return ipc::note_attachment(ctx, t, static_cast<int>(e.inode), format("map_files/{:x}-{:x}", v.start, v.end));
  }
  if (e.path.starts_with("/[aio]")) {
    v.status = kVmaRegular | kVmaAioRing;
    v.flags |= MAP_ANONYMOUS;
    return {};
  }
  if (e.path == "anon_inode:[io_uring]") {
    v.file = files::ring_with_inode(ctx.models, e.inode);
    v.fdflags = O_RDWR;
    if (v.file != 0) return {};
    return refuse(t, v, e.path, "memory of a ring that no descriptor is open of", "let the program keep it open");
  }
  if (e.path.starts_with("socket:[")) {
    v.status |= kVmaSocket;
    v.fdflags = O_RDWR;
    v.file = TRY(files::open_with_link(ctx.models, e.path));
    if (v.file != 0) return {};
    return refuse(t, v, e.path, "memory of a socket that no descriptor is open of", "let the program keep it open");
  }
  if (e.path.starts_with("anon_inode:"))
    return refuse(t, v, e.path, "memory of an anonymous inode", "let the program close it before the dump");
  if (e.path.starts_with("/anon_hugepage") && !shared) {
    v.status = kVmaRegular | kVmaAnonPrivate;
    v.flags |= MAP_ANONYMOUS;
    v.pgoff = 0;
    return {};
  }
  bool may_write = shared && e.has("mw");
  v.fdflags = may_write ? O_RDWR : O_RDONLY;
  std::string entry = format("map_files/{:x}-{:x}", v.start, v.end);
  bool anon_shared = e.path.starts_with("/dev/zero (deleted)") || e.path.starts_with("[anon_shmem:");
  if (anon_shared || e.path.starts_with("/memfd:") || e.path.starts_with("/anon_hugepage")) v.status |= kVmaMemfd;
  v.file = TRY(files::collect_mapped(ctx, t, entry, e.path));
  return {};
}

/// The parts of the vvar area ([vvar], [vvar_vclock] since 6.13) are one mapping in the images.
bool joins_vvar(const AddressSpace& space, const Vma& v) {
  return v.is(kVmaVvar) && !space.vmas.empty() && space.vmas.back().is(kVmaVvar) && space.vmas.back().end == v.start;
}

Result<> collect_vmas(DumpCtx& ctx, const Task& t, AddressSpace& space) {
  std::string text = TRY(core::read_proc(t.live, "smaps"));
  std::vector<SmapsEntry> entries = TRY(parse_smaps(text));
  for (const SmapsEntry& e : entries) {
    Vma v = TRY(to_vma(e, t.live));
    space.has_pkeys |= e.pkey >= 0;
    if (joins_vvar(space, v)) {
      space.vmas.back().end = v.end;
      continue;
    }
    if (e.has("ht")) v.flags |= static_cast<std::uint32_t>(__builtin_ctzll(e.page_size)) << kLogHugeShift;
    if (v.is(kVmaFilePrivate | kVmaFileShared)) TRY(classify_file(ctx, t, e, v));
    if (v.is(kVmaAioRing)) TRY(collect_ring(t, v, ctx.seized[t.index].mem_fd(), space));
    space.vmas.push_back(std::move(v));
  }
  return {};
}

Result<> collect_fields(const Task& t, AddressSpace& space) {
  core::StatFields stat = TRY(core::read_stat(t.live));
  Fields& f = space.fields;
  // Numbers as in proc(5), /proc/pid/stat.
  f.start_code = stat.number(26), f.end_code = stat.number(27), f.start_stack = stat.number(28);
  f.start_data = stat.number(45), f.end_data = stat.number(46), f.start_brk = stat.number(47);
  f.arg_start = stat.number(48), f.arg_end = stat.number(49), f.env_start = stat.number(50);
  f.env_end = stat.number(51);
  std::string auxv = TRY(core::read_proc(t.live, "auxv"));
  for (std::size_t at = 0; at + 16 <= auxv.size(); at += 16) {
    std::uint64_t pair[2];
    std::memcpy(pair, auxv.data() + at, sizeof pair);
    if (pair[0] == 0) break;  // AT_NULL
    space.fields.auxv.insert(space.fields.auxv.end(), {pair[0], pair[1]});
  }
  return {};
}

/// The pages of one mapping that only the images can bring back.
std::vector<Range> wanted_pages(const FoundPages& found, const Vma& v) {
  if (v.is(kVmaVdso | kVmaAioRing)) return {v};
  // The kernel may drop pages of droppable memory at any time, so it can be done here: what getrandom(2) of the vdso
  // keeps there would give every restore of a set the same random numbers.
  if (!v.has_own_pages() || is_droppable(v)) return {};
  return parts_in(found.own, v);
}

/// Two switches of prctl(2) belong to the address space, so the image has them there; the module task asks for them.
void take_switches(const task::PrctlModel& prctls, AddressSpace& space) {
  auto it = prctls.processes.find(space.owner);
  if (it == prctls.processes.end()) return;
  space.dumpable = static_cast<int>(it->second.dumpable.value_or(1));
  space.thp_disabled = it->second.thp_disable.value_or(0) != 0;
}

}  // namespace

Result<> collect(DumpCtx& ctx) {
  Model& m = ctx.models.edit<Model>();
  KernelVdsos vdsos;
  for (const Task& t : ctx.tree.tasks) {
    if (!t.alive()) continue;
    std::uint32_t id = TRY(ctx.ids.vm.id_of(t.live));
    m.space_of[t.pid] = id;
    auto [it, is_new] = m.spaces.try_emplace(id);
    if (!is_new) continue;  // a process that shares the memory of one before it
    AddressSpace& space = it->second;
    space.vm_id = id;
    space.owner = t.pid;
    space.exe = TRY(files::collect_path(ctx, t, "exe"));
    TRY(collect_vmas(ctx, t, space));
    TRY(await_rings(t, ctx.seized[t.index].mem_fd(), space));
    TRY(collect_fields(t, space));
    TRY(check_untouched(t, space, ctx.seized[t.index].mem_fd(), *TRY(vdsos.of(task::runs_compat(ctx.models, t)))));
  }
  return {};
}

/// mlockall(MCL_FUTURE) shows only in what is mapped later: the parasite's own mapping.
static Result<> find_lock_future(const Task& t, AddressSpace& space, const infect::ParasiteSession& session) {
  std::string status = TRY(core::read_proc(t.live, "status"));
  auto locked = core::words(core::field(status, "VmLck").value_or("0"));
  std::uint64_t known = 0;
  for (const Vma& v : space.vmas)
    if (v.flags & MAP_LOCKED) known += v.size() / 1024;
  if (core::number(locked.front()).value_or(0) <= known) return {};
  space.lock_future = MCL_FUTURE;
  std::uint64_t own = session.mapping().first.value;
  std::string text = TRY(core::read_proc(t.live, "smaps"));
  for (const SmapsEntry& e : TRY(parse_smaps(text)))
    if (e.range.start == own && e.locks_on_fault()) space.lock_future |= MCL_ONFAULT;
  return {};
}

/// The NUMA policies of all mappings, as many in one visit as the arena has room for.
static Result<> ask_policies(DumpCtx& ctx, const Task& t, AddressSpace& space, infect::ParasiteSession& session) {
  constexpr std::size_t kAtOnce = 4096;
  for (std::size_t first = 0; first < space.vmas.size(); first += kAtOnce) {
    session.reset_arena();
    const std::span<Vma> vmas = std::span(space.vmas).subspan(first, std::min(kAtOnce, space.vmas.size() - first));
    PolicyQuery query{TRY(session.reserve<VmaPolicyWire>(vmas.size()))};
    auto view = session.view(query.policies);
    for (std::size_t i = 0; i < view.size(); ++i) view[i] = {vmas[i].start, -1, 0, {}};
    TRY(session.call(ctx.seized[t.index].threads().front(), query));
    for (std::size_t i = 0; i < view.size(); ++i) {
      if (view[i].mode <= 0) continue;
      vmas[i].policy.mode = view[i].mode;
      vmas[i].policy.nodes.assign(std::begin(view[i].nodes), std::end(view[i].nodes));
    }
  }
  session.reset_arena();
  return {};
}

/// Local descriptors, which only the task itself can read. The kernel does not tell how many it has made room for.
static Result<> ask_ldt(DumpCtx& ctx, const Task& t, AddressSpace& space, infect::ParasiteSession& session) {
  if (arch::kLdtBytes == 0) return {};
  session.reset_arena();
  auto table = TRY(session.reserve<std::uint64_t>(arch::kLdtBytes / 8));
  SysResult read = TRY(session.remote_syscall(ctx.seized[t.index].threads().front(), arch::kNrLdt, 0,
                                              session.address_of(table.offset).value, arch::kLdtBytes));
  // ENOSYS: a kernel without CONFIG_MODIFY_LDT_SYSCALL. The call returns 32 bits.
  if (static_cast<std::int32_t>(read.raw()) > 0) {
    auto view = session.view(table);
    space.ldt.assign(view.begin(), view.end());
    while (!space.ldt.empty() && space.ldt.back() == 0) space.ldt.pop_back();
  }
  session.reset_arena();
  return {};
}

Result<> interrogate(DumpCtx& ctx, const Task& t, infect::ParasiteSession& session) {
  AddressSpace& space = ctx.models.edit<Model>().of(t);
  if (space.owner != t.pid) return {};
  SysResult brk = TRY(session.remote_syscall(ctx.seized[t.index].threads().front(), SYS_brk, 0));
  space.fields.brk = static_cast<std::uint64_t>(brk.raw());
  TRY(ask_policies(ctx, t, space, session));
  TRY(ask_rings(ctx, t, space, session));
  TRY(ask_ldt(ctx, t, space, session));
  TRY(ask_pkeys(ctx, t, space, session));
  return find_lock_future(t, space, session);
}

Result<> settle(DumpCtx& ctx) {
  for (auto& [id, space] : ctx.models.edit<Model>().spaces) take_switches(ctx.models.get<task::PrctlModel>(), space);
  return {};
}

Result<FoundPages> find_pages(const DumpCtx& ctx, AddressSpace& space) {
  FoundPages found = TRY(scan_pages(ctx.tree.find(space.owner)->live, space.vmas));
  for (Vma& v : space.vmas)
    if (!v.is(kVmaVdso | kVmaVvar | kVmaVsyscall)) v.guards = parts_in(found.guards, v);
  return found;
}

Result<std::vector<Extent>> list_pages(DumpCtx& ctx, const AddressSpace& space, const FoundPages& found,
                                       core::PagemapWriter& pagemap) {
  const Model& m = ctx.models.get<Model>();
  const Task& t = *ctx.tree.find(space.owner);
  std::optional<SharedFrames> frames;
  if (ctx.opt.store_once && m.forked_from[t.index] != kNoTask)
    frames = TRY(SharedFrames::open(ctx.tree.tasks[m.forked_from[t.index]].live, t.live));
  std::vector<Extent> extents;
  for (const Vma& v : space.vmas) {
    const std::uint32_t lazy = v.is(kVmaAnonPrivate) && !v.is(kVmaVdso) ? std::uint32_t{core::kPeLazy} : 0;
    const bool may_share = frames && can_inherit(m, ctx.tree, t, v);
    for (const Range& r : wanted_pages(found, v))
      for (const auto& part : may_share ? TRY(frames->split(r)) : std::vector<SharedFrames::Part>{{r, false}}) {
        if (part.shared) {
          ctx.images.require(core::kStoredOnce);
          TRY(pagemap.add(part.start, part.size() / page_size(), core::kPeParent | core::kPeInherited));
          continue;
        }
        const std::uint64_t offset = TRY(pagemap.add(part.start, part.size() / page_size(), core::kPePresent | lazy));
        extents.push_back({part.start, part.size(), offset, v.unshared});
        ctx.stats.pages_written += part.size() / page_size();
      }
    if (v.has_own_pages()) ctx.stats.pages_scanned += v.size() / page_size();
  }
  return extents;
}

}  // namespace cr::mm
