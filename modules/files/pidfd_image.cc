#include "files/belated.h"
#include "files/description.h"
#include "files/fdinfo.pb.h"
#include "files/pidfd.h"

namespace cr::files {

void put_outside_process(const OutsideProcess& p, pb::cr_outside_process& e) {
  e.set_pid(static_cast<std::uint32_t>(p.pid.value));
  e.set_pid_space(p.pid_space);
  e.set_started(p.started);
  e.set_inode(p.inode);
  e.set_boot(p.boot);
  e.set_name(p.name);
}

OutsideProcess get_outside_process(const pb::cr_outside_process& e) {
  return {.pid = HostPid{static_cast<int>(e.pid())},
          .pid_space = e.pid_space(),
          .started = e.started(),
          .inode = e.inode(),
          .boot = e.boot(),
          .name = e.name()};
}

Result<> write_pidfd(const DumpCtx& ctx, FileId id, pb::file_entry& entry) {
  const Description& d = description(ctx.models, id);
  const Pidfd& p = ctx.models.get<PidfdModel>().all.at(id);
  pb::pidfd_entry& e = *entry.mutable_pidfd();
  e.set_id(id);
  e.set_ino(static_cast<std::uint32_t>(p.inode));
  e.set_flags(d.flags);
  e.set_nspid(p.pid.value);
  put_owner(d.owner, *e.mutable_fown());
  if (p.status) e.set_cr_status(*p.status);
  if (p.outside) put_outside_process(*p.outside, *e.mutable_cr_outside());
  return {};
}

Result<> read_pidfd(ReadCtx& ctx, const pb::file_entry& entry) {
  const pb::pidfd_entry& e = entry.pidfd();
  TRY(add_description(ctx, e.id(), kPidfdKind, e.flags(), 0, get_owner(e.fown())));
  Pidfd p{.inode = e.ino(), .pid = NsPid{e.nspid()}};
  if (e.has_cr_status()) p.status = e.cr_status();
  if (e.has_cr_outside()) p.outside = get_outside_process(e.cr_outside());
  p.thread = p.pid.value > 0 && ctx.tree.find(p.pid) == nullptr && ctx.tree.owner_of(p.pid) != nullptr;
  if (p.thread) ctx.models.edit<Belated>().all[e.id()].thread = p.pid;
  ctx.models.edit<PidfdModel>().all[e.id()] = std::move(p);
  return {};
}

}  // namespace cr::files
