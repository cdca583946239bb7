#include "base/little_endian.h"
#include "net/sk_opts.h"
#include "net/sk_opts.pb.h"

namespace cr::net {
namespace {

constexpr std::uint32_t kPacingRate = 47, kTxTime = 61;  // SO_MAX_PACING_RATE: one number; SO_TXTIME: clock and flags
constexpr IntegerAt kOneNumber[] = {{0, 8}}, kTwoWords[] = {{0, 4}, {4, 4}};

/// An option that is no int, from the host's order to that of the images or back.
std::vector<std::uint8_t> wide_option(std::uint32_t name, std::vector<std::uint8_t> value) {
  if (kBigEndianHost && name == kPacingRate) swap_integers(value, kOneNumber);
  if (kBigEndianHost && name == kTxTime) swap_integers(value, kTwoWords);
  return value;
}

}  // namespace

void put_options(const SocketOptions& o, pb::sk_opts_entry& e) {
  e.set_so_sndbuf(o.sndbuf);
  e.set_so_rcvbuf(o.rcvbuf);
  e.set_so_snd_tmo_sec(o.snd_timeout_sec);
  e.set_so_snd_tmo_usec(o.snd_timeout_usec);
  e.set_so_rcv_tmo_sec(o.rcv_timeout_sec);
  e.set_so_rcv_tmo_usec(o.rcv_timeout_usec);
  e.set_reuseaddr(o.reuseaddr);
  e.set_so_priority(o.priority);
  e.set_so_rcvlowat(o.rcvlowat);
  if (o.mark != 0) e.set_so_mark(o.mark);
  e.set_so_passcred(o.passcred);
  e.set_so_passsec(o.passsec);
  e.set_so_dontroute(o.dontroute);
  e.set_so_no_check(o.no_check);
  if (!o.bound_device.empty()) e.set_so_bound_dev(o.bound_device);
  for (std::uint64_t word : o.filter) e.add_so_filter(bpf_for_image(word));
  e.set_so_reuseport(o.reuseport);
  e.set_so_broadcast(o.broadcast);
  e.set_so_keepalive(o.keepalive);
  e.set_so_oobinline(o.oobinline);
  if (o.linger) e.set_so_linger(*o.linger);
  e.set_so_buf_lock(o.buf_lock);
  if (o.owner) {
    e.set_cr_uid(o.owner->uid);
    e.set_cr_gid(o.owner->gid);
    e.set_cr_mode(o.owner->mode);
  }
  for (const auto& [name, value] : o.others) {
    pb::cr_sk_option& option = *e.add_cr_option();
    option.set_name(name);
    option.set_value(value);
  }
  for (const auto& [name, value] : o.wide) {
    pb::cr_sk_wide_option& option = *e.add_cr_wide_option();
    option.set_name(name);
    const auto bytes = wide_option(name, value);
    option.set_value(bytes.data(), bytes.size());
  }
}

SocketOptions read_options(const pb::sk_opts_entry& e) {
  SocketOptions o;
  o.sndbuf = e.so_sndbuf();
  o.rcvbuf = e.so_rcvbuf();
  o.snd_timeout_sec = e.so_snd_tmo_sec();
  o.snd_timeout_usec = e.so_snd_tmo_usec();
  o.rcv_timeout_sec = e.so_rcv_tmo_sec();
  o.rcv_timeout_usec = e.so_rcv_tmo_usec();
  o.reuseaddr = e.reuseaddr();
  o.priority = e.so_priority();
  if (e.has_so_rcvlowat()) o.rcvlowat = e.so_rcvlowat();
  o.mark = e.so_mark();
  o.passcred = e.so_passcred();
  o.passsec = e.so_passsec();
  o.dontroute = e.so_dontroute();
  o.no_check = e.so_no_check();
  o.bound_device = e.so_bound_dev();
  for (std::uint64_t word : e.so_filter()) o.filter.push_back(bpf_from_image(word));
  o.reuseport = e.so_reuseport();
  o.broadcast = e.so_broadcast();
  o.keepalive = e.so_keepalive();
  o.oobinline = e.so_oobinline();
  if (e.has_so_linger()) o.linger = e.so_linger();
  o.buf_lock = e.so_buf_lock();
  if (e.has_cr_mode()) o.owner = SocketOwner{e.cr_uid(), e.cr_gid(), e.cr_mode()};
  for (const pb::cr_sk_option& option : e.cr_option()) o.others[option.name()] = option.value();
  for (const pb::cr_sk_wide_option& option : e.cr_wide_option())
    o.wide[option.name()] = wide_option(option.name(), {option.value().begin(), option.value().end()});
  return o;
}

}  // namespace cr::net
