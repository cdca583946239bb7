// Regular files, directories, the stateless devices (null, zero, full, random, urandom) and O_PATH descriptors.
//
// Shown by /proc/PID/fd/N (path), fdinfo (flags, position) and fstat. Put back by opening the path. At dump the path
// must lead to the same inode; at restore the file must have the same type, permissions, size and build id.
// Files that no path leads to any more: without any link they go into ghost-file-N.img with their content (up to
// --ghost-limit) and are made again for a moment; with links left, a name in the same directory is used when one is
// there, otherwise a temporary link is made, with --link-remap only. All descriptions of one such inode share it
// again. Files of /proc/PID of a dead process are opened while a process of that pid lives for a moment; of one
// outside of the tree it is looked at whether it is the same still. A file named by
// --external file[MNT_ID:INODE], of whatever kind, is left alone: the restore must be given one (--inherit-fd), which
// is taken as it is. Refused: files hidden under another mount, other character devices, block devices.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/file_kind.h"
#include "core/ns_kind.h"
#include "files/ghost.h"
#include "files/outside_process.h"
#include "files/passing_process.h"

namespace cr::files {

struct RegularFile {
  std::string name;  ///< absolute path in the task's mount namespace
  std::optional<std::uint64_t> size{};
  std::optional<std::uint32_t> mode{};  ///< st_mode
  std::vector<std::uint32_t> build_id{};
  std::optional<int> mnt_id{};
  bool ext = false;                         ///< left outside of the tree by name: the restore must be given one
  std::string external{};                   ///< that name, "file[MNT_ID:INODE]" in hexadecimal
  bool path_only = false;                   ///< the description is of another kind
  std::optional<OutsideProcess> outside{};  ///< the process that a file of /proc/PID is of
  std::string lost_name{};  ///< the deleted name it was opened under, when `name` is another link of the file
};

enum class RemapType : std::uint32_t { kLinked = 0, kGhost = 1, kProcfs = 2 };

/// How to get at a file whose own path does not lead to it.
struct Remap {
  std::uint32_t remap_id = 0;  ///< number of the ghost image, or the FileId whose path is a temporary link
  RemapType type = RemapType::kGhost;
};

/// A temporary link made by the dump; removed with the object unless the image set is complete.
class TemporaryLinks {
 public:
  TemporaryLinks() = default;
  TemporaryLinks(const TemporaryLinks&) = delete;
  TemporaryLinks& operator=(const TemporaryLinks&) = delete;
  ~TemporaryLinks();
  void add(std::string path, std::string images_dir);

 private:
  std::vector<std::string> paths_{};
  std::string images_dir_{};
  int owner_ = 0;
};

/// Restore: who keeps an O_PATH descriptor of a file that no path leads to.
struct KeptFile {
  int number = -1;
  NsId ns = 0;  ///< the nested mount namespace whose maker has it; 0: every task
};

struct RegularModel {
  std::map<FileId, RegularFile> files{};
  std::map<FileId, Remap> remaps{};  ///< by the id of the description that needs it
  std::map<std::uint32_t, Ghost> ghosts{};

  // Dump.
  std::map<std::pair<dev_t, ino_t>, Remap> by_inode{};
  std::uint32_t next_ghost = 1;
  TemporaryLinks links{};

  // Restore.
  std::map<FileId, KeptFile> sources{};  ///< of files without a path
};

bool matches_regular(const FileProbe& probe);
/// Whether the caller of the dump has named the file as one that is not ours.
bool is_external_file(const Options& opt, const FileProbe& probe);
Result<> collect_regular(DumpCtx& ctx, const FileProbe& probe, FileId id);
Result<> write_regular(const DumpCtx& ctx, FileId id, pb::file_entry& entry);
Result<> write_regular_images(DumpCtx& ctx);
Result<> read_regular(ReadCtx& ctx, const pb::file_entry& entry);
Result<> read_regular_images(ReadCtx& ctx);
Result<> plan_regular(PlanCtx& ctx);
Result<> furnish_regular(RestoreCtx& ctx);
/// The same for the files of a nested mount namespace (0: the root task's), in the task that has made it.
Result<> furnish_files_in(RestoreCtx& ctx, NsId nested);
Result<> finish_regular(RestoreCtx& ctx);
Result<UniqueFd> open_regular(TaskCtx& ctx, FileId id);

/// The part of a fifo's description that is a path; takes the next id. See fifo.h.
Result<FileId> collect_regular_part(DumpCtx& ctx, const FileProbe& probe);
/// Opens the path of regular file `id` with `flags`. Errors: open(2); no such id.
/// `owner`, when it is given, gets the process that plays a dead one whose file of /proc/PID it is.
Result<UniqueFd> open_regular_with(TaskCtx& ctx, FileId id, std::uint32_t flags,
                                   std::optional<PassingProcess>* owner = nullptr);

inline constexpr FileKind kRegularKind{
    .name = "regular file",
    .type = 1,
    .matches = matches_regular,
    .collect = collect_regular,
    .write = write_regular,
    .write_images = write_regular_images,
    .read = read_regular,
    .read_images = read_regular_images,
    .plan = plan_regular,
    .furnish = furnish_regular,
    .finish = finish_regular,
    .open = open_regular,
};

}  // namespace cr::files
