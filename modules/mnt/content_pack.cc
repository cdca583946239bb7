#include <archive.h>
#include <archive_entry.h>
#include <dirent.h>
#include <endian.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <memory>

#include "base/format.h"
#include "base/unique_fd.h"
#include "mnt/content.h"

namespace cr::mnt {
namespace {

constexpr std::size_t kChunk = 1 << 20;

struct FreeWriter {
  void operator()(archive* a) const { archive_write_free(a); }
};
struct FreeEntry {
  void operator()(archive_entry* e) const { archive_entry_free(e); }
};

class Packer {
 public:
  Packer(const IdMaps& ids, const std::string& object)
      : ids_(ids), object_(object), archive_(archive_write_new()), buffer_(kChunk) {}

  Result<> begin(int out) {
    archive_write_set_format_pax(archive_.get());
    archive_write_add_filter_gzip(archive_.get());
    // Names are bytes; memory is fast, so little is gained by squeezing it hard.
    archive_write_set_options(archive_.get(), "hdrcharset=BINARY,gzip:compression-level=1,gzip:!timestamp");
    archive_write_set_bytes_in_last_block(archive_.get(), 1);
    if (archive_write_open_fd(archive_.get(), out) != ARCHIVE_OK) return broken("begin the archive of", ".");
    return {};
  }

  Result<> end() {
    if (archive_write_close(archive_.get()) != ARCHIVE_OK) return broken("end the archive of", ".");
    return {};
  }

  /// What `name` in `directory` is, and all below.
  Result<> add(int directory, const std::string& name, const std::string& path) {
    struct stat st;
    if (fstatat(directory, name.c_str(), &st, AT_SYMLINK_NOFOLLOW) != 0) return failed("stat", path);
    TRY(check(st, path));
    std::unique_ptr<archive_entry, FreeEntry> entry(archive_entry_new());
    archive_entry_copy_pathname(entry.get(), path.c_str());
    set_attributes(entry.get(), st);
    if (!S_ISDIR(st.st_mode) && st.st_nlink > 1) {
      auto [first, fresh] = links_.try_emplace(st.st_ino, path);
      if (!fresh) {
        archive_entry_copy_hardlink(entry.get(), first->second.c_str());
        archive_entry_set_size(entry.get(), 0);
        return write_header(entry.get(), path);
      }
    }
    if (S_ISLNK(st.st_mode)) return add_symlink(directory, name, path, entry.get());
    if (S_ISREG(st.st_mode)) return add_file(directory, name, path, entry.get(), st.st_size);
    if (S_ISDIR(st.st_mode)) return add_directory(directory, name, path, entry.get());
    TRY(add_xattrs(directory, name, path, entry.get()));
    if (S_ISSOCK(st.st_mode)) archive_entry_xattr_add_entry(entry.get(), kSocketMark, "1", 1);
    return write_header(entry.get(), path);
  }

 private:
  Error failed(const char* step, const std::string& path) const {
    return Error{"mnt", step, format("{} of {}", path, object_), errno, ""};
  }
  Error broken(const char* step, const std::string& path) const {
    const char* why = archive_error_string(archive_.get());
    return Error{"mnt", step, format("{} of {}", path, object_), archive_errno(archive_.get()), why ? why : ""};
  }

  /// What root of a user namespace could not make again.
  Result<> check(const struct stat& st, const std::string& path) const {
    const bool is_foreign = !ids_.uid.knows(st.st_uid) || !ids_.gid.knows(st.st_gid);
    const bool is_device = (S_ISCHR(st.st_mode) && st.st_rdev != 0) || S_ISBLK(st.st_mode);
    if (ids_.uid.ranges.empty() || !(is_foreign || is_device)) return {};
    return Error{"mnt", "carry", format("{} of {}", path, object_), 0,
                 is_device ? "it is a device, which nobody in the tree's user namespace may make: bind one instead"
                           : format("its owner {}:{} is not in the id maps of the tree's user namespace", st.st_uid,
                                    st.st_gid)};
  }

  void set_attributes(archive_entry* e, const struct stat& st) const {
    // Nothing else that is read back by mistake: a socket would be refused by the format.
    archive_entry_set_mode(e, S_ISSOCK(st.st_mode) ? S_IFREG | (st.st_mode & 07777) : st.st_mode);
    archive_entry_set_uid(e, ids_.uid.to_inside(st.st_uid));
    archive_entry_set_gid(e, ids_.gid.to_inside(st.st_gid));
    archive_entry_set_mtime(e, st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
    archive_entry_set_atime(e, st.st_atim.tv_sec, st.st_atim.tv_nsec);
    archive_entry_set_size(e, S_ISREG(st.st_mode) ? st.st_size : 0);
    if (S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode)) archive_entry_set_rdev(e, st.st_rdev);
  }

  Result<> write_header(archive_entry* e, const std::string& path) {
    if (archive_write_header(archive_.get(), e) != ARCHIVE_OK) return broken("write", path);
    return {};
  }

  Result<> add_symlink(int directory, const std::string& name, const std::string& path, archive_entry* e) {
    char target[4097];
    const ssize_t n = readlinkat(directory, name.c_str(), target, sizeof target - 1);
    if (n < 0) return failed("read", path);
    target[n] = 0;
    archive_entry_copy_symlink(e, target);
    TRY(add_xattrs(directory, name, path, e));
    return write_header(e, path);
  }

