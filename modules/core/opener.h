// Opens files, and makes some calls of ioctl(2), with the rights of the engine for tasks that have given them up:
// those of a user namespace, who are nobody to the files of the outside (images, files of others that the program had
// been given open). And it lends descriptors between tasks where one lives in a pid namespace that doesn't show the
// other.
#pragma once

#include <linux/openat2.h>

#include <thread>

#include "base/ids.h"
#include "base/result.h"
#include "base/unique_fd.h"

namespace cr::core {

/// A thread of the coordinator that answers until the object goes. It allocates nothing, so tasks may be forked
/// beside it.
class Opener {
 public:
  /// Both descriptors get numbers from `number` up. Errors: socketpair(2), fcntl(2).
  static Result<Opener> start(int number);
  Opener() = default;
  Opener(Opener&&) = default;
  Opener& operator=(Opener&&) = delete;
  ~Opener();

  int client() const { return client_.get(); }  ///< for open_as_engine(), in all tasks

 private:
  UniqueFd client_{}, server_{};
  std::thread thread_{};
};

/// openat2(2), and when that is forbidden the same by the opener whose client() is given; -1: there is none. The
/// directory must be open. An empty descriptor and errno on failure.
UniqueFd open_as_engine(int opener, int directory, const char* path, const open_how& how);
/// A pidfd of a process of the coordinator's pid namespace, which the caller may not see; pidfd_open(2).
UniqueFd pidfd_from_engine(int opener, HostPid pid, unsigned flags);
/// Descriptor `number` of such a process; pidfd_getfd(2). Both: an empty descriptor and errno on failure.
UniqueFd fd_from_engine(int opener, HostPid pid, int number);
/// Memory of the calling process that is mapped MAP_SHARED, all of that mapping (/proc/self/map_files).
UniqueFd open_own_mapping(int opener, int proc, const void* start, std::size_t length, int flags);
/// ioctl(2) with an argument of `size` bytes, which is not given back, in the same way; 0 or -1 and errno.
inline constexpr std::size_t kIoctlRoom = 64;
int ioctl_as_engine(int opener, int fd, unsigned long call, const void* argument, std::size_t size);

}  // namespace cr::core
