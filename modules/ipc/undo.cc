#include "ipc/undo.h"

#include <signal.h>
#include <sys/ipc.h>
#include <sys/prctl.h>
#include <sys/sem.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

#include "base/end_child.h"
#include "base/format.h"
#include "infect/parasite_session.h"
#include "ipc/objects.h"

namespace cr::ipc {
namespace {

constexpr int kHighest = 32767;  // SEMVMX and SEMAEM
constexpr int kKcmpSysvSem = 6;

/// A process that has no list of undo operations: a fresh child.
struct Blank {
  pid_t pid = -1;
  ~Blank() {
    if (pid > 0) end_child(pid);
  }
};

Result<pid_t> blank_process(DumpCtx& ctx) {
  Blank& blank = ctx.models.edit<Blank>();
  if (blank.pid > 0) return blank.pid;
  int closed[2];
  if (pipe(closed) != 0) return fail("make", "a pipe", errno);
  const pid_t engine = getpid();
  const pid_t pid = fork();
  close(closed[pid == 0 ? 0 : 1]);
  if (pid < 0) return fail("fork", "a process to compare with", errno);
  if (pid == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != engine) _exit(0);
    if (close_range(0, ~0u, 0) != 0) _exit(1);  // or the engine would wait for its end of the pipe
    for (;;) pause();
  }
  // Whoever looks for holders of a terminal or a socket must not find it.
  char nothing;
  while (::read(closed[0], &nothing, 1) < 0 && errno == EINTR) {
  }
  close(closed[0]);
  return blank.pid = pid;
}

Result<bool> same_list(int one, int other) {
  const long result = syscall(SYS_kcmp, one, other, kKcmpSysvSem, 0, 0);
  if (result < 0) return fail("compare the SEM_UNDO lists of", format("pid {} and pid {}", one, other), errno);
  return result == 0;
}

/// Refuses lists that a restore would not share as they are.
Result<> check_sharing(DumpCtx& ctx, const Task& task) {
  for (const infect::SeizedThread& thread : ctx.seized[task.index].threads())
    if (!TRY(same_list(task.live.value, thread.tid.value)))
      return fail("dump", format("pid {} thread {}", task.host, thread.tid), 0,
                  "it has a SEM_UNDO list of its own, apart from that of its process");
  const auto& objects = ctx.models.get<KobjModel>().of;
  for (const Task& other : ctx.tree.tasks) {
    if (!other.alive() || other.index == task.index) continue;
    if (objects.at(other.pid).vm != objects.at(task.pid).vm && !TRY(same_list(task.live.value, other.live.value)))
      continue;
    return fail(
        "dump", format("pid {} and pid {}", task.host, other.host), 0,
        "they share memory or a SEM_UNDO list without being threads (CLONE_SYSVSEM), and there is something to "
        "undo; let the program end its semaphore operations before the dump");
  }
  return {};
}

/// Appends operations that leave the semaphore at `value` and add `amount` to what is undone.
void add_shift(std::vector<sembuf>& ops, std::uint16_t number, int value, int amount) {
  const bool low = value <= kHighest / 2;
  const int step = low ? kHighest - value : value;  // how far the value can go and come back
  const short undo = SEM_UNDO;
  for (int left = amount; left != 0;) {
    const auto part = static_cast<short>(std::clamp(left, -step, step));
    left -= part;
    // What is undone grows by the opposite of an operation. Where the value is low it goes up first.
    const auto other = static_cast<short>(-part);
    if ((part > 0) == low) {
      ops.push_back({number, part, 0});
      ops.push_back({number, other, undo});
    } else {
      ops.push_back({number, other, undo});
      ops.push_back({number, part, 0});
    }
  }
}

/// One process and one set.
class Prober {
 public:
  Prober(DumpCtx& ctx, const Task& task, infect::ParasiteSession& session, const Semaphores& set)
      : thread_(ctx.seized[task.index].threads().front()),
        session_(session),
        set_(set),
        in_host_(ctx.models.get<KobjModel>().of.at(task.pid).ipc_ns == ctx.models.get<KobjModel>().root.ipc_ns) {}

  /// What the process would add to semaphore `number`. Who else may use the set goes on meanwhile: what was found
  /// while the value changed is worth nothing. 0 for a set that changes all the time.
  Result<int> find(std::uint16_t number) {
    for (int tries = 0; tries < 3; ++tries) {
      const int before = value(number), found = TRY(find_once(number, before));
      if (found == 0 || value(number) == before) return found;
    }
    return 0;
  }

