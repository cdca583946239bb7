#include "files/description.h"
#include "files/fdinfo.pb.h"
#include "files/pidfd.h"

namespace cr::files {

Result<> write_pidfd(const DumpCtx& ctx, FileId id, pb::file_entry& entry) {
  const Description& d = description(ctx.models, id);
  const Pidfd& p = ctx.models.get<PidfdModel>().all.at(id);
  pb::pidfd_entry& e = *entry.mutable_pidfd();
  e.set_id(id);
  e.set_ino(static_cast<std::uint32_t>(p.inode));
  e.set_flags(d.flags);
  e.set_nspid(p.pid.value);
  put_owner(d.owner, *e.mutable_fown());
  return {};
}

Result<> read_pidfd(ReadCtx& ctx, const pb::file_entry& entry) {
  const pb::pidfd_entry& e = entry.pidfd();
  TRY(add_description(ctx, e.id(), kPidfdKind, e.flags(), 0, get_owner(e.fown())));
  ctx.models.edit<PidfdModel>().all[e.id()] = Pidfd{e.ino(), NsPid{e.nspid()}};
  return {};
}

}  // namespace cr::files
