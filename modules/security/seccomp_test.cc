#include "security/seccomp.h"

#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstring>

#include "core/proc_text.h"

namespace cr::security {
namespace {

std::uint64_t instruction(std::uint16_t code, std::uint32_t k) {
  const sock_filter f{code, 0, 0, k};
  std::uint64_t word;
  std::memcpy(&word, &f, sizeof word);
  return word;
}

Filter returning(std::uint32_t action, std::int32_t prev) {
  return {{instruction(BPF_RET | BPF_K, action)}, 0, prev};
}

Task task_of(std::initializer_list<int> tids) {
  Task t;
  t.pid = NsPid{*tids.begin()};
  for (int tid : tids) t.threads.push_back({NsPid{tid}, HostPid{tid}});
  return t;
}

TEST(Seccomp, EqualFiltersOnEqualAncestorsAreOne) {
  SeccompModel m;
  const auto a = m.add(returning(SECCOMP_RET_ALLOW, -1));
  const auto b = m.add(returning(SECCOMP_RET_KILL_PROCESS, a));
  EXPECT_EQ(m.add(returning(SECCOMP_RET_ALLOW, -1)), a);
  EXPECT_EQ(m.add(returning(SECCOMP_RET_KILL_PROCESS, a)), b);
  EXPECT_NE(m.add(returning(SECCOMP_RET_KILL_PROCESS, -1)), b);
  Filter logged = returning(SECCOMP_RET_ALLOW, -1);
  logged.flags = 2;
  EXPECT_NE(m.add(logged), a);
  EXPECT_EQ(m.chain({SeccompMode::kFilter, b}), (std::vector<std::int32_t>{a, b}));
  EXPECT_TRUE(m.chain({}).empty());
}

TEST(Seccomp, CommonChainIsThePrefixOfAll) {
  SeccompModel m;
  const auto a = m.add(returning(SECCOMP_RET_ALLOW, -1));
  const auto b = m.add(returning(SECCOMP_RET_TRAP, a));
  const auto c = m.add(returning(SECCOMP_RET_KILL_THREAD, b));
  const auto other = m.add(returning(SECCOMP_RET_KILL_PROCESS, a));
  const Task t = task_of({1, 2, 3});
  m.threads = {{NsPid{1}, {SeccompMode::kFilter, c}},
               {NsPid{2}, {SeccompMode::kFilter, b}},
               {NsPid{3}, {SeccompMode::kFilter, c}}};
  EXPECT_EQ(common_chain(m, t), (std::vector<std::int32_t>{a, b}));
  m.threads[NsPid{3}].last = other;
  EXPECT_EQ(common_chain(m, t), (std::vector<std::int32_t>{a}));
  m.threads[NsPid{2}] = {};
  EXPECT_TRUE(common_chain(m, t).empty());
}

TEST(Seccomp, AFilterThatAsksASupervisor) {
  EXPECT_FALSE(asks_supervisor(returning(SECCOMP_RET_ALLOW, -1).code));
  EXPECT_FALSE(asks_supervisor(returning(SECCOMP_RET_ERRNO | 1, -1).code));
  EXPECT_TRUE(asks_supervisor(returning(SECCOMP_RET_USER_NOTIF, -1).code));
}

/// A child that installs `first` and `second` and sleeps, stopped by ptrace.
class Traced {
 public:
  Traced(std::uint32_t first, std::uint32_t second) {
    pid_ = fork();
    if (pid_ == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
      for (std::uint32_t action : {first, second}) {
        sock_filter code[] = {{BPF_RET | BPF_K, 0, 0, action}};
        const sock_fprog program{1, code};
        syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, action == second ? SECCOMP_FILTER_FLAG_LOG : 0, &program);
      }
      for (;;) pause();
    }
    // It can't tell us: its last filter may forbid every call.
    for (int tries = 0; tries < 2000; ++tries) {
      const auto status = core::read_proc(HostPid{pid_}, "status");
      if (status.ok() && core::field(status.value(), "Seccomp_filters") == "2") break;
      usleep(1000);
    }
    EXPECT_EQ(ptrace(PTRACE_SEIZE, pid_, 0, 0), 0);
    EXPECT_EQ(ptrace(PTRACE_INTERRUPT, pid_, 0, 0), 0);
    waitpid(pid_, nullptr, __WALL);
  }
  ~Traced() {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, __WALL);
  }
  int pid() const { return pid_; }

 private:
  pid_t pid_;
};

Result<SeccompModel> collected(int pid) {
  Options opt;
  DumpCtx ctx{.opt = opt, .images = {}};
  ctx.tree.tasks.push_back(task_of({pid}));
  TRY(seccomp::collect(ctx));
  return ctx.models.get<SeccompModel>();
}

TEST(Seccomp, CollectsTheChainOfAThread) {
  Traced child(SECCOMP_RET_ALLOW, SECCOMP_RET_LOG);
  auto m = collected(child.pid());
  ASSERT_TRUE(m.ok()) << m.error().sentence();
  const ThreadSeccomp& t = m.value().threads.at(NsPid{child.pid()});
  EXPECT_EQ(t.mode, SeccompMode::kFilter);
  ASSERT_EQ(m.value().chain(t).size(), 2u);
  EXPECT_EQ(m.value().filters[0].code, returning(SECCOMP_RET_ALLOW, -1).code);
  EXPECT_EQ(m.value().filters[0].flags, 0u);
  EXPECT_EQ(m.value().filters[1].code, returning(SECCOMP_RET_LOG, -1).code);
  EXPECT_EQ(m.value().filters[1].flags, static_cast<unsigned>(SECCOMP_FILTER_FLAG_LOG));
  EXPECT_EQ(m.value().filters[1].prev, 0);
}

TEST(Seccomp, RefusesASupervisor) {
  Traced child(SECCOMP_RET_ALLOW, SECCOMP_RET_USER_NOTIF);
  auto m = collected(child.pid());
  ASSERT_FALSE(m.ok());
  EXPECT_NE(m.error().sentence().find("supervisor"), std::string::npos) << m.error().sentence();
}

}  // namespace
}  // namespace cr::security
