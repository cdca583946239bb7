#include "net/unix_name.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstddef>
#include <cstring>
#include <functional>
#include <memory>
#include <vector>

#include "base/format.h"
#include "core/proc_text.h"
#include "net/errors.h"

#ifndef SIOCUNIXFILE
#define SIOCUNIXFILE (SIOCPROTOPRIVATE + 0)
#endif

namespace cr::net {
namespace {

constexpr std::size_t kPathAt = offsetof(sockaddr_un, sun_path);
constexpr mode_t kPermissionBits = 07777;

std::string link_of(const std::string& path) {
  char target[4097];
  const ssize_t n = readlink(path.c_str(), target, sizeof target);
  return n < 0 ? std::string() : std::string(target, static_cast<std::size_t>(n));
}

bool leads_to(const std::string& path, const struct stat& file) {
  struct stat st;
  return stat(path.c_str(), &st) == 0 && st.st_dev == file.st_dev && st.st_ino == file.st_ino;
}

/// The directory from where the relative `path` leads to the file at `link`; empty when none is found.
std::string directory_of(const std::string& path, const std::string& link, HostPid pid, const struct stat& file) {
  if (link.size() > path.size() + 1 && link.ends_with("/" + path))
    return link.substr(0, std::max<std::size_t>(1, link.size() - path.size() - 1));
  const std::string cwd = format("/proc/{}/cwd", pid);
  return leads_to(cwd + "/" + path, file) ? link_of(cwd) : std::string();
}

socklen_t fill_address(sockaddr_un& a, const std::string& bytes) {
  a.sun_family = AF_UNIX;
  const std::size_t size = std::min(bytes.size(), sizeof a.sun_path);
  std::memcpy(a.sun_path, bytes.data(), size);
  return static_cast<socklen_t>(kPathAt + size);
}

Result<> bind_here(int fd, const UnixName& name, const std::string& object) {
  sockaddr_un a{};
  const socklen_t size = fill_address(a, name.bytes);
  if (bind(fd, reinterpret_cast<sockaddr*>(&a), size) != 0)
    return failed(format("bind to {}", name.text()), object, errno,
                  errno == EADDRINUSE ? "another socket has that name: end its process" : "");
  return {};
}

Result<> set_perms(int dir, const std::string& path, const UnixName& name, const std::string& object) {
  if (!name.perms) return {};
  // An owner who is the right one already needs no privilege.
  struct stat st;
  if (fstatat(dir, path.c_str(), &st, AT_SYMLINK_NOFOLLOW) != 0) return failed("look at the file of", object, errno);
  if ((st.st_uid != name.perms->uid || st.st_gid != name.perms->gid) &&
      fchownat(dir, path.c_str(), name.perms->uid, name.perms->gid, AT_SYMLINK_NOFOLLOW) != 0)
    return failed(format("give {} its owner for", name.text()), object, errno);
  if ((st.st_mode & kPermissionBits) != (name.perms->mode & kPermissionBits) &&
      fchmodat(dir, path.c_str(), name.perms->mode & kPermissionBits, 0) != 0)
    return failed(format("set the permissions of {} for", name.text()), object, errno);
  return {};
}

/// Removes the file of a socket that is gone.
Result<> clear_place(const std::string& path, const std::string& object) {
  struct stat st;
  if (lstat(path.c_str(), &st) != 0) return {};
  if (!S_ISSOCK(st.st_mode))
    return failed(format("bind to {}", path), object, EEXIST, "there is a file that is no socket: move it away");
  if (unlink(path.c_str()) != 0) return failed(format("remove the old {} of", path), object, errno);
  return {};
}

/// Runs `what` in a process that shares all but root and working directory with us.
Result<> run_apart(const std::function<Result<>()>& what) {
  struct Work {
    const std::function<Result<>()>& what;
    Result<> result{};
  } work{what};
  constexpr std::size_t kStack = 256 * 1024;
  const std::unique_ptr<char[]> stack(new char[kStack]);
  const int pid = clone(
      [](void* argument) {
        auto& w = *static_cast<Work*>(argument);
        w.result = w.what();
        return 0;
      },
      stack.get() + kStack, CLONE_VM | CLONE_VFORK | CLONE_FILES, &work);
  if (pid < 0) return failed("fork for", "the bind of a unix socket", errno);
  while (waitpid(pid, nullptr, __WALL) < 0 && errno == EINTR) {
  }
  return std::move(work.result);
}

/// An empty directory in which any path can be bound, and what was made in it for that.
class Scratch {
 public:
  explicit Scratch(std::string object) : object_(std::move(object)) {}
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  ~Scratch() {
    if (!made_.empty() && !file_.empty()) unlinkat(parent_.get(), file_.c_str(), 0);
    for (auto it = made_.rbegin(); it != made_.rend(); ++it) unlinkat(parent_.get(), it->c_str(), AT_REMOVEDIR);
  }

