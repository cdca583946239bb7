// Both ends of a pipe are opened by one task, one after the other; what is needed for the next stays on service
// numbers.
#include <fcntl.h>
#include <unistd.h>

#include "base/format.h"
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

Result<> make_pipe(TaskCtx& ctx, Pipe& pipe, const Description& d) {
  int fds[2];
  if (pipe2(fds, O_CLOEXEC) != 0) return fail("make", d.object, errno);
  UniqueFd read_fd(fds[0]), write_fd(fds[1]);
  TRY(fill_pipe(write_fd.get(), pipe, d.object));
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

Result<UniqueFd> inherited(const Model& files, PipeId id) {
  for (const std::string& name : {format("pipe:[{}]", id), format("pipe[{}]", id)}) {
    auto it = files.inherited.find(name);
    if (it == files.inherited.end()) continue;
    UniqueFd copy(fcntl(it->second, F_DUPFD_CLOEXEC, 0));
    if (!copy) return fail("take over", name, errno);
    return copy;
  }
  return UniqueFd();
}

}  // namespace

Result<UniqueFd> open_pipe(TaskCtx& ctx, FileId id) {
  PipeModel& model = ctx.restore.models.edit<PipeModel>();
  const PipeId pipe_id = model.pipe_of.at(id);
  Pipe& pipe = model.pipes.at(pipe_id);
  const Description& d = description(ctx.models(), id);
  if (UniqueFd fd = TRY(inherited(ctx.models().get<Model>(), pipe_id))) return fd;
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
