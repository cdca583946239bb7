// Making System V objects with the ids that they had.
#include <fcntl.h>
#include <signal.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <new>

#include "base/defer.h"
#include "base/format.h"
#include "base/page_size.h"
#include "core/opener.h"
#include "core/page_stream.h"
#include "files/shmem_content.h"
#include "ipc/objects.h"
#include "ipc/outside.h"

namespace cr::ipc {
namespace {

constexpr std::uint32_t kPermissions = 0777;
constexpr int kTries = 16;

struct Outcome {
  int id, err;
};

/// Calls one kind of *get with the effective ids of the object's creator, which nothing can change later. A child
/// does it when they are not the caller's: to change those would change what /proc lets others do with the engine.
template <class Get>
Outcome as_creator(const Object& o, Get get) {
  if (o.cuid == geteuid() && o.cgid == getegid()) {
    const int id = get();
    return {id, errno};
  }
  void* page = mmap(nullptr, page_size(), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) return {-1, errno};
  Defer unmap([&] { munmap(page, page_size()); });
  auto* outcome = new (page) Outcome{-1, ECHILD};
  const pid_t pid = fork();
  if (pid < 0) return {-1, errno};
  if (pid == 0) {
    const bool changed = setegid(o.cgid) == 0 && seteuid(o.cuid) == 0;
    outcome->id = changed ? get() : -1;
    outcome->err = errno;
    _exit(0);
  }
  while (waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
  return *outcome;
}

/// Makes an object with its id. The forced id goes to whoever creates first: if another process comes between, it is
/// tried again.
template <class Get, class Remove>
Result<> make_with_id(const Object& o, const char* kind, const char* setting, Get get, Remove remove,
                      std::vector<int>& all_made) {
  Outcome made{-1, EBUSY};
  for (int tries = 0; tries < kTries; ++tries) {
    UniqueFd fd(open(format("/proc/sys/kernel/{}", setting).c_str(), O_WRONLY | O_CLOEXEC));
    const std::string text = std::to_string(o.id);
    if (!fd || ::write(fd.get(), text.data(), text.size()) < 0)
      return fail("choose the id of", name_of(kind, o), errno, "the kernel needs CONFIG_CHECKPOINT_RESTORE");
    made = as_creator(o, get);
    if (made.id == o.id) {
      all_made.push_back(made.id);
      return {};
    }
    if (made.id < 0) break;
    remove(made.id);
    made = {-1, EBUSY};
  }
  return fail("make", name_of(kind, o), made.err,
              made.err == EBUSY || made.err == EEXIST ? "its id or key is taken" : "");
}

int remove_segment(int id) { return shmctl(id, IPC_RMID, nullptr); }
int remove_set(int id) { return semctl(id, 0, IPC_RMID); }
int remove_queue(int id) { return msgctl(id, IPC_RMID, nullptr); }

void set_owner(const Object& o, ipc_perm& perm) {
  perm.uid = o.uid;
  perm.gid = o.gid;
  perm.mode = static_cast<unsigned short>(o.mode & kPermissions);
}

/// What shmget, semget and msgget have in common.
int flags_of(const Object& o) { return IPC_CREAT | IPC_EXCL | static_cast<int>(o.mode & kPermissions); }

Result<> fill_segment(const core::ImageReaderDir& images, int opener, const Segment& s) {
  void* at = shmat(s.id, nullptr, 0);
  if (at == reinterpret_cast<void*>(-1)) return fail("attach", name_of(kSegment, s), errno);
  Defer detach([&] { shmdt(at); });
  if (!s.in_pagemap) {
    std::memcpy(at, s.raw.data(), std::min<std::size_t>(s.raw.size(), s.size));
    return {};
  }
  const std::uint64_t page = s.huge != 0 ? std::uint64_t{1} << (s.huge >> 26) : page_size();
  const UniqueFd proc(open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC));
  const std::size_t length = (s.size + page - 1) & ~(page - 1);
  UniqueFd fd = core::open_own_mapping(opener, proc.get(), at, length, O_RDWR);
  if (!fd) return fail("open the memory of", name_of(kSegment, s), errno);
  return files::fill_shmem(images, fd.get(), static_cast<std::uint32_t>(s.id), s.size);
}

Result<> make_segment(const core::ImageReaderDir& images, int opener, const Segment& s, MadeIds& made) {
  const int flags = flags_of(s) | (s.huge != 0 ? SHM_HUGETLB | static_cast<int>(s.huge) : 0);
  TRY(make_with_id(
      s, kSegment, "shm_next_id", [&] { return shmget(s.key, s.size, flags); }, remove_segment, made.segments));
  TRY(fill_segment(images, opener, s));
  shmid_ds state;
  if (shmctl(s.id, IPC_STAT, &state) != 0) return fail("read back", name_of(kSegment, s), errno);
  set_owner(s, state.shm_perm);
  if (shmctl(s.id, IPC_SET, &state) != 0) return fail("set the owner of", name_of(kSegment, s), errno);
  if ((s.mode & SHM_LOCKED) && shmctl(s.id, SHM_LOCK, nullptr) != 0) return fail("lock", name_of(kSegment, s), errno);
  return {};
}

Result<> make_set(const Semaphores& s, MadeIds& made) {
  const int count = static_cast<int>(s.values.size());
  TRY(make_with_id(
      s, kSemaphores, "sem_next_id", [&] { return semget(s.key, count, flags_of(s)); }, remove_set, made.semaphores));
  union {
    semid_ds* state;
    const unsigned short* values;
  } argument{.values = s.values.data()};
  if (semctl(s.id, 0, SETALL, argument) != 0) return fail("set the values of", name_of(kSemaphores, s), errno);
  semid_ds state;
  argument.state = &state;
  if (semctl(s.id, 0, IPC_STAT, argument) != 0) return fail("read back", name_of(kSemaphores, s), errno);
  set_owner(s, state.sem_perm);
  if (semctl(s.id, 0, IPC_SET, argument) != 0) return fail("set the owner of", name_of(kSemaphores, s), errno);
  return {};
}

Result<> send(const Queue& q, const Message& m) {
  std::vector<long> room(1 + (m.bytes.size() + sizeof(long) - 1) / sizeof(long));
  room[0] = static_cast<long>(m.type);
  if (!m.bytes.empty()) std::memcpy(room.data() + 1, m.bytes.data(), m.bytes.size());
  if (msgsnd(q.id, room.data(), m.bytes.size(), IPC_NOWAIT) == 0) return {};
  return fail(format("put a message of {} bytes into", m.bytes.size()), name_of(kQueue, q), errno,
              "raise kernel.msgmax and kernel.msgmnb to what they were");
}

Result<> make_queue(const Queue& q, MadeIds& made) {
  TRY(make_with_id(
      q, kQueue, "msg_next_id", [&] { return msgget(q.key, flags_of(q)); }, remove_queue, made.queues));
  for (const Message& m : q.messages) TRY(send(q, m));
  msqid_ds state;
  if (msgctl(q.id, IPC_STAT, &state) != 0) return fail("read back", name_of(kQueue, q), errno);
  set_owner(q, state.msg_perm);
  state.msg_qbytes = q.capacity;
  if (msgctl(q.id, IPC_SET, &state) != 0)
    return fail(format("set the capacity of {} of", q.capacity), name_of(kQueue, q), errno,
                "it needs CAP_SYS_RESOURCE when it is above kernel.msgmnb");
  return {};
}

/// Whether an object of now is what the dump left behind.
bool is_left_over(const Object& now, const Object& then, const std::function<bool(int)>& is_of_tree) {
  const bool alike = now.id == then.id && now.key == then.key && now.uid == then.uid && now.gid == then.gid &&
                     now.cuid == then.cuid && now.cgid == then.cgid;
  return alike && (now.changed == then.changed || std::any_of(now.users.begin(), now.users.end(), is_of_tree));
}

/// `in_use` says who uses an object of now; "" is nobody.
template <class O, class Remove, class InUse>
Result<> make_room_for(const std::map<int, O>& then, const std::map<int, O>& now, const char* kind,
                       const std::function<bool(int)>& is_of_tree, Remove remove, InUse in_use) {
  for (const auto& [id, wanted] : then)
    for (const auto& [there, o] : now) {
      if (there != id && (wanted.key == IPC_PRIVATE || o.key != wanted.key)) continue;
      if (!is_left_over(o, wanted, is_of_tree))
        return fail(
            "restore", name_of(kind, wanted), EEXIST,
            format("another one has its {}: remove it (ipcrm) if nobody needs it", there == id ? "id" : "key"));
      for (int pid : o.users)
        if (!is_of_tree(pid) && kill(pid, 0) == 0)
          return fail("restore", name_of(kind, wanted), EBUSY, format("{} has used it", process_name(pid)));
      if (const std::string user = in_use(o, wanted); !user.empty())
        return fail("restore", name_of(kind, wanted), EBUSY, user);
      if (remove != nullptr) remove(id);
    }
  return {};
}

}  // namespace

Result<> make(const core::ImageReaderDir& images, int opener, const Space& space, MadeIds& made) {
  for (const auto& [id, s] : space.segments) TRY(make_segment(images, opener, s, made));
  for (const auto& [id, s] : space.semaphores) TRY(make_set(s, made));
  for (const auto& [id, q] : space.queues) TRY(make_queue(q, made));
  return {};
}

Result<> mark_segments(const Space& space) {
  for (const auto& [id, s] : space.segments)
    if ((s.mode & SHM_DEST) && remove_segment(id) != 0) return fail("mark for deletion", name_of(kSegment, s), errno);
  return {};
}

void remove_all(const MadeIds& made) {
  for (int id : made.segments) remove_segment(id);
  for (int id : made.semaphores) remove_set(id);
  for (int id : made.queues) remove_queue(id);
}

Result<> make_room(const Space& space, const std::function<bool(int)>& is_of_tree, bool remove) {
  const Space now = TRY(look());
  using Remove = int (*)(int);
  TRY(make_room_for(space.segments, now.segments, kSegment, is_of_tree, remove ? Remove{remove_segment} : nullptr,
                    [](const Segment& s, const Segment& then) -> std::string {
                      if (s.attachments != 0) return format("{} processes have it attached", s.attachments);
                      return s.size == then.size ? "" : "it has another size now";
                    }));
  TRY(make_room_for(space.semaphores, now.semaphores, kSemaphores, is_of_tree, remove ? Remove{remove_set} : nullptr,
                    [](const Semaphores& s, const Semaphores& then) -> std::string {
                      if (s.awaited) return "a process waits on it";
                      return s.values.size() == then.values.size() ? "" : "it has another size now";
                    }));
  return make_room_for(space.queues, now.queues, kQueue, is_of_tree, remove ? Remove{remove_queue} : nullptr,
                       [](const Queue&, const Queue&) -> std::string { return ""; });
}

}  // namespace cr::ipc