 private:
  /// Sets of another namespace belong to the tree, which stands still.
  int value(std::uint16_t number) const {
    const int now = in_host_ ? semctl(set_.id, number, GETVAL) : set_.values[number];
    return now < 0 ? set_.values[number] : now;
  }

  Result<int> find_once(std::uint16_t number, int value) {
    const bool at_most_zero = !TRY(leaves_range(number, value, kHighest));
    const bool at_least_zero = TRY(leaves_range(number, value, kHighest + 1));
    if (at_most_zero && at_least_zero) return 0;
    int fits = 0, leaves = 2 * kHighest + 2;  // the lowest number is -32768
    while (leaves - fits > 1) {
      const int middle = (fits + leaves) / 2;
      (TRY(leaves_range(number, value, middle)) ? leaves : fits) = middle;
    }
    return kHighest + 1 - leaves;
  }

  /// Whether what is undone would be above its range if it were greater by `amount`.
  Result<bool> leaves_range(std::uint16_t number, int value, int amount) {
    std::vector<sembuf> ops;
    add_shift(ops, number, value, amount);
    // One of these can't be done, whatever the value is.
    ops.push_back({number, 0, IPC_NOWAIT});
    ops.push_back({number, -1, IPC_NOWAIT});
    session_.reset_arena();
    auto room = TRY(session_.reserve<sembuf>(ops.size()));
    std::copy(ops.begin(), ops.end(), session_.view(room).begin());
    SysResult done = TRY(session_.remote_syscall(thread_, SYS_semtimedop, set_.id,
                                                 session_.address_of(room.offset).value, ops.size(), 0));
    session_.reset_arena();
    const int err = static_cast<int>(done.ok() ? 0 : done.err());
    if (err == ERANGE) return true;
    if (err == EAGAIN) return false;
    // Who may not change a set has nothing to undo there, nor has anybody when it was removed meanwhile.
    if (err == EACCES || err == EINVAL || err == EIDRM) return amount > kHighest;
    return fail("find what is undone at the end of its process of", name_of(kSemaphores, set_), err);
  }

  infect::SeizedThread& thread_;
  infect::ParasiteSession& session_;
  const Semaphores& set_;
  bool in_host_;
};

}  // namespace

Result<> read_undo(DumpCtx& ctx, const Task& task, infect::ParasiteSession& session, Space& space) {
  if (space.semaphores.empty()) return {};
  if (TRY(same_list(task.live.value, TRY(blank_process(ctx))))) return {};
  bool found = false;
  for (const auto& [id, set] : space.semaphores) {
    Prober prober(ctx, task, session, set);
    const auto count = static_cast<std::uint16_t>(set.values.size());  // SEMMSL is below that
    for (std::uint16_t n = 0; n < count; ++n) {
      const int value = TRY(prober.find(n));
      if (value == 0) continue;
      found = true;
      space.undo[id].push_back({task.pid, n, static_cast<std::int16_t>(value)});
    }
  }
  return found ? check_sharing(ctx, task) : Result<>{};
}

Result<> restore_undo(const Space& space, NsPid task) {
  for (const auto& [id, set] : space.semaphores) {
    const auto undo = space.undo.find(id);
    auto has_undo = [&](std::uint16_t n, bool own) {
      return undo != space.undo.end() && std::any_of(undo->second.begin(), undo->second.end(), [&](const Undo& u) {
               return u.number == n && (!own || u.task == task);
             });
    };
    const auto count = static_cast<std::uint16_t>(set.values.size());  // SEMMSL is below that
    for (std::uint16_t n = 0; n < count; ++n) {
      std::vector<sembuf> ops;
      if (has_undo(n, true)) {
        for (const Undo& u : undo->second)
          if (u.number == n && u.task == task) add_shift(ops, n, set.values[n], u.value);
      } else if (set.pids.size() > n && set.pids[n] == task.value && !has_undo(n, false)) {
        const short first = set.values[n] < kHighest ? 1 : -1;
        ops = {{n, first, 0}, {n, static_cast<short>(-first), 0}};
      }
      if (!ops.empty() && semop(id, ops.data(), ops.size()) != 0)
        return fail("restore what is undone at the end of its process of", name_of(kSemaphores, set), errno);
    }
  }
  return {};
}

}  // namespace cr::ipc
