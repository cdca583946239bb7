#include "net/sk_opts.h"
#include "core/file_kind.h"
#include "core/id_map.h"
#include "net/errors.h"

#include <linux/filter.h>
#include <net/if.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#ifndef SO_BUF_LOCK
#define SO_BUF_LOCK 72
#endif

namespace cr::net {
namespace {

/// Options without a field of their own in the images, by the numbers of asm-generic/socket.h: the headers may be
/// older than the kernel. Each is optional. A new socket has `plain`.
struct OtherOption {
  int name;
  std::uint32_t plain;
};
constexpr OtherOption kOtherOptions[] = {
    {1, 0},     // SO_DEBUG
    {29, 0},    // SO_TIMESTAMP_OLD; of the four kinds of time stamps only one is on
    {35, 0},    // SO_TIMESTAMPNS_OLD
    {63, 0},    // SO_TIMESTAMP_NEW
    {64, 0},    // SO_TIMESTAMPNS_NEW
    {37, 0},    // SO_TIMESTAMPING_OLD
    {65, 0},    // SO_TIMESTAMPING_NEW
    {40, 0},    // SO_RXQ_OVFL
    {41, 0},    // SO_WIFI_STATUS
    {43, 0},    // SO_NOFCS
    {45, 0},    // SO_SELECT_ERR_QUEUE
    {46, 0},    // SO_BUSY_POLL
    {49, ~0u},  // SO_INCOMING_CPU: of who listens, only setsockopt(2) changes it
    {60, 0},    // SO_ZEROCOPY
    {69, 0},    // SO_PREFER_BUSY_POLL
    {73, 0},    // SO_RESERVE_MEM
    {75, 0},    // SO_RCVMARK
    {76, 0},    // SO_PASSPIDFD
    {82, 0},    // SO_RCVPRIORITY
    {83, 1},    // SO_PASSRIGHTS
    {44, 0},    // SO_LOCK_FILTER: after the filter
};

/// Those that are no int. Every byte of them is `plain` in a new socket.
struct WideOption {
  int name;
  std::uint8_t plain;
};
constexpr WideOption kWideOptions[] = {
    {47, 0xff},  // SO_MAX_PACING_RATE: bytes per second, an unsigned long
    {61, 0},     // SO_TXTIME: struct sock_txtime
};

/// ENOPROTOOPT and EOPNOTSUPP: this kernel or family does not have the option, so it has its default.
bool absent() { return errno == ENOPROTOOPT || errno == EOPNOTSUPP; }

Result<> get(int fd, int option, std::uint32_t& value, const std::string& object) {
  int v = 0;
  socklen_t size = sizeof v;
  if (getsockopt(fd, SOL_SOCKET, option, &v, &size) == 0)
    value = static_cast<std::uint32_t>(v);
  else if (!absent())
    return failed("read socket options of", object);
  return {};
}

Result<> get(int fd, int option, bool& value, const std::string& object) {
  std::uint32_t v = value;
  TRY(get(fd, option, v, object));
  value = v != 0;
  return {};
}

Result<> get_timeout(int fd, int option, std::uint64_t& sec, std::uint64_t& usec, const std::string& object) {
  timeval tv{};
  socklen_t size = sizeof tv;
  if (getsockopt(fd, SOL_SOCKET, option, &tv, &size) != 0) return failed("read timeouts of", object);
  sec = static_cast<std::uint64_t>(tv.tv_sec);
  usec = static_cast<std::uint64_t>(tv.tv_usec);
  return {};
}

Result<> get_filter(int fd, SocketOptions& o, const std::string& object) {
  socklen_t count = 0;
  if (getsockopt(fd, SOL_SOCKET, SO_GET_FILTER, nullptr, &count) != 0) {
    if (errno == EACCES)
      return Error{"net", "dump", object, 0,
                   "its filter is an eBPF program (SO_ATTACH_BPF), which the kernel does not show: detach it first"};
    return absent() ? Result<>{} : failed("read the filter of", object);
  }
  if (count == 0) return {};
  static_assert(sizeof(sock_filter) == sizeof(std::uint64_t));
  o.filter.resize(count);
  if (getsockopt(fd, SOL_SOCKET, SO_GET_FILTER, o.filter.data(), &count) != 0)
    return failed("read the filter of", object);
  return {};
}

Result<> get_wide(int fd, SocketOptions& o, const std::string& object) {
  for (const WideOption& w : kWideOptions) {
    std::vector<std::uint8_t> value(16);
    socklen_t size = static_cast<socklen_t>(value.size());
    if (getsockopt(fd, SOL_SOCKET, w.name, value.data(), &size) != 0) {
      if (absent()) continue;
      return failed("read socket options of", object);
    }
    value.resize(size);
    if (std::any_of(value.begin(), value.end(), [&](std::uint8_t byte) { return byte != w.plain; }))
      o.wide[static_cast<std::uint32_t>(w.name)] = std::move(value);
  }
  return {};
}

Result<> set_wide(int fd, const SocketOptions& wanted, const SocketOptions& now, const std::string& object) {
  for (const auto& [name, value] : wanted.wide) {
    if (const auto it = now.wide.find(name); it != now.wide.end() && it->second == value) continue;
    if (setsockopt(fd, SOL_SOCKET, static_cast<int>(name), value.data(), static_cast<socklen_t>(value.size())) != 0)
      return failed("set a socket option of", object);
  }
  return {};
}

Result<> set(int fd, int option, std::uint32_t wanted, std::uint32_t now, const std::string& object) {
  if (wanted == now) return {};
  const int v = static_cast<int>(wanted);
  if (setsockopt(fd, SOL_SOCKET, option, &v, sizeof v) != 0) return failed("set a socket option of", object);
  return {};
}

Result<> set_timeout(int fd, int option, std::uint64_t sec, std::uint64_t usec, const std::string& object) {
  if (sec == 0 && usec == 0) return {};
  const timeval tv{static_cast<time_t>(sec), static_cast<suseconds_t>(usec)};
  if (setsockopt(fd, SOL_SOCKET, option, &tv, sizeof tv) != 0) return failed("set a timeout of", object);
  return {};
}

/// The kernel doubles what it is given.
Result<> set_buffer(int fd, int forced, int plain, std::uint32_t wanted, std::uint32_t now,
                    const std::string& object) {
  if (wanted == now || wanted == 0) return {};
  const int half = static_cast<int>(wanted / 2);
  if (setsockopt(fd, SOL_SOCKET, forced, &half, sizeof half) != 0 &&
      setsockopt(fd, SOL_SOCKET, plain, &half, sizeof half) != 0)
    return failed("set a buffer size of", object);
  return {};
}

Result<SocketOwner> get_owner(int fd, const std::string& object) {
  struct stat st {};
  if (fstat(fd, &st) != 0) return failed("look at", object);
  return SocketOwner{st.st_uid, st.st_gid, st.st_mode & 07777};
}

Result<> set_owner(int fd, const SocketOwner& wanted, const std::string& object) {
  const SocketOwner now = TRY(get_owner(fd, object));
  if ((now.uid != wanted.uid || now.gid != wanted.gid) && fchown(fd, wanted.uid, wanted.gid) != 0)
    return failed("give its owner to", object);
  if (now.mode != wanted.mode && fchmod(fd, wanted.mode) != 0) return failed("set the mode of", object);
  return {};
}

}  // namespace

int int_option(int fd, int level, int option, int missing) {
  int value = missing;
  socklen_t size = sizeof value;
  return getsockopt(fd, level, option, &value, &size) == 0 ? value : missing;
}

Result<SocketOptions> options_in_tree(const DumpCtx& ctx, const FileProbe& probe) {
  SocketOptions o = TRY(get_options(probe.fd, probe.name()));
  const auto& ids = ctx.models.get<core::TreeIds>();
  o.owner->uid = ids.uid(o.owner->uid);
  o.owner->gid = ids.gid(o.owner->gid);
  TRY(core::check_owner_inside(ctx.models, ctx.tree, probe.pid, o.owner->uid, o.owner->gid, probe.name()));
  return o;
}

Result<SocketOptions> get_options(int fd, const std::string& object) {
  SocketOptions o;
  o.owner = TRY(get_owner(fd, object));
  TRY(get(fd, SO_SNDBUF, o.sndbuf, object));
  TRY(get(fd, SO_RCVBUF, o.rcvbuf, object));
  TRY(get_timeout(fd, SO_SNDTIMEO, o.snd_timeout_sec, o.snd_timeout_usec, object));
  TRY(get_timeout(fd, SO_RCVTIMEO, o.rcv_timeout_sec, o.rcv_timeout_usec, object));
  TRY(get(fd, SO_REUSEADDR, o.reuseaddr, object));
  TRY(get(fd, SO_PASSCRED, o.passcred, object));
  TRY(get(fd, SO_PASSSEC, o.passsec, object));
  TRY(get(fd, SO_DONTROUTE, o.dontroute, object));
  TRY(get(fd, SO_NO_CHECK, o.no_check, object));
  TRY(get(fd, SO_REUSEPORT, o.reuseport, object));
  TRY(get(fd, SO_BROADCAST, o.broadcast, object));
  TRY(get(fd, SO_KEEPALIVE, o.keepalive, object));
  TRY(get(fd, SO_PRIORITY, o.priority, object));
  TRY(get(fd, SO_RCVLOWAT, o.rcvlowat, object));
  TRY(get(fd, SO_MARK, o.mark, object));
  TRY(get(fd, SO_OOBINLINE, o.oobinline, object));
  TRY(get(fd, SO_BUF_LOCK, o.buf_lock, object));
  linger l{};
  socklen_t size = sizeof l;
  if (getsockopt(fd, SOL_SOCKET, SO_LINGER, &l, &size) == 0 && l.l_onoff)
    o.linger = static_cast<std::uint32_t>(l.l_linger);
  char device[IFNAMSIZ] = {};
  size = sizeof device;
  if (getsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, device, &size) == 0 && size > 0) o.bound_device = device;
  TRY(get_filter(fd, o, object));
  for (const OtherOption& other : kOtherOptions) {
    std::uint32_t value = other.plain;
    TRY(get(fd, other.name, value, object));
    if (value != other.plain) o.others[static_cast<std::uint32_t>(other.name)] = value;
  }
  TRY(get_wide(fd, o, object));
  return o;
}

