#include "ns/pid_space.h"

#include <fcntl.h>
#include <linux/nsfs.h>
#include <linux/sched.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <charconv>
#include <vector>

#include "base/clone_args.h"
#include "base/defer.h"
#include "base/format.h"
#include "base/log.h"
#include "core/ns_visit.h"
#include "core/proc_text.h"
#include "ns/ns.h"

namespace cr::ns {
namespace {

constexpr const char* kLast = "/proc/sys/kernel/ns_last_pid";
constexpr const char* kMost = "/proc/sys/kernel/pid_max";

std::optional<std::int32_t> number_in(const char* path) {
  char text[32];
  const UniqueFd fd(open(path, O_RDONLY | O_CLOEXEC));
  const ssize_t n = fd ? ::read(fd.get(), text, sizeof text) : -1;
  std::int32_t number = 0;
  if (n <= 0 || std::from_chars(text, text + n, number).ec != std::errc()) return {};
  return number;
}

/// 0, or errno.
int set_number(const char* path, std::int32_t number) {
  const std::string text = std::to_string(number);
  const UniqueFd fd(open(path, O_WRONLY | O_CLOEXEC));
  return fd && ::write(fd.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()) ? 0 : errno;
}

ino_t inode_of(const char* path) {
  struct stat st;
  return stat(path, &st) == 0 ? st.st_ino : 0;
}

/// In how many pid namespaces from the engine's on a process has a number.
Result<std::size_t> levels_of(HostPid pid) {
  const std::string status = TRY(core::read_proc(pid, "status"));
  return core::words(core::field(status, "NSpid").value_or("")).size();
}

/// A process with numbers that nobody has, in all namespaces but the engine's. As fork(2).
long fork_aside(std::size_t levels) {
  constexpr pid_t kFirst = 32000;
  constexpr int kTries = 2000;
  std::vector<pid_t> numbers(levels, kFirst);
  CloneArgs args{};
  args.exit_signal = SIGCHLD;
  args.set_tid = levels == 0 ? 0 : reinterpret_cast<std::uint64_t>(numbers.data());
  args.set_tid_size = levels;
  long child = syscall(SYS_clone3, &args, sizeof args);
  for (int tries = 0; child < 0 && (errno == EEXIST || errno == EINVAL) && tries < kTries && numbers[0] > 2;
       ++tries) {
    const bool too_high = errno == EINVAL;  // the namespace may have fewer numbers
    for (pid_t& n : numbers) n = too_high ? n / 2 : n - 1;
    child = syscall(SYS_clone3, &args, sizeof args);
  }
  return child;
}

/// Runs `act(answer)` in a process that lives in the pid namespace of `member`, and gives the answer.
template <class Answer, class Act>
Result<Answer> ask_in(HostPid member, Act act) {
  const std::string path = format("/proc/{}/ns/pid", member);
  const auto fail = [&](const char* step) {
    return Error{"ns", step, path, errno, errno == EPERM ? "run as root" : ""};
  };
  const UniqueFd there(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  const UniqueFd home(open("/proc/self/ns/pid", O_RDONLY | O_CLOEXEC));
  if (!there || !home) return fail("open");
  const std::size_t levels = TRY(levels_of(member));
  void* shared = mmap(nullptr, sizeof(Answer), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED) return fail("map memory for");
  const Defer unmap([&] { munmap(shared, sizeof(Answer)); });
  Answer& answer = *new (shared) Answer{};
  if (setns(there.get(), CLONE_NEWPID) != 0) return fail("enter");
  const long child = fork_aside(levels == 0 ? 0 : levels - 1);
  const int err = errno;
  if (child == 0) {
    act(answer);
    _exit(0);
  }
  const bool is_home = setns(home.get(), CLONE_NEWPID) == 0;
  const int err_home = errno;
  errno = err;
  if (child < 0) return fail("make a process in");
  int status = 0;
  pid_t ended = 0;
  do ended = waitpid(static_cast<pid_t>(child), &status, 0);
  while (ended < 0 && errno == EINTR);
  if (ended != child || status != 0) return fail("look into");
  errno = err_home;
  if (!is_home) return fail("return from");
  return answer;
}

struct Shown {
  std::int32_t last = -1, most = -1;
  ino_t most_file = 0;  ///< another one than outside when the namespace has its own limit
};

struct Change {
  int last = 0, most = 0;
  bool has_own_limit = true;
};

const PidSpace* known(const Models& models, std::uint32_t id) {
  const auto& spaces = models.get<PidModel>().spaces;
  const auto it = spaces.find(id);
  return it == spaces.end() ? nullptr : &it->second;
}

std::uint32_t space_of_root(const TaskTree& tree, const Models& models) {
  const KobjIds* ids = models.get<KobjModel>().find(tree.root().pid);
  return ids == nullptr ? 0 : ids->pid_ns;
}

void go_on(const PidSpace& space, const Task& member) {
  const ino_t outside = inode_of(kMost);
  auto changed = ask_in<Change>(member.host, [&](Change& c) {
    c.has_own_limit = inode_of(kMost) != outside;
    if (space.most && c.has_own_limit && number_in(kMost) != space.most) c.most = set_number(kMost, *space.most);
    if (space.last) c.last = set_number(kLast, *space.last);
  });
  const char* object = "the pid namespace of pid";
  if (!changed.ok())
    return log::warn("{} {} begins with its numbers anew: {}", object, member.pid, changed.error().sentence());
  const Change& c = changed.value();
  if (c.last != 0) log::warn("{} {} begins with its numbers anew: ns_last_pid: errno {}", object, member.pid, c.last);
  if (c.most != 0) log::warn("{} {} has another pid_max than before: errno {}", object, member.pid, c.most);
  if (space.most && !c.has_own_limit && number_in(kMost) != space.most)
    log::warn("{} {} had a pid_max of its own, {}; this kernel has one for all", object, member.pid, *space.most);
}

}  // namespace

Result<> collect_pid_space(DumpCtx& ctx, std::uint32_t id, const Task& member) {
  PidSpace& space = ctx.models.edit<PidModel>().spaces[id];
  if (auto key = TRY(core::external_key(ctx.opt, member.host, "pid"))) {
    space.external_key = *key;
    if (id == space_of_root(ctx.tree, ctx.models)) return {};
    return Error{"ns", "dump", format("the pid namespace of pid {}", member.host), 0,
                 "only that of the root of the tree can be left to the outside by --external pid[..]"};
  }
  const Shown shown = TRY(ask_in<Shown>(member.host, [](Shown& s) {
    s.last = number_in(kLast).value_or(-1);
    s.most = number_in(kMost).value_or(-1);
    s.most_file = inode_of(kMost);
  }));
  if (shown.last >= 0) space.last = shown.last;
  if (shown.most > 0 && shown.most_file != inode_of(kMost)) space.most = shown.most;
  return {};
}

Result<> plan_pid_space(PlanCtx& ctx, std::uint32_t id) {
  const PidSpace* space = known(ctx.models, id);
  if (space == nullptr || space->external_key.empty()) return {};
  const std::string object = format("the external pid namespace {}", space->external_key);
  const int fd = core::inherited_fd(ctx.opt, space->external_key);
  if (fd < 0)
    return Error{"ns", "restore", object, 0, format("pass it on with --inherit-fd fd[N]:{}", space->external_key)};
  if (ioctl(fd, NS_GET_NSTYPE) != CLONE_NEWPID)
    return Error{"ns", "restore", object, 0, format("descriptor {} of --inherit-fd is no pid namespace", fd)};
  return {};
}

Result<> finish_pid_spaces(RestoreCtx& ctx) {
  const KobjModel& objects = ctx.models.get<KobjModel>();
  for (const auto& [id, space] : ctx.models.get<PidModel>().spaces) {
    if (!space.last && !space.most) continue;
    for (const Task& t : ctx.tree.tasks) {
      const KobjIds* ids = objects.find(t.pid);
      if (ids == nullptr || ids->pid_ns != id) continue;
      go_on(space, t);
      break;
    }
  }
  return {};
}

int given_pid_space(const RestoreCtx& ctx) {
  const PidSpace* space = known(ctx.models, space_of_root(ctx.tree, ctx.models));
  return space == nullptr || space->external_key.empty() ? -1 : core::inherited_fd(ctx.opt, space->external_key);
}

}  // namespace cr::ns
