#include <fcntl.h>
#include <mqueue.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/format.h"
#include "core/id_map.h"
#include "files/description.h"
#include "ipc/mqueue.h"
#include "ipc/objects.h"
#include "ipc/outside.h"

namespace cr::ipc {
namespace {

/// Names that a restore which fails has made; removed by the coordinator.
struct MadeNames {
  std::vector<std::string> names{};
  pid_t maker = 0;
  ~MadeNames() {
    if (getpid() == maker)
      for (const std::string& name : names) mq_unlink(name.c_str());
  }
};

constexpr std::uint32_t kLargeFile = 0100000;  // the kernel's; the C library has 0 for it on 64-bit machines

bool lives_with_dumper(const Models& models) {
  const KobjModel& objects = models.get<KobjModel>();
  for (const auto& [pid, ids] : objects.of)
    if (ids.ipc_ns == objects.root.ipc_ns) return true;
  return false;
}

/// The name is free, or what has it is the queue of the dump, which nobody uses any more.
Result<> check_name(const PlanCtx& ctx, PosixQueue& q) {
  UniqueFd there(mq_open(q.name.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  if (!there && errno == ENOENT) return {};
  struct stat st;
  if (!there || fstat(there.get(), &st) != 0) return fail("look for", q.name, errno);
  const auto changed =
      static_cast<std::uint64_t>(st.st_ctim.tv_sec) * 1000000000u + static_cast<std::uint64_t>(st.st_ctim.tv_nsec);
  if (st.st_ino != q.inode || changed != q.changed)
    return fail("restore", format("message queue {}", q.name), EEXIST,
                format("there is another one of that name: remove it (rm /dev/mqueue{}) if nobody needs it", q.name));
  if (const std::string user = find_opener(ctx.tree, st.st_dev, st.st_ino); !user.empty())
    return fail("restore", format("message queue {}", q.name), EBUSY, format("{} has it open", user));
  q.left_over = true;
  return {};
}

Result<UniqueFd> make_queue(const TaskCtx& ctx, PosixQueue& q) {
  mq_attr attributes{};
  attributes.mq_maxmsg = static_cast<long>(q.max_messages);
  attributes.mq_msgsize = static_cast<long>(q.message_size);
  if (q.left_over) mq_unlink(q.name.c_str());
  std::string name = q.name;
  constexpr int kFlags = O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NONBLOCK;
  UniqueFd fd(mq_open(name.c_str(), kFlags, 0600, &attributes));
  if (!fd && errno == EEXIST && q.unlinked) {
    name = format("/.crengine-{}-{}", getpid(), q.inode);
    fd.reset(mq_open(name.c_str(), kFlags, 0600, &attributes));
  }
  if (!fd)
    return fail("make", format("message queue {}", q.name), errno,
                "fs.mqueue.msg_max, msgsize_max and queues_max may be lower than they were");
  q.made_as = name;
  for (const QueueMessage& m : q.messages)
    if (mq_send(fd.get(), m.content.data(), m.content.size(), m.priority) != 0)
      return fail("fill", format("message queue {}", q.name), errno);
  const uid_t uid = core::uid_for(ctx.models(), ctx.task.pid, q.uid);
  const gid_t gid = core::gid_for(ctx.models(), ctx.task.pid, q.gid);
  if (fchown(fd.get(), uid, gid) != 0 || fchmod(fd.get(), q.mode) != 0)
    return fail("set owner and mode of", format("message queue {}", q.name), errno);
  return fd;
}

}  // namespace

std::uint64_t group_of_mqueue(const Models& models, FileId id) {
  const auto& queue_of = models.get<PosixQueueModel>().queue_of;
  const auto it = queue_of.find(id);
  return it == queue_of.end() ? 0 : it->second;
}

Result<> plan_mqueue(PlanCtx& ctx) {
  PosixQueueModel& m = ctx.models.edit<PosixQueueModel>();
  for (const auto& [id, number] : m.queue_of) {
    const auto it = m.queues.find(number);
    if (it == m.queues.end())
      return fail("use", format("file {} of files.img", id), 0, "its message queue is missing: the image is damaged");
    it->second.last = id;
  }
  if (!lives_with_dumper(ctx.models)) return {};
  for (auto& [number, q] : m.queues)
    if (!q.unlinked) TRY(check_name(ctx, q));
  return {};
}

Result<> watch_queue_names(RestoreCtx& ctx) {
  if (!lives_with_dumper(ctx.models)) return {};
  MadeNames& made = ctx.models.edit<MadeNames>();
  made.maker = getpid();
  for (const auto& [number, q] : ctx.models.get<PosixQueueModel>().queues)
    if (!q.unlinked) made.names.push_back(q.name);
  return {};
}

Result<> finish_mqueue(RestoreCtx& ctx) {
  ctx.models.edit<MadeNames>().names.clear();
  return {};
}

Result<UniqueFd> open_mqueue(TaskCtx& ctx, FileId id) {
  PosixQueueModel& m = ctx.restore.models.edit<PosixQueueModel>();
  PosixQueue& q = m.queues.at(m.queue_of.at(id));
  if (q.fd < 0) q.fd = TRY(files::to_service(ctx.restore, TRY(make_queue(ctx, q)))).release();
  const files::Description& d = files::description(ctx.models(), id);
  const std::uint32_t flags = files::open_flags(d.flags);
  // mq_open(3) leaves out O_LARGEFILE, which shows in fdinfo; open(2) of the file adds it. The
  // descriptor is close-on-exec by itself, and O_CLOEXEC would stay in the flags.
  UniqueFd fd = d.flags & kLargeFile ? TRY(files::reopen(q.fd, flags, d.object))
                                     : UniqueFd(mq_open(q.made_as.c_str(), static_cast<int>(flags)));
  if (!fd) return fail("open", d.object, errno);
  if (id == q.last) {
    if (q.unlinked) mq_unlink(q.made_as.c_str());
    close(q.fd);
    q.fd = -1;
  }
  return fd;
}

}  // namespace cr::ipc
