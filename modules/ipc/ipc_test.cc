// System V objects in a namespace of their own: what is read of them, what is made of that, and back.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>

#include <cstring>
#include <filesystem>

#include "core/in_child.h"
#include "ipc/objects.h"
#include "ipc/undo.h"

namespace cr::ipc {
namespace {

#define OK(expr)                                                    \
  do {                                                              \
    auto r_ = (expr);                                               \
    if (!r_.ok()) FAIL() << #expr << ": " << r_.error().sentence(); \
  } while (0)

bool own_namespace() { return unshare(CLONE_NEWIPC) == 0; }

void send(int queue, long type, const char* text) {
  struct {
    long type;
    char text[32];
  } m{type, {}};
  std::strcpy(m.text, text);
  ASSERT_EQ(msgsnd(queue, &m, std::strlen(text), IPC_NOWAIT), 0);
}

void fill_with_objects() {
  // Ids with a sequence number: an object before them has come and gone.
  ASSERT_EQ(msgctl(msgget(IPC_PRIVATE, 0600), IPC_RMID, nullptr), 0);
  const int queue = msgget(0x1234, IPC_CREAT | 0620);
  ASSERT_GE(queue, 0);
  send(queue, 5, "first");
  send(queue, 2, "second");
  send(queue, 5, "");
  const int set = semget(0x77, 3, IPC_CREAT | 0606);
  ASSERT_GE(set, 0);
  unsigned short values[] = {1, 0, 32767};
  ASSERT_EQ(semctl(set, 0, SETALL, values), 0);
  const int segment = shmget(IPC_PRIVATE, 10000, IPC_CREAT | 0640);
  ASSERT_GE(segment, 0);
}

TEST(Ipc, NamespaceComesBackAsItWas) {
  EXPECT_TRUE(core::in_child([] {
    if (!own_namespace()) return;
    fill_with_objects();
    auto looked = look();
    ASSERT_TRUE(looked.ok()) << looked.error().sentence();
    Space before = looked.take();
    ASSERT_EQ(before.queues.size(), 1u);
    Queue& queue = before.queues.begin()->second;
    OK(read_messages(queue));
    ASSERT_EQ(queue.messages.size(), 3u);
    EXPECT_EQ(queue.messages[1].type, 2);
    for (auto& [id, s] : before.segments) s.raw.assign(s.size, 0x5a);
    auto settings = read_settings();
    ASSERT_TRUE(settings.ok());

    ASSERT_TRUE(own_namespace());
    settings.value().values["msgmni"] = 123;
    OK(set_settings(settings.value()));
    MadeIds made;
    OK(make({}, -1, before, made));
    EXPECT_EQ(made.queues, std::vector<int>{queue.id});

    auto after = look();
    ASSERT_TRUE(after.ok());
    Queue& copy = after.value().queues.at(queue.id);
    EXPECT_EQ(copy.key, 0x1234);
    EXPECT_EQ(copy.mode & 0777, 0620u);
    OK(read_messages(copy));
    ASSERT_EQ(copy.messages.size(), 3u);
    EXPECT_EQ(std::memcmp(copy.messages[1].bytes.data(), "second", 6), 0);
    EXPECT_TRUE(copy.messages[2].bytes.empty());
    const Semaphores& set = after.value().semaphores.begin()->second;
    EXPECT_EQ(set.id, before.semaphores.begin()->first);
    EXPECT_EQ(set.values, (std::vector<std::uint16_t>{1, 0, 32767}));
    const Segment& segment = after.value().segments.at(before.segments.begin()->first);
    EXPECT_EQ(segment.size, 10000u);
    auto* memory = static_cast<char*>(shmat(segment.id, nullptr, SHM_RDONLY));
    ASSERT_NE(memory, reinterpret_cast<char*>(-1));
    EXPECT_EQ(memory[9999], 0x5a);
    EXPECT_EQ(read_settings().value().values.at("msgmni"), 123);
  }));
}

TEST(Ipc, IdsOfAnotherCreatorAreKept) {
  EXPECT_TRUE(core::in_child([] {
    if (!own_namespace() || geteuid() != 0) return;
    Space space;
    Semaphores s;
    s.id = 32768 * 3 + 2;
    s.key = 0x99;
    s.uid = 1, s.gid = 2, s.cuid = 33, s.cgid = 44, s.mode = 0640;
    s.values = {7};
    space.semaphores.emplace(s.id, s);
    MadeIds ids;
    OK(make({}, -1, space, ids));
    const Space now = look().take();
    const Semaphores& made = now.semaphores.at(s.id);
    EXPECT_EQ(made.uid, 1u);
    EXPECT_EQ(made.gid, 2u);
    EXPECT_EQ(made.cuid, 33u);
    EXPECT_EQ(made.cgid, 44u);
    EXPECT_EQ(made.mode & 0777, 0640u);
  }));
}

TEST(Ipc, AnotherObjectUnderTheSameKeyIsRefused) {
  EXPECT_TRUE(core::in_child([] {
    if (!own_namespace()) return;
    ASSERT_TRUE(core::in_child(fill_with_objects));
    Space then = look().take();
    auto nobody = [](int) { return false; };
    // What the dump left behind gives way.
    OK(make_room(then, nobody, false));
    Semaphores& set = then.semaphores.begin()->second;
    set.changed -= 1;
    auto refused = make_room(then, nobody, true);
    ASSERT_FALSE(refused.ok());
    EXPECT_NE(refused.error().sentence().find("semaphore set"), std::string::npos) << refused.error().sentence();
    set.changed += 1;
    // One that a live process has used since does not.
    ASSERT_EQ(semctl(set.id, 0, SETVAL, 4), 0);
    refused = make_room(then, nobody, true);
    ASSERT_FALSE(refused.ok());
    EXPECT_NE(refused.error().sentence().find("has used it"), std::string::npos) << refused.error().sentence();
    // The one that was last used by a task of the tree gives way, whatever its time.
    set.changed -= 1;
    const int own = getpid();
    OK(make_room(
        then, [own](int pid) { return pid == own; }, true));
    EXPECT_TRUE(look().value().semaphores.empty());
  }));
}

TEST(Ipc, SegmentThatIsAttachedIsInUse) {
  EXPECT_TRUE(core::in_child([] {
    if (!own_namespace()) return;
    const int id = shmget(0x55, 4096, IPC_CREAT | 0600);
    ASSERT_NE(shmat(id, nullptr, 0), reinterpret_cast<void*>(-1));
    const Space then = look().take();
    auto refused = make_room(
        then, [](int) { return true; }, true);
    ASSERT_FALSE(refused.ok());
    EXPECT_NE(refused.error().sentence().find("attached"), std::string::npos);
    EXPECT_EQ(look().value().segments.size(), 1u);
  }));
}

/// What is undone at the end of a process that restore_undo() was called in.
TEST(Ipc, UndoneAtTheEnd) {
  EXPECT_TRUE(core::in_child([] {
    if (!own_namespace()) return;
    const int id = semget(0x66, 4, IPC_CREAT | 0600);
    unsigned short values[] = {0, 3, 32767, 20000};
    ASSERT_EQ(semctl(id, 0, SETALL, values), 0);
    Space space = look().take();
    const NsPid task{getpid()};
    space.undo[id] = {{task, 0, 32767}, {task, 1, -3}, {task, 2, -32768}, {task, 3, 12767}};
    ASSERT_TRUE(core::in_child([&] { OK(restore_undo(space, task)); }));
    EXPECT_EQ(look().value().semaphores.at(id).values, (std::vector<std::uint16_t>{32767, 0, 0, 32767}));
  }));
}

}  // namespace
}  // namespace cr::ipc
