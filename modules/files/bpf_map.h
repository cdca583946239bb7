// BPF maps: kind, sizes, name, elements.
//
// Shown by fdinfo (frozen), BPF_OBJ_GET_INFO_BY_FD and BPF_MAP_GET_NEXT_KEY on a copy of the descriptor. Put back by
// the task that owns the first description: BPF_MAP_CREATE, its elements, BPF_MAP_FREEZE; the other descriptions of
// the map come by its new id. Refused: kinds other than hash, array and longest-prefix tries; maps with type
// information (BTF); maps that a loaded program uses. Programs, links and other BPF
// objects are refused by their names.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/file_kind.h"

namespace cr::files {

struct BpfMap {
  std::uint32_t type = 0, key_size = 0, value_size = 0, max_entries = 0, map_flags = 0, ifindex = 0;
  std::uint64_t extra = 0, memlock = 0;
  bool frozen = false;
  std::string name{};
  std::string keys{}, values{};  ///< all of them, one after the other
  std::size_t count() const { return key_size == 0 ? 0 : keys.size() / key_size; }

  // Restore, in the owner while it opens.
  int fd = -1;
  FileId last = 0;
};

struct BpfMapModel {
  std::map<std::uint32_t, BpfMap> maps{};  ///< by the id that they had
  std::map<FileId, std::uint32_t> map_of{};
};

bool matches_bpf_map(const FileProbe& probe);
Result<> collect_bpf_map(DumpCtx& ctx, const FileProbe& probe, FileId id);
Result<> write_bpf_map(const DumpCtx& ctx, FileId id, pb::file_entry& entry);
Result<> write_bpf_map_images(DumpCtx& ctx);
Result<> read_bpf_map(ReadCtx& ctx, const pb::file_entry& entry);
Result<> read_bpf_map_images(ReadCtx& ctx);
std::uint64_t group_of_bpf_map(const Models& models, FileId id);
Result<UniqueFd> open_bpf_map(TaskCtx& ctx, FileId id);

inline constexpr FileKind kBpfMapKind{
    .name = "bpf map",
    .type = 19,
    .matches = matches_bpf_map,
    .collect = collect_bpf_map,
    .write = write_bpf_map,
    .write_images = write_bpf_map_images,
    .read = read_bpf_map,
    .read_images = read_bpf_map_images,
    .group = group_of_bpf_map,
    .open = open_bpf_map,
};

}  // namespace cr::files
