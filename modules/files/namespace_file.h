// Open namespaces (/proc/PID/ns/X, without a mount of their own): of a task of the tree, or those of the dumper.
//
// Shown by the link ("net:[4026531840]") and fstat, whose device and inode are those of the task's link. Put back by
// opening that link of the first task that lives in the namespace, when all tasks exist, or of the engine.
// Refused: namespaces in which neither a task of the tree nor the engine lives.
#pragma once

#include <map>
#include <string>

#include "core/file_kind.h"

namespace cr::files {

struct NamespaceFile {
  std::uint32_t ns_id = 0;       ///< as in KobjIds
  std::uint32_t clone_flag = 0;  ///< CLONE_NEW*
  int engines = -1;              ///< restore: the service number of the dumper's own, where no task lives in it
};

struct NamespaceFileModel {
  std::map<FileId, NamespaceFile> all{};
};

bool matches_namespace(const FileProbe& probe);
Result<> collect_namespace(DumpCtx& ctx, const FileProbe& probe, FileId id);
Result<> write_namespace(const DumpCtx& ctx, FileId id, pb::file_entry& entry);
Result<> read_namespace(ReadCtx& ctx, const pb::file_entry& entry);
Result<> plan_namespace(PlanCtx& ctx);
Result<> prepare_namespace(RestoreCtx& ctx);
Result<UniqueFd> open_namespace(TaskCtx& ctx, FileId id);

inline constexpr FileKind kNamespaceKind{
    .name = "namespace",
    .type = 14,
    .matches = matches_namespace,
    .collect = collect_namespace,
    .write = write_namespace,
    .read = read_namespace,
    .plan = plan_namespace,
    .prepare = prepare_namespace,
    .open = open_namespace,
};

}  // namespace cr::files
