// Root, working directory and umask of a restored task.
#include <sys/stat.h>
#include <unistd.h>

#include "base/format.h"
#include "files/description.h"

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
  UniqueFd root = TRY(open_path(ctx, fs.root, O_PATH | O_DIRECTORY));
  UniqueFd cwd = TRY(open_path(ctx, fs.cwd, O_PATH | O_DIRECTORY));
  if (!same_directory(root.get(), "/")) {
    if (fchdir(root.get()) != 0 || chroot(".") != 0) return fail("set the root directory of", object, errno);
  }
  if (fchdir(cwd.get()) != 0) return fail("set the working directory of", object, errno);
  if (fs.umask) umask(*fs.umask);
  return {};
}

}  // namespace cr::files
