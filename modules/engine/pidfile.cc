#include "engine/pidfile.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "base/format.h"

namespace cr::engine {

Pidfile::Pidfile(Pidfile&& other) noexcept : path_(std::move(other.path_)), fd_(std::move(other.fd_)) {}

Pidfile::~Pidfile() {
  if (fd_) unlink(path_.c_str());
}

Result<Pidfile> Pidfile::create(const std::string& path) {
  Pidfile file;
  if (path.empty()) return file;
  int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (fd < 0)
    return Error{"pidfile", "create", path, errno,
                 errno == EEXIST ? "remove the file if its process is gone, or name another one with --pidfile"
                                 : "name a writable place with --pidfile"};
  file.path_ = path;
  file.fd_.reset(fd);
  return file;
}

Result<> Pidfile::write(HostPid pid) {
  if (!fd_) return {};
  std::string text = format("{}", pid);
  ssize_t n = ::write(fd_.get(), text.data(), text.size());
  if (n != static_cast<ssize_t>(text.size()))
    return Error{"pidfile", "write", path_, n < 0 ? errno : ENOSPC, "make room there, or name another file"};
  fd_.reset();
  return {};
}

}  // namespace cr::engine
