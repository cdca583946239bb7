#include "files/regular.h"

#include <dirent.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>

#include "base/format.h"
#include "core/deleted_mark.h"
#include "core/proc_text.h"
#include "files/belated.h"
#include "files/build_id.h"
#include "files/description.h"
#include "files/hidden_state.h"
#include "files/proc_file.h"
#include "files/tree_paths.h"

namespace cr::files {
namespace {

bool is_stateless_device(const struct stat& st) {
  if (!S_ISCHR(st.st_mode) || major(st.st_rdev) != 1) return false;
  const unsigned m = minor(st.st_rdev);
  return m == 3 || m == 5 || m == 7 || m == 8 || m == 9;  // null, zero, full, random, urandom
}

bool leads_to(const std::string& path, const struct stat& st) {
  struct stat found;
  return lstat(path.c_str(), &found) == 0 && found.st_dev == st.st_dev && found.st_ino == st.st_ino;
}

/// Some settings of the kernel are others in another namespace: under the same path, we find another inode.
bool is_sysctl(const std::string& path, const FileProbe& p) {
  struct stat found;
  return p.link.starts_with("/proc/sys/") && p.st.st_nlink > 0 && lstat(path.c_str(), &found) == 0 &&
         found.st_dev == p.st.st_dev && found.st_mode == p.st.st_mode;
}

std::string directory_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == 0 ? "/" : path.substr(0, slash);
}

/// Another name of the inode, in the directory of its lost one or below, or "". Only so many names are looked at: a
/// dump must stay short.
std::string nearby_link(const TreePaths& paths, const std::string& lost, const struct stat& st) {
  int names_left = 4096;
  std::vector<std::string> directories{directory_of(lost)};
  std::string found;
  for (std::size_t i = 0; i < directories.size() && found.empty() && names_left > 0; ++i) {
    const std::string dir = directories[i];
    DIR* stream = opendir((paths.base + dir).c_str());
    if (stream == nullptr) continue;
    while (const dirent* e = found.empty() && names_left-- > 0 ? readdir(stream) : nullptr) {
      const std::string_view name = e->d_name;
      const std::string path = (dir == "/" ? "" : dir) + "/" + e->d_name;
      if (e->d_type == DT_DIR && name != "." && name != "..") directories.push_back(path);
      if (e->d_ino == st.st_ino && leads_to(paths.base + path, st)) found = path;
    }
    closedir(stream);
  }
  return found;
}

/// What a file that no path leads to is, when it is not one that was deleted.
const char* special_file(int fd) {
  struct statfs fs;
  if (fstatfs(fd, &fs) != 0) return nullptr;
  switch (static_cast<unsigned long>(fs.f_type)) {
    case PROC_SUPER_MAGIC:
      return "a file of a process that is gone: close it before the dump";
    default:
      return nullptr;
  }
}

/// The pid in "/proc/17/status", when that is a file of a process which is gone; another may have the pid by now.
std::optional<int> dead_process(const TaskTree& tree, const FileProbe& probe) {
  struct statfs fs;
  constexpr std::string_view kProc = "/proc/";
  if (!probe.link.starts_with(kProc) || fstatfs(probe.fd, &fs) != 0 ||
      static_cast<unsigned long>(fs.f_type) != PROC_SUPER_MAGIC)
    return std::nullopt;
  const std::string_view rest = std::string_view(probe.link).substr(kProc.size());
  const auto pid = core::number(rest.substr(0, rest.find_first_of("/ ")));
  // The file of a dead thread of a live process can't be had again; nothing tells whether that process is the same.
  if (!pid || rest.find("/task/") != std::string_view::npos) return std::nullopt;
  for (const Task& t : tree.tasks)
    if (t.host.value == static_cast<int>(*pid)) return std::nullopt;
  return static_cast<int>(*pid);
}

std::string external_name(const FileProbe& p) { return format("file[{:x}:{:x}]", p.mount.value, p.st.st_ino); }

/// Finds or makes the remap of an inode that has no link at all.
Result<Remap> ghost_of(DumpCtx& ctx, const FileProbe& probe) {
  RegularModel& model = ctx.models.edit<RegularModel>();
  auto [it, fresh] = model.by_inode.try_emplace({probe.st.st_dev, probe.st.st_ino});
  if (!fresh) return it->second;
  it->second = Remap{model.next_ghost++, RemapType::kGhost};
  model.ghosts[it->second.remap_id] =
      TRY(make_ghost(probe.fd, probe.st, ctx.models.get<core::TreeIds>(), probe.name(), ctx.opt.ghost_limit.value));
  return it->second;
}

/// Makes a temporary link of an inode that has links left, somewhere.
Result<Remap> link_of(DumpCtx& ctx, const FileProbe& probe, const RegularFile& file, const TreePaths& paths) {
  RegularModel& model = ctx.models.edit<RegularModel>();
  const auto key = std::make_pair(probe.st.st_dev, probe.st.st_ino);
  if (auto it = model.by_inode.find(key); it != model.by_inode.end()) return it->second;
  if (!ctx.opt.link_remap)
    return fail("dump", probe.name(), 0,
                "its name was deleted and its other links are not in the same directory: --link-remap allows a "
                "temporary link "
                "next to the old name");
  Remap remap{ctx.ids.next_file++, RemapType::kLinked};
  RegularFile link = file;
  const std::string proc = format("/proc/self/fd/{}", probe.fd);
  for (unsigned i = remap.remap_id;; ++i) {
    link.name = format("{}/link_remap.{}", directory_of(file.name), i);
    if (linkat(AT_FDCWD, proc.c_str(), AT_FDCWD, (paths.base + link.name).c_str(), AT_SYMLINK_FOLLOW) == 0) break;
    if (errno != EEXIST) return fail("make the temporary link " + link.name + " of", probe.name(), errno);
  }
  model.links.add(paths.base + link.name, ctx.images.path());
  Description d = description(ctx.models, 0);
  d.id = remap.remap_id;
  d.kind = &kRegularKind;
  d.object = link.name;
  ctx.models.edit<Model>().descriptions.emplace(d.id, d);
  model.files[d.id] = std::move(link);
  model.by_inode[key] = remap;
  return remap;
}

/// The path leads elsewhere: finds out how the file can be had again.
Result<> collect_lost(DumpCtx& ctx, const FileProbe& probe, FileId id, RegularFile& file, const TreePaths& paths) {
  RegularModel& model = ctx.models.edit<RegularModel>();
  if (const auto pid = dead_process(ctx.tree, probe)) {
    if (file.name.ends_with(core::kDeletedMark)) file.name.resize(file.name.size() - core::kDeletedMark.size());
    file.size.reset();
    file.build_id.clear();
    model.remaps[id] = Remap{static_cast<std::uint32_t>(*pid), RemapType::kProcfs};
    return {};
  }
  if (const char* what = special_file(probe.fd)) return fail("dump", probe.name(), 0, format("it is {}", what));
  const bool no_link = probe.st.st_nlink == 0;
  if (file.name.ends_with(core::kDeletedMark)) {
    file.name.resize(file.name.size() - core::kDeletedMark.size());
  } else if (!no_link) {
    return fail(
        "dump", probe.name(), 0,
        format("its path leads to another file now, hidden by a mount or in another mount namespace: name it by "
               "--external {}, and give the restore one by --inherit-fd",
               external_name(probe)));
  }
  if (file.name.starts_with("/proc/")) return fail("dump", probe.name(), 0, "it belongs to a process that is gone");
  if (no_link) {
    model.remaps[id] = TRY(ghost_of(ctx, probe));
    return {};
  }
  if (std::string other = nearby_link(paths, file.name, probe.st); !other.empty()) {
    file.lost_name = std::exchange(file.name, other);
    return {};
  }
  model.remaps[id] = TRY(link_of(ctx, probe, file, paths));
  return {};
}

}  // namespace

