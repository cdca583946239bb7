#include "base/format.h"
#include "files/description.h"
#include "files/fdinfo.pb.h"
#include "ipc/mqueue.h"
#include "ipc/objects.h"

namespace cr::ipc {
namespace {

void put(const PosixQueue& q, pb::cr_mqueue& e) {
  e.set_name(q.name);
  e.set_unlinked(q.unlinked);
  e.set_uid(q.uid);
  e.set_gid(q.gid);
  e.set_mode(q.mode);
  e.set_max_messages(q.max_messages);
  e.set_message_size(q.message_size);
  e.set_inode(q.inode);
  e.set_changed(q.changed);
  for (const QueueMessage& m : q.messages) {
    pb::cr_mqueue_message& message = *e.add_messages();
    message.set_priority(m.priority);
    message.set_content(m.content);
  }
}

PosixQueue get(const pb::cr_mqueue& e) {
  PosixQueue q;
  q.name = e.name();
  q.unlinked = e.unlinked();
  q.uid = e.uid();
  q.gid = e.gid();
  q.mode = e.mode();
  q.max_messages = e.max_messages();
  q.message_size = e.message_size();
  q.inode = e.inode();
  q.changed = e.changed();
  for (const pb::cr_mqueue_message& m : e.messages()) q.messages.push_back({m.priority(), m.content()});
  return q;
}

}  // namespace

Result<> write_mqueue(const DumpCtx& ctx, FileId id, pb::file_entry& entry) {
  const files::Description& d = files::description(ctx.models, id);
  const PosixQueueModel& m = ctx.models.get<PosixQueueModel>();
  pb::cr_mqueue_entry& e = *entry.mutable_cr_mq();
  const std::uint32_t queue = m.queue_of.at(id);
  e.set_id(id);
  e.set_queue_id(queue);
  e.set_flags(d.flags);
  files::put_owner(d.owner, *e.mutable_fown());
  bool first = true;
  for (const auto& [other, number] : m.queue_of) first = first && (number != queue || other >= id);
  if (first) put(m.queues.at(queue), *e.mutable_queue());
  return {};
}

Result<> require_mqueue(DumpCtx& ctx) {
  if (!ctx.models.get<PosixQueueModel>().queues.empty()) ctx.images.require(core::kMessageQueues);
  return {};
}

Result<> read_mqueue(ReadCtx& ctx, const pb::file_entry& entry) {
  const pb::cr_mqueue_entry& e = entry.cr_mq();
  TRY(files::add_description(ctx, e.id(), kMqueueKind, e.flags(), 0, files::get_owner(e.fown())));
  PosixQueueModel& m = ctx.models.edit<PosixQueueModel>();
  m.queue_of[e.id()] = e.queue_id();
  if (e.has_queue() && !m.queues.emplace(e.queue_id(), get(e.queue())).second)
    return fail("use", format("file {} of files.img", e.id()), 0, "its message queue is there twice");
  return {};
}

}  // namespace cr::ipc
