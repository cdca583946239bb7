#include "files/identity.h"

#include <linux/kcmp.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "files/description.h"

namespace cr::files {
namespace {

struct Found {
  std::size_t at = 0;  ///< where it is, or where it would have to be inserted
  bool equal = false;
};

/// Binary search by `compare(entry)`: what kcmp says of (entry, wanted): 0 equal, 1 entry is less, 2 entry is
/// greater.
template <class Bucket, class Compare>
Result<Found> search(const Bucket& bucket, Compare compare) {
  std::size_t low = 0, high = bucket.size();
  while (low < high) {
    std::size_t mid = (low + high) / 2;
    long order = compare(bucket[mid]);
    if (order < 0)
      return fail("compare open files of", "the tree", errno,
                  "the kernel needs CONFIG_KCMP (CONFIG_CHECKPOINT_RESTORE)");
    if (order == 0) return Found{mid, true};
    if (order == 1)
      low = mid + 1;
    else
      high = mid;
  }
  return Found{low, false};
}

auto by_file(Identities::Place place) {
  return [place](const auto& e) {
    return syscall(SYS_kcmp, e.place.pid.value, place.pid.value, KCMP_FILE, static_cast<unsigned long>(e.place.fd),
                   static_cast<unsigned long>(place.fd));
  };
}

}  // namespace

Result<FileId> Identities::find(dev_t dev, ino_t ino, Place place) const {
  auto it = buckets_.find({dev, ino});
  if (it == buckets_.end()) return FileId{0};
  Found found = TRY(search(it->second, by_file(place)));
  return found.equal ? it->second[found.at].id : FileId{0};
}

Result<> Identities::add(dev_t dev, ino_t ino, Place place, FileId id) {
  Bucket& bucket = buckets_[{dev, ino}];
  Found found = TRY(search(bucket, by_file(place)));
  bucket.insert(bucket.begin() + static_cast<std::ptrdiff_t>(found.at), Entry{place, id});
  return {};
}

Result<FileId> Identities::find_epoll_target(Place epoll, int tfd, unsigned nth, dev_t dev, ino_t ino) const {
  kcmp_epoll_slot slot{static_cast<__u32>(epoll.fd), static_cast<__u32>(tfd), nth};
  auto compare = [&](const Entry& e) {
    return syscall(SYS_kcmp, e.place.pid.value, epoll.pid.value, KCMP_EPOLL_TFD,
                   static_cast<unsigned long>(e.place.fd), &slot);
  };
  auto it = buckets_.find({dev, ino});
  if (it != buckets_.end()) {
    Found found = TRY(search(it->second, compare));
    if (found.equal) return it->second[found.at].id;
  }
  // fdinfo shows the device of the super block, fstat on some file systems (btrfs, overlayfs) another one.
  for (const auto& [key, bucket] : buckets_) {
    if (key.second != ino || key.first == dev) continue;
    Found found = TRY(search(bucket, compare));
    if (found.equal) return bucket[found.at].id;
  }
  return FileId{0};
}

}  // namespace cr::files
