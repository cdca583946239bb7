#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <set>

#include "base/format.h"
#include "base/log.h"
#include "core/opener.h"
#include "files/belated.h"
#include "files/build_id.h"
#include "files/description.h"
#include "files/lost_file.h"
#include "files/passing_process.h"
#include "files/proc_file.h"
#include "files/regular.h"
#include "files/tree_paths.h"
#include "mnt/mnt.h"

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

/// Whether that is what the caller of the restore calls the file: its path, with or without the first slash, or the
/// name that it was left outside by.
bool is_called(const RegularFile& f, const std::string& resource) {
  return resource == f.name || resource == f.external || f.name.compare(1, std::string::npos, resource) == 0;
}

bool is_given(const Options& opt, const RegularFile& f) {
  for (const InheritFd& i : opt.inherit_fds)
    if (is_called(f, i.resource)) return true;
  return false;
}

/// The service number of the file that the caller gives for this one, -1 when he gives none.
int given_for(const Model& files, const RegularFile& f) {
  for (const auto& [resource, number] : files.inherited)
    if (is_called(f, resource)) return number;
  return -1;
}

/// As soon as the paths of that namespace lead where they will lead for the tree.
Result<> validate_all(const Models& models, const Options& opt, NsId nested) {
  const RegularModel& model = models.get<RegularModel>();
  std::set<std::pair<std::string, std::uint64_t>> seen;
  for (const auto& [id, f] : model.files) {
    if (f.path_only || f.ext || model.remaps.contains(id) || of_a_process(f.name) || is_given(opt, f)) continue;
    if (nested_home(models, f.mnt_id) != nested) continue;
    if (seen.emplace(f.name, f.size.value_or(0)).second) TRY(validate(f, opt));
  }
  return {};
}

/// What the maker of a nested mount namespace keeps under that number, opened anew.
Result<UniqueFd> open_kept(const RestoreCtx& ctx, NsId nested, int number, int flags, const std::string& object) {
  const mnt::Namespace& ns = ctx.models.get<mnt::Model>().namespaces.at(nested);
  const std::string name = TRY(mnt::kept_by_maker(ctx, ns, number));
  UniqueFd fd(openat(ctx.proc_fd, name.c_str(), flags | O_CLOEXEC));
  if (!fd) return fail("open", object, errno);
  return fd;
}

/// Where the path of the file begins; `own` keeps it open if need be.
Result<int> root_of(const RestoreCtx& ctx, const RegularFile& f, const std::string& object, UniqueFd& own) {
  const NsId nested = nested_home(ctx.models, f.mnt_id);
  if (nested == 0) return ctx.models.get<Model>().root_fd;
  const int number = ctx.models.get<mnt::Model>().namespaces.at(nested).root_number;
  own = TRY(open_kept(ctx, nested, number, O_PATH | O_DIRECTORY, object));
  return own.get();
}

/// A file without a way to send signals shows O_ASYNC only when it was opened with it.
std::uint32_t flags_for(const RegularFile& f, std::uint32_t flags) {
  const bool sends_none = f.mode && (S_ISREG(*f.mode) || S_ISDIR(*f.mode));
  return open_flags(flags) | (sends_none ? flags & O_ASYNC : 0);
}

