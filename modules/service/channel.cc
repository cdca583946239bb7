#include "service/channel.h"

#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <vector>

#include "base/format.h"
#include "base/passed_fd.h"
#include "core/proc_text.h"

namespace cr::service {
namespace {

constexpr std::size_t kLargest = 1 << 20;

Error fail(const char* step, std::string object, int err, std::string remedy = "") {
  return {"service", step, std::move(object), err, std::move(remedy)};
}

Result<std::vector<gid_t>> groups_of(pid_t pid) {
  std::string status = TRY(core::read_proc(HostPid{pid}, "status"));
  std::vector<gid_t> groups;
  for (std::string_view word : core::words(core::field(status, "Groups").value_or("")))
    groups.push_back(static_cast<gid_t>(core::number(word).value_or(0)));
  return groups;
}

/// Permitted and effective: what is needed for exact pids and for reading one's own tasks, and nothing else.
bool keep_one_capability() {
  std::unique_ptr<std::remove_pointer_t<cap_t>, int (*)(void*)> caps(cap_init(), cap_free);
  const cap_value_t one[] = {CAP_CHECKPOINT_RESTORE};
  return caps && cap_set_flag(caps.get(), CAP_PERMITTED, 1, one, CAP_SET) == 0 &&
         cap_set_flag(caps.get(), CAP_EFFECTIVE, 1, one, CAP_SET) == 0 && cap_set_proc(caps.get()) == 0;
}

}  // namespace

Result<std::string> Peer::directory(int fd) const {
  const std::string link = format("/proc/{}/fd/{}", pid, fd);
  struct stat st;
  if (stat(link.c_str(), &st) != 0)
    return fail("open", format("descriptor {} of the caller, pid {}", fd, pid), errno,
                "keep it open until the answer has come");
  if (!S_ISDIR(st.st_mode))
    return fail("open", format("descriptor {} of the caller, pid {}", fd, pid), ENOTDIR, "give one of a directory");
  char path[PATH_MAX];
  ssize_t n = readlink(link.c_str(), path, sizeof path);
  if (n < 0) return fail("read", link, errno);
  std::string text(path, static_cast<std::size_t>(n));
  struct stat named;
  // A directory without a name (deleted, or of another mount namespace) is still reached by way of the caller.
  if (stat(text.c_str(), &named) != 0 || named.st_dev != st.st_dev || named.st_ino != st.st_ino) return link;
  return text;
}

Result<> Peer::become() const {
  if (uid == 0) return {};
  // These name files of whoever started the service.
  unsetenv("HOME");
  unsetenv("CRIU_CONFIG_FILE");
  std::vector<gid_t> groups = TRY(groups_of(pid));
  const std::string who = format("uid {}", uid);
  if (prctl(PR_SET_KEEPCAPS, 1) != 0 || setgroups(groups.size(), groups.data()) != 0 ||
      setresgid(gid, gid, gid) != 0 || setresuid(uid, uid, uid) != 0 || !keep_one_capability())
    return fail("take the rights of the caller,", who, errno, "run the service as root");
  prctl(PR_SET_KEEPCAPS, 0);
  return {};
}

Result<Channel> Channel::open(UniqueFd fd) {
  int type = 0;
  socklen_t size = sizeof type;
  ucred cred{};
  if (getsockopt(fd.get(), SOL_SOCKET, SO_TYPE, &type, &size) != 0 || type != SOCK_SEQPACKET)
    return fail("talk over", format("descriptor {}", fd.get()), errno, "give a SOCK_SEQPACKET socket");
  size = sizeof cred;
  if (getsockopt(fd.get(), SOL_SOCKET, SO_PEERCRED, &cred, &size) != 0)
    return fail("ask who is behind", format("descriptor {}", fd.get()), errno, "give a unix socket");
  fcntl(fd.get(), F_SETFD, FD_CLOEXEC);
  return Channel(std::move(fd), Peer{cred.pid, cred.uid, cred.gid});
}

Result<std::optional<std::string>> Channel::receive() {
  ssize_t size = 0;
  char byte;
  do size = recv(fd_.get(), &byte, 1, MSG_PEEK | MSG_TRUNC);
  while (size < 0 && errno == EINTR);
  if (size < 0) return fail("receive from", format("the caller, pid {}", peer_.pid), errno);
  if (size == 0) return std::optional<std::string>{};
  if (static_cast<std::size_t>(size) > kLargest)
    return fail("read", format("a request of {} bytes", size), E2BIG, "send one criu_req a packet");
  std::string packet(static_cast<std::size_t>(size), '\0');
  ssize_t got = recv(fd_.get(), packet.data(), packet.size(), 0);
  if (got != size) return fail("receive from", format("the caller, pid {}", peer_.pid), got < 0 ? errno : EIO);
  return std::optional<std::string>{std::move(packet)};
}

Result<> Channel::send(const std::string& packet, int fd) {
  ssize_t sent = 0;
  do sent = send_with_fd(fd_.get(), packet, fd);
  while (sent < 0 && errno == EINTR);
  if (sent == static_cast<ssize_t>(packet.size())) return {};
  return fail("answer", format("the caller, pid {}", peer_.pid), errno,
              "it must stay connected until the answer has come");
}

}  // namespace cr::service
