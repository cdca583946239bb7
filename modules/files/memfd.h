// Memory without a name: memfd_create(2) files and shared anonymous mappings, which are the same thing to the kernel
// and, since CRIU 4.2, to the images (a shared anonymous mapping is a memfd named "/dev/zero").
//
// Shown by /proc/PID/fd ("/memfd:NAME (deleted)"), /proc/PID/map_files, fcntl(F_GET_SEALS); the content is read
// through a descriptor of our own. One inode may have several descriptions. Put back by the task that owns the first
// of them: memfd_create or mmap(MAP_SHARED | MAP_ANONYMOUS), size, content, owner and mode, extended attributes,
// seals, times; then every description is opened through /proc/self/fd. Refused: memfd_secret, whose content nobody
// but the task can read; huge pages until mm carries them.
#pragma once

#include <sys/stat.h>

#include <map>
#include <optional>
#include <string>

#include "core/file_kind.h"
#include "files/xattrs.h"

namespace cr::files {

/// Name that the images give to a shared anonymous mapping.
inline constexpr char kAnonymousName[] = "/dev/zero";

struct MemfdInode {
  std::uint32_t inode_id = 0;  ///< in memfd.img
  std::uint32_t shmid = 0;     ///< N of pagemap-shmem-N.img
  std::string name{};
  std::uint32_t uid = 0, gid = 0;
  std::uint64_t size = 0;
  std::uint32_t seals = 0;
  std::optional<std::uint32_t> hugetlb_flag{};
  std::optional<std::uint32_t> mode{};
  std::optional<timespec> atime{}, mtime{};
  Xattrs xattrs{};
  bool reserved = false;  ///< all of it has pages (posix_fallocate(3)), whether they were written or not

  // Dump: a readable description of our own.
  UniqueFd content{};
  std::string object{};
  // Restore, in the owner while it opens.
  int fd = -1;
  FileId last = 0;  ///< the last description of it
  // Restore, set by mm's plan.
  std::uint32_t late_seals = 0;  ///< seals to be added when everything is mapped
  bool is_program = false;       ///< somebody's exe link
};

struct MemfdModel {
  std::map<std::uint32_t, MemfdInode> inodes{};                 ///< by inode_id
  std::map<FileId, std::uint32_t> inode_of{};                   ///< description -> inode_id
  std::map<std::pair<dev_t, ino_t>, std::uint32_t> by_inode{};  ///< dump
};

/// Dump: takes the inode behind `fd` as shared memory, new or known, and a description of it with `flags`. For mm,
/// where it has no /proc entry to give to collect_path. Errors: as collect.
Result<FileId> collect_shmem(DumpCtx& ctx, int fd, const std::string& link, std::uint32_t flags);

bool matches_memfd(const FileProbe& probe);
Result<> collect_memfd(DumpCtx& ctx, const FileProbe& probe, FileId id);
Result<> write_memfd(const DumpCtx& ctx, FileId id, pb::file_entry& entry);
Result<> write_memfd_images(DumpCtx& ctx);
Result<> read_memfd(ReadCtx& ctx, const pb::file_entry& entry);
Result<> read_memfd_images(ReadCtx& ctx);
std::uint64_t group_of_memfd(const Models& models, FileId id);
Result<UniqueFd> open_memfd(TaskCtx& ctx, FileId id);

inline constexpr FileKind kMemfdKind{
    .name = "memfd",
    .type = 18,
    .matches = matches_memfd,
    .collect = collect_memfd,
    .write = write_memfd,
    .write_images = write_memfd_images,
    .read = read_memfd,
    .read_images = read_memfd_images,
    .group = group_of_memfd,
    .open = open_memfd,
};

}  // namespace cr::files