Result<UniqueFd> open_at(const RestoreCtx& ctx, const RegularFile& f, std::uint32_t flags,
                         const std::string& object) {
  const std::string& path = f.name;
  UniqueFd own_root;
  const int root = TRY(root_of(ctx, f, object, own_root));
  // From the root of the tree: that of the task may be another one by now. What links lead to must be below it.
  open_how how{};
  how.flags = flags_for(f, flags) | O_CLOEXEC;
  how.flags = flags & O_PATH ? how.flags & (O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) : how.flags | O_NOCTTY;
  if (!of_a_process(path)) how.resolve = RESOLVE_IN_ROOT;  // those lead out of /proc, and are the kernel's
  const char* relative = path.c_str() + 1;
  // What is open need not be open to who has it: the engine may open it where the task, in its user namespace, may
  // not.
  const int opener = of_a_process(path) ? -1 : ctx.opener;
  UniqueFd fd = core::open_as_engine(opener, root, *relative == 0 ? "." : relative, how);
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
Result<UniqueFd> made_tmpfile(const TaskCtx& ctx, FileId id, const Description& d) {
  const RegularModel& model = ctx.models().get<RegularModel>();
  const auto remap = model.remaps.find(id);
  if (remap == model.remaps.end() || remap->second.type != RemapType::kGhost) return UniqueFd();
  const Ghost& ghost = model.ghosts.at(remap->second.remap_id);
  if (ghost.tmpfile != id) return UniqueFd();
  if (const NsId nested = model.sources.at(id).ns; nested != 0) {
    const TaskIndex maker = ctx.models().get<mnt::Model>().namespaces.at(nested).maker;
    return copy_fd(HostPid{ctx.tree().tasks[maker].pid.value}, ghost.number);
  }
  UniqueFd copy(fcntl(ghost.number, F_DUPFD_CLOEXEC, 0));
  if (!copy) return fail("duplicate", d.object, errno);
  return copy;
}

/// A process of the tree that has the pid now would be in its place.
Result<> check_dead_process(const TaskTree& tree, NsPid pid, const Description& d) {
  if (tree.find(pid) == nullptr && tree.owner_of(pid) == nullptr) return {};
  return fail("restore", d.object, 0,
              format("it is a file of a process {} that is gone, and a process of the tree has that pid now", pid));
}

/// All that share a deleted file take it from the number of that one, and from the first namespace that has it.
void place_ghosts(PlanCtx& ctx) {
  RegularModel& model = ctx.models.edit<RegularModel>();
  const std::vector<NsId>& order = ctx.models.get<mnt::Model>().order;
  auto rank = [&](NsId ns) { return ns == 0 ? order.begin() : std::find(order.begin(), order.end(), ns) + 1; };
  std::map<std::uint32_t, NsId> homes;
  auto each = [&](auto act) {
    for (auto& [id, source] : model.sources)
      if (const auto remap = model.remaps.find(id);
          remap != model.remaps.end() && remap->second.type == RemapType::kGhost)
        act(remap->second.remap_id, source);
  };
  each([&](std::uint32_t ghost, KeptFile& source) {
    const auto [home, fresh] = homes.try_emplace(ghost, source.ns);
    if (!fresh && rank(source.ns) < rank(home->second)) home->second = source.ns;
  });
  each([&](std::uint32_t ghost, KeptFile& source) { source = {model.ghosts.at(ghost).number, homes.at(ghost)}; });
}

}  // namespace

Result<> plan_regular(PlanCtx& ctx) {
  RegularModel& model = ctx.models.edit<RegularModel>();
  Model& files = ctx.models.edit<Model>();
  for (const auto& [id, f] : model.files) {
    if (f.path_only || is_given(ctx.opt, f)) continue;
    if (f.ext)
      return fail("restore", f.name, 0,
                  format("it was left outside of the tree: give one with --inherit-fd fd[N]:{}",
                         f.external.empty() ? f.name : f.external));
    if (f.outside && !TRY(owner_lives(ctx, *f.outside, files.descriptions.at(id).object)))
      model.remaps[id] = {static_cast<std::uint32_t>(f.outside->pid.value), RemapType::kProcfs};
    const auto remap = model.remaps.find(id);
    if (remap != model.remaps.end() && remap->second.type == RemapType::kProcfs)
      TRY(check_dead_process(ctx.tree, NsPid{static_cast<int>(remap->second.remap_id)}, files.descriptions.at(id)));
    else if (remap != model.remaps.end() || !f.lost_name.empty())
      model.sources[id] = {take_service_number(files), nested_home(ctx.models, f.mnt_id)};
    else if (const auto late = late_name(f.name))
      ctx.models.edit<Belated>().all[id].name = late->rest;
  }
  if (!lives_elsewhere(ctx.tree, ctx.models)) TRY(validate_all(ctx.models, ctx.opt, 0));
  constexpr std::uint32_t kTmpfile = O_TMPFILE;
  for (const auto& [id, remap] : model.remaps) {
    const std::uint32_t flags = files.descriptions.at(id).flags;
    if (remap.type == RemapType::kGhost && (flags & kTmpfile) == kTmpfile && (flags & O_ACCMODE) != O_RDONLY)
      model.ghosts.at(remap.remap_id).tmpfile = id;
  }
  for (auto& [id, ghost] : model.ghosts) ghost.number = take_service_number(files);
  place_ghosts(ctx);
  return {};
}

Result<> furnish_regular(RestoreCtx& ctx) {
  if (lives_elsewhere(ctx.tree, ctx.models)) TRY(validate_all(ctx.models, ctx.opt, 0));
  return furnish_files_in(ctx, 0);
}

