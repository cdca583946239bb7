#include "files/description.h"
#include "files/fdinfo.pb.h"
#include "files/signalfd.h"

namespace cr::files {

Result<> write_signalfd(const DumpCtx& ctx, FileId id, pb::file_entry& entry) {
  const Description& d = description(ctx.models, id);
  pb::signalfd_entry& e = *entry.mutable_sgfd();
  e.set_id(id);
  e.set_flags(d.flags);
  put_owner(d.owner, *e.mutable_fown());
  e.set_sig_mask(ctx.models.get<SignalfdModel>().masks.at(id));
  return {};
}

Result<> read_signalfd(ReadCtx& ctx, const pb::file_entry& entry) {
  const pb::signalfd_entry& e = entry.sgfd();
  TRY(add_description(ctx, e.id(), kSignalfdKind, e.flags(), 0, get_owner(e.fown())));
  ctx.models.edit<SignalfdModel>().masks[e.id()] = e.sig_mask();
  return {};
}

}  // namespace cr::files
