#include "files/pipe.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/format.h"
#include "core/id_map.h"
#include "core/kernel_pipes.h"
#include "files/description.h"
#include "files/holders.h"
#include "files/regular.h"

namespace cr::files {
namespace {

/// --external pipe: whichever have an end outside.
constexpr const char* kAllPipes = "pipe";

std::uint32_t access_mode(const Models& models, FileId id) { return description(models, id).flags & O_ACCMODE; }

/// Where the tree has no end of one direction, nobody else may have one, unless the pipe is external: the kernel
/// tells by POLLERR and POLLHUP.
Result<> look_outside(DumpCtx& ctx, PipeId id, Pipe& pipe) {
  bool reader = false, writer = false;
  for (FileId end : pipe.ends) {
    const std::uint32_t mode = access_mode(ctx.models, end);
    reader |= mode != O_WRONLY;
    writer |= mode != O_RDONLY;
  }
  if (reader && writer) return {};
  if (reader && ctx.models.get<core::KernelPipes>().all.contains(id)) return {};
  const FileId end = pipe.ends.front();
  const Description& d = description(ctx.models, end);
  UniqueFd copy = TRY(copy_fd(d.pid, d.fd));
  pollfd p{copy.get(), static_cast<short>(reader ? POLLIN : POLLOUT), 0};
  if (poll(&p, 1, 0) < 0) return fail("poll", d.object, errno);
  if (p.revents & (reader ? POLLHUP : POLLERR)) return {};
  const std::string link = format("pipe:[{}]", id);
  for (const std::string& external : ctx.opt.external)
    pipe.external |= external == link || external == format("pipe[{}]", id) || external == kAllPipes;
  if (pipe.external) return {};
  return fail("dump", d.object, 0,
              format("the other end of the pipe is held by {} outside the tree: dump that too, or declare it with "
                     "--external {} and give one with --inherit-fd at restore",
                     find_holder(ctx.tree, link), link));
}

/// Nothing where a user namespace of the tree does not know the owner, whom it sees as nobody's.
std::optional<PipeInode> inode_of(const DumpCtx& ctx, const FileProbe& probe) {
  const auto& ids = ctx.models.get<core::TreeIds>();
  const struct stat& st = probe.st;
  const PipeInode inode{ids.uid(st.st_uid), ids.gid(st.st_gid), st.st_mode & 07777, st.st_atim, st.st_mtim};
  const bool known =
      ids.check_owner(st.st_uid, st.st_gid, probe.name()).ok() &&
      core::check_owner_inside(ctx.models, ctx.tree, probe.pid, inode.uid, inode.gid, probe.name()).ok();
  return known ? std::optional(inode) : std::nullopt;
}

void add_end(DumpCtx& ctx, const FileProbe& probe, FileId id, bool fifo) {
  PipeModel& model = ctx.models.edit<PipeModel>();
  const auto pipe_id = static_cast<PipeId>(probe.st.st_ino);
  Pipe& pipe = (fifo ? model.fifos : model.pipes)[pipe_id];
  pipe.fifo = fifo;
  if (!fifo && pipe.ends.empty()) pipe.inode = inode_of(ctx, probe);
  pipe.ends.push_back(id);
  model.pipe_of[id] = pipe_id;
}

void tell_of_kernel_pipe(DumpCtx& ctx, PipeId id, const Pipe& pipe) {
  if (!ctx.models.get<core::KernelPipes>().all.contains(id)) return;
  core::KernelPipe& told = ctx.models.edit<core::KernelPipes>().all.at(id);
  told.has_data = !pipe.data.empty();
  for (FileId end : pipe.ends)
    (access_mode(ctx.models, end) == O_RDONLY ? told.readers : told.writers).push_back(end);
}

/// Reads what is in one pipe, through one end.
Result<> peek(DumpCtx& ctx, Pipe& pipe) {
  bool packets = false;
  for (FileId end : pipe.ends) packets |= (description(ctx.models, end).flags & O_DIRECT) != 0;
  const Description& d = description(ctx.models, pipe.ends.front());
  UniqueFd end = TRY(copy_fd(d.pid, d.fd));
  return peek_pipe(end.get(), packets, d.object, pipe);
}

}  // namespace

bool matches_pipe(const FileProbe& p) {
  return S_ISFIFO(p.st.st_mode) && p.link.starts_with("pipe:[") && !(p.flags & O_PATH);
}

bool matches_fifo(const FileProbe& p) {
  return S_ISFIFO(p.st.st_mode) && p.link.starts_with("/") && !(p.flags & O_PATH);
}

Result<> collect_pipe(DumpCtx& ctx, const FileProbe& probe, FileId id) {
  add_end(ctx, probe, id, false);
  return {};
}

Result<> collect_fifo(DumpCtx& ctx, const FileProbe& probe, FileId id) {
  add_end(ctx, probe, id, true);
  const FileId path = TRY(collect_regular_part(ctx, probe));
  ctx.models.edit<PipeModel>().path_of[id] = path;
  return {};
}

Result<> settle_pipes(DumpCtx& ctx) {
  for (auto& [id, pipe] : ctx.models.edit<PipeModel>().pipes) {
    TRY(look_outside(ctx, id, pipe));
    TRY(peek(ctx, pipe));
    tell_of_kernel_pipe(ctx, id, pipe);
  }
  return {};
}

Result<> settle_fifos(DumpCtx& ctx) {
  for (auto& [id, pipe] : ctx.models.edit<PipeModel>().fifos) TRY(peek(ctx, pipe));
  return {};
}

std::uint64_t group_of_pipe(const Models& models, FileId id) {
  const auto& pipe_of = models.get<PipeModel>().pipe_of;
  const auto it = pipe_of.find(id);
  // The highest bit, because a pipe of images written elsewhere may have number 0.
  return it == pipe_of.end() ? 0 : std::uint64_t{1} << 63 | it->second;
}

}  // namespace cr::files
