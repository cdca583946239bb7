#include "files/regular.h"

#include <sys/stat.h>

#include "files/build_id.h"
#include "files/round_trip.h"

namespace cr::files {
namespace {

std::string link_of(int fd) {
  char target[4096];
  ssize_t n = readlink(format("/proc/self/fd/{}", fd).c_str(), target, sizeof target);
  return std::string(target, n < 0 ? 0 : static_cast<std::size_t>(n));
}

std::string content(int fd) {
  char text[256];
  ssize_t n = pread(fd, text, sizeof text, 0);
  return std::string(text, n < 0 ? 0 : static_cast<std::size_t>(n));
}

TEST(Regular, PositionFlagsCloexecSharing) {
  core::TempDir dir;
  dir.write("a", "0123456789");
  const std::string a = dir.path() + "/a";
  RoundTrip trip;
  trip.run(
      [&](Report& r) {
        CHECK_IN_CHILD(r, open(a.c_str(), O_RDWR | O_APPEND) == 3);
        lseek(3, 4, SEEK_SET);
        CHECK_IN_CHILD(r, dup3(3, 20, O_CLOEXEC) == 20);
        CHECK_IN_CHILD(r, open(a.c_str(), O_RDONLY | O_NONBLOCK) == 4);
        CHECK_IN_CHILD(r, open(dir.path().c_str(), O_PATH | O_DIRECTORY) == 5);
        CHECK_IN_CHILD(r, open(dir.path().c_str(), O_RDONLY | O_DIRECTORY) == 6);
        chdir(dir.path().c_str());
        umask(027);
      },
      [&](Report& r) {
        CHECK_IN_CHILD(r, lseek(3, 0, SEEK_CUR) == 4);
        CHECK_IN_CHILD(r, (fcntl(3, F_GETFL) & (O_APPEND | O_ACCMODE)) == (O_APPEND | O_RDWR));
        CHECK_IN_CHILD(r, fcntl(3, F_GETFD) == 0 && fcntl(20, F_GETFD) == FD_CLOEXEC);
        lseek(20, 7, SEEK_SET);
        CHECK_IN_CHILD(r, lseek(3, 0, SEEK_CUR) == 7);
        CHECK_IN_CHILD(r, lseek(4, 0, SEEK_CUR) == 0 && (fcntl(4, F_GETFL) & O_NONBLOCK));
        CHECK_IN_CHILD(r, (fcntl(5, F_GETFL) & O_PATH) != 0 && link_of(6) == dir.path());
        CHECK_IN_CHILD(r, fcntl(7, F_GETFD) < 0);
        char cwd[4096];
        CHECK_IN_CHILD(r, getcwd(cwd, sizeof cwd) != nullptr && dir.path() == cwd);
        CHECK_IN_CHILD(r, umask(0) == 027);
      });
}

TEST(Regular, Ghosts) {
  core::TempDir dir;
  const std::string a = dir.path() + "/a";
  RoundTrip trip;
  trip.run(
      [&](Report& r) {
        CHECK_IN_CHILD(r, open(a.c_str(), O_RDWR | O_CREAT, 0640) == 3);
        CHECK_IN_CHILD(r, ::write(3, "gone", 4) == 4);
        CHECK_IN_CHILD(r, open(a.c_str(), O_RDONLY) == 4);
        const timespec times[2] = {{1000, 5000}, {2000, 7000}};
        futimens(3, times);
        unlink(a.c_str());
        CHECK_IN_CHILD(r, open(dir.path().c_str(), O_TMPFILE | O_RDWR, 0600) == 5);
        CHECK_IN_CHILD(r, pwrite(5, "end", 3, 1 << 20) == 3);  // sparse
        const std::string sub = dir.path() + "/sub";
        mkdir(sub.c_str(), 0700);
        CHECK_IN_CHILD(r, open((sub + "/x").c_str(), O_RDWR | O_CREAT, 0600) == 6);
        CHECK_IN_CHILD(r, open(sub.c_str(), O_RDONLY | O_DIRECTORY) == 7);
        unlink((sub + "/x").c_str());
        rmdir(sub.c_str());
        int b = open(a.c_str(), O_RDWR | O_CREAT, 0600);  // the name is used again
        CHECK_IN_CHILD(r, ::write(b, "new", 3) == 3);
      },
      [&](Report& r) {
        struct stat st, other;
        CHECK_IN_CHILD(r, fstat(3, &st) == 0 && st.st_nlink == 0 && (st.st_mode & 07777) == 0640);
        CHECK_IN_CHILD(r, st.st_mtim.tv_sec == 2000 && st.st_atim.tv_sec == 1000);
        CHECK_IN_CHILD(r, fstat(4, &other) == 0 && st.st_ino == other.st_ino);
        CHECK_IN_CHILD(r, content(3) == "gone" && lseek(3, 0, SEEK_CUR) == 4 && lseek(4, 0, SEEK_CUR) == 0);
        CHECK_IN_CHILD(r, fstat(5, &st) == 0 && st.st_size == (1 << 20) + 3 && st.st_blocks * 512 < st.st_size);
        char end[3];
        CHECK_IN_CHILD(r, pread(5, end, 3, 1 << 20) == 3 && memcmp(end, "end", 3) == 0);
        CHECK_IN_CHILD(r,
                       link_of(6) == dir.path() + "/sub/x (deleted)" && link_of(7) == dir.path() + "/sub (deleted)");
        CHECK_IN_CHILD(r, access((dir.path() + "/sub").c_str(), F_OK) != 0);
        CHECK_IN_CHILD(r, content(8) == "new" && link_of(8) == a);
      });
  EXPECT_EQ(dir.names(), (std::set<std::string>{"a"}));
}

TEST(Regular, LostNamesWithLinksLeft) {
  core::TempDir dir, far;
  const std::string a = dir.path() + "/a", b = dir.path() + "/b", c = dir.path() + "/c";
  RoundTrip trip;
  trip.opt.link_remap = true;
  trip.run(
      [&](Report& r) {
        CHECK_IN_CHILD(r, open(a.c_str(), O_RDWR | O_CREAT, 0600) == 3);
        CHECK_IN_CHILD(r, link(a.c_str(), b.c_str()) == 0 && unlink(a.c_str()) == 0);
        CHECK_IN_CHILD(r, open(c.c_str(), O_RDWR | O_CREAT, 0600) == 4);
        CHECK_IN_CHILD(r, link(c.c_str(), (far.path() + "/c").c_str()) == 0 && unlink(c.c_str()) == 0);
      },
      [&](Report& r) {
        CHECK_IN_CHILD(r, link_of(3) == a + " (deleted)");
        CHECK_IN_CHILD(r, link_of(4) == c + " (deleted)");
        struct stat st, other;
        CHECK_IN_CHILD(r, fstat(3, &st) == 0 && stat(b.c_str(), &other) == 0 && st.st_ino == other.st_ino);
        CHECK_IN_CHILD(
            r, fstat(4, &st) == 0 && stat((far.path() + "/c").c_str(), &other) == 0 && st.st_ino == other.st_ino);
      });
  EXPECT_EQ(dir.names(), (std::set<std::string>{"b"}));
}

TEST(Regular, RefusesAndNames) {
  core::TempDir dir, far;
  const std::string c = dir.path() + "/c";
  RoundTrip links, ghosts;
  EXPECT_NE(links
                .refusal([&](Report&) {
                  open(c.c_str(), O_RDWR | O_CREAT, 0600);
                  link(c.c_str(), (far.path() + "/c").c_str());
                  unlink(c.c_str());
                })
                .find("--link-remap"),
            std::string::npos);
  ghosts.opt.ghost_limit = Bytes{4096};
  EXPECT_NE(ghosts
                .refusal([&](Report&) {
                  int fd = open(c.c_str(), O_RDWR | O_CREAT, 0600);
                  std::string big(100000, 'x');
                  [[maybe_unused]] auto n = ::write(fd, big.data(), big.size());
                  unlink(c.c_str());
                })
                .find("--ghost-limit"),
            std::string::npos);
}

TEST(Regular, ChangedFilesAreRefused) {
  core::TempDir dir;
  dir.write("a", "0123456789");
  const std::string a = dir.path() + "/a";
  RoundTrip trip;
  trip.start([&](Report&) { open(a.c_str(), O_RDWR); });
  ASSERT_TRUE(trip.dump().ok());
  dir.write("a", "012345678");
  auto r = trip.restore([](Report&) {});
  ASSERT_FALSE(r.ok());
  EXPECT_NE(r.error().sentence().find("its size was 10 at dump and is 9"), std::string::npos);
  dir.write("a", "0123456789");
  chmod(a.c_str(), 0600);
  EXPECT_FALSE(trip.restore([](Report&) {}).ok());
  trip.opt.skip_file_rwx_check = true;
  EXPECT_TRUE(trip.restore([](Report&) {}).ok());
}

TEST(BuildId, OfThisProgram) {
  UniqueFd self(open("/proc/self/exe", O_RDONLY));
  EXPECT_EQ(read_build_id(self.get()).size(), 5u);
  UniqueFd null(open("/dev/null", O_RDONLY));
  EXPECT_TRUE(read_build_id(null.get()).empty());
}

}  // namespace
}  // namespace cr::files
