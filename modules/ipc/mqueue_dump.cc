#include <dirent.h>
#include <fcntl.h>
#include <mqueue.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <set>

#include "base/defer.h"
#include "base/format.h"
#include "base/surviving_child.h"
#include "core/deleted_mark.h"
#include "core/id_map.h"
#include "core/ns_visit.h"
#include "core/proc_text.h"
#include "core/sharing.h"
#include "files/description.h"
#include "ipc/ipc.h"
#include "ipc/mqueue.h"
#include "ipc/objects.h"
#include "ipc/outside.h"

namespace cr::ipc {
namespace {

constexpr long kMqueueMagic = 0x19800202;

/// What the child hands over; messages of `message_size` bytes follow.
struct Drained {
  int err;
  std::uint32_t count;
};
struct Head {
  std::uint32_t priority;
  std::uint32_t size;
};

std::string name_of_link(std::string link) {
  if (link.ends_with(core::kDeletedMark)) link.resize(link.size() - core::kDeletedMark.size());
  return link.substr(link.rfind('/'));
}

/// In the child: everything out, and everything in again.
void drain_and_refill(int fd, std::size_t room, std::uint64_t size, Drained& out) {
  auto* heads = reinterpret_cast<Head*>(&out + 1);
  char* bytes = reinterpret_cast<char*>(heads + room);
  while (out.count < room) {
    unsigned priority = 0;
    const ssize_t n = mq_receive(fd, bytes + out.count * size, size, &priority);
    if (n < 0) break;
    heads[out.count++] = {priority, static_cast<std::uint32_t>(n)};
  }
  if (out.count < room) out.err = errno == EAGAIN ? EBUSY : errno;
  for (std::uint32_t i = 0; i < out.count; ++i)
    if (mq_send(fd, bytes + i * size, heads[i].size, heads[i].priority) != 0) out.err = errno;
}

Result<> read_messages(PosixQueue& q, std::size_t count) {
  if (count == 0) return {};
  const std::size_t length = sizeof(Drained) + count * (sizeof(Head) + q.message_size);
  void* memory = mmap(nullptr, length, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
  if (memory == MAP_FAILED) return fail("find room for the messages of", q.object, errno);
  Defer unmap([&] { munmap(memory, length); });
  auto& out = *static_cast<Drained*>(memory);
  const int forked = finish_in_child([&] { drain_and_refill(q.access.get(), count, q.message_size, out); });
  if (forked != 0) return fail("fork for", q.object, forked);
  if (out.err != 0) return fail("take and put back the messages of", q.object, out.err);
  const auto* heads = reinterpret_cast<const Head*>(&out + 1);
  const char* bytes = reinterpret_cast<const char*>(heads + count);
  for (std::size_t i = 0; i < count; ++i)
    q.messages.push_back({heads[i].priority, std::string(bytes + i * q.message_size, heads[i].size)});
  return {};
}

/// The text of the queue's file: who waits to be notified.
Result<> check_notification(const PosixQueue& q) {
  char text[256];
  const ssize_t n = pread(q.access.get(), text, sizeof text - 1, 0);
  if (n < 0) return fail("read the state of", q.object, errno);
  const std::string_view state(text, static_cast<std::size_t>(n));
  const std::size_t at = state.find("NOTIFY_PID:");
  if (at == std::string_view::npos) return fail("read the state of", q.object, 0, "report this kernel");
  const auto pid = core::number(core::words(state.substr(at + 11)).front());
  if (!pid || *pid == 0) return {};
  return fail("dump", q.object, 0,
              format("pid {} is to be notified of its next message (mq_notify), and the kernel does not tell with "
                     "which value; let it end that before the dump",
                     *pid));
}

/// The mqueue file system of the namespace that the caller is in, mounted nowhere. Nothing without it in the kernel.
Result<UniqueFd> open_file_system() {
  constexpr long kFsopen = 430, kFsconfig = 431, kFsmount = 432;
  constexpr int kCreate = 6;  // FSCONFIG_CMD_CREATE
  UniqueFd context(static_cast<int>(syscall(kFsopen, "mqueue", 0)));
  if (!context && errno == ENODEV) return UniqueFd();
  if (!context || syscall(kFsconfig, context.get(), kCreate, nullptr, nullptr, 0) != 0)
    return fail("open", "the mqueue file system", errno, "the kernel must be 5.2 or newer");
  UniqueFd mount(static_cast<int>(syscall(kFsmount, context.get(), 0, 0)));
  if (!mount) return fail("open", "the mqueue file system", errno);
  UniqueFd root(openat(mount.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!root) return fail("open", "the mqueue file system", errno);
  return root;
}

/// A namespace of the tree's own would lose the queues that no task has open.
Result<> check_unopened(const PosixQueueModel& model, const Task& member) {
  auto visit = TRY(core::NsVisit::enter(member.host, "ipc"));
  UniqueFd root = TRY(open_file_system());
  DIR* dir = root ? fdopendir(root.release()) : nullptr;
  if (dir == nullptr) return {};
  Defer close([&] { closedir(dir); });
  while (const dirent* e = readdir(dir)) {
    struct stat st, open_one;
    if (e->d_name[0] == '.' || fstatat(dirfd(dir), e->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0) continue;
    const bool is_open = std::any_of(model.queues.begin(), model.queues.end(), [&](const auto& q) {
      return fstat(q.second.access.get(), &open_one) == 0 && open_one.st_dev == st.st_dev &&
             open_one.st_ino == st.st_ino;
    });
    if (!is_open)
      return fail("dump", format("POSIX message queue /{} of the ipc namespace of pid {}", e->d_name, member.host), 0,
                  "no process has it open, and such queues are not carried: open it or remove it before the dump");
  }
  return {};
}

Result<> check_own_namespaces(const DumpCtx& ctx) {
  const KobjModel& objects = ctx.models.get<KobjModel>();
  std::set<NsId> seen{objects.root.ipc_ns};
  for (const Task& t : ctx.tree.tasks)
    if (t.alive() && seen.insert(objects.of.at(t.pid).ipc_ns).second)
      TRY(check_unopened(ctx.models.get<PosixQueueModel>(), t));
  return {};
}

}  // namespace

bool matches_mqueue(const FileProbe& p) {
  struct statfs fs;
  return S_ISREG(p.st.st_mode) && fstatfs(p.fd, &fs) == 0 && static_cast<long>(fs.f_type) == kMqueueMagic &&
         !(p.flags & O_PATH);
}

Result<> collect_mqueue(DumpCtx& ctx, const FileProbe& p, FileId id) {
  PosixQueueModel& m = ctx.models.edit<PosixQueueModel>();
  for (const auto& [number, q] : m.queues) {
    struct stat st;
    if (fstat(q.access.get(), &st) != 0 || st.st_dev != p.st.st_dev || st.st_ino != p.st.st_ino) continue;
    m.queue_of[id] = number;
    return {};
  }
  PosixQueue q;
  q.object = format("{}, a POSIX message queue", p.name());
  q.name = name_of_link(p.link);
  q.unlinked = p.st.st_nlink == 0;
  const auto& ids = ctx.models.get<core::TreeIds>();
  TRY(ids.check_owner(p.st.st_uid, p.st.st_gid, q.object));
  q.uid = ids.uid(p.st.st_uid);
  q.gid = ids.gid(p.st.st_gid);
  q.mode = p.st.st_mode & 07777;
  q.inode = p.st.st_ino;
  q.access = TRY(files::reopen(p.fd, O_RDWR | O_NONBLOCK, q.object));
  const auto number = static_cast<std::uint32_t>(m.queues.size() + 1);
  m.queues.emplace(number, std::move(q));
  m.queue_of[id] = number;
  return {};
}

Result<> settle_mqueue(DumpCtx& ctx) {
  TRY(check_own_namespaces(ctx));
  for (auto& [number, q] : ctx.models.edit<PosixQueueModel>().queues) {
    struct stat st;
    mq_attr attributes;
    if (fstat(q.access.get(), &st) != 0 || mq_getattr(q.access.get(), &attributes) != 0)
      return fail("read the attributes of", q.object, errno);
    if (const std::string other = find_opener(ctx.tree, st.st_dev, st.st_ino); !other.empty())
      return fail("dump", q.object, 0, format("{}, outside of the tree, has it open: dump them together", other));
    TRY(check_notification(q));
    q.max_messages = static_cast<std::uint64_t>(attributes.mq_maxmsg);
    q.message_size = static_cast<std::uint64_t>(attributes.mq_msgsize);
    TRY(read_messages(q, static_cast<std::size_t>(attributes.mq_curmsgs)));
    if (fstat(q.access.get(), &st) != 0) return fail("stat", q.object, errno);
    q.changed =
        static_cast<std::uint64_t>(st.st_ctim.tv_sec) * 1000000000u + static_cast<std::uint64_t>(st.st_ctim.tv_nsec);
  }
  return {};
}

}  // namespace cr::ipc
