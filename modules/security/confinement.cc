#include "security/confinement.h"

#include <grp.h>
#include <linux/kcmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <string>

#include "base/format.h"
#include "core/proc_text.h"
#include "core/sharing.h"
#include "infect/parasite_session.h"
#include "security/creds.h"

namespace cr::security {
namespace {

constexpr long kLandlockCreateRuleset = 444;
constexpr unsigned kRulesetVersion = 1;

enum Keyctl : int { kGetKeyringId = 0, kDescribe = 6, kRead = 11 };
enum SpecialKeyring : int { kThreadKeyring = -1, kProcessKeyring = -2, kSessionKeyring = -3 };

Error fail(std::string step, std::string object, int err = 0, std::string remedy = {}) {
  return Error{"security", std::move(step), std::move(object), err, std::move(remedy)};
}

/// Processes with the ids of a target and no privileges, which anybody with those ids may look at.
struct Bystanders {
  std::map<std::pair<std::uint32_t, std::uint32_t>, pid_t> pids{};
  ~Bystanders() {
    for (const auto& [ids, pid] : pids) {
      kill(pid, SIGKILL);
      waitpid(pid, nullptr, 0);
    }
  }
};

bool become(std::uint32_t uid, std::uint32_t gid) {
  const bool changed = setgroups(0, nullptr) == 0 && setresgid(gid, gid, gid) == 0 && setresuid(uid, uid, uid) == 0;
  struct {
    std::uint32_t version;
    int pid;
  } header{0x20080522, 0};
  struct {
    std::uint32_t effective, permitted, inheritable;
  } none[2] = {};
  return changed && syscall(SYS_capset, &header, none) == 0 && prctl(PR_SET_DUMPABLE, 1) == 0;
}

Result<pid_t> bystander(DumpCtx& ctx, std::uint32_t uid, std::uint32_t gid) {
  auto [it, fresh] = ctx.models.edit<Bystanders>().pids.try_emplace({uid, gid}, -1);
  if (!fresh) return it->second;
  int ready[2];
  if (pipe(ready) != 0) return fail("make", "a pipe", errno);
  const pid_t engine = getpid();
  const pid_t pid = fork();
  if (pid == 0) {
    // First of all: whoever looks for holders of a terminal or a socket must not find this process.
    if (ready[1] > 0) close_range(0, static_cast<unsigned>(ready[1]) - 1, 0);
    close_range(static_cast<unsigned>(ready[1]) + 1, ~0u, 0);
    const char done = become(uid, gid) ? 1 : 0;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != engine || ::write(ready[1], &done, 1) != 1) _exit(0);
    for (;;) pause();
  }
  char done = 0;
  close(ready[1]);
  const bool told = pid > 0 && ::read(ready[0], &done, 1) == 1 && done == 1;
  close(ready[0]);
  it->second = pid;
  if (!told) return fail("make", format("a process with the ids {}:{}", uid, gid), errno);
  return pid;
}

bool kernel_has_landlock() { return syscall(kLandlockCreateRuleset, nullptr, 0, kRulesetVersion) > 0; }

Result<> check_landlock(DumpCtx& ctx, const Task& task, infect::SeizedThread& thread,
                        infect::ParasiteSession& session) {
  const std::string object = format("pid {} thread {}", task.host, thread.tid);
  auto may_look_at = [&](int pid, int own) -> Result<bool> {
    SysResult done = TRY(session.remote_syscall(thread, SYS_kcmp, own, pid, KCMP_VM, 0, 0));
    return done.ok() || done.err() != EPERM;
  };
  // In the target's own pid namespace the numbers are others; who has one of its own is asked nothing here.
  const std::string status = TRY(core::read_text(format("/proc/{}/task/{}/status", task.host, thread.tid)));
  const auto numbers = core::words(core::field(status, "NSpid").value_or(""));
  const KobjModel& objects = ctx.models.get<KobjModel>();
  // Nor who has its own user namespace: it may not look at anybody outside, domain or not.
  if (numbers.size() > 1 || objects.of.at(task.pid).user_ns != objects.root.user_ns) return {};
  if (TRY(may_look_at(getpid(), thread.tid.value))) return {};
  Creds creds = TRY(parse_status(status));
  if (TRY(may_look_at(TRY(bystander(ctx, creds.uid.real, creds.gid.real)), thread.tid.value))) return {};
  if (!ctx.opt.allows_lossy(kLossyLandlock))
    return fail("dump", object, 0,
                format("it is in a Landlock domain, which can't be read; --allow-lossy {} restores it without",
                       kLossyLandlock));
  ctx.losses.push_back(format("{}: {}", kLossyLandlock, object));
  return {};
}

/// Asks the thread about keys.
class Keys {
 public:
  Keys(infect::SeizedThread& thread, infect::ParasiteSession& session) : thread_(thread), session_(session) {}

