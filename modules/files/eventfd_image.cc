#include "files/description.h"
#include "files/eventfd.h"
#include "files/fdinfo.pb.h"

namespace cr::files {

Result<> write_eventfd(const DumpCtx& ctx, FileId id, pb::file_entry& entry) {
  const Description& d = description(ctx.models, id);
  const Eventfd& eventfd = ctx.models.get<EventfdModel>().all.at(id);
  pb::eventfd_file_entry& e = *entry.mutable_efd();
  e.set_id(id);
  e.set_flags(d.flags);
  put_owner(d.owner, *e.mutable_fown());
  e.set_counter(eventfd.counter);
  if (eventfd.semaphore) e.set_cr_semaphore(true);
  return {};
}

Result<> read_eventfd(ReadCtx& ctx, const pb::file_entry& entry) {
  const pb::eventfd_file_entry& e = entry.efd();
  TRY(add_description(ctx, e.id(), kEventfdKind, e.flags(), 0, get_owner(e.fown())));
  ctx.models.edit<EventfdModel>().all[e.id()] = Eventfd{e.counter(), e.cr_semaphore()};
  return {};
}

}  // namespace cr::files
