// The restorer's steps about credentials and seccomp, each called in a child that then looks at itself.
#include "security/restorer.h"

#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstring>
#include <thread>

#include "core/arena_builder.h"
#include "core/capability.h"
#include "core/in_child.h"
#include "core/proc_text.h"
#include "security/creds.h"

namespace cr::security {
namespace {

using core::in_child;

/// Arguments that say what the caller has already.
RestoreThread as_is(ArenaBuilder& arena) {
  const Creds c = own_creds().take();
  RestoreThread t{};
  const std::uint32_t uid[4] = {c.uid.real, c.uid.effective, c.uid.saved, c.uid.fs};
  const std::uint32_t gid[4] = {c.gid.real, c.gid.effective, c.gid.saved, c.gid.fs};
  std::memcpy(t.uid, uid, sizeof uid);
  std::memcpy(t.gid, gid, sizeof gid);
  t.groups = arena.add(c.groups);
  t.inheritable = c.caps.inheritable;
  t.permitted = c.caps.permitted;
  t.effective = c.caps.effective;
  t.bounding = c.caps.bounding;
  t.ambient = c.caps.ambient;
  t.securebits = c.securebits;
  return t;
}

/// What the calling thread has, as its status tells. A task that isn't dumpable may still read its own.
Creds now() {
  auto text = core::read_text("/proc/thread-self/status");
  EXPECT_TRUE(text.ok());
  auto c = parse_status(text.value());
  EXPECT_TRUE(c.ok());
  Creds out = c.take();
  out.securebits = static_cast<std::uint32_t>(prctl(PR_GET_SECUREBITS));
  return out;
}

bool privileged() {
  return core::has_capability(CAP_SETUID) && core::has_capability(CAP_SETGID) && core::has_capability(CAP_SETPCAP);
}

#define NEED_PRIVILEGES() \
  if (!privileged()) GTEST_SKIP() << "needs CAP_SETUID, CAP_SETGID and CAP_SETPCAP"

TEST(SecurityRestorer, TheSameCredentialsTwice) {
  NEED_PRIVILEGES();
  EXPECT_TRUE(in_child([] {
    ArenaBuilder arena;
    const Creds before = now();
    const RestoreThread t = as_is(arena);
    EXPECT_EQ(restore_thread({arena.bytes().data()}, t).raw(), 0);
    EXPECT_EQ(now(), before);
    EXPECT_EQ(restore_thread({arena.bytes().data()}, t).raw(), 0);
    EXPECT_EQ(now(), before);
  }));
}

TEST(SecurityRestorer, AnOrdinaryUser) {
  NEED_PRIVILEGES();
  EXPECT_TRUE(in_child([] {
    ArenaBuilder arena;
    RestoreThread t = as_is(arena);
    t.uid[0] = t.uid[1] = t.uid[2] = t.uid[3] = 1234;
    t.gid[0] = t.gid[1] = t.gid[2] = t.gid[3] = 4321;
    t.groups = arena.add(std::vector<std::uint32_t>{7, 8, 9});
    t.permitted = t.effective = 0;
    t.no_new_privs = 1;
    EXPECT_EQ(restore_thread({arena.bytes().data()}, t).raw(), 0);
    const Creds c = now();
    EXPECT_EQ(c.uid, (Ids{1234, 1234, 1234, 1234}));
    EXPECT_EQ(c.gid, (Ids{4321, 4321, 4321, 4321}));
    EXPECT_EQ(c.groups, (std::vector<std::uint32_t>{7, 8, 9}));
    EXPECT_EQ(c.caps.permitted, 0u);
    EXPECT_EQ(c.caps.effective, 0u);
    EXPECT_EQ(c.caps.bounding, t.bounding);
    EXPECT_TRUE(c.no_new_privs);
    EXPECT_EQ(c.securebits, t.securebits);
  }));
}

TEST(SecurityRestorer, EveryIdDifferent) {
  NEED_PRIVILEGES();
  EXPECT_TRUE(in_child([] {
    ArenaBuilder arena;
    RestoreThread t = as_is(arena);
    for (std::uint32_t i = 0; i < 4; ++i) t.uid[i] = 100 + i, t.gid[i] = 200 + i;
    t.permitted = 1ull << CAP_NET_RAW | 1ull << CAP_SETUID;
    t.effective = 1ull << CAP_NET_RAW;
    EXPECT_EQ(restore_thread({arena.bytes().data()}, t).raw(), 0);
    const Creds c = now();
    EXPECT_EQ(c.uid, (Ids{100, 101, 102, 103}));
    EXPECT_EQ(c.gid, (Ids{200, 201, 202, 203}));
    EXPECT_EQ(c.caps.permitted, t.permitted);
    EXPECT_EQ(c.caps.effective, t.effective);
  }));
}

TEST(SecurityRestorer, RootSaved) {
  NEED_PRIVILEGES();
  EXPECT_TRUE(in_child([] {
    ArenaBuilder arena;
    RestoreThread t = as_is(arena);
    t.uid[0] = 0;
    t.uid[1] = 99;
    t.uid[2] = 0;
    t.uid[3] = 99;
    t.effective = 0;
    EXPECT_EQ(restore_thread({arena.bytes().data()}, t).raw(), 0);
    const Creds c = now();
    EXPECT_EQ(c.uid, (Ids{0, 99, 0, 99}));
    EXPECT_EQ(c.caps.permitted, t.permitted);
    EXPECT_EQ(c.caps.effective, 0u);
  }));
}

TEST(SecurityRestorer, AmbientAndInheritable) {
  NEED_PRIVILEGES();
  EXPECT_TRUE(in_child([] {
    ArenaBuilder arena;
    RestoreThread t = as_is(arena);
    const std::uint64_t raw = 1ull << CAP_NET_RAW, admin = 1ull << CAP_NET_ADMIN;
    for (std::uint32_t i = 0; i < 4; ++i) t.uid[i] = 55;
    t.permitted = t.effective = t.ambient = raw;
    t.inheritable = raw | admin;
    t.bounding &= ~admin;  // inheritable although it has left the bounding set
    EXPECT_EQ(restore_thread({arena.bytes().data()}, t).raw(), 0);
    const Creds c = now();
    EXPECT_EQ(c.caps.inheritable, t.inheritable);
    EXPECT_EQ(c.caps.ambient, raw);
    EXPECT_EQ(c.caps.bounding, t.bounding);
    EXPECT_EQ(c.caps.effective, raw);
  }));
}

TEST(SecurityRestorer, Securebits) {
  NEED_PRIVILEGES();
  EXPECT_TRUE(in_child([] {
    ArenaBuilder arena;
    RestoreThread t = as_is(arena);
    for (std::uint32_t i = 0; i < 4; ++i) t.uid[i] = 55;
    t.permitted = t.effective = 0;
    // Everything locked, ambient capabilities forbidden.
    t.securebits = SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP | SECBIT_NO_CAP_AMBIENT_RAISE |
                   SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED | SECBIT_KEEP_CAPS;
    EXPECT_EQ(restore_thread({arena.bytes().data()}, t).raw(), 0);
    EXPECT_EQ(now().securebits, t.securebits);
    EXPECT_EQ(now().caps.permitted, 0u);
  }));
}

TEST(SecurityRestorer, CredentialsAreTheThreadsOwn) {
  NEED_PRIVILEGES();
  EXPECT_TRUE(in_child([] {
    ArenaBuilder arena;
    const Creds before = now();
    RestoreThread t = as_is(arena);
    t.uid[1] = t.uid[3] = 77;
    t.effective = 0;
    std::thread([&] {
      EXPECT_EQ(restore_thread({arena.bytes().data()}, t).raw(), 0);
      EXPECT_EQ(now().uid, (Ids{t.uid[0], 77, t.uid[2], 77}));
    }).join();
    EXPECT_EQ(now(), before);
  }));
}

RelSpan<RestoreFilter> filters(ArenaBuilder& arena, std::initializer_list<std::uint32_t> actions) {
  std::vector<RestoreFilter> out;
  for (std::uint32_t action : actions) {
    const sock_filter insn{BPF_RET | BPF_K, 0, 0, action};
    std::uint64_t word;
    std::memcpy(&word, &insn, sizeof word);
    out.push_back({arena.add(std::vector{word}), 0, 0});
  }
  return arena.add(out);
}

std::string seccomp_lines() {
  const std::string text = core::read_text("/proc/thread-self/status").take();
  return std::string(*core::field(text, "Seccomp")) + "/" +
         std::string(core::field(text, "Seccomp_filters").value_or("?"));
}

TEST(SecurityRestorer, FiltersStack) {
  EXPECT_TRUE(in_child([] {
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    ArenaBuilder arena;
    RestoreThread t{};
    t.same_creds = 1;
    t.filters = filters(arena, {SECCOMP_RET_ALLOW, SECCOMP_RET_LOG});
    EXPECT_EQ(restore_thread({arena.bytes().data()}, t).raw(), 0);
    EXPECT_EQ(seccomp_lines(), "2/2");
  }));
}

TEST(SecurityRestorer, CommonFiltersReachAllThreadsAndAreShared) {
  EXPECT_TRUE(in_child([] {
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    ArenaBuilder arena;
    RestoreProcess p{.common = filters(arena, {SECCOMP_RET_ALLOW, SECCOMP_RET_ALLOW})};
    int go[2];
    EXPECT_EQ(pipe(go), 0);
    std::string lines;
    std::thread other([&] {
      char c;
      (void)!read(go[0], &c, 1);
      lines = seccomp_lines();
    });
    EXPECT_EQ(restore_process({arena.bytes().data()}, p).raw(), 0);
    (void)!write(go[1], "x", 1);
    other.join();
    EXPECT_EQ(lines, "2/2");
    // Shared, so the process may still bring its threads into line.
    EXPECT_EQ(install_filters({arena.bytes().data()}, p.common, kFilterTsync).raw(), 0);
  }));
}

TEST(SecurityRestorer, StrictMode) {
  EXPECT_TRUE(in_child([] {
    RestoreThread t{};
    t.same_creds = 1;
    t.seccomp_strict = 1;
    const bool done = restore_thread({nullptr}, t).raw() == 0;
    syscall(SYS_exit, done && !testing::Test::HasFailure() ? 0 : 1);  // strict mode forbids exit_group
  }));
}

}  // namespace
}  // namespace cr::security