Result<> furnish_in(RestoreCtx& ctx, NsId nested) {
  const std::string object = "the root of a mount namespace of the tree";
  UniqueFd root(open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
  const int number = ctx.models.get<mnt::Model>().namespaces.at(nested).root_number;
  if (!root || dup3(root.get(), number, O_CLOEXEC) < 0) return fail("keep", object, errno);
  TRY(validate_all(ctx.models, ctx.opt, nested));
  return furnish_files_in(ctx, nested);
}

Result<> furnish_files_in(RestoreCtx& ctx, NsId nested) {
  RegularModel& model = ctx.models.edit<RegularModel>();
  auto put = [](UniqueFd fd, int number, const std::string& object) -> Result<> {
    if (dup3(fd.get(), number, O_CLOEXEC) < 0) return fail(format("put on number {}", number), object, errno);
    return {};
  };
  std::set<std::uint32_t> made;
  for (auto& [id, source] : model.sources) {
    if (source.ns != nested) continue;
    const int number = source.number;
    const RegularFile& f = model.files.at(id);
    const auto remap = model.remaps.find(id);
    if (remap == model.remaps.end()) {
      TRY(put(TRY(open_under_lost_name(f.name, f.lost_name)), number, f.name));
    } else if (remap->second.type == RemapType::kLinked) {
      TRY(put(TRY(open_under_lost_name(model.files.at(remap->second.remap_id).name, f.name)), number, f.name));
    } else if (nested_home(ctx.models, f.mnt_id) == nested) {  // of those that share it, one whose name is from here
      Ghost& ghost = model.ghosts.at(remap->second.remap_id);
      if (made.insert(remap->second.remap_id).second)
        TRY(put(TRY(make_ghost(ctx, remap->second.remap_id, ghost, f.name)), ghost.number, f.name));
    }
  }
  return {};
}

Result<> finish_regular(RestoreCtx& ctx) {
  const RegularModel& model = ctx.models.get<RegularModel>();
  std::set<std::string> links;
  for (const auto& [id, remap] : model.remaps) {
    if (remap.type != RemapType::kLinked) continue;
    const RegularFile& f = model.files.at(remap.remap_id);
    links.insert(base_of(ctx.tree, ctx.models, nested_home(ctx.models, f.mnt_id)) + f.name);
  }
  for (const std::string& link : links)
    if (unlink(link.c_str()) != 0 && errno != ENOENT) log::warn("temporary link {} can't be removed", link);
  return {};
}

Result<UniqueFd> open_regular_with(TaskCtx& ctx, FileId id, std::uint32_t flags,
                                   std::optional<PassingProcess>* owner) {
  const Model& files = ctx.models().get<Model>();
  const RegularModel& model = ctx.models().get<RegularModel>();
  const RegularFile* f = file_of(model, id);
  const Description& d = description(ctx.models(), id);
  if (f == nullptr) return fail("open", format("file {}", id), 0, "it is no regular file: the image is damaged");
  if (const int given = given_for(files, *f); given >= 0) {
    const int copy = fcntl(given, F_DUPFD_CLOEXEC, 0);
    if (copy < 0) return fail("take over", d.object, errno);
    return UniqueFd(copy);
  }
  if (auto it = model.remaps.find(id); it != model.remaps.end() && it->second.type == RemapType::kProcfs) {
    PassingProcess process = TRY(PassingProcess::make(NsPid{static_cast<int>(it->second.remap_id)}, d.object));
    UniqueFd fd = TRY(open_at(ctx.restore, *f, flags, d.object));
    if (owner != nullptr) owner->emplace(std::move(process));
    return fd;
  }
  if (auto it = model.sources.find(id); it != model.sources.end()) {
    // Through the engine's /proc: that of a changed root may not be there.
    const int how = static_cast<int>(flags_for(*f, flags) | O_CLOEXEC | O_NOCTTY) & ~O_NOFOLLOW;
    if (it->second.ns != 0) return open_kept(ctx.restore, it->second.ns, it->second.number, how, d.object);
    const std::string self = format("self/fd/{}", it->second.number);
    UniqueFd fd(openat(ctx.restore.proc_fd, self.c_str(), how));
    if (!fd) return fail("open", d.object, errno);
    return fd;
  }
  return open_at(ctx.restore, *f, flags, d.object);
}

/// The directory that the restorer opens it from.
static Result<UniqueFd> open_placeholder(const TaskCtx& ctx, FileId id, const Description& d) {
  RegularFile directory = ctx.models().get<RegularModel>().files.at(id);
  if (const auto late = late_name(directory.name)) directory.name = late->directory;
  return open_at(ctx.restore, directory, O_RDONLY | O_DIRECTORY, d.object);
}

Result<UniqueFd> open_regular(TaskCtx& ctx, FileId id) {
  const Description& d = description(ctx.models(), id);
  if (ctx.models().get<Belated>().all.contains(id)) return open_placeholder(ctx, id, d);
  UniqueFd fd = TRY(made_tmpfile(ctx, id, d));
  if (!fd) fd = TRY(open_regular_with(ctx, id, d.flags));
  const RegularFile* f = file_of(ctx.models().get<RegularModel>(), id);
  // One that was given is the caller's, with its position.
  if ((d.flags & O_PATH) || (f != nullptr && given_for(ctx.models().get<Model>(), *f) >= 0)) return fd;
  if (d.pos != 0 && lseek(fd.get(), static_cast<off_t>(d.pos), SEEK_SET) < 0 && errno != ESPIPE)
    return fail(format("set position {} of", d.pos), d.object, errno);
  return fd;
}

Result<UniqueFd> open_path(TaskCtx& ctx, FileId id, std::optional<std::uint32_t> flags) {
  const Description& d = description(ctx.models(), id);
  return to_service(ctx.restore, TRY(open_regular_with(ctx, id, flags.value_or(d.flags))));
}

}  // namespace cr::files
