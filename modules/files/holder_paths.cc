#include "files/holder_paths.h"

#include "files/description.h"
#include "files/tree_paths.h"
#include "mnt/mnt.h"

namespace cr::files {

std::string base_of_holder(const RestoreCtx& ctx, FileId id) {
  const auto tables = tables_with(ctx.models.get<Model>(), id);
  if (tables.empty()) return base_of(ctx.tree, ctx.models);
  const Task& holder = ctx.tree.tasks[tables.front()->leader];
  const KobjIds* ids = ctx.models.get<KobjModel>().find(holder.pid);
  const auto& namespaces = ctx.models.get<mnt::Model>().namespaces;
  const auto it = ids == nullptr ? namespaces.end() : namespaces.find(ids->mnt_ns);
  return base_of(ctx.tree, ctx.models, it != namespaces.end() && it->second.nested ? it->first : 0);
}

}  // namespace cr::files
