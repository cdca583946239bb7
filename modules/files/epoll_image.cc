#include "base/format.h"
#include "files/description.h"
#include "files/epoll.h"
#include "files/fdinfo.pb.h"

namespace cr::files {
namespace {

/// Whether one of `tables`, those with the epoll, has the target under its number, as other readers expect.
bool is_where_it_says(const std::vector<const Table*>& tables, const EpollTarget& target) {
  for (const Table* table : tables) {
    auto slot = table->slots.find(target.info.tfd);
    if (slot != table->slots.end() && slot->second.id == target.file) return true;
  }
  return false;
}

}  // namespace

Result<> write_epoll(const DumpCtx& ctx, FileId id, pb::file_entry& entry) {
  const Description& d = description(ctx.models, id);
  pb::eventpoll_file_entry& e = *entry.mutable_epfd();
  e.set_id(id);
  e.set_flags(d.flags);
  put_owner(d.owner, *e.mutable_fown());
  const BusyPoll& poll = ctx.models.get<EpollModel>().all.at(id).busy_poll;
  if (poll.usecs != 0 || poll.budget != 0 || poll.prefer != 0) {
    e.mutable_cr_poll()->set_usecs(poll.usecs);
    e.mutable_cr_poll()->set_budget(poll.budget);
    e.mutable_cr_poll()->set_prefer(poll.prefer != 0);
  }
  const std::vector<const Table*> tables = tables_with(ctx.models.get<Model>(), id);
  for (const EpollTarget& target : ctx.models.get<EpollModel>().all.at(id).targets) {
    pb::eventpoll_tfd_entry& t = *e.add_tfd();
    t.set_id(0);
    t.set_tfd(static_cast<std::uint32_t>(target.info.tfd));
    t.set_events(target.info.events);
    t.set_data(target.info.data);
    t.set_dev(target.info.dev);
    t.set_inode(target.info.ino);
    t.set_pos(target.info.pos);
    if (!is_where_it_says(tables, target)) t.set_cr_file_id(target.file);
  }
  return {};
}

Result<> read_epoll(ReadCtx& ctx, const pb::file_entry& entry) {
  const pb::eventpoll_file_entry& e = entry.epfd();
  TRY(add_description(ctx, e.id(), kEpollKind, e.flags(), 0, get_owner(e.fown())));
  Epoll& epoll = ctx.models.edit<EpollModel>().all[e.id()];
  if (e.has_cr_poll())
    epoll.busy_poll = {.usecs = e.cr_poll().usecs(),
                       .budget = static_cast<std::uint16_t>(e.cr_poll().budget()),
                       .prefer = static_cast<std::uint8_t>(e.cr_poll().prefer())};
  for (const pb::eventpoll_tfd_entry& t : e.tfd()) {
    if (t.tfd() > 0x7fffffff)
      return fail("use", format("epoll {} of files.img", e.id()), 0,
                  "a target's number is too large: the image is damaged");
    EpollTarget target;
    target.info.tfd = static_cast<int>(t.tfd());
    target.info.events = t.events();
    target.info.data = t.data();
    target.info.dev = t.dev();
    target.info.ino = t.inode();
    target.info.pos = t.pos();
    target.file = t.cr_file_id();
    epoll.targets.push_back(target);
  }
  return {};
}

}  // namespace cr::files
