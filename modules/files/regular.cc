#include "files/regular.h"

#include <dirent.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/format.h"
#include "files/build_id.h"
#include "files/description.h"

namespace cr::files {
namespace {

constexpr std::string_view kDeleted = " (deleted)";

bool is_stateless_device(const struct stat& st) {
  if (!S_ISCHR(st.st_mode) || major(st.st_rdev) != 1) return false;
  const unsigned m = minor(st.st_rdev);
  return m == 3 || m == 5 || m == 7 || m == 8 || m == 9;  // null, zero, full, random, urandom
}

bool leads_to(const std::string& path, const struct stat& st) {
  struct stat found;
  return lstat(path.c_str(), &found) == 0 && found.st_dev == st.st_dev && found.st_ino == st.st_ino;
}

std::string directory_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == 0 ? "/" : path.substr(0, slash);
}

/// Another name of the inode, in the directory of its lost one or below, or "". Only so many names are looked at: a
/// dump must stay short.
std::string nearby_link(const std::string& lost, const struct stat& st) {
  int names_left = 4096;
  std::vector<std::string> directories{directory_of(lost)};
  std::string found;
  for (std::size_t i = 0; i < directories.size() && found.empty() && names_left > 0; ++i) {
    const std::string dir = directories[i];
    DIR* stream = opendir(dir.c_str());
    if (stream == nullptr) continue;
    while (const dirent* e = found.empty() && names_left-- > 0 ? readdir(stream) : nullptr) {
      const std::string_view name = e->d_name;
      const std::string path = (dir == "/" ? "" : dir) + "/" + e->d_name;
      if (e->d_type == DT_DIR && name != "." && name != "..") directories.push_back(path);
      if (e->d_ino == st.st_ino && leads_to(path, st)) found = path;
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
    case 0x19800202:  // MQUEUE_MAGIC, which no header exports
      return "a POSIX message queue, not carried yet: close it before the dump";
    case PROC_SUPER_MAGIC:
      return "a file of a process that is gone: close it before the dump";
    default:
      return nullptr;
  }
}

/// Finds or makes the remap of an inode that has no link at all.
Result<Remap> ghost_of(DumpCtx& ctx, const FileProbe& probe) {
  RegularModel& model = ctx.models.edit<RegularModel>();
  auto [it, fresh] = model.by_inode.try_emplace({probe.st.st_dev, probe.st.st_ino});
  if (!fresh) return it->second;
  it->second = Remap{model.next_ghost++, RemapType::kGhost};
  model.ghosts[it->second.remap_id] = TRY(make_ghost(probe.fd, probe.st, probe.name(), ctx.opt.ghost_limit.value));
  return it->second;
}

/// Makes a temporary link of an inode that has links left, somewhere.
Result<Remap> link_of(DumpCtx& ctx, const FileProbe& probe, const RegularFile& file) {
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
    if (linkat(AT_FDCWD, proc.c_str(), AT_FDCWD, link.name.c_str(), AT_SYMLINK_FOLLOW) == 0) break;
    if (errno != EEXIST) return fail("make the temporary link " + link.name + " of", probe.name(), errno);
  }
  model.links.add(link.name, ctx.images.path());
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
Result<> collect_lost(DumpCtx& ctx, const FileProbe& probe, FileId id, RegularFile& file) {
  RegularModel& model = ctx.models.edit<RegularModel>();
  if (const char* what = special_file(probe.fd)) return fail("dump", probe.name(), 0, format("it is {}", what));
  const bool no_link = probe.st.st_nlink == 0;
  if (file.name.ends_with(kDeleted)) {
    file.name.resize(file.name.size() - kDeleted.size());
  } else if (!no_link) {
    return fail("dump", probe.name(), 0,
                "its path leads to another file now, hidden by a mount or in another mount namespace");
  }
  if (file.name.starts_with("/proc/")) return fail("dump", probe.name(), 0, "it belongs to a process that is gone");
  if (no_link) {
    model.remaps[id] = TRY(ghost_of(ctx, probe));
    return {};
  }
  if (std::string other = nearby_link(file.name, probe.st); !other.empty()) {
    file.lost_name = std::exchange(file.name, other);
    return {};
  }
  model.remaps[id] = TRY(link_of(ctx, probe, file));
  return {};
}

}  // namespace

bool matches_regular(const FileProbe& p) {
  if (p.link.empty() || p.link[0] != '/') return false;
  if (p.flags & O_PATH) return true;
  // Shared memory of System V is an inode of a file system without a mount, as is a memfd.
  if (p.link.starts_with("/SYSV")) return false;
  return S_ISREG(p.st.st_mode) || S_ISDIR(p.st.st_mode) || is_stateless_device(p.st);
}

/// By pread(2), which leaves the position that is shared with the target alone, and not by opening the file: that
/// would break a lease on it. What has no reading descriptor (a mapping, an executable) can't be under a write lease.
static std::vector<std::uint32_t> build_id_of(const FileProbe& probe) {
  if ((probe.flags & (O_PATH | O_DIRECT)) == 0 && probe.target_fd != TargetFd{-1})
    return (probe.flags & O_ACCMODE) == O_WRONLY ? std::vector<std::uint32_t>{} : read_build_id(probe.fd);
  UniqueFd own(open(format("/proc/self/fd/{}", probe.fd).c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  return own ? read_build_id(own.get()) : std::vector<std::uint32_t>{};
}

Result<> collect_regular(DumpCtx& ctx, const FileProbe& probe, FileId id) {
  RegularFile file;
  file.name = probe.link;
  file.mode = probe.st.st_mode;
  if (S_ISREG(probe.st.st_mode)) {
    file.size = static_cast<std::uint64_t>(probe.st.st_size);
    if (probe.st.st_size >= 64 && probe.st.st_nlink > 0) file.build_id = build_id_of(probe);
  }
  const bool found =
      leads_to(file.name, probe.st) || leads_to(format("/proc/{}/root{}", probe.pid, file.name), probe.st);
  if (!found) TRY(collect_lost(ctx, probe, id, file));
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

FileId add_path(DumpCtx& ctx, const FileProbe& probe, std::string path) {
  Description d;
  d.id = ctx.ids.next_file++;
  d.kind = &kRegularKind;
  d.flags = probe.flags;
  d.owner = probe.owner;
  d.object = probe.name();
  const FileId id = d.id;
  ctx.models.edit<Model>().descriptions.emplace(id, std::move(d));
  ctx.models.edit<RegularModel>().files[id] = RegularFile{.name = std::move(path), .mode = probe.st.st_mode};
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
