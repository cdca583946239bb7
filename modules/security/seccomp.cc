#include "security/seccomp.h"

#include <linux/bpf_common.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>

#include <algorithm>

#include "base/format.h"
#include "core/capability.h"
#include "core/proc_text.h"
#include "security/security.h"

namespace cr::security {
namespace {

constexpr int kGetFilter = 0x420c, kGetMetadata = 0x420d;  // PTRACE_SECCOMP_GET_FILTER, _GET_METADATA (Linux 4.16)
constexpr std::uint32_t kRetActionFull = 0xffff0000, kRetUserNotif = 0x7fc00000;

/// struct sock_filter
struct Instruction {
  std::uint16_t code;
  std::uint8_t jt, jf;
  std::uint32_t k;
};
static_assert(sizeof(Instruction) == 8);

Error failure(const char* step, HostPid tid, int err) {
  const char* remedy =
      err == EACCES || err == EPERM ? "needs CAP_SYS_ADMIN, and that the engine is not under seccomp itself" : "";
  return {"seccomp", step, format("thread {}", tid), err, remedy};
}

/// Filter number `index` of a stopped thread, the oldest being 0; nothing behind the newest.
Result<std::optional<Filter>> filter_of(HostPid tid, std::uint64_t index) {
  const auto get = static_cast<__ptrace_request>(kGetFilter);
  const long count = ptrace(get, tid.value, reinterpret_cast<void*>(index), nullptr);
  if (count < 0 && errno == ENOENT) return std::optional<Filter>{};
  if (count < 0) return failure("get a filter of", tid, errno);
  Filter out;
  out.code.resize(static_cast<std::size_t>(count));
  if (ptrace(get, tid.value, reinterpret_cast<void*>(index), out.code.data()) != count)
    return failure("get a filter of", tid, errno);
  struct {
    std::uint64_t index, flags;
  } metadata{index, 0};
  if (ptrace(static_cast<__ptrace_request>(kGetMetadata), tid.value, sizeof metadata, &metadata) < 0)
    return failure("get the flags of a filter of", tid, errno);
  out.flags = static_cast<std::uint32_t>(metadata.flags);
  if (asks_supervisor(out.code))
    return Error{"seccomp", format("carry filter {} of", index), format("thread {}", tid), 0,
                 "it hands calls to a supervisor (SECCOMP_RET_USER_NOTIF), which can't be carried"};
  return std::optional<Filter>(std::move(out));
}

Result<ThreadSeccomp> collect_thread(SeccompModel& model, HostPid tid) {
  const std::string status = TRY(core::read_proc(tid, "status"));
  auto line = core::field(status, "Seccomp");
  const std::uint64_t mode = line ? core::number(*line).value_or(0) : 0;
  ThreadSeccomp out;
  if (mode > 2)
    return Error{"seccomp", "understand the mode of", format("thread {}", tid), 0, format("it is {}", mode)};
  out.mode = static_cast<SeccompMode>(mode);
  if (out.mode != SeccompMode::kFilter) return out;
  for (std::uint64_t index = 0;; ++index) {
    auto filter = TRY(filter_of(tid, index));
    if (!filter) return out;
    filter->prev = out.last;
    out.last = model.add(std::move(*filter));
  }
}

}  // namespace

std::int32_t SeccompModel::add(Filter filter) {
  auto it = std::find(filters.begin(), filters.end(), filter);
  if (it != filters.end()) return static_cast<std::int32_t>(it - filters.begin());
  filters.push_back(std::move(filter));
  return static_cast<std::int32_t>(filters.size() - 1);
}

std::vector<std::int32_t> SeccompModel::chain(const ThreadSeccomp& thread) const {
  std::vector<std::int32_t> out;
  for (std::int32_t i = thread.last; i >= 0; i = filters[static_cast<std::size_t>(i)].prev) out.push_back(i);
  std::reverse(out.begin(), out.end());
  return out;
}

std::vector<std::int32_t> common_chain(const SeccompModel& model, const Task& task) {
  std::vector<std::int32_t> common;
  for (std::size_t i = 0; i < task.threads.size(); ++i) {
    auto it = model.threads.find(task.threads[i].tid);
    const auto own = it == model.threads.end() ? std::vector<std::int32_t>{} : model.chain(it->second);
    if (i == 0) {
      common = own;
      continue;
    }
    auto differs = std::mismatch(common.begin(), common.end(), own.begin(), own.end());
    common.erase(differs.first, common.end());
  }
  return common;
}

bool asks_supervisor(std::span<const std::uint64_t> code) {
  return std::any_of(code.begin(), code.end(), [](std::uint64_t word) {
    const auto insn = __builtin_bit_cast(Instruction, word);
    return insn.code == (BPF_RET | BPF_K) && (insn.k & kRetActionFull) == kRetUserNotif;
  });
}

bool has_seccomp(const Models& models, NsPid tid) {
  const auto& threads = models.get<SeccompModel>().threads;
  auto it = threads.find(tid);
  return it != threads.end() && it->second.mode != SeccompMode::kDisabled;
}

namespace seccomp {

Result<> collect(DumpCtx& ctx) {
  auto& model = ctx.models.edit<SeccompModel>();
  for (const Task& task : ctx.tree.tasks)
    for (const Thread& thread : task.threads) model.threads[thread.tid] = TRY(collect_thread(model, thread.host));
  return {};
}

Result<> plan(PlanCtx& ctx) {
  const auto& threads = ctx.models.get<SeccompModel>().threads;
  if (std::none_of(threads.begin(), threads.end(),
                   [](const auto& t) { return t.second.mode != SeccompMode::kDisabled; }))
    return {};
  if (!core::has_capability(CAP_SYS_ADMIN))
    return Error{"seccomp", "install", "the filters of the tree", EPERM, "needs CAP_SYS_ADMIN"};
  if (prctl(PR_GET_SECCOMP) > 0)
    return Error{"seccomp", "suspend", "the filters of the tree while it is restored", EPERM,
                 "the engine is under seccomp itself; run it without (for a container: seccomp=unconfined)"};
  return {};
}

}  // namespace seccomp
}  // namespace cr::security
