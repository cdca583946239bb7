#include "tty/controlling.h"

#include <asm/ioctls.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clone_args.h"
#include "base/format.h"
#include "files/description.h"
#include "tty/orphan.h"

namespace cr::tty {
namespace {

struct Wanted {
  int number;
  std::uint32_t flags;
};

/// Opens /dev/tty once and puts it on its number. Returns 0 or errno.
int open_devtty(const Wanted& w) {
  const int fd = ::open("/dev/tty", static_cast<int>(w.flags) | O_CLOEXEC | O_NOCTTY);
  if (fd < 0 || dup3(fd, w.number, O_CLOEXEC) < 0) return errno;
  close(fd);
  return 0;
}

/// In a process that leads a session for this alone, and shares our descriptors. It gives the terminal up before it
/// ends: the end of a leader would hang it up.
int open_as_leader(int terminal, const std::vector<Wanted>& wanted) {
  signal(SIGHUP, SIG_IGN);
  if (setsid() < 0 || ioctl(terminal, TIOCSCTTY, 0) != 0) return errno;
  for (const Wanted& w : wanted)
    if (int err = open_devtty(w); err != 0) return err;
  return ioctl(terminal, TIOCNOTTY) == 0 ? 0 : errno;
}

Result<> open_through(int terminal, const std::vector<Wanted>& wanted, const std::string& object) {
  CloneArgs args{};
  args.flags = CLONE_FILES;
  args.exit_signal = SIGCHLD;
  const long child = syscall(SYS_clone3, &args, sizeof args);
  if (child < 0) return fail("make a process to open", object, errno);
  if (child == 0) _exit(open_as_leader(terminal, wanted));
  int status = 0;
  if (waitpid(static_cast<pid_t>(child), &status, 0) != child || !WIFEXITED(status))
    return fail("open", object, 0, "the process that opens it died");
  if (WEXITSTATUS(status) != 0) return fail("open", object, WEXITSTATUS(status));
  return {};
}

/// Terminals that were hung up since: it doesn't show any more which ones they were.
Result<> open_hung_up(const std::vector<Wanted>& wanted, const std::string& object) {
  UniqueFd master(::open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC));
  if (!master) return fail("open", "/dev/ptmx", errno);
  TRY(set_locked(master.get(), false, object));
  UniqueFd slave = TRY(open_slave(master.get(), O_RDWR, object));
  return open_through(slave.get(), wanted, object);
}

}  // namespace

Result<> open_controlling(RestoreCtx& ctx, const Model& model) {
  std::map<TerminalId, std::vector<Wanted>> by_real;
  for (const auto& [id, open] : model.opens) {
    const Terminal& t = model.terminals.at(open.terminal);
    if (t.type == Type::kCtty)
      by_real[t.real].push_back({open.number, files::open_flags(files::description(ctx.models, id).flags)});
  }
  for (const auto& [real, wanted] : by_real) {
    if (real == 0) {
      TRY(open_hung_up(wanted, "a hung-up /dev/tty"));
      continue;
    }
    const Terminal& t = model.terminals.at(real);
    const Pair* pair = t.type == Type::kPty ? &model.pairs.at({t.dev, t.index}) : nullptr;
    if (pair != nullptr && (pair->master != 0 || is_orphan(ctx.opt, *pair))) {
      TRY(open_through(pair->slave_fd, wanted, t.object));
      continue;
    }
    if (t.type == Type::kVt) {
      for (const auto& [id, open] : model.opens)
        if (open.terminal == real) {
          TRY(open_through(open.number, wanted, t.object));
          break;
        }
      continue;
    }
    // The caller's, which controls our own session.
    for (const Wanted& w : wanted)
      if (int err = open_devtty(w); err != 0) return fail("open", "/dev/tty", err);
  }
  return {};
}

}  // namespace cr::tty
