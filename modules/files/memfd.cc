#include "files/memfd.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/format.h"
#include "base/page_size.h"
#include "core/deleted_mark.h"
#include "core/id_map.h"
#include "core/opener.h"
#include "files/description.h"
#include "files/shmem_content.h"

#ifndef HUGETLBFS_MAGIC
#define HUGETLBFS_MAGIC 0x958458f6
#endif
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x8u
#define MFD_EXEC 0x10u
#endif
#ifndef F_SEAL_EXEC
#define F_SEAL_EXEC 0x20
#endif

namespace cr::files {
namespace {

constexpr std::string_view kPrefix = "/memfd:";
constexpr std::uint32_t kDefaultMode = 0777;

/// "mem" of "/memfd:mem (deleted)"; "/dev/zero" of a shared anonymous mapping.
std::string name_of(std::string link) {
  if (link.ends_with(core::kDeletedMark)) link.resize(link.size() - core::kDeletedMark.size());
  return link.starts_with(kPrefix) ? link.substr(kPrefix.size()) : kAnonymousName;
}

/// The log2 of the page size as memfd_create(2) and the images have it (MFD_HUGE_SHIFT), or nothing.
std::optional<std::uint32_t> huge_flag(int fd) {
  struct statfs fs;
  if (fstatfs(fd, &fs) != 0 || static_cast<unsigned long>(fs.f_type) != HUGETLBFS_MAGIC) return std::nullopt;
  return static_cast<std::uint32_t>(__builtin_ctzl(static_cast<unsigned long>(fs.f_bsize))) << 26;
}

bool is_reserved(const struct stat& st) {
  constexpr std::uint64_t kBlock = 512;
  return st.st_size > 0 &&
         static_cast<std::uint64_t>(st.st_blocks) * kBlock >= static_cast<std::uint64_t>(st.st_size);
}

/// Pages that were never written show as holes, so the content does not bring them.
Result<> reserve(int fd, const MemfdInode& inode, const std::string& object) {
  struct stat st;
  if (!inode.reserved || fstat(fd, &st) != 0 || is_reserved(st)) return {};
  if (fallocate(fd, 0, 0, static_cast<off_t>(inode.size)) == 0) return {};
  return fail(format("reserve {} bytes for", inode.size), object, errno);
}

Result<MemfdInode> look_at(int fd, const core::TreeIds& ids, const std::string& link, const std::string& object) {
  MemfdInode inode;
  inode.name = name_of(link);
  inode.object = object;
  inode.content = TRY(reopen(fd, O_RDONLY | O_NOATIME, object));
  struct stat st;
  if (fstat(inode.content.get(), &st) != 0) return fail("stat", object, errno);
  TRY(ids.check_owner(st.st_uid, st.st_gid, object));
  inode.uid = ids.uid(st.st_uid);
  inode.gid = ids.gid(st.st_gid);
  inode.size = static_cast<std::uint64_t>(st.st_size);
  if ((st.st_mode & 07777) != kDefaultMode) inode.mode = st.st_mode & 07777;
  inode.hugetlb_flag = huge_flag(inode.content.get());
  inode.reserved = is_reserved(st);
  inode.atime = st.st_atim;
  inode.mtime = st.st_mtim;
  inode.xattrs = TRY(read_xattrs(format("/proc/self/fd/{}", inode.content.get()), object));
  const int seals = fcntl(inode.content.get(), F_GET_SEALS);
  if (seals < 0) return fail("read the seals of", object, errno);
  inode.seals = static_cast<std::uint32_t>(seals);
  return inode;
}

Result<std::uint32_t> inode_of(DumpCtx& ctx, HostPid holder, int fd, const std::string& link,
                               const std::string& object) {
  MemfdModel& model = ctx.models.edit<MemfdModel>();
  struct stat st;
  if (fstat(fd, &st) != 0) return fail("stat", object, errno);
  if (auto it = model.by_inode.find({st.st_dev, st.st_ino}); it != model.by_inode.end()) return it->second;
  MemfdInode inode = TRY(look_at(fd, ctx.models.get<core::TreeIds>(), link, object));
  TRY(core::check_owner_inside(ctx.models, ctx.tree, holder, inode.uid, inode.gid, object));
  inode.inode_id = static_cast<std::uint32_t>(model.inodes.size() + 1);
  inode.shmid = ctx.ids.next_shmem++;
  model.by_inode[{st.st_dev, st.st_ino}] = inode.inode_id;
  return model.inodes.emplace(inode.inode_id, std::move(inode)).first->first;
}

/// An inode like that of mmap(MAP_SHARED | MAP_ANONYMOUS), so that it keeps its name in /proc/PID/maps.
Result<UniqueFd> make_anonymous(const TaskCtx& ctx, const MemfdInode& inode, const std::string& object) {
  const std::size_t length = whole_pages(inode.size);
  int flags = MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE;
  if (inode.hugetlb_flag) flags |= MAP_HUGETLB | static_cast<int>(*inode.hugetlb_flag);
  void* at = mmap(nullptr, length, PROT_READ | PROT_WRITE, flags, -1, 0);
  if (at == MAP_FAILED) return fail("make shared memory for", object, errno);
  UniqueFd fd = core::open_own_mapping(ctx.restore.opener, ctx.restore.proc_fd, at, length, O_RDWR);
  const int err = errno;
  munmap(at, length);
  if (!fd) return fail("open shared memory for", object, err, "CAP_SYS_ADMIN or CAP_CHECKPOINT_RESTORE is needed");
  return fd;
}

Result<UniqueFd> make_memfd(const MemfdInode& inode, const std::string& object) {
  unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
  if (inode.hugetlb_flag) flags |= MFD_HUGETLB | *inode.hugetlb_flag;
  // Since Linux 6.3 (vm.memfd_noexec) the mode would be the system's choice, if not asked for; 5.x refuses the flag.
  UniqueFd fd(static_cast<int>(syscall(SYS_memfd_create, inode.name.c_str(), flags | MFD_EXEC)));
  if (!fd && errno == EINVAL) fd.reset(static_cast<int>(syscall(SYS_memfd_create, inode.name.c_str(), flags)));
  if (!fd) return fail("make", object, errno, inode.hugetlb_flag ? "reserve huge pages (vm.nr_hugepages)" : "");
  if (ftruncate(fd.get(), static_cast<off_t>(inode.size)) != 0) return fail("set the size of", object, errno);
  return fd;
}

Result<> make_inode(TaskCtx& ctx, MemfdInode& inode, const std::string& object) {
  // Images before 4.2 have shared anonymous mappings elsewhere, so that name is no program's.
  const bool anonymous = inode.name == kAnonymousName && inode.size != 0;
  UniqueFd fd = anonymous ? TRY(make_anonymous(ctx, inode, object)) : TRY(make_memfd(inode, object));
  TRY(fill_shmem(ctx.restore.images, fd.get(), inode.shmid, inode.size));
  TRY(reserve(fd.get(), inode, object));
  const uid_t uid = core::uid_for(ctx.models(), ctx.task.pid, inode.uid);
  const gid_t gid = core::gid_for(ctx.models(), ctx.task.pid, inode.gid);
  if ((uid != 0 || gid != 0) && fchown(fd.get(), uid, gid) != 0) return fail("set the owner of", object, errno);
  if (inode.mode && fchmod(fd.get(), *inode.mode) != 0) return fail("set the mode of", object, errno);
  TRY(write_xattrs(inode.xattrs, format("/proc/self/fd/{}", fd.get()), object));
  const int seals = fcntl(fd.get(), F_GET_SEALS);
  const auto wanted = static_cast<int>(inode.seals & ~inode.late_seals);
  if (seals >= 0 && seals != wanted && fcntl(fd.get(), F_ADD_SEALS, wanted & ~seals) != 0)
    return fail("add the seals of", object, errno);
  if (inode.atime && inode.mtime) {
    const timespec times[2] = {*inode.atime, *inode.mtime};
    if (futimens(fd.get(), times) != 0) return fail("set the times of", object, errno);
  }
  inode.fd = TRY(to_service(ctx.restore, std::move(fd))).release();
  return {};
}

}  // namespace

bool matches_memfd(const FileProbe& p) {
  if (p.link.starts_with(kPrefix)) return S_ISREG(p.st.st_mode);
  // Only a mapping can show these: nothing else leads to such an inode.
  return p.target_fd.value < 0 && S_ISREG(p.st.st_mode) && p.st.st_nlink == 0 &&
         (p.link == "/dev/zero (deleted)" || p.link == "/anon_hugepage (deleted)");
}

Result<> collect_memfd(DumpCtx& ctx, const FileProbe& probe, FileId id) {
  const std::uint32_t inode = TRY(inode_of(ctx, probe.pid, probe.fd, probe.link, probe.name()));
  ctx.models.edit<MemfdModel>().inode_of[id] = inode;
  return {};
}

Result<FileId> collect_shmem(DumpCtx& ctx, int fd, const std::string& link, std::uint32_t flags) {
  Description d;
  d.id = ctx.ids.next_file++;
  d.kind = &kMemfdKind;
  d.flags = flags;
  d.object = link;
  const std::uint32_t inode = TRY(inode_of(ctx, HostPid{}, fd, link, link));
  ctx.models.edit<MemfdModel>().inode_of[d.id] = inode;
  return ctx.models.edit<Model>().descriptions.emplace(d.id, std::move(d)).first->first;
}

std::uint64_t group_of_memfd(const Models& models, FileId id) {
  const auto& inode_of = models.get<MemfdModel>().inode_of;
  auto it = inode_of.find(id);
  return it == inode_of.end() ? 0 : std::uint64_t{1} << 63 | it->second;
}

Result<UniqueFd> open_memfd(TaskCtx& ctx, FileId id) {
  MemfdModel& model = ctx.restore.models.edit<MemfdModel>();
  MemfdInode& inode = model.inodes.at(model.inode_of.at(id));
  const Description& d = description(ctx.models(), id);
  if (inode.fd < 0) TRY(make_inode(ctx, inode, d.object));
  // A description that is only mapped has no flags of its own: the mapping asks borrow() for what it needs.
  const bool only_mapped =
      d.number >= ctx.models().get<Model>().first_service_fd && (d.flags & O_ACCMODE) == O_RDONLY;
  const bool read_only =
      inode.is_program || (inode.seals & ~inode.late_seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)) != 0;
  UniqueFd fd = TRY(reopen(inode.fd, only_mapped && !read_only ? O_RDWR : d.flags, d.object));
  if (d.pos != 0 && lseek(fd.get(), static_cast<off_t>(d.pos), SEEK_SET) < 0)
    return fail(format("set position {} of", d.pos), d.object, errno);
  if (inode.last == id) UniqueFd(std::exchange(inode.fd, -1));
  return fd;
}