  Result<> open(const std::string& parent, int number) {
    parent_.reset(::open(parent.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!parent_) return failed(format("open {} for", parent), object_, errno);
    return make(base_ = format(".crengine-{}-{}", getpid(), number));
  }

  /// Makes the directories that lead to `path` and goes where it starts. Changes the caller's root or directory.
  Result<> enter(const std::string& path) {
    std::vector<std::string> at;
    std::vector<std::string> parts;
    for (std::size_t from = 0; from < path.size();) {
      const std::size_t end = std::min(path.find('/', from), path.size());
      if (end > from) parts.push_back(path.substr(from, end - from));
      from = end + 1;
    }
    const bool absolute = path[0] == '/';
    if (!absolute)
      for (const std::string& part : parts)
        if (part == "..") TRY(go_down(at, "up"));
    const std::string start = join(at);
    for (std::size_t i = 0; i + 1 < parts.size(); ++i) {
      if (parts[i] == ".") continue;
      if (parts[i] != "..")
        TRY(go_down(at, parts[i]));
      else if (!at.empty())
        at.pop_back();
    }
    file_ = join(at) + "/" + parts.back();
    UniqueFd here(openat(parent_.get(), start.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!here || fchdir(here.get()) != 0 || (absolute && chroot(".") != 0))
      return failed(format("go to {} for", start), object_, errno);
    return {};
  }

  int parent() const { return parent_.get(); }
  const std::string& file() const { return file_; }

 private:
  std::string join(const std::vector<std::string>& parts) const {
    std::string all = base_;
    for (const std::string& part : parts) all += "/" + part;
    return all;
  }
  Result<> go_down(std::vector<std::string>& at, const std::string& part) {
    at.push_back(part);
    return make(join(at));
  }
  Result<> make(const std::string& path) {
    if (mkdirat(parent_.get(), path.c_str(), 0700) == 0)
      made_.push_back(path);
    else if (errno != EEXIST)
      return failed(format("make the directory {} for", path), object_, errno);
    return {};
  }

  std::string object_;
  UniqueFd parent_{};
  std::string base_{}, file_{};
  std::vector<std::string> made_{};
};

/// Where nobody minds a directory for a moment.
std::string any_directory() {
  for (const char* path : {"/tmp", "/dev/shm", "/run"})
    if (access(path, W_OK | X_OK) == 0) return path;
  return "/";
}

Result<> bind_elsewhere(int fd, const UnixName& name, const std::string& object) {
  const std::string place = name.place();
  if (!place.empty()) TRY(clear_place(place, object));
  const std::size_t slash = place.rfind('/');
  Scratch scratch(object);
  TRY(scratch.open(place.empty() ? any_directory() : slash == 0 ? "/" : place.substr(0, slash), fd));
  TRY(run_apart([&]() -> Result<> {
    TRY(scratch.enter(name.path()));
    return bind_here(fd, name, object);
  }));
  if (place.empty()) return {};
  TRY(set_perms(scratch.parent(), scratch.file(), name, object));
  if (renameat(scratch.parent(), scratch.file().c_str(), AT_FDCWD, place.c_str()) != 0)
    return failed(format("put its file to {}", place), object, errno);
  return {};
}

}  // namespace

std::string UnixName::text() const {
  if (is_path()) return path();
  std::string shown = "@";
  for (std::size_t i = 1; i < bytes.size(); ++i)
    shown += bytes[i] >= ' ' && bytes[i] < 127 ? std::string(1, bytes[i]) : format("\\x{:02x}", bytes[i] & 0xff);
  return shown;
}

std::string UnixName::place() const {
  if (!is_path()) return {};
  if (!file.empty()) return file;
  if (deleted) return {};
  const std::string p = path();
  return p[0] == '/' ? p : dir + "/" + p;
}

std::string sun_path(const void* address, std::size_t size) {
  if (size <= kPathAt) return {};
  return {static_cast<const char*>(address) + kPathAt, size - kPathAt};
}

std::string own_name(int fd) {
  sockaddr_storage a{};
  socklen_t size = sizeof a;
  return getsockname(fd, reinterpret_cast<sockaddr*>(&a), &size) == 0 ? sun_path(&a, size) : std::string();
}

std::string peer_name(int fd) {
  sockaddr_storage a{};
  socklen_t size = sizeof a;
  return getpeername(fd, reinterpret_cast<sockaddr*>(&a), &size) == 0 ? sun_path(&a, size) : std::string();
}

Result<UniqueFd> file_of(int fd, const std::string& object) {
  UniqueFd file(ioctl(fd, SIOCUNIXFILE));
  if (!file)
    return failed("find the file of", object, errno, errno == EPERM ? "run as root or with CAP_NET_ADMIN" : "");
  fcntl(file.get(), F_SETFD, FD_CLOEXEC);
  return file;
}

Result<UnixName> look_at_name(int fd, HostPid pid, const core::TreeIds& ids, const std::string& object) {
  UnixName name;
  name.bytes = own_name(fd);
  if (!name.is_path()) return name;
  const UniqueFd file = TRY(file_of(fd, object));
  struct stat st;
  if (fstat(file.get(), &st) != 0) return failed("look at the file of", object, errno);
  name.perms = UnixName::Perms{st.st_mode & kPermissionBits, ids.uid(st.st_uid), ids.gid(st.st_gid)};
  const std::string info = TRY(core::read_text(format("/proc/self/fdinfo/{}", file.get())));
  if (const auto mount = core::number(core::field(info, "mnt_id").value_or("")))
    name.mnt_id = static_cast<std::int32_t>(*mount);
  const std::string link = link_of(format("/proc/self/fd/{}", file.get()));
  const std::string path = name.path();
  name.deleted = true;
  if (st.st_nlink == 0) return name;
  if (path[0] != '/') {
    name.dir = directory_of(path, link, pid, st);
    name.deleted = name.dir.empty();
  } else if (link_of(format("/proc/{}/root", pid)) == "/") {
    name.deleted = !leads_to(format("/proc/{}/root{}", pid, path), st);
  }
  if (name.deleted && leads_to(link, st)) name.file = link;
  return name;
}

Result<> bind_name(int fd, const UnixName& name, const std::string& object) {
  if (name.bytes.empty()) return {};  // bind(2) would invent one
  const std::string place = name.place();
  // Linux leaves the file where the path says; the working directory may be shared and is not touched.
  const bool direct = !name.is_path() || (place == name.path() && place[0] == '/');
  if (!direct) return bind_elsewhere(fd, name, object);
  if (name.is_path()) TRY(clear_place(place, object));
  TRY(bind_here(fd, name, object));
  return name.is_path() ? set_perms(AT_FDCWD, place, name, object) : Result<>{};
}

Result<UniqueFd> stand_in_for(const std::string& name, int type, const std::string& object) {
  UnixName gone;
  gone.bytes = name;
  gone.deleted = true;
  UniqueFd fd(socket(AF_UNIX, type | SOCK_CLOEXEC, 0));
  if (!fd) return failed("make a stand-in for the peer of", object, errno);
  auto bound = bind_name(fd.get(), gone, object);
  if (bound.ok()) return fd;
  if (gone.is_path() || bound.error().err != EADDRINUSE) return bound.take_error();
  TRY(run_apart([&]() -> Result<> {
    if (unshare(CLONE_NEWNET) != 0) return failed("make a network namespace for the peer of", object, errno);
    fd.reset(socket(AF_UNIX, type | SOCK_CLOEXEC, 0));
    if (!fd) return failed("make a stand-in for the peer of", object, errno);
    return bind_here(fd.get(), gone, object);
  }));
  return fd;
}

Result<UnixAddress> reach(int to, const std::string& object) {
  UnixAddress address;
  address.bytes = own_name(to);
  if (address.bytes.empty()) return failed("reach", object, EDESTADDRREQ, "it has no name: the image is damaged");
  if (address.bytes[0] == '\0') return address;
  address.file = TRY(file_of(to, object));
  address.bytes = format("/proc/self/fd/{}", address.file.get());
  return address;
}

int connect_to(int fd, const std::string& bytes) {
  sockaddr_un a{};
  const socklen_t size = fill_address(a, bytes);
  return connect(fd, reinterpret_cast<sockaddr*>(&a), size) == 0 ? 0 : errno;
}

}  // namespace cr::net