bool is_external_file(const Options& opt, const FileProbe& p) {
  return std::find(opt.external.begin(), opt.external.end(), external_name(p)) != opt.external.end();
}

bool matches_regular(const FileProbe& p) {
  if (p.link.empty() || p.link[0] != '/') return false;
  if (p.flags & O_PATH) return true;
  // Shared memory of System V is an inode of a file system without a mount, as is a memfd.
  if (p.link.starts_with("/SYSV")) return false;
  return S_ISREG(p.st.st_mode) || S_ISDIR(p.st.st_mode) || is_stateless_device(p.st);
}

/// A mapping is opened at the birth of its process: the namespace must be there by then.
static Result<> check_reachable(const DumpCtx& ctx, const FileProbe& probe, const RegularFile& file) {
  const NsId nested = probe.target_fd == TargetFd{-1} ? nested_home(ctx.models, file.mnt_id) : 0;
  if (nested == 0) return {};
  const KobjModel& objects = ctx.models.get<KobjModel>();
  for (const Task& t : ctx.tree.tasks) {
    const KobjIds* ids = objects.find(t.pid);
    if (ids != nullptr && ids->mnt_ns == nested) return {};
    if (t.live == probe.pid) break;
  }
  return fail("dump", probe.name(), 0,
              "it lies in a mount namespace that only later processes of the tree live in: unmap it there, or change "
              "the directory");
}

