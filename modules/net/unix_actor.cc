#include "net/unix_actor.h"

#include <grp.h>
#include <signal.h>
#include <sys/fsuid.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

#include "base/clone_args.h"
#include "base/format.h"
#include "base/log.h"

namespace cr::net {
namespace {

bool alive(pid_t pid) { return kill(pid, 0) == 0 || errno == EPERM; }

/// A child with that pid, which shares our descriptors; 0 in the child, negative when it can't be.
long fork_as(pid_t pid) {
  std::uint64_t wanted = static_cast<std::uint64_t>(pid);
  CloneArgs args{};
  args.flags = CLONE_FILES;  // no exit signal: nobody is told of its end
  args.set_tid = reinterpret_cast<std::uint64_t>(&wanted);
  args.set_tid_size = 1;
  return syscall(SYS_clone3, &args, sizeof args);
}

int wait_for(pid_t pid) {
  int status = 0;
  while (waitpid(pid, &status, __WALL) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : ECHILD;
}

/// By system call, for this thread alone; real and saved ids stay, so the way back is open.
class Disguise {
 public:
  explicit Disguise(const UnixCreds& who) : uid_(geteuid()), gid_(getegid()) {
    gid_t now[NGROUPS_MAX];
    const int count = getgroups(NGROUPS_MAX, now);
    if (count >= 0) groups_.assign(now, now + count);
    other_groups_ = groups_ != who.groups && syscall(SYS_setgroups, who.groups.size(), who.groups.data()) == 0;
    if (who.ids.gid != gid_) syscall(SYS_setresgid, -1, who.ids.gid, -1);
    if (who.ids.uid != uid_) syscall(SYS_setresuid, -1, who.ids.uid, -1);
    // Files are still ours: whoever it was may have lost the right to a socket's file since.
    setfsuid(uid_);
    setfsgid(gid_);
  }
  Disguise(const Disguise&) = delete;
  Disguise& operator=(const Disguise&) = delete;
  ~Disguise() {
    if (geteuid() != uid_) syscall(SYS_setresuid, -1, uid_, -1);
    if (getegid() != gid_) syscall(SYS_setresgid, -1, gid_, -1);
    if (other_groups_) syscall(SYS_setgroups, groups_.size(), groups_.data());
  }

 private:
  uid_t uid_;
  gid_t gid_;
  std::vector<gid_t> groups_{};
  bool other_groups_ = false;
};

int call_disguised(const UnixCreds& who, const std::function<int()>& call) {
  const Disguise disguise(who);
  return call();
}

}  // namespace

int call_as(const UnixCreds& who, const std::string& object, const std::function<int()>& call) {
  const pid_t pid = who.ids.pid;
  if (pid <= 0 || pid == getpid()) return call_disguised(who, call);
  const long child = alive(pid) ? -1 : fork_as(pid);
  if (child == 0) _exit(call_disguised(who, call));
  if (child > 0) return wait_for(static_cast<pid_t>(child));
  log::warn("{}: SO_PEERCRED told of pid {}, which is another process now; it will tell of pid {}", object, pid,
            getpid());
  return call_disguised(who, call);
}

int make_pair_as(const UnixCreds& who, const std::string& object, int type, int fds[2]) {
  void* at = mmap(nullptr, 2 * sizeof(int), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (at == MAP_FAILED) return errno;
  int* made = static_cast<int*>(at);
  const int err =
      call_as(who, object, [&] { return socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, made) == 0 ? 0 : errno; });
  std::copy(made, made + 2, fds);
  munmap(at, 2 * sizeof(int));
  return err;
}

PidHolder::PidHolder(pid_t pid) {
  exists_ = pid > 0 && alive(pid);
  if (exists_ || pid <= 0) return;
  const long child = fork_as(pid);
  if (child == 0) _exit(0);
  exists_ = child > 0;
  if (exists_) made_ = static_cast<pid_t>(child);
}

PidHolder::~PidHolder() {
  if (made_ > 0) wait_for(made_);
}

}  // namespace cr::net