  /// Serial number of one of its own keyrings; 0: it has none.
  Result<std::int32_t> keyring(SpecialKeyring which) {
    SysResult r = TRY(session_.remote_syscall(thread_, SYS_keyctl, kGetKeyringId, static_cast<long>(which), 0, 0, 0));
    return r.ok() ? static_cast<std::int32_t>(r.raw()) : 0;
  }

  /// What is in a keyring. At most `kMost` are asked for.
  Result<std::vector<std::int32_t>> members(std::int32_t ring) {
    session_.reset_arena();
    auto room = TRY(session_.reserve<std::int32_t>(kMost));
    SysResult r = TRY(session_.remote_syscall(
        thread_, SYS_keyctl, kRead, ring, session_.address_of(room.offset).value, kMost * sizeof(std::int32_t), 0));
    std::vector<std::int32_t> result;
    if (r.ok()) {
      auto view = session_.view(room);
      const auto count = std::min<std::size_t>(static_cast<std::size_t>(r.raw()) / sizeof(std::int32_t), kMost);
      result.assign(view.begin(), view.begin() + static_cast<std::ptrdiff_t>(count));
    }
    session_.reset_arena();
    return result;
  }

  /// "keyring;0;0;3f1f0000;_uid.0"
  Result<std::string> describe(std::int32_t key) {
    session_.reset_arena();
    auto room = TRY(session_.reserve<char>(512));
    SysResult r = TRY(
        session_.remote_syscall(thread_, SYS_keyctl, kDescribe, key, session_.address_of(room.offset).value, 512, 0));
    auto view = session_.view(room);
    std::string text;
    if (r.ok()) text.assign(view.data(), strnlen(view.data(), view.size()));
    session_.reset_arena();
    return text;
  }

 private:
  static constexpr std::size_t kMost = 1024;
  infect::SeizedThread& thread_;
  infect::ParasiteSession& session_;
};

Result<> check_keyrings(DumpCtx& ctx, const Task& task, infect::SeizedThread& thread,
                        infect::ParasiteSession& session) {
  constexpr struct {
    SpecialKeyring which;
    const char* name;
  } kRings[] = {{kThreadKeyring, "thread"}, {kProcessKeyring, "process"}, {kSessionKeyring, "session"}};
  Keys keys(thread, session);
  const auto engines = static_cast<std::int32_t>(syscall(SYS_keyctl, kGetKeyringId, long{kSessionKeyring}, 0, 0, 0));
  for (const auto& ring : kRings) {
    const std::int32_t serial = TRY(keys.keyring(ring.which));
    if (serial == 0 || serial == engines) continue;
    for (std::int32_t key : TRY(keys.members(serial))) {
      const std::string text = TRY(keys.describe(key));
      if (text.find(";_uid.") != std::string::npos || text.find(";_uid_ses.") != std::string::npos) continue;
      const std::string object = format("pid {} thread {}", task.host, thread.tid);
      if (!ctx.opt.allows_lossy(kLossyKeyrings))
        return fail(
            "dump", object, 0,
            format("its {} keyring has keys ({}), which are not carried; --allow-lossy {} restores it without",
                   ring.name, text.empty() ? format("{:#x}", static_cast<std::uint32_t>(key)) : text,
                   kLossyKeyrings));
      ctx.losses.push_back(format("{}: {}", kLossyKeyrings, object));
      return {};
    }
  }
  return {};
}

}  // namespace

Result<> interrogate_confinement(DumpCtx& ctx, const Task& task, infect::ParasiteSession& session) {
  static const bool landlock = kernel_has_landlock();
  for (infect::SeizedThread& thread : ctx.seized[task.index].threads()) {
    if (landlock) TRY(check_landlock(ctx, task, thread, session));
  }
  return check_keyrings(ctx, task, ctx.seized[task.index].threads().front(), session);
}

}  // namespace cr::security
