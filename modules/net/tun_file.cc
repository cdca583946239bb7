#include "net/tun_file.h"

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/if_link.h>
#include <linux/if_tun.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/sysmacros.h>

#include <cstring>
#include <optional>

#include "base/format.h"
#include "core/sharing.h"
#include "files/description.h"
#include "net/diag_attributes.h"
#include "net/errors.h"
#include "net/namespace.h"

namespace cr::net {
namespace {

constexpr std::uint32_t kPersist = 0x0800;  // IFF_PERSIST, which is among the kernel's own flags
constexpr std::uint32_t kSetFlags = IFF_TUN | IFF_TAP | IFF_VNET_HDR | IFF_MULTI_QUEUE;

/// IFLA_TUN_PI in the nested attributes of a device's kind.
std::optional<bool> header_in(const char* at, std::size_t size) {
  std::optional<bool> found;
  const auto walk = [](const char* from, std::size_t left, int wanted) -> std::pair<const char*, std::size_t> {
    while (left >= sizeof(nlattr)) {
      nlattr a;
      std::memcpy(&a, from, sizeof a);
      if (a.nla_len < sizeof a || a.nla_len > left) break;
      if ((a.nla_type & NLA_TYPE_MASK) == wanted) return {from + NLA_HDRLEN, a.nla_len - NLA_HDRLEN};
      const std::size_t step = std::min<std::size_t>(NLMSG_ALIGN(a.nla_len), left);
      from += step, left -= step;
    }
    return {nullptr, 0};
  };
  const auto [data, data_size] = walk(at, size, IFLA_INFO_DATA);
  const auto [pi, pi_size] = walk(data, data_size, IFLA_TUN_PI);
  if (pi_size == 1) found = *pi != 0;
  return found;
}

/// Whether the packets of a device in the caller's namespace have a header of their own.
Result<bool> has_header(const std::string& device, const std::string& object) {
  struct {
    nlmsghdr header;
    ifinfomsg link;
  } m{};
  m.header.nlmsg_len = sizeof m;
  m.header.nlmsg_type = RTM_GETLINK;
  m.header.nlmsg_flags = NLM_F_REQUEST;
  m.link.ifi_index = static_cast<int>(if_nametoindex(device.c_str()));
  UniqueFd sock(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
  if (!sock || send(sock.get(), &m, sizeof m, 0) < 0) return failed(format("ask about {} of", device), object);
  alignas(nlmsghdr) char answer[32768];
  const ssize_t n = recv(sock.get(), answer, sizeof answer, 0);
  const auto* h = reinterpret_cast<const nlmsghdr*>(answer);
  std::optional<bool> found;
  if (n >= static_cast<ssize_t>(NLMSG_LENGTH(sizeof(ifinfomsg))) && h->nlmsg_type == RTM_NEWLINK)
    for_each_attribute(h, sizeof(ifinfomsg), [&](int type, const char* payload, std::size_t size) {
      if ((type & NLA_TYPE_MASK) == IFLA_LINKINFO) found = header_in(payload, size);
    });
  if (!found) return failed(format("ask about {} of", device), object, 0, "the kernel must be 4.16 or newer");
  return *found;
}

Result<> check(const FileProbe& probe, const TunFile& t, std::uint32_t flags) {
  if ((flags & kPersist) == 0)
    return failed("dump", probe.name(), 0,
                  format("network device {} goes with its descriptors, and is not carried: make it persistent "
                         "(TUNSETPERSIST, ip tuntap) or end the program",
                         t.device));
  sock_fprog filter{};
  if (ioctl(probe.fd, TUNGETFILTER, &filter) == 0 && filter.len != 0)
    return failed("dump", probe.name(), 0, format("a filter is attached to {}, which is not carried", t.device));
  pollfd p{probe.fd, POLLIN, 0};
  if (poll(&p, 1, 0) > 0 && (p.revents & POLLIN))
    return failed("dump", probe.name(), 0,
                  format("packets of {} wait in it that nobody has read, and can't be put back", t.device));
  return {};
}

/// Settings that a descriptor shows only when it has a device.
Result<> take_device(const FileProbe& probe, const ifreq& r, TunFile& t) {
  const auto flags = static_cast<std::uint16_t>(r.ifr_flags);
  t.device = std::string(r.ifr_name, strnlen(r.ifr_name, sizeof r.ifr_name));
  TRY(check(probe, t, flags));
  t.flags = (flags & kSetFlags) | (TRY(has_header(t.device, probe.name())) ? 0 : IFF_NO_PI);
  t.detached = (flags & IFF_DETACH_QUEUE) != 0;
  if (ioctl(probe.fd, TUNGETVNETHDRSZ, &t.header_size) != 0 || ioctl(probe.fd, TUNGETSNDBUF, &t.send_buffer) != 0 ||
      ioctl(probe.fd, TUNGETVNETLE, &t.little_endian) != 0)
    return failed("read the settings of", probe.name());
  return {};
}

}  // namespace

bool matches_tun(const FileProbe& p) {
  return S_ISCHR(p.st.st_mode) && p.st.st_rdev == makedev(10, 200) && !(p.flags & O_PATH);
}

Result<> collect_tun(DumpCtx& ctx, const FileProbe& probe, FileId id) {
  TunFile t;
  t.net_ns = TRY(namespace_of(ctx, probe));
  const auto stay = TRY(visit(ctx.tree, ctx.models, t.net_ns));
  ifreq r{};
  if (ioctl(probe.fd, TUNGETIFF, &r) == 0)
    TRY(take_device(probe, r, t));
  else if (errno != EBADFD)
    return failed("read the device of", probe.name());
  t.path_id = TRY(files::add_path(ctx, probe, probe.link));
  ctx.models.edit<TunModel>().all[id] = std::move(t);
  return {};
}

Result<> plan_tun(PlanCtx& ctx) {
  const std::uint32_t own = ctx.models.get<KobjModel>().root.net_ns;
  for (const auto& [id, t] : ctx.models.get<TunModel>().all)
    if (!t.device.empty() && t.net_ns == own && if_nametoindex(t.device.c_str()) == 0)
      return failed("restore", files::description(ctx.models, id).object, ENODEV,
                    format("it belonged to network device {}: make it again (ip tuntap)", t.device));
  return {};
}

Result<UniqueFd> open_tun(TaskCtx& ctx, FileId id) {
  const files::Description& d = files::description(ctx.models(), id);
  const TunFile& t = ctx.models().get<TunModel>().all.at(id);
  const int root = ctx.models().get<files::Model>().root_fd;
  UniqueFd fd(openat(root, t.path.c_str() + 1, static_cast<int>(files::open_flags(d.flags)) | O_CLOEXEC));
  if (!fd) return failed(format("open {} for", t.path), d.object);
  if (t.device.empty()) return fd;
  ifreq r{};
  t.device.copy(r.ifr_name, sizeof r.ifr_name - 1);
  r.ifr_flags = static_cast<short>(t.flags);
  if (ioctl(fd.get(), TUNSETIFF, &r) != 0) return failed(format("join network device {} with", t.device), d.object);
  if (ioctl(fd.get(), TUNSETVNETHDRSZ, &t.header_size) != 0 || ioctl(fd.get(), TUNSETSNDBUF, &t.send_buffer) != 0 ||
      ioctl(fd.get(), TUNSETVNETLE, &t.little_endian) != 0)
    return failed("set up", d.object);
  r.ifr_flags = IFF_DETACH_QUEUE;
  if (t.detached && ioctl(fd.get(), TUNSETQUEUE, &r) != 0) return failed("detach the queue of", d.object);
  return fd;
}

}  // namespace cr::net