/// By pread(2), which leaves the position that is shared with the target alone, and not by opening the file: that
/// would break a lease on it. What has no reading descriptor (a mapping, an executable) can't be under a write lease.
static std::vector<std::uint32_t> build_id_of(const FileProbe& probe) {
  if ((probe.flags & (O_PATH | O_DIRECT)) == 0 && probe.target_fd != TargetFd{-1})
    return (probe.flags & O_ACCMODE) == O_WRONLY ? std::vector<std::uint32_t>{} : read_build_id(probe.fd);
  UniqueFd own(open(format("/proc/self/fd/{}", probe.fd).c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  return own ? read_build_id(own.get()) : std::vector<std::uint32_t>{};
}

/// A file of /proc that is there only at the end of a restore.
static Result<> note_late_name(DumpCtx& ctx, const FileProbe& probe, FileId id, const RegularFile& file) {
  const auto late = late_name(file.name);
  if (!late) return {};
  if (probe.target_fd == TargetFd{-1})
    return fail("dump", probe.name(), 0,
                "it is of a thread, and could be entered only at the end of a restore: change the directory");
  ctx.models.edit<Belated>().all[id].name = late->rest;
  return {};
}

Result<> collect_regular(DumpCtx& ctx, const FileProbe& probe, FileId id) {
  const TreePaths paths = paths_of(ctx, probe.pid, probe.mount);
  RegularFile file;
  file.name = paths.inside(probe.link).value_or(probe.link);
  file.mnt_id = mount_of(ctx, paths, probe.mount);
  TRY(check_reachable(ctx, probe, file));
  file.mode = probe.st.st_mode;
  if (S_ISREG(probe.st.st_mode)) {
    file.size = static_cast<std::uint64_t>(probe.st.st_size);
    if (probe.st.st_size >= 64 && probe.st.st_nlink > 0) file.build_id = build_id_of(probe);
  }
  if (is_external_file(ctx.opt, probe)) {
    file.ext = true;
    file.external = external_name(probe);
    file.mnt_id = probe.mount.value;
    ctx.models.edit<RegularModel>().files[id] = std::move(file);
    return {};
  }
  TRY(check_hidden_state(ctx, probe, paths.base + file.name));
  if (!paths.inside(probe.link))
    return fail("dump", probe.name(), 0, format("it lies outside of the root of the tree, {}", paths.root));
  if (!leads_to(paths.base + file.name, probe.st) && !is_sysctl(paths.base + file.name, probe))
    TRY(collect_lost(ctx, probe, id, file, paths));
  else
    TRY(note_late_name(ctx, probe, id, file));
  if (!ctx.models.get<RegularModel>().remaps.contains(id)) file.outside = TRY(outside_owner(ctx, probe));
  ctx.models.edit<RegularModel>().files[id] = std::move(file);
  return {};
}

Result<FileId> collect_regular_part(DumpCtx& ctx, const FileProbe& probe) {
  Description d;
  d.id = ctx.ids.next_file++;
  d.kind = &kRegularKind;
  d.flags = probe.flags;
  d.pos = probe.pos;
  d.owner = probe.owner;
  d.object = probe.name();
  const FileId id = d.id;
  ctx.models.edit<Model>().descriptions.emplace(id, std::move(d));
  TRY(collect_regular(ctx, probe, id));
  return id;
}

/// Whether the root task finds the same file system under that name.
static Result<> check_root_has_it(const DumpCtx& ctx, const FileProbe& probe, const TreePaths& paths,
                                  const std::string& inside) {
  if (nested_home(ctx.models, mount_of(ctx, paths, probe.mount)) == 0) return {};
  struct stat there;
  const std::string path = paths_of(ctx, ctx.tree.root().live).base + inside;
  const bool same = stat(path.c_str(), &there) == 0 && there.st_dev == probe.st.st_dev;
  const bool same_directory = stat(directory_of(path).c_str(), &there) == 0 && there.st_dev == probe.st.st_dev;
  if (same || same_directory) return {};
  return fail("dump", probe.name(), 0,
              "it belongs to a file system of a mount namespace below that of the tree's root, which has another one "
              "there: close it before the dump");
}

Result<FileId> add_path(DumpCtx& ctx, const FileProbe& probe, std::string path) {
  const TreePaths paths = paths_of(ctx, probe.pid, probe.mount);
  std::string inside = paths.inside(path).value_or(path);
  TRY(check_root_has_it(ctx, probe, paths, inside));
  Description d;
  d.id = ctx.ids.next_file++;
  d.kind = &kRegularKind;
  d.flags = probe.flags;
  d.owner = probe.owner;
  d.object = probe.name();
  const FileId id = d.id;
  ctx.models.edit<Model>().descriptions.emplace(id, std::move(d));
  ctx.models.edit<RegularModel>().files[id] = RegularFile{.name = std::move(inside), .mode = probe.st.st_mode};
  return id;
}

void TemporaryLinks::add(std::string path, std::string images_dir) {
  paths_.push_back(std::move(path));
  images_dir_ = std::move(images_dir);
  owner_ = getpid();
}

TemporaryLinks::~TemporaryLinks() {
  // inventory.img appears with the last step of a dump that succeeded; the links belong to the image set then.
  if (paths_.empty() || owner_ != getpid() || access((images_dir_ + "/inventory.img").c_str(), F_OK) == 0) return;
  for (const std::string& path : paths_) unlink(path.c_str());
}

}  // namespace cr::files
