#include "files/description.h"

#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>

#include "base/format.h"
#include "core/proc_text.h"

#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd 438
#endif

namespace cr {

std::string FileProbe::name() const {
  if (target_fd.value < 0) return cr::format("pid {} ({})", pid, link);
  return cr::format("pid {} fd {} ({})", pid, target_fd, link);
}

}  // namespace cr

namespace cr::files {

Error fail(std::string step, std::string object, int err, std::string remedy) {
  return Error{"files", std::move(step), std::move(object), err, std::move(remedy)};
}

const Description& description(const Models& models, FileId id) {
  static const Description kNone{};
  const auto& all = models.get<Model>().descriptions;
  auto it = all.find(id);
  return it == all.end() ? kNone : it->second;
}

Result<FileId> open_with_link(const Models& models, std::string_view link) {
  for (const auto& [id, d] : models.get<Model>().descriptions)
    if (d.fd >= 0 && TRY(core::read_proc_link(d.pid, format("fd/{}", d.fd))) == link) return id;
  return FileId{0};
}

std::vector<const Table*> tables_with(const Model& model, FileId id) {
  std::vector<const Table*> found;
  for (const auto& [files_id, table] : model.tables)
    if (std::any_of(table.slots.begin(), table.slots.end(), [id](const auto& s) { return s.second.id == id; }))
      found.push_back(&table);
  return found;
}

const FileKind* kind_of_type(std::uint32_t type) {
  for (const FileKind* kind : file_kinds())
    if (kind->type == type) return kind;
  return nullptr;
}

Result<UniqueFd> open_pidfd(HostPid pid) {
  UniqueFd fd(static_cast<int>(syscall(SYS_pidfd_open, pid.value, 0)));
  // A thread that is no leader: a dead leader has no descriptors any more. EINVAL became ENOENT in 6.15.
  if (fd || (errno != EINVAL && errno != ENOENT)) {
    if (!fd) return fail("open a pidfd of", format("pid {}", pid), errno, "the kernel must be 5.6 or newer");
    return fd;
  }
  fd.reset(static_cast<int>(syscall(SYS_pidfd_open, pid.value, O_EXCL /* PIDFD_THREAD */)));
  if (!fd)
    return fail("open a pidfd of", format("thread {}", pid), errno,
                "its main thread has exited; the kernel must be 6.9 or newer");
  return fd;
}

Result<UniqueFd> copy_fd(HostPid pid, int fd) {
  UniqueFd process = TRY(open_pidfd(pid));
  UniqueFd copy(static_cast<int>(syscall(SYS_pidfd_getfd, process.get(), fd, 0)));
  if (!copy) return fail("copy a descriptor of", format("pid {} fd {}", pid, fd), errno);
  return copy;
}

Result<UniqueFd> copy_restored(const RestoreCtx& ctx, FileId id) {
  const Description& d = description(ctx.models, id);
  if (d.home == 0 || d.number >= ctx.first_service_fd) return UniqueFd();
  return copy_fd(ctx.tree.tasks[ctx.models.get<Model>().tables.at(d.home).leader].live, d.number);
}

Result<UniqueFd> reopen(int fd, std::uint32_t flags, const std::string& object) {
  std::string path = format("/proc/self/fd/{}", fd);
  UniqueFd opened(::open(path.c_str(), static_cast<int>(open_flags(flags) | O_CLOEXEC | O_NOCTTY)));
  if (!opened) return fail("open anew", object, errno);
  return opened;
}

Result<UniqueFd> to_service(const RestoreCtx& restore, UniqueFd fd) {
  // Above the numbers that plan gave out, which must stay free until they are taken.
  const int floor = service_floor(restore.models.get<Model>());
  if (fd.get() >= floor) return fd;
  const int moved = fcntl(fd.get(), F_DUPFD_CLOEXEC, floor);
  if (moved < 0) return fail("move a descriptor to a number from", format("{} up", floor), errno);
  return UniqueFd(moved);
}

Result<> add_description(ReadCtx& ctx, FileId id, const FileKind& kind, std::uint32_t flags, std::uint64_t pos,
                         const FileOwner& owner) {
  Description d;
  d.id = id;
  d.kind = &kind;
  d.flags = flags & ~static_cast<std::uint32_t>(O_CLOEXEC);
  d.pos = pos;
  d.owner = owner;
  d.object = format("file {} ({})", id, kind.name);
  if (id == 0 || !ctx.models.edit<Model>().descriptions.emplace(id, std::move(d)).second)
    return fail("use", format("file {} of files.img", id), 0, "the id is 0 or is there twice: the image is damaged");
  return {};
}

Result<> set_flags(int fd, const Description& d) {
  if (d.flags & O_PATH) return {};
  int now = fcntl(fd, F_GETFL);
  if (now < 0) return fail("read flags of", d.object, errno);
  // O_ASYNC comes last of all, with the owner: filling queues must not send signals.
  const std::uint32_t mask = kSettableFlags & ~static_cast<std::uint32_t>(O_ASYNC);
  const auto flags = static_cast<std::uint32_t>(now);
  if ((flags & mask) == (d.flags & mask)) return {};
  if (fcntl(fd, F_SETFL, (flags & ~mask) | (d.flags & mask)) != 0) return fail("set flags of", d.object, errno);
  return {};
}

Result<> set_write_hint(int fd, const Models& models, const Description& d) {
  const auto& hints = models.get<WriteHints>().of;
  const auto it = hints.find(d.id);
  if (it == hints.end()) return {};
  std::uint64_t hint = it->second, now = hint;
  if (fcntl(fd, F_GET_RW_HINT, &now) != 0 || now == hint || fcntl(fd, F_SET_RW_HINT, &hint) == 0) return {};
  return fail("set the write hint of", d.object, errno);
}

std::uint32_t open_flags(std::uint32_t flags) {
  const std::uint32_t tmpfile = O_TMPFILE;
  if ((flags & tmpfile) == tmpfile) flags &= ~tmpfile;
  return flags & ~static_cast<std::uint32_t>(O_ASYNC | O_CREAT | O_EXCL | O_TRUNC);
}

std::uint32_t kernel_dev(dev_t dev) { return major(dev) << 20 | minor(dev); }
dev_t user_dev(std::uint32_t kernel_dev) { return makedev(kernel_dev >> 20, kernel_dev & 0xfffff); }

}  // namespace cr::files
