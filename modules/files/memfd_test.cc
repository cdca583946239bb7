#include "files/memfd.h"

#include <sys/stat.h>
#include <sys/syscall.h>

#include "files/round_trip.h"

namespace cr::files {
namespace {

TEST(Memfd, ContentSealsPositionSharing) {
  RoundTrip trip;
  trip.run(
      [](Report& r) {
        CHECK_IN_CHILD(r, memfd_create("mem", MFD_ALLOW_SEALING) == 3 && ::write(3, "memfd", 5) == 5);
        CHECK_IN_CHILD(r, fcntl(3, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_WRITE) == 0);
        CHECK_IN_CHILD(r, open("/proc/self/fd/3", O_RDONLY) == 4);
        CHECK_IN_CHILD(r, memfd_create("plain", 0) == 5 && ftruncate(5, 1ll << 40) == 0);  // sparse
        CHECK_IN_CHILD(r, pwrite(5, "far", 3, 1ll << 39) == 3 && fchmod(5, 0640) == 0 && fchown(5, 12, 34) == 0);
        CHECK_IN_CHILD(r, memfd_create("empty", MFD_CLOEXEC) == 6);
      },
      [](Report& r) {
        char text[8] = {};
        struct stat st, other;
        CHECK_IN_CHILD(r, lseek(3, 0, SEEK_CUR) == 5 && lseek(4, 0, SEEK_CUR) == 0);
        CHECK_IN_CHILD(r, ::read(4, text, 8) == 5 && memcmp(text, "memfd", 5) == 0 && lseek(3, 0, SEEK_CUR) == 5);
        CHECK_IN_CHILD(r, fstat(3, &st) == 0 && fstat(4, &other) == 0 && st.st_ino == other.st_ino);
        CHECK_IN_CHILD(r, fcntl(3, F_GET_SEALS) == (F_SEAL_SHRINK | F_SEAL_WRITE) && (st.st_mode & 0777) == 0777);
        CHECK_IN_CHILD(r, (fcntl(4, F_GETFL) & O_ACCMODE) == O_RDONLY);
        CHECK_IN_CHILD(r, fstat(5, &st) == 0 && st.st_size == 1ll << 40 && st.st_blocks < 1000);
        CHECK_IN_CHILD(r, (st.st_mode & 0777) == 0640 && st.st_uid == 12 && st.st_gid == 34);
        CHECK_IN_CHILD(r, pread(5, text, 3, 1ll << 39) == 3 && memcmp(text, "far", 3) == 0);
        CHECK_IN_CHILD(r, fcntl(5, F_GET_SEALS) == F_SEAL_SEAL && fcntl(6, F_GETFD) == FD_CLOEXEC);
        ssize_t n = readlink("/proc/self/fd/3", text, sizeof text);
        CHECK_IN_CHILD(r, n == 8 && memcmp(text, "/memfd:m", 8) == 0);
      });
}

}  // namespace
}  // namespace cr::files
