#include <sys/stat.h>
#include <unistd.h>

#include <set>

#include "base/format.h"
#include "base/log.h"
#include "files/build_id.h"
#include "files/description.h"
#include "files/lost_file.h"
#include "files/regular.h"

namespace cr::files {
namespace {

/// The path of `id` or of what stands for it.
const RegularFile* file_of(const RegularModel& model, FileId id) {
  auto it = model.files.find(id);
  return it == model.files.end() ? nullptr : &it->second;
}

/// Files of /proc that appear with the tree can't be looked at before it exists.
bool of_a_process(const std::string& name) {
  return name.starts_with("/proc/") && name.size() > 6 && name[6] >= '0' && name[6] <= '9';
}

Result<> validate(const RegularFile& f, const Options& opt) {
  struct stat st;
  if (lstat(f.name.c_str(), &st) != 0)
    return fail("find the file", f.name, errno, "a program of the tree has it open: put it back before the restore");
  if (f.mode) {
    if ((st.st_mode & S_IFMT) != (*f.mode & S_IFMT))
      return fail("use the file", f.name, 0,
                  format("its type was {:o} at dump and is {:o}", *f.mode & S_IFMT, st.st_mode & S_IFMT));
    if (!opt.skip_file_rwx_check && st.st_mode != *f.mode)
      return fail("use the file", f.name, 0,
                  format("its mode was {:o} at dump and is {:o}; --skip-file-rwx-check allows that", *f.mode & 07777,
                         st.st_mode & 07777));
  }
  if (f.size && S_ISREG(st.st_mode) && static_cast<std::uint64_t>(st.st_size) != *f.size)
    return fail("use the file", f.name, 0,
                format("its size was {} at dump and is {}: restore its content first", *f.size, st.st_size));
  if (opt.file_validation == FileValidation::kBuildId && !f.build_id.empty()) {
    UniqueFd fd(open(f.name.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
    if (!fd) return fail("open", f.name, errno);
    if (read_build_id(fd.get()) != f.build_id)
      return fail("use the file", f.name, 0,
                  "it is another build than at dump: put the old one back, or compare sizes only with "
                  "--file-validation=filesize");
  }
  return {};
}

bool is_inherited(const Options& opt, const std::string& name) {
  for (const InheritFd& i : opt.inherit_fds)
    if (i.resource == name || (name.size() > 1 && name.compare(1, std::string::npos, i.resource) == 0)) return true;
  return false;
}

Result<UniqueFd> open_at(const Model& model, const std::string& path, std::uint32_t flags,
                         const std::string& object) {
  // From the engine's root: that of the task may be another one by now. The kernel's paths have no links in them.
  const char* relative = path.c_str() + 1;
  const int how = static_cast<int>(open_flags(flags) | O_CLOEXEC | O_NOCTTY);
  UniqueFd fd(openat(model.root_fd, *relative == 0 ? "." : relative, how));
  if (!fd) return fail("open", object, errno);
  return fd;
}

/// The deleted file, as the description that O_TMPFILE had made, or as O_PATH.
Result<UniqueFd> make_ghost(const RestoreCtx& ctx, std::uint32_t number, Ghost& ghost, const std::string& name) {
  if (ghost.tmpfile != 0) {
    const std::uint32_t flags = description(ctx.models, ghost.tmpfile).flags;
    UniqueFd fd = TRY(make_tmpfile_again(ctx.images, number, ghost, name, flags));
    if (fd) return fd;
    ghost.tmpfile = 0;
  }
  return make_ghost_again(ctx.images, number, ghost, name);
}

/// The description that make_ghost() made by O_TMPFILE, when `id` is that one.
Result<UniqueFd> made_tmpfile(const RegularModel& model, FileId id, const Description& d) {
  const auto remap = model.remaps.find(id);
  if (remap == model.remaps.end() || remap->second.type != RemapType::kGhost) return UniqueFd();
  const Ghost& ghost = model.ghosts.at(remap->second.remap_id);
  if (ghost.tmpfile != id) return UniqueFd();
  UniqueFd copy(fcntl(ghost.number, F_DUPFD_CLOEXEC, 0));
  if (!copy) return fail("duplicate", d.object, errno);
  return copy;
}

}  // namespace

Result<> plan_regular(PlanCtx& ctx) {
  RegularModel& model = ctx.models.edit<RegularModel>();
  Model& files = ctx.models.edit<Model>();
  std::set<std::pair<std::string, std::uint64_t>> seen;
  for (const auto& [id, f] : model.files) {
    if (f.path_only) continue;
    const auto remap = model.remaps.find(id);
    if (remap != model.remaps.end() || !f.lost_name.empty()) model.sources[id] = take_service_number(files);
    if (remap != model.remaps.end() || of_a_process(f.name) || is_inherited(ctx.opt, f.name)) continue;
    if (!seen.emplace(f.name, f.size.value_or(0)).second) continue;
    TRY(validate(f, ctx.opt));
  }
  constexpr std::uint32_t kTmpfile = O_TMPFILE;
  for (const auto& [id, remap] : model.remaps) {
    const std::uint32_t flags = files.descriptions.at(id).flags;
    if (remap.type == RemapType::kGhost && (flags & kTmpfile) == kTmpfile && (flags & O_ACCMODE) != O_RDONLY)
      model.ghosts.at(remap.remap_id).tmpfile = id;
  }
  for (auto& [id, ghost] : model.ghosts) ghost.number = take_service_number(files);
  return {};
}

Result<> prepare_regular(RestoreCtx& ctx) {
  RegularModel& model = ctx.models.edit<RegularModel>();
  auto put = [](UniqueFd fd, int number, const std::string& object) -> Result<> {
    if (dup3(fd.get(), number, O_CLOEXEC) < 0) return fail(format("put on number {}", number), object, errno);
    return {};
  };
  std::set<std::uint32_t> made;
  for (auto& [id, number] : model.sources) {
    const RegularFile& f = model.files.at(id);
    const auto remap = model.remaps.find(id);
    if (remap == model.remaps.end()) {
      TRY(put(TRY(open_under_lost_name(f.name, f.lost_name)), number, f.name));
    } else if (remap->second.type == RemapType::kLinked) {
      TRY(put(TRY(open_under_lost_name(model.files.at(remap->second.remap_id).name, f.name)), number, f.name));
    } else {
      Ghost& ghost = model.ghosts.at(remap->second.remap_id);
      if (made.insert(remap->second.remap_id).second)
        TRY(put(TRY(make_ghost(ctx, remap->second.remap_id, ghost, f.name)), ghost.number, f.name));
      number = ghost.number;
    }
  }
  return {};
}

Result<> finish_regular(RestoreCtx& ctx) {
  const RegularModel& model = ctx.models.get<RegularModel>();
  std::set<std::string> links;
  for (const auto& [id, remap] : model.remaps)
    if (remap.type == RemapType::kLinked) links.insert(model.files.at(remap.remap_id).name);
  for (const std::string& link : links)
    if (unlink(link.c_str()) != 0 && errno != ENOENT) log::warn("temporary link {} can't be removed", link);
  return {};
}

Result<UniqueFd> open_regular_with(TaskCtx& ctx, FileId id, std::uint32_t flags) {
  const Model& files = ctx.models().get<Model>();
  const RegularModel& model = ctx.models().get<RegularModel>();
  const RegularFile* f = file_of(model, id);
  const Description& d = description(ctx.models(), id);
  if (f == nullptr) return fail("open", format("file {}", id), 0, "it is no regular file: the image is damaged");
  if (auto it = model.sources.find(id); it != model.sources.end()) {
    // Through the engine's /proc: that of a changed root may not be there.
    const std::string self = format("self/fd/{}", it->second);
    UniqueFd fd(openat(files.proc_fd, self.c_str(),
                       static_cast<int>(open_flags(flags) | O_CLOEXEC | O_NOCTTY) & ~O_NOFOLLOW));
    if (!fd) return fail("open", d.object, errno);
    return fd;
  }
  for (const auto& name : {f->name, f->name.substr(1)})
    if (auto it = files.inherited.find(name); it != files.inherited.end()) {
      const int copy = fcntl(it->second, F_DUPFD_CLOEXEC, 0);
      if (copy < 0) return fail("take over", d.object, errno);
      return UniqueFd(copy);
    }
  return open_at(files, f->name, flags, d.object);
}

Result<UniqueFd> open_regular(TaskCtx& ctx, FileId id) {
  const Description& d = description(ctx.models(), id);
  UniqueFd fd = TRY(made_tmpfile(ctx.models().get<RegularModel>(), id, d));
  if (!fd) fd = TRY(open_regular_with(ctx, id, d.flags));
  if (d.flags & O_PATH) return fd;
  if (d.pos != 0 && lseek(fd.get(), static_cast<off_t>(d.pos), SEEK_SET) < 0 && errno != ESPIPE)
    return fail(format("set position {} of", d.pos), d.object, errno);
  return fd;
}

Result<UniqueFd> open_path(TaskCtx& ctx, FileId id, std::optional<std::uint32_t> flags) {
  const Description& d = description(ctx.models(), id);
  return to_service(ctx.restore, TRY(open_regular_with(ctx, id, flags.value_or(d.flags))));
}

}  // namespace cr::files