bool is_memory(const Models& models, FileId id) { return models.get<MemfdModel>().inode_of.contains(id); }

void delay_seals(PlanCtx& ctx, FileId id) {
  if (!is_memory(ctx.models, id)) return;
  MemfdModel& model = ctx.models.edit<MemfdModel>();
  MemfdInode& inode = model.inodes.at(model.inode_of.at(id));
  // Behind F_SEAL_SEAL no other could be added.
  if (inode.seals & F_SEAL_FUTURE_WRITE) inode.late_seals = inode.seals & (F_SEAL_FUTURE_WRITE | F_SEAL_SEAL);
}

Result<> add_late_seals(const Models& models, FileId id, const std::string& path) {
  if (!is_memory(models, id)) return {};
  const MemfdModel& model = models.get<MemfdModel>();
  const auto late = static_cast<int>(model.inodes.at(model.inode_of.at(id)).late_seals);
  if (late == 0) return {};
  UniqueFd fd(open(path.c_str(), O_RDWR | O_CLOEXEC));
  if (!fd) return fail("open for its seals", path, errno, "CAP_SYS_ADMIN or CAP_CHECKPOINT_RESTORE is needed");
  if ((fcntl(fd.get(), F_GET_SEALS) & late) != late && fcntl(fd.get(), F_ADD_SEALS, late) != 0)
    return fail("add the seals of", path, errno);
  return {};
}

void use_as_program(PlanCtx& ctx, FileId id) {
  if (!is_memory(ctx.models, id)) return;
  MemfdModel& model = ctx.models.edit<MemfdModel>();
  model.inodes.at(model.inode_of.at(id)).is_program = true;
}

}  // namespace cr::files
