// Deleted files: content and attributes in ghost-file-N.img.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "core/id_map.h"
#include "core/image_codec.h"
#include "core/image_dir.h"
#include "files/xattrs.h"

namespace cr::files {

struct Ghost {
  std::uint32_t uid = 0, gid = 0;
  std::uint32_t mode = 0;  ///< st_mode
  std::uint32_t dev = 0;   ///< major << 20 | minor, of the file system
  std::uint64_t ino = 0;
  std::uint32_t rdev = 0;  ///< of a device node, major << 20 | minor
  std::optional<timespec> atime{}, mtime{};
  bool chunks = false;     ///< the content is stored in pieces, holes are left out
  std::uint64_t size = 0;  ///< with chunks
  std::string target{};    ///< of a symbolic link
  Xattrs xattrs{};
  std::uint32_t flags = 0;  ///< read_inode_flags()

  // Dump.
  UniqueFd source{};     ///< O_PATH
  std::string object{};  ///< for errors
  // Restore.
  int number = -1;  ///< service number of a descriptor of it, in every task
  /// The description that O_TMPFILE made: such a file can still be given a name (linkat), so it is made that way
  /// again, and `number` is that description itself, not O_PATH. 0 for all other deleted files.
  std::uint32_t tmpfile = 0;
};

/// Attributes from fstat. `limit` bounds the allocated size. Errors: the file is larger.
Result<Ghost> make_ghost(int path_fd, const struct stat& st, const core::TreeIds& ids, const std::string& object,
                         std::uint64_t limit);
/// Appends the content of a regular file to the image. `source` is readable; its position is moved. Errors: read(2).
Result<> write_ghost_content(core::ImageWriter& image, const Ghost& ghost, int source);
/// Puts attributes on a file that was just made; times last. Errors: fchownat(2), fchmodat(2), utimensat(2).
Result<> set_ghost_attributes(const Ghost& ghost, const std::string& path);
/// Same for an open one.
Result<> set_ghost_attributes(const Ghost& ghost, int fd);

/// ghost-file-<id>.img. Errors: as the image layer and above.
Result<> write_ghost(core::ImageWriterDir& images, std::uint32_t id, const Ghost& ghost);
Result<Ghost> read_ghost(const core::ImageReaderDir& images, std::uint32_t id);
/// Writes the image's content into `fd`, a new empty file. Errors: a chunk beyond the size, write(2).
Result<> fill_ghost(const core::ImageReaderDir& images, std::uint32_t id, int fd);

}  // namespace cr::files
