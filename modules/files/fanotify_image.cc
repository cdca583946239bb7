#include "base/format.h"
#include "files/description.h"
#include "files/fanotify.h"
#include "files/fdinfo.pb.h"
#include "files/inotify.h"

namespace cr::files {

Result<> write_fanotify(const DumpCtx& ctx, FileId id, pb::file_entry& entry) {
  const Description& d = description(ctx.models, id);
  const FanotifyGroup& g = ctx.models.get<FanotifyModel>().all.at(id);
  pb::fanotify_file_entry& e = *entry.mutable_ffy();
  e.set_id(id);
  e.set_flags(d.flags);
  put_owner(d.owner, *e.mutable_fown());
  e.set_faflags(g.flags);
  e.set_evflags(g.event_flags);
  for (const FanotifyMark& m : g.marks) {
    pb::fanotify_mark_entry& mark = *e.add_mark();
    mark.set_id(0);
    mark.set_type(m.info.inode ? pb::mark_type_INODE : pb::mark_type_MOUNT);
    mark.set_mflags(m.info.flags);
    mark.set_mask(m.info.mask);
    mark.set_ignored_mask(m.info.ignored_mask);
    mark.set_s_dev(m.info.inode ? m.info.inode->dev : 0);
    if (m.info.inode) {
      mark.mutable_ie()->set_i_ino(m.info.inode->ino);
      put_handle(*m.info.inode, m.path, *mark.mutable_ie()->mutable_f_handle());
    } else {
      mark.mutable_me()->set_mnt_id(static_cast<std::uint32_t>(m.info.mnt_id.value_or(0)));
      mark.mutable_me()->set_path(m.path);
    }
  }
  return {};
}

Result<> read_fanotify(ReadCtx& ctx, const pb::file_entry& entry) {
  const pb::fanotify_file_entry& e = entry.ffy();
  TRY(add_description(ctx, e.id(), kFanotifyKind, e.flags(), 0, get_owner(e.fown())));
  FanotifyGroup g{e.faflags(), e.evflags()};
  const std::string object = format("fanotify {} of files.img", e.id());
  for (const pb::fanotify_mark_entry& mark : e.mark()) {
    FanotifyMark m;
    m.info.flags = mark.mflags();
    m.info.mask = mark.mask();
    m.info.ignored_mask = mark.ignored_mask();
    if (mark.type() == pb::mark_type_INODE) {
      m.info.inode.emplace();
      m.info.inode->dev = mark.s_dev();
      m.info.inode->ino = mark.ie().i_ino();
      TRY(get_handle(mark.ie().f_handle(), *m.info.inode, object));
      m.path = mark.ie().f_handle().path();
    } else {
      if (!mark.me().has_path()) return fail("restore", object, 0, "the image has no path for a mark on a mount");
      m.info.mnt_id = static_cast<int>(mark.me().mnt_id());
      m.path = mark.me().path();
    }
    g.marks.push_back(std::move(m));
  }
  ctx.models.edit<FanotifyModel>().all[e.id()] = std::move(g);
  return {};
}

}  // namespace cr::files
