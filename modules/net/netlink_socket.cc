#include "net/netlink_socket.h"

#include <linux/netlink.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>

#include "base/format.h"
#include "core/sharing.h"
#include "files/description.h"
#include "net/errors.h"
#include "net/namespace.h"

#ifndef SOL_NETLINK
#define SOL_NETLINK 270
#endif

namespace cr::net {
namespace {

constexpr char kLossyNetlink[] = "netlink-queue";

/// Protocols that keep nothing about a socket but what is read here.
constexpr int kPlain[] = {NETLINK_ROUTE,   NETLINK_USERSOCK,  NETLINK_SOCK_DIAG,      NETLINK_XFRM,
                          NETLINK_SELINUX, NETLINK_CONNECTOR, NETLINK_KOBJECT_UEVENT, NETLINK_GENERIC};

/// Switches of SOL_NETLINK that can be read and set; not every kernel has the later ones.
constexpr int kSwitches[] = {NETLINK_PKTINFO, NETLINK_BROADCAST_ERROR, NETLINK_NO_ENOBUFS,    NETLINK_LISTEN_ALL_NSID,
                             NETLINK_CAP_ACK, NETLINK_EXT_ACK,         NETLINK_GET_STRICT_CHK};

Result<> check_queue(DumpCtx& ctx, const FileProbe& probe) {
  pollfd p{probe.fd, POLLIN, 0};
  if (poll(&p, 1, 0) <= 0) return {};
  if (p.revents & POLLERR) return failed("dump", probe.name(), 0, "an error waits to be read from it");
  if (!(p.revents & POLLIN)) return {};
  if (!ctx.opt.allows_lossy(kLossyNetlink))
    return failed("dump", probe.name(), 0,
                  format("it is a netlink socket with messages that nobody has read, which can't be put back; "
                         "--allow-lossy {} drops them",
                         kLossyNetlink));
  ctx.losses.push_back(format("{}: unread netlink messages", probe.name()));
  return {};
}

Result<> get_groups(int fd, NetlinkSocket& s, const std::string& object) {
  socklen_t size = 0;
  if (getsockopt(fd, SOL_NETLINK, NETLINK_LIST_MEMBERSHIPS, nullptr, &size) != 0)
    return failed("read the groups of", object);
  s.groups.resize(size / sizeof(std::uint32_t));
  if (size != 0 && getsockopt(fd, SOL_NETLINK, NETLINK_LIST_MEMBERSHIPS, s.groups.data(), &size) != 0)
    return failed("read the groups of", object);
  while (!s.groups.empty() && s.groups.back() == 0) s.groups.pop_back();
  return {};
}

Result<> set_groups(int fd, const NetlinkSocket& s, const std::string& object) {
  for (std::size_t word = 0; word < s.groups.size(); ++word)
    for (int bit = 0; bit < 32; ++bit) {
      if (!(s.groups[word] >> bit & 1)) continue;
      const int group = static_cast<int>(word * 32) + bit + 1;
      if (setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof group) != 0)
        return failed(format("join group {} with", group), object);
    }
  return {};
}

Result<> bind_port(int fd, const NetlinkSocket& s, const std::string& object) {
  if (s.port == 0) return {};
  sockaddr_nl at{};
  at.nl_family = AF_NETLINK;
  at.nl_pid = s.port;
  if (bind(fd, reinterpret_cast<sockaddr*>(&at), sizeof at) != 0)
    return failed(format("bind to netlink port {}", s.port), object, errno,
                  errno == EADDRINUSE ? "another socket has it: end that program" : "");
  return {};
}

}  // namespace

bool matches_netlink(const FileProbe& p) {
  return S_ISSOCK(p.st.st_mode) && !(p.flags & O_PATH) && int_option(p.fd, SOL_SOCKET, SO_DOMAIN) == AF_NETLINK;
}

Result<> collect_netlink(DumpCtx& ctx, const FileProbe& probe, FileId id) {
  NetlinkSocket s;
  s.net_ns = TRY(namespace_of(ctx, probe));
  s.ino = static_cast<std::uint32_t>(probe.st.st_ino);
  s.type = int_option(probe.fd, SOL_SOCKET, SO_TYPE);
  s.protocol = int_option(probe.fd, SOL_SOCKET, SO_PROTOCOL);
  TRY(check_queue(ctx, probe));
  if (std::find(std::begin(kPlain), std::end(kPlain), s.protocol) == std::end(kPlain))
    return failed(
        "dump", probe.name(), 0,
        format("it is a netlink socket of protocol {}, whose subsystem keeps state for it that the kernel does "
               "not show; close it before the dump",
               s.protocol));
  sockaddr_nl at{};
  socklen_t size = sizeof at;
  if (getsockname(probe.fd, reinterpret_cast<sockaddr*>(&at), &size) != 0)
    return failed("read the address of", probe.name());
  s.port = at.nl_pid;
  size = sizeof at;
  if (getpeername(probe.fd, reinterpret_cast<sockaddr*>(&at), &size) == 0) {
    s.peer = at.nl_pid;
    s.peer_groups = at.nl_groups;
  }
  TRY(get_groups(probe.fd, s, probe.name()));
  for (int n : kSwitches)
    if (int_option(probe.fd, SOL_NETLINK, n) != 0) s.own_options |= 1u << n;
  s.options = TRY(options_in_tree(ctx, probe));
  ctx.models.edit<NetlinkModel>().sockets[id] = std::move(s);
  return {};
}

/// A port of the dumper's network that is taken is known now.
Result<> plan_netlink(PlanCtx& ctx) {
  const std::uint32_t own = ctx.models.get<KobjModel>().root.net_ns;
  for (const auto& [id, s] : ctx.models.get<NetlinkModel>().sockets) {
    if (s.port == 0 || s.net_ns != own) continue;
    const std::string& object = files::description(ctx.models, id).object;
    UniqueFd fd(socket(AF_NETLINK, s.type | SOCK_CLOEXEC, s.protocol));
    if (!fd) return failed("make", object);
    TRY(bind_port(fd.get(), s, object));
  }
  return {};
}

Result<UniqueFd> open_netlink(TaskCtx& ctx, FileId id) {
  const files::Description& d = files::description(ctx.models(), id);
  const NetlinkSocket& s = ctx.models().get<NetlinkModel>().sockets.at(id);
  UniqueFd fd(socket(AF_NETLINK, s.type | SOCK_CLOEXEC, s.protocol));
  if (!fd) return failed("make", d.object);
  TRY(bind_port(fd.get(), s, d.object));
  const int on = 1;
  for (int n : kSwitches)
    if ((s.own_options >> n & 1) && setsockopt(fd.get(), SOL_NETLINK, n, &on, sizeof on) != 0)
      return failed(format("set option {} of", n), d.object);
  // Options and filter first: what comes for its groups from now on is what it would have got.
  TRY(set_options(fd.get(), s.options, d.object));
  TRY(set_groups(fd.get(), s, d.object));
  if (s.peer != 0 || s.peer_groups != 0) {
    sockaddr_nl to{};
    to.nl_family = AF_NETLINK;
    to.nl_pid = s.peer;
    to.nl_groups = s.peer_groups;
    if (connect(fd.get(), reinterpret_cast<sockaddr*>(&to), sizeof to) != 0) return failed("connect", d.object);
  }
  return fd;
}

}  // namespace cr::net
