// Sessions that cannot be had or go wrong, and the arena.
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include <cstring>

#include "infect/parasite_session.h"
#include "infect/tests/target.h"

namespace cr::infect::test {
namespace {

std::string text_of(const Error& e) { return e.sentence(); }

TEST(Session, TargetKilledDuringTheSession) {
  for (int at = 0; at < 3; ++at) {
    Target target(compute);
    ASSERT_TRUE(target.wait_ready());
    auto task = SeizedTask::seize(target.pid());
    ASSERT_TRUE(task.ok());
    if (at == 0) kill(target.pid().value, SIGKILL);
    auto session = ParasiteSession::open(task.value());
    if (at == 0) {
      EXPECT_FALSE(session.ok());
      continue;
    }
    ASSERT_TRUE(session.ok());
    kill(target.pid().value, SIGKILL);
    if (at == 1) {
      auto answer = session.value().remote_syscall(task.value().threads()[0], SYS_getpid);
      ASSERT_FALSE(answer.ok());
      EXPECT_EQ(answer.error().err, ESRCH) << text_of(answer.error());
    } else {
      EXPECT_FALSE(session.value().close().ok());
    }
  }
}

TEST(Session, NoRoomForTheMapping) {
  Target target([](Shared& s) {
    const rlimit tight{1 << 20, 1 << 20};
    setrlimit(RLIMIT_AS, &tight);
    compute(s);
  });
  ASSERT_TRUE(target.wait_ready());
  {
    auto task = SeizedTask::seize(target.pid());
    ASSERT_TRUE(task.ok());
    auto session = ParasiteSession::open(task.value());
    ASSERT_FALSE(session.ok());
    EXPECT_EQ(session.error().err, ENOMEM) << text_of(session.error());
  }
  EXPECT_TRUE(target.moves());
  EXPECT_EQ(target.shared().wrong, 0);
}

struct Nonsense {
  static constexpr char kName[] = "no.such";
  static constexpr std::uint32_t kCommand = command_id(kName);
  int x;
};

TEST(Session, UnknownCommandAndArena) {
  Nonsense nonsense{};
  Target target(compute);
  ASSERT_TRUE(target.wait_ready());
  auto task = SeizedTask::seize(target.pid());
  ASSERT_TRUE(task.ok());
  auto session = ParasiteSession::open(task.value());
  ASSERT_TRUE(session.ok()) << text_of(session.error());
  auto called = session.value().call(task.value().threads()[0], nonsense);
  ASSERT_FALSE(called.ok());
  EXPECT_EQ(called.error().err, ENOSYS);
  auto text = session.value().reserve<char>(6);
  ASSERT_TRUE(text.ok());
  memcpy(session.value().view(text.value()).data(), "hello", 6);
  auto fd = session.value().remote_syscall(task.value().threads()[0], SYS_memfd_create,
                                           session.value().address_of(text.value().offset).value, 0);
  ASSERT_TRUE(fd.ok() && fd.value().ok());
  auto closed = session.value().remote_syscall(task.value().threads()[0], SYS_close, fd.value().raw());
  EXPECT_TRUE(closed.ok() && closed.value().ok());
  EXPECT_FALSE(session.value().reserve<char>(1 << 30).ok());
}

}  // namespace
}  // namespace cr::infect::test
