#include "security/bystander.h"

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/close_others.h"
#include "base/end_child.h"
#include "base/format.h"

namespace cr::security {
namespace {

/// What the one to be made needs, opened by the engine.
struct Plan {
  std::uint32_t uid = 0, gid = 0;  ///< as the engine sees them
  UniqueFd pid_ns{}, user_ns{};    ///< none: it lives in the engine's
  UniqueFd ready{};                ///< where it says its number
};

struct CapHeader {
  std::uint32_t version = 0x20080522;
  int pid = 0;
};
struct CapSets {
  std::uint32_t effective, permitted, inheritable;
};

/// With what it is allowed to do kept: it has yet to enter a user namespace, which may not know these ids.
bool take_ids(std::uint32_t uid, std::uint32_t gid) {
  CapHeader header;
  CapSets sets[2] = {};
  setgroups(0, nullptr);  // forbidden in some user namespaces; nobody asks for them here
  if (prctl(PR_SET_KEEPCAPS, 1) != 0 || setresgid(gid, gid, gid) != 0 || setresuid(uid, uid, uid) != 0 ||
      syscall(SYS_capget, &header, sets) != 0)
    return false;
  for (CapSets& s : sets) s.effective = s.permitted;
  return syscall(SYS_capset, &header, sets) == 0;
}

bool drop_privileges() {
  CapHeader header;
  const CapSets none[2] = {};
  return syscall(SYS_capset, &header, none) == 0 && prctl(PR_SET_DUMPABLE, 1) == 0;
}

/// `alive` hangs up when its maker has died.
[[noreturn]] void stand_about(const Plan& plan, int alive) {
  close_all_but(plan.ready.get(), alive);
  const bool done = drop_privileges();
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  pollfd maker{alive, 0, 0};
  const int number = done ? getpid() : 0;
  if (poll(&maker, 1, 0) != 0 || write(plan.ready.get(), &number, sizeof number) != sizeof number) _exit(0);
  for (;;) pause();
}

/// A process can't enter a pid namespace itself, only its children can.
[[noreturn]] void make(const Plan& plan, pid_t engine) {
  int alive[2];
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  signal(SIGCHLD, SIG_IGN);  // the end of a pid namespace waits until all its processes are reaped
  if (getppid() != engine || pipe(alive) != 0) _exit(0);
  if (plan.pid_ns && setns(plan.pid_ns.get(), CLONE_NEWPID) != 0) _exit(0);
  if (!take_ids(plan.uid, plan.gid)) _exit(0);
  prctl(PR_SET_PDEATHSIG, SIGKILL);  // again: other ids take it away
  if (plan.user_ns && setns(plan.user_ns.get(), CLONE_NEWUSER) != 0) _exit(0);
  if (fork() == 0) stand_about(plan, alive[0]);
  close_all_but(alive[1], alive[1]);
  for (;;) pause();
}

Result<UniqueFd> open_space(const Task& task, const char* name) {
  const std::string path = format("/proc/{}/ns/{}", task.live, name);
  UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return Error{"security", "open", path, errno, ""};
  return fd;
}

}  // namespace

void Bystanders::dismiss() {
  for (const auto& [place, one] : all)
    if (one.maker > 0) end_child(one.maker);
  all.clear();
}

Result<int> bystander_of(DumpCtx& ctx, const Task& task, std::uint32_t uid, std::uint32_t gid) {
  const KobjModel& objects = ctx.models.get<KobjModel>();
  const KobjIds& own = objects.of.at(task.pid);
  auto [it, fresh] = ctx.models.edit<Bystanders>().all.try_emplace({own.pid_ns, own.user_ns, uid, gid});
  if (!fresh) return it->second.number;
  Plan plan{uid, gid};
  if (own.pid_ns != objects.root.pid_ns) plan.pid_ns = TRY(open_space(task, "pid"));
  if (own.user_ns != objects.root.user_ns) plan.user_ns = TRY(open_space(task, "user"));
  int ready[2];
  if (pipe2(ready, O_CLOEXEC) != 0) return Error{"security", "make", "a pipe", errno, ""};
  const UniqueFd says(ready[0]);
  plan.ready = UniqueFd(ready[1]);
  const pid_t engine = getpid();
  it->second.maker = fork();
  if (it->second.maker == 0) make(plan, engine);
  plan.ready = {};
  const ssize_t told = read(says.get(), &it->second.number, sizeof it->second.number);
  if (told != sizeof it->second.number || it->second.number == 0)
    return Error{"security", "make", format("a process with the ids {}:{} beside pid {}", uid, gid, task.host), 0,
                 "its user or pid namespace can't be entered"};
  return it->second.number;
}

}  // namespace cr::security
