#include "files/description.h"
#include "files/fdinfo.pb.h"
#include "files/namespace_file.h"

namespace cr::files {

Result<> write_namespace(const DumpCtx& ctx, FileId id, pb::file_entry& entry) {
  const NamespaceFile& n = ctx.models.get<NamespaceFileModel>().all.at(id);
  pb::ns_file_entry& e = *entry.mutable_nsf();
  e.set_id(id);
  e.set_ns_id(n.ns_id);
  e.set_ns_cflag(n.clone_flag);
  e.set_flags(description(ctx.models, id).flags);
  return {};
}

Result<> read_namespace(ReadCtx& ctx, const pb::file_entry& entry) {
  const pb::ns_file_entry& e = entry.nsf();
  TRY(add_description(ctx, e.id(), kNamespaceKind, e.flags(), 0, {}));
  ctx.models.edit<NamespaceFileModel>().all[e.id()] = NamespaceFile{.ns_id = e.ns_id(), .clone_flag = e.ns_cflag()};
  return {};
}

}  // namespace cr::files