  Result<> add_directory(int directory, const std::string& name, const std::string& path, archive_entry* e) {
    UniqueFd fd(openat(directory, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NOATIME | O_CLOEXEC));
    if (!fd) return failed("open", path);
    TRY(add_xattrs(fd.get(), ".", path, e));
    TRY(write_header(e, path));
    std::unique_ptr<DIR, int (*)(DIR*)> stream(fdopendir(dup(fd.get())), closedir);
    if (!stream) return failed("list", path);
    std::vector<std::string> names;
    while (const dirent* d = readdir(stream.get()))
      if (strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0) names.emplace_back(d->d_name);
    std::sort(names.begin(), names.end());
    for (const std::string& n : names) TRY(add(fd.get(), n, path + "/" + n));
    return {};
  }

  Result<> add_file(int directory, const std::string& name, const std::string& path, archive_entry* e, off_t size) {
    // O_NONBLOCK: a lease on the file is no reason to wait.
    UniqueFd fd(openat(directory, name.c_str(), O_RDONLY | O_NOFOLLOW | O_NOATIME | O_NONBLOCK | O_CLOEXEC));
    if (!fd) return failed("open", path);
    TRY(add_xattrs(directory, name, path, e));
    std::vector<std::pair<off_t, off_t>> data;
    for (off_t at = 0; (at = lseek(fd.get(), at, SEEK_DATA)) >= 0;) {
      const off_t end = lseek(fd.get(), at, SEEK_HOLE);
      if (end < 0) return failed("find the holes", path);
      data.emplace_back(at, std::min(end, size) - at);
      at = end;
    }
    if (errno != ENXIO) return failed("find the holes", path);
    const bool whole = size == 0 || (data.size() == 1 && data[0].second == size);
    if (!whole) {
      for (auto [at, length] : data) archive_entry_sparse_add_entry(e, at, length);
      if (data.empty()) archive_entry_sparse_add_entry(e, size, 0);
    }
    TRY(write_header(e, path));
    off_t done = 0;
    for (auto [at, length] : data) {
      TRY(write_hole(at - done, path));
      TRY(write_data(fd.get(), at, length, path));
      done = at + length;
    }
    return write_hole(size - done, path);
  }

  /// The format leaves it out, but wants it to be counted.
  Result<> write_hole(off_t length, const std::string& path) {
    static const char kZeros[kChunk] = {};
    for (; length > 0; length -= static_cast<off_t>(kChunk))
      if (archive_write_data(archive_.get(), kZeros,
                             std::min<std::size_t>(kChunk, static_cast<std::size_t>(length))) < 0)
        return broken("write", path);
    return {};
  }

  Result<> write_data(int fd, off_t at, off_t length, const std::string& path) {
    while (length > 0) {
      const ssize_t n =
          pread(fd, buffer_.data(), std::min<std::size_t>(kChunk, static_cast<std::size_t>(length)), at);
      if (n < 0) return failed("read", path);
      if (n == 0) return Error{"mnt", "read", format("{} of {}", path, object_), 0, "it became shorter meanwhile"};
      if (archive_write_data(archive_.get(), buffer_.data(), static_cast<std::size_t>(n)) != n)
        return broken("write", path);
      at += n, length -= n;
    }
    return {};
  }

  /// By the path below the working directory: neither O_PATH descriptors nor links have them otherwise.
  Result<> add_xattrs(int directory, const std::string& name, const std::string& path, archive_entry* e) {
    char names[65536], value[65536];  // XATTR_LIST_MAX, XATTR_SIZE_MAX
    if (fchdir(directory) != 0) return failed("enter the directory of", path);
    const ssize_t size = llistxattr(name.c_str(), names, sizeof names);
    if (size < 0 && errno != ENOTSUP) return failed("list the attributes of", path);
    for (const char* n = names; n < names + size; n += strlen(n) + 1) {
      const std::string_view attribute = n;
      // A label of a security module is given anew by that module.
      if (attribute.starts_with("security.") && attribute != "security.capability") continue;
      const ssize_t length = lgetxattr(name.c_str(), n, value, sizeof value);
      if (length < 0) return failed("read the attributes of", path);
      if (attribute == "security.capability") translate_root(value, static_cast<std::size_t>(length));
      archive_entry_xattr_add_entry(e, n, value, static_cast<std::size_t>(length));
    }
    return {};
  }

  /// Capabilities of a file count where its rootid is root.
  void translate_root(char* value, std::size_t length) const {
    vfs_ns_cap_data data;
    if (length != sizeof data) return;
    std::memcpy(&data, value, sizeof data);
    data.rootid = htole32(ids_.uid.to_inside(le32toh(data.rootid)));
    std::memcpy(value, &data, sizeof data);
  }

  const IdMaps& ids_;
  const std::string& object_;
  std::unique_ptr<archive, FreeWriter> archive_;
  std::map<ino_t, std::string> links_{};
  std::vector<char> buffer_;
};

}  // namespace

Result<> pack(int root, int out, const IdMaps& ids, const std::string& object) {
  // Attributes are read below the working directory.
  UniqueFd home(open(".", O_PATH | O_DIRECTORY | O_CLOEXEC));
  Packer packer(ids, object);
  TRY(packer.begin(out));
  auto added = packer.add(root, ".", ".");
  if (home && fchdir(home.get()) != 0) return Error{"mnt", "return to", "the working directory", errno, ""};
  if (!added.ok()) return added;
  return packer.end();
}

}  // namespace cr::mnt
