// The making of autofs, and the moment in which it begins to ask its daemon.
#include <fcntl.h>
#include <linux/auto_fs.h>
#include <linux/sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstring>

#include "base/defer.h"
#include "base/format.h"
#include "files/files.h"
#include "mnt/automount.h"
#include "mnt/failed.h"
#include "mnt/fs_types.h"
#include "mnt/mnt.h"

namespace cr::mnt {
namespace {

/// AUTOFS_DEV_IOCTL_SETPIPEFD and its autofs_dev_ioctl: linux/auto_dev-ioctl.h is no C++.
constexpr int kSetPipe = 0x78;
struct SetPipe {
  std::uint32_t major = 1, minor = 1, size = sizeof(SetPipe);
  std::int32_t root = -1, pipe = -1;
  std::uint32_t rest = 0;
};
static_assert(sizeof(SetPipe) == 24);

/// What the child leaves to its parent, who has the same descriptors.
struct Made {
  int mount, root, err;
  char step[200];
};

/// As the leader of a group of its own, which is the daemon's until the real one comes.
Result<> make_as_daemon(const Mount& m, const Automount& a, Made& made) {
  umask(0);
  int ends[2];
  if (setpgid(0, 0) != 0 || pipe2(ends, O_CLOEXEC) != 0) return failed("make a pipe for", m.name());
  const UniqueFd unread(ends[0]), writer(ends[1]);
  Mount options = m;
  options.options = lasting_options(m.options);
  options.options += format("{}fd={}", options.options.empty() ? "" : ",", writer.get());
  UniqueFd mount = TRY(make_file_system(options));
  UniqueFd root(openat(mount.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!root) return failed("open", m.name());
  for (const Automount::Directory& d : a.directories)
    if (mkdirat(root.get(), d.path.c_str(), d.mode) != 0) return failed("make", format("{} of {}", d.path, m.name()));
  unsigned long timeout = static_cast<unsigned long>(a.timeout);
  if (ioctl(root.get(), AUTOFS_IOC_SETTIMEOUT, &timeout) != 0) return failed("set the timeout of", m.name());
  if (ioctl(root.get(), AUTOFS_IOC_CATATONIC) != 0) return failed("silence", m.name());
  made.mount = mount.release();
  made.root = root.release();
  return {};
}

/// A process of its own that nobody is told of; with CLONE_FILES it has the descriptors of the caller.
pid_t fork_quietly(std::uint64_t flags) {
  clone_args args{};
  args.flags = flags;
  return static_cast<pid_t>(syscall(SYS_clone3, &args, sizeof args));
}

/// Gives the kernel `pipe`, or what is open as `number` when there is none. What the kernel shows is the number in
/// the process that does it, and so may be that of something else in the daemon: a child does it.
int give_pipe(int control, int root, int pipe, int number) {
  if (pipe >= 0 && pipe != number && dup3(pipe, number, O_CLOEXEC) < 0) return errno;
  SetPipe request{.root = root, .pipe = number};
  return ioctl(control, _IOWR(AUTOFS_IOCTL, kSetPipe, SetPipe), &request) == 0 ? 0 : errno;
}

/// The daemon's own end of the pipe, or another one.
Result<> hand_over(const TaskCtx& ctx, const Automount& a, int control, const std::string& object) {
  UniqueFd again;
  if (!a.own_end) {
    const std::string reader = format("thread-self/fd/{}", a.read_number);
    again.reset(openat(ctx.restore.proc_fd, reader.c_str(), O_WRONLY | O_CLOEXEC));
    if (!again) return failed("open the pipe of", object);
  }
  // Numbers of the engine must stay what they are.
  const bool is_free = a.write_number >= 0 && a.write_number < ctx.restore.first_service_fd;
  const int number = is_free || a.own_end ? a.write_number : again.get();
  const pid_t child = fork_quietly(0);
  if (child < 0) return failed("fork for", object);
  if (child == 0) _exit(give_pipe(control, a.root_number, again.get(), number));
  int status = 0;
  if (waitpid(child, &status, __WALL) != child) return failed("wait for who wakes", object);
  if (status != 0) return Error{"mnt", "give its daemon back to", object, WEXITSTATUS(status), ""};
  return {};
}

}  // namespace

Result<> open_automount_control(RestoreCtx& ctx) {
  const int number = ctx.models.get<Model>().automount_control;
  if (number < 0) return {};
  const UniqueFd control(open("/dev/autofs", O_RDONLY | O_CLOEXEC));
  if (!control || dup3(control.get(), number, O_CLOEXEC) < 0)
    return Error{"mnt", "open", "/dev/autofs", errno, "load the module autofs4 (modprobe autofs4)"};
  return {};
}

Result<UniqueFd> make_automount(const Mount& m, const Automount& a) {
  void* shared = mmap(nullptr, sizeof(Made), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED) return failed("map memory for", m.name());
  const Defer unmap([&] { munmap(shared, sizeof(Made)); });
  Made& made = *new (shared) Made{.mount = -1, .root = -1, .err = 0, .step = {}};
  const pid_t child = fork_quietly(CLONE_FILES);
  if (child < 0) return failed("fork for", m.name());
  if (child == 0) {
    if (const auto done = make_as_daemon(m, a, made); !done.ok()) {
      made.err = done.error().err != 0 ? done.error().err : EIO;
      std::strncpy(made.step, done.error().step.c_str(), sizeof made.step - 1);
    }
    _exit(0);
  }
  if (waitpid(child, nullptr, __WALL) != child) return failed("wait for the maker of", m.name());
  UniqueFd mount(made.mount);
  const UniqueFd root(made.root);
  if (!mount || !root) return Error{"mnt", made.step, m.name(), made.err, "the kernel must have autofs"};
  if (dup3(root.get(), a.root_number, O_CLOEXEC) < 0) return failed("keep the root of", m.name());
  return mount;
}

Result<> wake_automounts(TaskCtx& ctx) {
  const Model& model = ctx.models().get<Model>();
  for (const auto& [id, ns] : model.namespaces)
    for (const auto& [dev, a] : ns.automounts) {
      if (a.daemon != ctx.task.index) continue;
      const auto m =
          std::find_if(ns.mounts.begin(), ns.mounts.end(), [d = dev](const Mount& o) { return o.dev == d; });
      if (getpgrp() != ctx.tree().number_in(ctx.task.space, a.group))
        return Error{"mnt", "give its daemon back to", m->name(), 0,
                     format("pid {} is not in process group {}", ctx.task.pid, a.group)};
      TRY(hand_over(ctx, a, model.automount_control, m->name()));
    }
  return {};
}

}  // namespace cr::mnt
