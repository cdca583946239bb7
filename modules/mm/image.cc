// mm-<pid>.img, pagemap-<pid>.img and pages-<n>.img.
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>

#include "arch/host.h"
#include "base/format.h"
#include "base/page_size.h"
#include "core/page_stream.h"
#include "mm/mm.h"
#include "mm/mm.pb.h"
#include "mm/pagemap_scan.h"
#include "mm/snapshot.h"

namespace cr::mm {
namespace {

void put_vma(const Vma& v, pb::vma_entry& e) {
  e.set_start(v.start);
  e.set_end(v.end);
  e.set_pgoff(v.pgoff);
  e.set_shmid(v.file);
  e.set_prot(v.prot);
  e.set_flags(v.flags);
  e.set_status(v.status);
  e.set_fd(-1);
  if (v.madv != 0) e.set_madv(v.madv);
  if (v.is(kVmaFilePrivate | kVmaFileShared | kVmaSysvShm)) e.set_fdflags(v.fdflags);
  if (v.pkey != 0) e.set_pkey(static_cast<std::uint32_t>(v.pkey));
  if (v.lock_on_fault) e.set_lock_on_fault(true);
  if (v.sealed) e.set_sealed(true);
  if (!v.anon_name.empty()) e.set_anon_name(v.anon_name);
  if (v.policy.mode >= 0) {
    e.set_policy_mode(v.policy.mode);
    for (std::uint64_t word : v.policy.nodes) e.add_policy_nodes(word);
  }
  for (const Range& g : v.guards) {
    e.add_guards(g.start);
    e.add_guards(g.end);
  }
}

Vma get_vma(const pb::vma_entry& e) {
  Vma v;
  v.start = e.start();
  v.end = e.end();
  v.pgoff = e.pgoff();
  v.file = static_cast<FileId>(e.shmid());
  v.prot = e.prot();
  v.flags = e.flags();
  v.status = e.status();
  v.madv = e.madv();
  v.fdflags = e.fdflags();
  // CRIU does not tell whether a segment that is not writable now was attached read-only.
  if (v.is(kVmaSysvShm) && !e.has_fdflags()) v.fdflags = v.prot & PROT_WRITE ? O_RDWR : O_RDONLY;
  v.pkey = static_cast<int>(e.pkey());
  v.lock_on_fault = e.lock_on_fault();
  v.sealed = e.sealed();
  v.anon_name = e.anon_name();
  if (e.has_policy_mode()) v.policy.mode = e.policy_mode();
  v.policy.nodes.assign(e.policy_nodes().begin(), e.policy_nodes().end());
  for (int i = 0; i + 1 < e.guards_size(); i += 2) v.guards.push_back({e.guards(i), e.guards(i + 1)});
  return v;
}

void put_space(const AddressSpace& s, pb::mm_entry& e) {
  const Fields& f = s.fields;
  e.set_mm_start_code(f.start_code);
  e.set_mm_end_code(f.end_code);
  e.set_mm_start_data(f.start_data);
  e.set_mm_end_data(f.end_data);
  e.set_mm_start_stack(f.start_stack);
  e.set_mm_start_brk(f.start_brk);
  e.set_mm_brk(f.brk);
  e.set_mm_arg_start(f.arg_start);
  e.set_mm_arg_end(f.arg_end);
  e.set_mm_env_start(f.env_start);
  e.set_mm_env_end(f.env_end);
  e.set_exe_file_id(s.exe);
  for (std::uint64_t word : f.auxv) e.add_mm_saved_auxv(word);
  for (const Vma& v : s.vmas) put_vma(v, *e.add_vmas());
  e.set_dumpable(s.dumpable);
  e.set_thp_disabled(s.thp_disabled);
  if (s.lock_future != 0) e.set_lock_future(s.lock_future);
  for (const AioRing& ring : s.rings) {
    pb::aio_ring_entry& entry = *e.add_aios();
    entry.set_id(ring.start);
    entry.set_nr_req(ring.nr_req);
    entry.set_ring_len(static_cast<std::uint32_t>(ring.size));
  }
  for (std::uint64_t descriptor : s.ldt) e.add_cr_ldt(descriptor);
  if (s.pkeys != 0) e.set_cr_pkeys(s.pkeys);
}

AddressSpace get_space(const pb::mm_entry& e) {
  AddressSpace s;
  s.fields = Fields{e.mm_start_code(),  e.mm_end_code(),  e.mm_start_data(), e.mm_end_data(),
                    e.mm_start_stack(), e.mm_start_brk(), e.mm_brk(),        e.mm_arg_start(),
                    e.mm_arg_end(),     e.mm_env_start(), e.mm_env_end(),    {}};
  s.fields.auxv.assign(e.mm_saved_auxv().begin(), e.mm_saved_auxv().end());
  s.exe = e.exe_file_id();
  for (const pb::vma_entry& v : e.vmas()) s.vmas.push_back(get_vma(v));
  s.dumpable = e.dumpable();
  s.thp_disabled = e.thp_disabled();
  s.lock_future = e.lock_future();
  for (const pb::aio_ring_entry& ring : e.aios()) s.rings.push_back({ring.id(), ring.ring_len(), 0, ring.nr_req()});
  s.ldt.assign(e.cr_ldt().begin(), e.cr_ldt().end());
  s.pkeys = e.cr_pkeys();
  return s;
}

/// A hostile or damaged image must not reach the plan: ranges are page aligned, ascending and in user space.
Result<> check_vmas(const AddressSpace& s, const Task& t) {
  const std::uint64_t page = page_size();
  std::uint64_t last = 0;
  for (const Vma& v : s.vmas) {
    bool aligned = v.start % page == 0 && v.end % page == 0;
    bool in_order = v.start >= last && v.end > v.start && (v.is(kVmaVsyscall) || v.end <= arch::kTaskSize);
    if (!aligned || !in_order)
      return Error{"mm", "use", format("mapping {:x}-{:x} of mm-{}.img", v.start, v.end, t.pid), 0,
                   "the image is damaged; take it from a complete copy"};
    last = v.end;
  }
  return {};
}

/// The code of the vdso, to be compared with that of the restoring kernel. Sets without it leave `s` as it is.
Result<> read_vdso(const ReadCtx& ctx, AddressSpace& s) {
  constexpr std::uint64_t kMost = 1 << 20;
  for (const Vma& v : s.vmas) {
    if (!v.is(kVmaVdso)) continue;
    for (const core::PageRun& r : s.runs) {
      bool whole = r.vaddr <= v.start && v.end - r.vaddr <= r.nr_pages * page_size() && v.size() <= kMost;
      if (!(r.flags & core::kPePresent) || !whole) continue;
      UniqueFd pages = TRY(ctx.images.raw(core::ImageType::kPages, s.pages_id));
      s.vdso_code.resize(v.size());
      ssize_t n =
          pread(pages.get(), s.vdso_code.data(), v.size(), static_cast<off_t>(r.offset + (v.start - r.vaddr)));
      if (n != static_cast<ssize_t>(v.size()))
        return Error{"mm", "read", format("pages-{}.img", s.pages_id), n < 0 ? errno : EIO, ""};
    }
  }
  return {};
}

}  // namespace

namespace {

/// Address spaces whose pages are copied together: so many that all workers have work, so few that their descriptors
/// do not use up RLIMIT_NOFILE.
class Batch {
 public:
  explicit Batch(DumpCtx& ctx) : ctx_(ctx) {}

