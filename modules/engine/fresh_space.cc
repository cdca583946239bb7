#include "engine/fresh_space.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clone_args.h"
#include "base/close_others.h"
#include "base/format.h"
#include "core/stages.h"

namespace cr::engine {
namespace {

const KobjIds& ids_of_root(const RestoreCtx& ctx) { return ctx.models.get<KobjModel>().of.at(ctx.tree.root().pid); }

int code_of(int status) { return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status); }

/// The init must keep nothing of the caller alive: terminal, pipes, directories.
void let_go_of_all(int status) {
  prctl(PR_SET_NAME, "crengine-init");
  setsid();
  if (chdir("/") != 0) _exit(1);
  close_all_but(status, status);
  for (int fd = open("/dev/null", O_RDWR); fd >= 0 && fd < 2;) fd = dup(fd);
}

[[noreturn]] void reap_until_the_end(pid_t root, int status_fd) {
  int code = 1;
  for (;;) {
    int status = 0;
    const pid_t ended = waitpid(-1, &status, __WALL);
    if (ended < 0 && errno == EINTR) continue;
    if (ended < 0) _exit(code);
    if (ended != root) continue;
    code = code_of(status);
    // Nobody may be there to be told.
    signal(SIGPIPE, SIG_IGN);
    if (write(status_fd, &code, sizeof code) != sizeof code) close(status_fd);
  }
}

}  // namespace

bool wants_fresh_space(const RestoreCtx& ctx) {
  return ctx.opt.new_pid_ns && ids_of_root(ctx).pid_ns == ctx.models.get<KobjModel>().root.pid_ns;
}

Result<> furnish_fresh_space(const RestoreCtx& ctx) {
  if (ids_of_root(ctx).mnt_ns != ctx.models.get<KobjModel>().root.mnt_ns) return {};  // it brings its own mounts
  if (unshare(CLONE_NEWNS) != 0) return Error{"engine", "make", "a mount namespace", errno, "run as root"};
  if (mount("", "/", nullptr, MS_REC | MS_SLAVE, nullptr) != 0)
    return Error{"engine", "make", "the mounts of the new namespace followers", errno, ""};
  struct statfs fs;
  if (statfs("/proc", &fs) != 0 || fs.f_type != PROC_SUPER_MAGIC) return {};
  if (mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr) != 0)
    return Error{"engine", "mount", "/proc of the new pid namespace", errno, ""};
  return {};
}

Result<FreshSpace> FreshSpace::make(RestoreCtx& ctx, std::uint64_t flags,
                                    const std::function<Result<>()>& make_root) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return Error{"engine", "make", "a pipe", errno, ""};
  UniqueFd told(ends[0]);
  const UniqueFd tell(ends[1]);
  CloneArgs args{};
  args.flags = flags | CLONE_NEWPID;
  if (!(flags & CLONE_PARENT)) args.exit_signal = SIGCHLD;
  const long init = syscall(SYS_clone3, &args, sizeof args);
  if (init < 0) return Error{"engine", "make", "a pid namespace", errno, "run as root"};
  if (init > 0) return FreshSpace(std::move(told));
  auto made = furnish_fresh_space(ctx);
  if (made.ok()) made = make_root();
  if (!made.ok()) {
    core::report_error(*ctx.shared, made.error());
    _exit(1);
  }
  let_go_of_all(tell.get());
  reap_until_the_end(ctx.tree.root().pid.value, tell.get());
}

int FreshSpace::wait_for_root() const {
  int code = 0;
  ssize_t n = 0;
  do n = read(status_.get(), &code, sizeof code);
  while (n < 0 && errno == EINTR);
  return n == sizeof code ? code : 128 + SIGKILL;
}

}  // namespace cr::engine
