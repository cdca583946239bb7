// Which descriptors of a frozen tree are the same open file description.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "core/file_kind.h"

namespace cr::files {

/// All descriptions seen so far, in buckets of equal inodes. Inside a bucket they are sorted by kcmp(2), which orders
/// descriptions without showing them: 10,000 eventfds, which share one inode, cost 14 comparisons each.
class Identities {
 public:
  /// Where a description can be seen.
  struct Place {
    HostPid pid;
    int fd = -1;
  };

  /// The id that description (pid, fd) of inode (dev, ino) was added under, 0 when it is new. Errors: kcmp(2).
  Result<FileId> find(dev_t dev, ino_t ino, Place place) const;
  /// Adds a description that find() does not know. Errors: kcmp(2).
  Result<> add(dev_t dev, ino_t ino, Place place, FileId id);
  /// The id of the `nth` target (from 0) that epoll descriptor `epoll` lists under number `tfd`. (dev, ino) tell
  /// where to look first; 0 when it is no description of the tree. Errors: kcmp(2).
  Result<FileId> find_epoll_target(Place epoll, int tfd, unsigned nth, dev_t dev, ino_t ino) const;

 private:
  struct Entry {
    Place place;
    FileId id;
  };
  using Bucket = std::vector<Entry>;
  std::map<std::pair<dev_t, ino_t>, Bucket> buckets_{};
};

/// What collecting needs and no image shows. Kept beside the Models while a dump runs.
struct Collected {
  Identities identities{};
  using FileKey =
      std::tuple<dev_t, ino_t, std::uint64_t, std::uint32_t, std::string>;  ///< device, inode, mount, flags, path
  std::map<FileKey, FileId> paths{};                                        ///< of collect_path
  std::map<FileKey, FileId> mapped{};                                       ///< of collect_mapped
  std::vector<UniqueFd> keep{};  ///< descriptors of our own that stand for descriptions in flight
};

}  // namespace cr::files
