// A tmpfs with everything that a directory can hold, to an archive and back.
#include "mnt/content.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <filesystem>

#include "base/error.h"
#include "base/format.h"
#include "base/unique_fd.h"
#include "core/image_fixture.h"
#include "core/in_child.h"
#include "core/proc_text.h"

namespace cr::mnt {
namespace {

void write_at(const std::string& path, off_t at, const std::string& text) {
  UniqueFd fd(open(path.c_str(), O_WRONLY | O_CREAT, 0640));
  ASSERT_EQ(pwrite(fd.get(), text.data(), text.size(), at), static_cast<ssize_t>(text.size())) << path;
}

/// One line for everything that can be seen of it.
std::string describe(const std::string& path) {
  struct stat st;
  EXPECT_EQ(lstat(path.c_str(), &st), 0) << path;
  std::string s = format("{:o} {}:{} links {} size {} blocks {} rdev {} mtime {}.{}", st.st_mode, st.st_uid,
                         st.st_gid, st.st_nlink, st.st_size, S_ISREG(st.st_mode) ? st.st_blocks : 0, st.st_rdev,
                         st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
  if (S_ISLNK(st.st_mode)) s += " -> " + std::filesystem::read_symlink(path).string();
  if (S_ISREG(st.st_mode) && st.st_size < 1 << 20) s += " " + core::read_text(path).take();
  char names[4096] = "";
  const ssize_t n = llistxattr(path.c_str(), names, sizeof names);
  for (const char* name = names; name < names + n; name += strlen(name) + 1) {
    char value[256] = "";
    const ssize_t length = lgetxattr(path.c_str(), name, value, sizeof value);
    s += format(" {}={}", name, std::string(value, static_cast<std::size_t>(length)));
  }
  return s;
}

std::vector<std::string> describe_all(const std::string& root) {
  std::vector<std::string> all{". " + describe(root)};
  for (const auto& e : std::filesystem::recursive_directory_iterator(root))
    all.push_back(e.path().string().substr(root.size()) + " " + describe(e.path()));
  std::sort(all.begin(), all.end());
  return all;
}

void fill(const std::string& root) {
  auto in = [&](const char* name) { return root + "/" + name; };
  chmod(root.c_str(), 01777);
  mkdir(in("d").c_str(), 0755);
  mkdir(in("d/empty").c_str(), 0711);
  write_at(in("d/file"), 0, "content");
  chown(in("d/file").c_str(), 1000, 2000);
  chmod(in("d/file").c_str(), 04751);
  link(in("d/file").c_str(), in("link").c_str());
  symlink("d/file", in("symlink").c_str());
  symlink("nowhere", in("dangling").c_str());
  lchown(in("dangling").c_str(), 5, 6);
  write_at(in("sparse"), 10 << 20, "end");
  write_at(in("sparse"), 4 << 20, "middle");
  truncate(in("sparse").c_str(), 3ll << 30);
  write_at(in("hole"), 0, "");
  truncate(in("hole").c_str(), 1 << 21);
  write_at(in("d/a\n\xff\xc3\xa4 b"), 0, "strange");
  write_at(in(std::string(255, 'x').c_str()), 0, "long");
  mknod(in("null").c_str(), S_IFCHR | 0666, makedev(1, 3));
  mknod(in("disk").c_str(), S_IFBLK | 0600, makedev(300, 70000));
  mknod(in("fifo").c_str(), S_IFIFO | 0620, 0);
  mknod(in("socket").c_str(), S_IFSOCK | 0755, 0);
  lsetxattr(in("d/file").c_str(), "trusted.x", "a\0b", 3, 0);
  lsetxattr(in("d").c_str(), "trusted.dir", "yes", 3, 0);
  const timespec old[2] = {{1, 2}, {1000000, 123456789}};
  for (const char* name : {"d/file", "d", "symlink", "."})
    utimensat(AT_FDCWD, in(name).c_str(), old, AT_SYMLINK_NOFOLLOW);
}

struct Pair {
  core::TempDir dir;
  std::string from = dir.path() + "/from", to = dir.path() + "/to";
  UniqueFd archive{memfd_create("archive", MFD_CLOEXEC)};
};

/// In a child, which has mounts of its own.
void mount_both(const Pair& p) {
  ASSERT_EQ(unshare(CLONE_NEWNS), 0);
  ASSERT_EQ(mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr), 0);
  for (const std::string& d : {p.from, p.to}) {
    mkdir(d.c_str(), 0700);
    ASSERT_EQ(mount("t", d.c_str(), "tmpfs", 0, "mode=700"), 0);
  }
}

int open_directory(const std::string& path) { return open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC); }

TEST(Content, ComesBackAsItWas) {
  EXPECT_TRUE(core::in_child([] {
    Pair p;
    mount_both(p);
    fill(p.from);
    const auto before = describe_all(p.from);
    UniqueFd from(open_directory(p.from)), to(open_directory(p.to));
    auto packed = pack(from.get(), p.archive.get(), {}, "a test");
    ASSERT_TRUE(packed.ok()) << packed.error().sentence();
    EXPECT_LT(lseek(p.archive.get(), 0, SEEK_END), 100000) << "holes take no place";
    EXPECT_EQ(describe_all(p.from), before) << "and nothing was changed";
    lseek(p.archive.get(), 0, SEEK_SET);
    auto made = unpack(p.archive.get(), to.get(), "a test");
    ASSERT_TRUE(made.ok()) << made.error().sentence();
    EXPECT_EQ(describe_all(p.to), before);
    umount2(p.from.c_str(), MNT_DETACH);
    umount2(p.to.c_str(), MNT_DETACH);
  }));
}

/// As CRIU writes and reads it.
TEST(Content, SpeaksWithTar) {
  EXPECT_TRUE(core::in_child([] {
    Pair p;
    mount_both(p);
    fill(p.from);
    unlink((p.from + "/socket").c_str());  // tar leaves them out
    removexattr((p.from + "/d/file").c_str(), "trusted.x");
    removexattr((p.from + "/d").c_str(), "trusted.dir");
    const auto before = describe_all(p.from);
    const std::string file = p.dir.path() + "/x.tar.gz";
    const std::string options = " --gzip --no-unquote --no-wildcards ";
    const std::string pack_it =
        "tar --create --one-file-system --check-links --preserve-permissions --sparse "
        "--numeric-owner --format=posix" +
        options + "--file " + file + " --directory ";
    ASSERT_EQ(system((pack_it + p.from + " .").c_str()), 0);
    UniqueFd to(open_directory(p.to)), from(open_directory(p.from)), in(open(file.c_str(), O_RDWR));
    auto made = unpack(in.get(), to.get(), "a test");
    ASSERT_TRUE(made.ok()) << made.error().sentence();
    EXPECT_EQ(describe_all(p.to), before);

    ASSERT_EQ(ftruncate(in.get(), 0), 0);
    lseek(in.get(), 0, SEEK_SET);
    ASSERT_TRUE(pack(from.get(), in.get(), {}, "a test").ok());
    umount2(p.to.c_str(), MNT_DETACH);
    ASSERT_EQ(mount("t", p.to.c_str(), "tmpfs", 0, "mode=700"), 0);
    ASSERT_EQ(system(("tar --extract --numeric-owner" + options + "--file " + file + " --directory " + p.to +
                      " 2>&1 | grep -v 'extended header keyword'")
                         .c_str()),
              256)
        << "no other complaint";
    EXPECT_EQ(describe_all(p.to), before);
    chdir("/");
    umount2(p.from.c_str(), MNT_DETACH);
    umount2(p.to.c_str(), MNT_DETACH);
  }));
}

TEST(Content, DamagedOrHostileArchives) {
  EXPECT_TRUE(core::in_child([] {
    Pair p;
    mount_both(p);
    UniqueFd to(open_directory(p.to));
    const std::string file = p.dir.path() + "/x.tar.gz";
    auto unpacked = [&](const std::string& command) {
      EXPECT_EQ(system(command.c_str()), 0);
      UniqueFd in(open(file.c_str(), O_RDONLY));
      auto r = unpack(in.get(), to.get(), "a test");
      return r.ok() ? std::string("made") : r.error().sentence();
    };
    const std::string d = p.dir.path();
    EXPECT_NE(unpacked("echo nonsense > " + file).find("a test"), std::string::npos);
    // A link that leads out, then a file through it.
    EXPECT_NE(unpacked("cd " + d + " && ln -s /tmp out && mkdir y && tar czf " + file +
                       " --transform 's,^y$,out/victim,' out y")
                  .find("enter the directory"),
              std::string::npos);
    EXPECT_NE(unpacked("cd " + d + " && tar czPf " + file + " --transform 's,^y$,../victim,' y").find("victim"),
              std::string::npos);
    EXPECT_NE(access((d + "/victim").c_str(), F_OK), 0);
    EXPECT_NE(access("/tmp/victim", F_OK), 0);
    chdir("/");
    umount2(p.from.c_str(), MNT_DETACH);
    umount2(p.to.c_str(), MNT_DETACH);
  }));
}

}  // namespace
}  // namespace cr::mnt
