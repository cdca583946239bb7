// Looking at System V objects: all of this leaves them as they are.
#include "ipc/objects.h"

#include <fcntl.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>

#include <climits>
#include <cstring>

#include "base/defer.h"
#include "base/format.h"
#include "base/page_size.h"
#include "core/page_stream.h"
#include "core/proc_text.h"

// Linux 4.17: what the older numbers tell only of objects that the caller may read.
#ifndef SHM_STAT_ANY
#define SHM_STAT_ANY 15
#endif
#ifndef SEM_STAT_ANY
#define SEM_STAT_ANY 20
#endif
#ifndef MSG_STAT_ANY
#define MSG_STAT_ANY 13
#endif
#ifndef MSG_COPY
#define MSG_COPY 040000
#endif

namespace cr::ipc {
namespace {

constexpr char kKernel[] = "/proc/sys/kernel/";
constexpr char kMqueue[] = "/proc/sys/fs/mqueue/";

union SemArgument {
  int value;
  semid_ds* state;
  unsigned short* values;
  seminfo* info;
};

Object object_of(int id, const ipc_perm& perm, std::int64_t changed, std::initializer_list<int> users) {
  Object o{id, perm.__key, perm.uid, perm.gid, perm.cuid, perm.cgid, perm.mode, changed};
  for (int pid : users)
    if (pid > 0) o.users.push_back(pid);
  return o;
}

/// Ids by their places in the kernel's tables: `stat(place)` gives the id or -1.
template <class Stat, class Take>
Result<> walk(int highest, const char* kind, Stat stat, Take take) {
  for (int place = 0; place <= highest; ++place) {
    const int id = stat(place);
    if (id < 0 && (errno == EINVAL || errno == EIDRM)) continue;
    if (id < 0) return fail("look at", format("{} in place {}", kind, place), errno);
    TRY(take(id));
  }
  return {};
}

Result<> look_at_segments(Space& space) {
  shmid_ds state;
  shm_info info;
  const int highest = shmctl(0, SHM_INFO, reinterpret_cast<shmid_ds*>(&info));
  if (highest < 0) return errno == ENOSYS ? Result<>{} : fail("list", "shared memory segments", errno);
  return walk(
      highest, kSegment, [&](int place) { return shmctl(place, SHM_STAT_ANY, &state); },
      [&](int id) -> Result<> {
        Segment s{object_of(id, state.shm_perm, state.shm_ctime, {state.shm_cpid, state.shm_lpid})};
        s.size = state.shm_segsz;
        s.attachments = state.shm_nattch;
        space.segments.emplace(id, std::move(s));
        return {};
      });
}

Result<> look_at_one_set(int id, std::size_t count, Semaphores& set) {
  set.values.resize(count);
  if (semctl(id, 0, GETALL, SemArgument{.values = set.values.data()}) < 0)
    return fail("read the values of", name_of(kSemaphores, set), errno);
  for (std::size_t i = 0; i < count; ++i) {
    const int number = static_cast<int>(i);
    const int pid = semctl(id, number, GETPID);
    set.pids.push_back(pid < 0 ? 0 : pid);
    if (pid > 0) set.users.push_back(pid);
    set.awaited = set.awaited || semctl(id, number, GETNCNT) > 0 || semctl(id, number, GETZCNT) > 0;
  }
  return {};
}

Result<> look_at_semaphores(Space& space) {
  semid_ds state;
  seminfo info;
  const int highest = semctl(0, 0, SEM_INFO, SemArgument{.info = &info});
  if (highest < 0) return errno == ENOSYS ? Result<>{} : fail("list", "semaphore sets", errno);
  return walk(
      highest, kSemaphores, [&](int place) { return semctl(place, 0, SEM_STAT_ANY, SemArgument{.state = &state}); },
      [&](int id) -> Result<> {
        Semaphores s{object_of(id, state.sem_perm, state.sem_ctime, {})};
        TRY(look_at_one_set(id, state.sem_nsems, s));
        space.semaphores.emplace(id, std::move(s));
        return {};
      });
}

Result<> look_at_queues(Space& space) {
  msqid_ds state;
  msginfo info;
  const int highest = msgctl(0, MSG_INFO, reinterpret_cast<msqid_ds*>(&info));
  if (highest < 0) return errno == ENOSYS ? Result<>{} : fail("list", "message queues", errno);
  return walk(
      highest, kQueue, [&](int place) { return msgctl(place, MSG_STAT_ANY, &state); },
      [&](int id) -> Result<> {
        Queue q{object_of(id, state.msg_perm, state.msg_ctime, {state.msg_lspid, state.msg_lrpid})};
        q.capacity = state.msg_qbytes;
        space.queues.emplace(id, std::move(q));
        return {};
      });
}

/// The settings that the images have. `optional` ones are not in every kernel.
struct Setting {
  const char* directory;
  const char* name;
  bool optional;
};
constexpr Setting kSettings[] = {
    {kKernel, "shmmax", false},          {kKernel, "shmall", false},     {kKernel, "shmmni", false},
    {kKernel, "shm_rmid_forced", false}, {kKernel, "msgmax", false},     {kKernel, "msgmnb", false},
    {kKernel, "msgmni", false},          {kKernel, "auto_msgmni", true}, {kMqueue, "queues_max", true},
    {kMqueue, "msg_max", true},          {kMqueue, "msgsize_max", true}, {kMqueue, "msg_default", true},
    {kMqueue, "msgsize_default", true},  {kKernel, "shm_next_id", true}, {kKernel, "sem_next_id", true},
    {kKernel, "msg_next_id", true},
};

Result<> write_setting(const std::string& path, const std::string& text) {
  UniqueFd fd(open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!fd || ::write(fd.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()))
    return fail("set", format("{} to {}", path, text), errno);
  return {};
}

}  // namespace

Error fail(std::string step, std::string object, int err, std::string remedy) {
  return Error{"ipc", std::move(step), std::move(object), err, std::move(remedy)};
}

std::string name_of(const char* kind, const Object& o) {
  return format("{} {} (key {:#x})", kind, o.id, static_cast<std::uint32_t>(o.key));
}

Result<Space> look() {
  Space space;
  TRY(look_at_segments(space));
  TRY(look_at_semaphores(space));
  TRY(look_at_queues(space));
  return space;
}

Result<> read_messages(Queue& queue) {
  struct Buffer {
    long type;
    std::uint8_t bytes[];
  };
  const std::size_t most = std::max<std::size_t>(queue.capacity, 1 << 20);
  std::vector<long> room((sizeof(Buffer) + most) / sizeof(long) + 1);
  auto* buffer = reinterpret_cast<Buffer*>(room.data());
  queue.messages.clear();
  for (long at = 0;; ++at) {
    const ssize_t n = msgrcv(queue.id, buffer, most, at, MSG_COPY | IPC_NOWAIT | MSG_NOERROR);
    if (n < 0 && errno == ENOMSG) return {};
    if (n < 0)
      return fail("read the messages of", name_of(kQueue, queue), errno,
                  errno == ENOSYS ? "the kernel needs CONFIG_CHECKPOINT_RESTORE" : "");
    queue.messages.push_back({buffer->type, {buffer->bytes, buffer->bytes + n}});
  }
}

Result<UniqueFd> open_content(const Segment& segment) {
  void* at = shmat(segment.id, nullptr, SHM_RDONLY);
  if (at == reinterpret_cast<void*>(-1)) return fail("attach", name_of(kSegment, segment), errno);
  Defer detach([&] { shmdt(at); });
  const std::uint64_t page = segment.huge != 0 ? std::uint64_t{1} << (segment.huge >> 26) : page_size();
  const auto start = reinterpret_cast<std::uintptr_t>(at);
  const std::string path =
      format("/proc/self/map_files/{:x}-{:x}", start, start + ((segment.size + page - 1) & ~(page - 1)));
  UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return fail("open the memory of", name_of(kSegment, segment), errno);
  return fd;
}

Result<Settings> read_settings() {
  Settings result;
  const std::string four = TRY(core::read_text(std::string(kKernel) + "sem"));
  for (std::string_view word : core::words(four)) result.semaphores.push_back(core::number(word).value_or(0));
  for (const Setting& s : kSettings) {
    auto text = core::read_text(std::string(s.directory) + s.name);
    if (!text.ok() && s.optional) continue;
    if (!text.ok()) return text.take_error();
    result.values[s.name] = static_cast<std::int64_t>(std::strtoull(text.value().c_str(), nullptr, 10));
  }
  return result;
}

Result<> set_settings(const Settings& settings) {
  std::string four;
  for (std::uint64_t n : settings.semaphores) four += format("{} ", n);
  if (!four.empty()) TRY(write_setting(std::string(kKernel) + "sem", four));
  for (const Setting& s : kSettings) {
    const auto it = settings.values.find(s.name);
    if (it == settings.values.end()) continue;
    const std::string path = std::string(s.directory) + s.name;
    // Sizes of memory may use all 64 bits.
    const std::string text = std::strstr(s.name, "next_id") ? format("{}", it->second)
                                                            : format("{}", static_cast<std::uint64_t>(it->second));
    if (auto now = core::read_text(path); now.ok() && now.value() == text + "\n") continue;
    auto done = write_setting(path, text);
    if (!done.ok() && !s.optional) return done;
  }
  return {};
}

}  // namespace cr::ipc
