// The making of user namespaces below that of the tree, and of what belongs to them.
#include <fcntl.h>
#include <linux/securebits.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/defer.h"
#include "base/end_child.h"
#include "base/format.h"
#include "core/stages.h"
#include "files/description.h"
#include "ns/child_user.h"
#include "ns/user.h"

namespace cr::ns {
namespace {

/// A process that lives in a new user namespace, and ends with the object.
class Founder {
 public:
  static Result<Founder> start(const RestoreCtx& ctx, std::uint32_t owner) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return Error{"ns", "make", "a pipe", errno, ""};
    UniqueFd told(ends[0]), tell(ends[1]);
    Founder f;
    f.pid_ = fork();
    if (f.pid_ == 0) found(ctx, owner, tell.get());
    tell.reset();
    if (f.pid_ < 0) return Error{"ns", "fork", "the first process of a user namespace", errno, ""};
    if (::read(told.get(), &f.shown_, sizeof f.shown_) != sizeof f.shown_) f.shown_ = -ECHILD;
    if (f.shown_ < 0)
      return Error{"ns", "make", "a user namespace below that of the tree", -f.shown_,
                   "run as root, and see that user.max_user_namespaces allows it"};
    return f;
  }
  Founder(Founder&& o) noexcept : pid_(std::exchange(o.pid_, -1)), shown_(o.shown_) {}
  Founder& operator=(Founder&&) = delete;
  ~Founder() {
    if (pid_ > 0) end_child(pid_);
  }
  std::int32_t shown() const { return shown_; }  ///< in the engine's /proc

 private:
  Founder() = default;

  /// The namespace belongs to the effective user of who makes it. With its right to do this kept.
  [[noreturn]] static void found(const RestoreCtx& ctx, std::uint32_t owner, int tell) {
    const SysResult self = core::pid_in_proc(ctx.proc_fd);
    std::int32_t answer = static_cast<std::int32_t>(self.raw());
    const bool made = prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 &&
                      prctl(PR_SET_SECUREBITS, prctl(PR_GET_SECUREBITS) | SECBIT_NO_SETUID_FIXUP) == 0 &&
                      syscall(SYS_setresuid, -1, owner, -1) == 0 && prctl(PR_SET_DUMPABLE, 1) == 0 &&
                      unshare(CLONE_NEWUSER) == 0;
    if (!made) answer = -errno;
    if (::write(tell, &answer, sizeof answer) != sizeof answer || answer < 0) _exit(1);
    for (;;) pause();
  }

  pid_t pid_ = -1;
  std::int32_t shown_ = 0;
};

/// What a process with the memory and descriptors of a task does for it inside, while that waits.
struct Errand {
  TaskCtx& ctx;
  const NsKind& kind;
  NsId id;
  const core::ChildIds::Space& owner;
  Result<> result{};
  UniqueFd made{};

  Result<> run() {
    if (setns(owner.fd, CLONE_NEWUSER) != 0) return fail("enter the owner of");
    TRY(become_first(owner.maps, owner.groups_denied));
    if (unshare(static_cast<int>(kind.clone_flag)) != 0) return fail("make");
    if (kind.fill_inside != nullptr) TRY(kind.fill_inside(ctx.restore, id));
    const std::string path = format("self/ns/{}", kind.name);
    made.reset(openat(ctx.restore.proc_fd, path.c_str(), O_RDONLY | O_CLOEXEC));
    return made ? Result<>{} : fail("open");
  }
  Error fail(const char* step) const {
    return Error{"ns", step, format("{} namespace {} of pid {}", kind.name, id, ctx.task.pid), errno, ""};
  }
};

int do_errand(void* argument) {
  auto& errand = *static_cast<Errand*>(argument);
  errand.result = errand.run();
  _exit(0);
}

}  // namespace

Result<> furnish(RestoreCtx& ctx) {
  for (auto& [id, space] : ctx.models.edit<core::ChildIds>().spaces) {
    const Founder founder = TRY(Founder::start(ctx, space.owner));
    TRY(write_maps(ctx, founder.shown(), space.maps, space.groups_denied));
    const std::string path = format("{}/ns/user", founder.shown());
    UniqueFd fd(openat(ctx.proc_fd, path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd) return Error{"ns", "open", path, errno, ""};
    space.fd = TRY(files::to_service(ctx, std::move(fd))).release();
  }
  return {};
}

Result<> go_inside(const RestoreCtx& ctx, const Task& t, const std::vector<std::uint32_t>& groups) {
  const core::ChildIds::Space& space = *core::birth_space(ctx.models, t.pid);
  const bool all_have_them = ctx.models.get<core::TreeIds>().groups_denied;
  if (space.groups_denied && !all_have_them && syscall(SYS_setgroups, groups.size(), groups.data()) != 0)
    return Error{"ns", "take", format("the groups of pid {}", t.pid), errno, "the engine needs CAP_SETGID"};
  if (setns(space.fd, CLONE_NEWUSER) != 0)
    return Error{"ns", "enter", format("the user namespace of pid {}", t.pid), errno, "run as root"};
  return become_first(space.maps, space.groups_denied);
}

/// With CLONE_VM, what is filled in is known to the task too.
Result<> make_inside(TaskCtx& ctx, const NsKind& kind, NsId id, const core::ChildIds::Space& owner) {
  constexpr std::size_t kStack = 8 << 20;
  if (kind.lay_out != nullptr) TRY(kind.lay_out(ctx.restore, id));
  void* stack = mmap(nullptr, kStack, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (stack == MAP_FAILED) return Error{"ns", "map", "a stack", errno, ""};
  const Defer unmap([&] { munmap(stack, kStack); });
  const int dumpable = prctl(PR_GET_DUMPABLE);
  Errand errand{ctx, kind, id, owner};
  const int child = clone(do_errand, static_cast<std::byte*>(stack) + kStack,
                          CLONE_VM | CLONE_VFORK | CLONE_FILES | SIGCHLD, &errand);
  if (child < 0) return errand.fail("fork for");
  waitpid(child, nullptr, __WALL);
  prctl(PR_SET_DUMPABLE, dumpable == 1);  // the memory is the same, and the helper has changed its credentials
  TRY(std::move(errand.result));
  if (!errand.made || setns(errand.made.get(), static_cast<int>(kind.clone_flag)) != 0) return errand.fail("enter");
  return kind.fill == nullptr ? Result<>{} : kind.fill(ctx.restore, id);
}

}  // namespace cr::ns
