// Both ends of a pipe are opened by one task, one after the other; what is needed for the next stays on service
// numbers.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>

#include "base/format.h"
#include "core/id_map.h"
#include "files/description.h"
#include "files/pipe.h"
#include "files/regular.h"

namespace cr::files {
namespace {

Result<int> keep(TaskCtx& ctx, int fd) { return TRY(to_service(ctx.restore, UniqueFd(fd))).release(); }

/// After the last end was opened, nothing of ours may hold the pipe.
void release(Pipe& pipe, FileId id) {
  if (id != pipe.ends.back()) return;
  for (int* fd : {&pipe.read_fd, &pipe.write_fd}) UniqueFd{std::exchange(*fd, -1)}.reset();
}

/// Any end will do.
Result<> set_inode(const TaskCtx& ctx, int fd, const PipeInode& inode, const std::string& object) {
  struct stat now;
  const uid_t uid = core::uid_for(ctx.models(), ctx.task.pid, inode.uid);
  const gid_t gid = core::gid_for(ctx.models(), ctx.task.pid, inode.gid);
  if (fstat(fd, &now) != 0) return fail("stat", object, errno);
  if ((now.st_uid != uid || now.st_gid != gid) && fchown(fd, uid, gid) != 0)
    return fail(format("give the owner {}:{} to", uid, gid), object, errno);
  if ((now.st_mode & 07777) != inode.mode && fchmod(fd, inode.mode) != 0)
    return fail("set the permissions of", object, errno);
  const timespec times[2] = {inode.atime, inode.mtime};
  if (futimens(fd, times) != 0) return fail("set the times of", object, errno);
  return {};
}

Result<> make_pipe(TaskCtx& ctx, Pipe& pipe, const Description& d) {
  int fds[2];
  if (pipe2(fds, O_CLOEXEC) != 0) return fail("make", d.object, errno);
  UniqueFd read_fd(fds[0]), write_fd(fds[1]);
  TRY(fill_pipe(write_fd.get(), pipe, d.object));
  if (pipe.inode) TRY(set_inode(ctx, write_fd.get(), *pipe.inode, d.object));
  pipe.read_fd = TRY(keep(ctx, read_fd.release()));
  pipe.write_fd = TRY(keep(ctx, write_fd.release()));
  return {};
}

/// One end: the description that pipe2(2) made, or, when that is in use, one more.
Result<UniqueFd> end_of(Pipe& pipe, const Description& d) {
  const std::uint32_t mode = d.flags & O_ACCMODE;
  const int kept = mode == O_RDONLY ? pipe.read_fd : pipe.write_fd;
  bool& given = mode == O_RDONLY ? pipe.read_given : pipe.write_given;
  if (mode == O_RDWR || std::exchange(given, true))
    return reopen(kept, (d.flags & ~static_cast<std::uint32_t>(O_DIRECT)) | O_NONBLOCK, d.object);
  UniqueFd copy(fcntl(kept, F_DUPFD_CLOEXEC, 0));
  if (!copy) return fail("duplicate", d.object, errno);
  return copy;
}

std::array<std::string, 2> names_of(PipeId id) { return {format("pipe:[{}]", id), format("pipe[{}]", id)}; }

/// The service number of the pipe that the caller gives for this one, -1 when he gives none.
int given_for(const Model& files, PipeId id) {
  for (const std::string& name : names_of(id))
    if (auto it = files.inherited.find(name); it != files.inherited.end()) return it->second;
  return -1;
}

/// What waited for a reader in the tree, unless the pipe is the one in which it still waits.
Result<> fill_given(const Models& models, PipeId id, const Pipe& pipe, int given) {
  bool reader = false;
  for (FileId end : pipe.ends) reader |= (description(models, end).flags & O_ACCMODE) != O_WRONLY;
  struct stat st;
  const std::string object = names_of(id).front();
  if (fstat(given, &st) != 0) return fail("look at the pipe that was given for", object, errno);
  if (!reader || pipe.data.empty() || static_cast<PipeId>(st.st_ino) == id) return {};
  UniqueFd writer = TRY(reopen(given, O_WRONLY | O_NONBLOCK, object));
  return fill_pipe(writer.get(), pipe, object);
}

/// An end of the caller's pipe with a description of its own, so that its flags are nobody else's.
Result<UniqueFd> open_given(const Models& models, FileId id, PipeId pipe_id, const Pipe& pipe, int given) {
  const Description& d = description(models, id);
  if (id == pipe.ends.front()) TRY(fill_given(models, pipe_id, pipe, given));
  return reopen(given, (d.flags & ~static_cast<std::uint32_t>(O_DIRECT)) | O_NONBLOCK, d.object);
}

}  // namespace

Result<> plan_pipes(PlanCtx& ctx) {
  for (const auto& [id, pipe] : ctx.models.get<PipeModel>().pipes) {
    const auto names = names_of(id);
    bool given = false;
    for (const InheritFd& i : ctx.opt.inherit_fds) {
      if (i.resource != names[0] && i.resource != names[1]) continue;
      struct stat st;
      given = true;
      if (fstat(i.fd, &st) != 0 || !S_ISFIFO(st.st_mode))
        return fail("use", format("--inherit-fd fd[{}]:{}", i.fd, i.resource), 0,
                    "descriptor is not open, or no pipe");
    }
    if (pipe.external && !given)
      return fail("restore", format("{} ({})", names[0], description(ctx.models, pipe.ends.front()).object), 0,
                  format("its other end was outside of the tree: give a pipe with --inherit-fd fd[N]:{}", names[0]));
  }
  return {};
}

Result<UniqueFd> open_pipe(TaskCtx& ctx, FileId id) {
  PipeModel& model = ctx.restore.models.edit<PipeModel>();
  const PipeId pipe_id = model.pipe_of.at(id);
  Pipe& pipe = model.pipes.at(pipe_id);
  const Description& d = description(ctx.models(), id);
  if (const int given = given_for(ctx.models().get<Model>(), pipe_id); given >= 0)
    return open_given(ctx.models(), id, pipe_id, pipe, given);
  if (pipe.read_fd < 0) TRY(make_pipe(ctx, pipe, d));
  UniqueFd fd = TRY(end_of(pipe, d));
  release(pipe, id);
  return fd;
}

Result<UniqueFd> open_fifo(TaskCtx& ctx, FileId id) {
  PipeModel& model = ctx.restore.models.edit<PipeModel>();
  Pipe& pipe = model.fifos.at(model.pipe_of.at(id));
  const FileId path = model.path_of.at(id);
  const Description& d = description(ctx.models(), path);
  if (pipe.read_fd < 0) {
    // Open in both directions: so no further open has to wait for its other end, and the bytes have a reader.
    UniqueFd both = TRY(open_regular_with(ctx, path, O_RDWR | O_NONBLOCK));
    TRY(fill_pipe(both.get(), pipe, d.object));
    pipe.read_fd = TRY(keep(ctx, both.release()));
  }
  UniqueFd fd = TRY(open_regular_with(ctx, path, (d.flags & ~static_cast<std::uint32_t>(O_DIRECT)) | O_NONBLOCK));
  TRY(set_flags(fd.get(), d));
  release(pipe, id);
  return fd;
}

}  // namespace cr::files
