// Root, working directory and umask of a restored task.
#include <sys/stat.h>
#include <unistd.h>

#include "base/format.h"
#include "files/description.h"
#include "files/passing_process.h"
#include "files/regular.h"

namespace cr::files {
namespace {

/// Tasks made with CLONE_FS share all three: the first in tree order sets them.
bool set_by_another(const Model& model, const TaskCtx& ctx) {
  const std::uint32_t fs_id = model.fs[ctx.task.index].fs_id;
  if (fs_id == 0) return false;
  for (const Task& task : ctx.tree().tasks) {
    if (task.index == ctx.task.index) return false;
    if (task.alive() && model.fs[task.index].fs_id == fs_id) return true;
  }
  return false;
}

/// One of /proc/PID can be entered only while the process lives: one that has its pid for a moment.
struct Directory {
  UniqueFd fd{};
  std::optional<PassingProcess> process{};
};

Result<Directory> open_directory(TaskCtx& ctx, FileId id) {
  Directory d;
  d.fd = TRY(open_regular_with(ctx, id, O_PATH | O_DIRECTORY, &d.process));
  d.fd = TRY(to_service(ctx.restore, std::move(d.fd)));
  return d;
}

bool same_directory(int fd, const char* path) {
  struct stat a, b;
  return fstat(fd, &a) == 0 && stat(path, &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

}  // namespace

Result<> restore_fs(TaskCtx& ctx) {
  const Model& model = ctx.models().get<Model>();
  if (set_by_another(model, ctx)) return {};
  const Fs& fs = model.fs[ctx.task.index];
  const std::string object = format("pid {}", ctx.task.pid);
  const Directory root = TRY(open_directory(ctx, fs.root));
  const Directory cwd = TRY(open_directory(ctx, fs.cwd));
  if (!same_directory(root.fd.get(), "/")) {
    if (fchdir(root.fd.get()) != 0 || chroot(".") != 0) return fail("set the root directory of", object, errno);
  }
  if (fchdir(cwd.fd.get()) != 0) return fail("set the working directory of", object, errno);
  if (fs.umask) umask(*fs.umask);
  return {};
}

}  // namespace cr::files