Result<> set_options(int fd, const SocketOptions& w, const std::string& object) {
  const SocketOptions now = TRY(get_options(fd, object));
  if (w.owner) TRY(set_owner(fd, *w.owner, object));
  TRY(set_timeout(fd, SO_SNDTIMEO, w.snd_timeout_sec, w.snd_timeout_usec, object));
  TRY(set_timeout(fd, SO_RCVTIMEO, w.rcv_timeout_sec, w.rcv_timeout_usec, object));
  TRY(set(fd, SO_REUSEADDR, w.reuseaddr, now.reuseaddr, object));
  TRY(set(fd, SO_PASSCRED, w.passcred, now.passcred, object));
  TRY(set(fd, SO_PASSSEC, w.passsec, now.passsec, object));
  TRY(set(fd, SO_DONTROUTE, w.dontroute, now.dontroute, object));
  TRY(set(fd, SO_NO_CHECK, w.no_check, now.no_check, object));
  TRY(set(fd, SO_REUSEPORT, w.reuseport, now.reuseport, object));
  TRY(set(fd, SO_BROADCAST, w.broadcast, now.broadcast, object));
  TRY(set(fd, SO_KEEPALIVE, w.keepalive, now.keepalive, object));
  TRY(set(fd, SO_PRIORITY, w.priority, now.priority, object));
  TRY(set(fd, SO_RCVLOWAT, w.rcvlowat, now.rcvlowat, object));
  TRY(set(fd, SO_MARK, w.mark, now.mark, object));
  TRY(set(fd, SO_OOBINLINE, w.oobinline, now.oobinline, object));
  if (w.linger) {
    const linger l{1, static_cast<int>(*w.linger)};
    if (setsockopt(fd, SOL_SOCKET, SO_LINGER, &l, sizeof l) != 0) return failed("set SO_LINGER of", object);
  }
  if (!w.bound_device.empty() && setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, w.bound_device.c_str(),
                                            static_cast<socklen_t>(w.bound_device.size() + 1)) != 0)
    return failed("bind to its device", object);
  if (!w.filter.empty() && w.filter != now.filter) {  // it may be locked by now
    std::vector<sock_filter> code(w.filter.size());
    std::memcpy(code.data(), w.filter.data(), code.size() * sizeof(sock_filter));
    const sock_fprog program{static_cast<unsigned short>(code.size()), code.data()};
    if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) != 0)
      return failed("set the filter of", object);
  }
  for (const OtherOption& other : kOtherOptions) {
    const auto name = static_cast<std::uint32_t>(other.name);
    auto value_of = [&](const SocketOptions& o) { return o.others.contains(name) ? o.others.at(name) : other.plain; };
    TRY(set(fd, other.name, value_of(w), value_of(now), object));
  }
  TRY(set_wide(fd, w, now, object));
  TRY(set_buffer(fd, SO_SNDBUFFORCE, SO_SNDBUF, w.sndbuf, now.sndbuf, object));
  TRY(set_buffer(fd, SO_RCVBUFFORCE, SO_RCVBUF, w.rcvbuf, now.rcvbuf, object));
  std::uint32_t lock = 0;
  TRY(get(fd, SO_BUF_LOCK, lock, object));
  return set(fd, SO_BUF_LOCK, w.buf_lock, lock, object);
}

void widen_send_buffer(int fd) {
  const int size = 1 << 30;
  if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size) != 0)
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
}

}  // namespace cr::net