  Result<> add(const AddressSpace& space, core::RawImage pages, std::vector<Extent> extents) {
    const Task& owner = *ctx_.tree.find(space.owner);
    const infect::SeizedTask& task = ctx_.seized[owner.index];
    if (has_snapshot(ctx_)) return add_to_snapshot(space, task, std::move(pages), std::move(extents));
    files_.push_back(std::move(pages));
    for (const Extent& e : extents) bytes_ += e.size;
    jobs_.push_back({owner.live, task.mem_fd(), nullptr, std::move(extents)});
    return jobs_.size() < kSpaces && bytes_ < kBytes ? Result<>{} : flush();
  }
  Result<> flush() {
    for (std::size_t i = 0; i < jobs_.size(); ++i) jobs_[i].pages = &files_[i];
    TRY(copy_pages(jobs_, page_source_of_environment(), page_workers_of_environment()));
    for (core::RawImage& pages : files_) TRY(pages.close());
    jobs_.clear(), files_.clear();
    bytes_ = 0;
    return {};
  }

 private:
  /// What the copy of the process doesn't have is copied now, the rest when the tree runs again.
  Result<> add_to_snapshot(const AddressSpace& space, const infect::SeizedTask& task, core::RawImage pages,
                           std::vector<Extent> extents) {
    Snapshot& snapshot = ctx_.models.edit<Snapshot>();
    PageJob now{task.pid(), task.mem_fd(), &pages};
    const SnapshotChild& copy = snapshot.copies.at(space.vm_id);
    PageJob later{copy.pid(), copy.mem_fd(), nullptr};
    auto vma = space.vmas.begin();
    for (const Extent& e : extents) {
      while (vma->end <= e.start) ++vma;
      (survives_fork(*vma) ? later : now).extents.push_back(e);
    }
    TRY(copy_pages({&now, 1}, page_source_of_environment(), page_workers_of_environment()));
    snapshot.jobs.push_back(std::move(later));
    snapshot.files.push_back(std::move(pages));
    return {};
  }

  static constexpr std::size_t kSpaces = 64;
  static constexpr std::uint64_t kBytes = 1 << 30;
  DumpCtx& ctx_;
  std::vector<PageJob> jobs_{};
  std::vector<core::RawImage> files_{};
  std::uint64_t bytes_ = 0;
};

}  // namespace

Result<> write(DumpCtx& ctx) {
  Model& m = ctx.models.edit<Model>();
  Batch batch(ctx);
  for (auto& [id, space] : m.spaces) {
    const FoundPages found = TRY(find_pages(ctx, space));
    pb::mm_entry e;
    put_space(space, e);
    if (!space.ldt.empty()) ctx.images.require(core::kLocalDescriptors);
    if (space.pkeys != 0) ctx.images.require(core::kProtectionKeys);
    auto image = TRY(ctx.images.create(core::ImageType::kMm, static_cast<std::uint64_t>(space.owner.value)));
    TRY(image.write(e));
    TRY(image.close());
    space.pages_id = ctx.ids.next_pages++;
    auto pagemap = TRY(core::PagemapWriter::create(ctx.images, core::ImageType::kPagemap,
                                                   static_cast<std::uint64_t>(space.owner.value), space.pages_id));
    core::RawImage pages = TRY(ctx.images.create_raw(core::ImageType::kPages, space.pages_id));
    std::vector<Extent> extents = TRY(list_pages(ctx, space, found, pagemap));
    TRY(pagemap.close());
    TRY(batch.add(space, std::move(pages), std::move(extents)));
  }
  return batch.flush();
}

Result<> read(ReadCtx& ctx) {
  Model& m = ctx.models.edit<Model>();
  for (const Task& t : ctx.tree.tasks) {
    if (!t.alive()) continue;
    auto id = static_cast<std::uint64_t>(t.pid.value);
    std::uint32_t vm_id = ctx.models.get<KobjModel>().of.at(t.pid).vm;
    m.space_of[t.pid] = vm_id;
    auto [it, is_new] = m.spaces.try_emplace(vm_id);
    if (!is_new) {
      it->second.sharers.push_back(t.pid);
      continue;
    }
    auto image = TRY(ctx.images.image(core::ImageType::kMm, id));
    pb::mm_entry e;
    TRY(image.only(e));
    AddressSpace space = get_space(e);
    TRY(check_vmas(space, t));
    auto pagemap = TRY(core::PagemapReader::open(ctx.images, core::ImageType::kPagemap, id));
    space.pages_id = pagemap.pages_id();
    space.runs.assign(pagemap.runs().begin(), pagemap.runs().end());
    TRY(read_vdso(ctx, space));
    space.vm_id = vm_id;
    space.owner = t.pid;
    it->second = std::move(space);
  }
  return {};
}

}  // namespace cr::mm
