// tcp_stream_entry of tcp-stream-X.img.
#include "base/format.h"
#include "net/tcp_stream.h"
#include "net/tcp_stream.pb.h"

namespace cr::net {

void put_stream(const TcpStream& s, pb::tcp_stream_entry& e) {
  e.set_inq_len(static_cast<std::uint32_t>(s.inq.size()));
  e.set_inq_seq(s.inq_seq);
  e.set_outq_len(static_cast<std::uint32_t>(s.outq.size()));
  e.set_outq_seq(s.outq_seq);
  e.set_unsq_len(s.unsent);
  e.set_opt_mask(s.options);
  e.set_snd_wscale(s.snd_wscale);
  e.set_rcv_wscale(s.rcv_wscale);
  e.set_mss_clamp(s.mss_clamp);
  e.set_timestamp(s.timestamp);
  if (s.urgent) {
    pb::cr_tcp_urgent& u = *e.mutable_cr_urgent();
    u.set_at(s.urgent->at);
    u.set_byte(s.urgent->byte);
    if (s.urgent->read) u.set_read(true);
    if (s.urgent->in_line) u.set_in_line(true);
  }
  if (!s.window) return;
  e.set_snd_wl1(s.window->snd_wl1);
  e.set_snd_wnd(s.window->snd_wnd);
  e.set_max_window(s.window->max_window);
  e.set_rcv_wnd(s.window->rcv_wnd);
  e.set_rcv_wup(s.window->rcv_wup);
}

Result<TcpStream> get_stream(const pb::tcp_stream_entry& e, const std::string& object) {
  TcpStream s;
  s.inq_seq = e.inq_seq();
  s.outq_seq = e.outq_seq();
  s.unsent = e.unsq_len();
  s.options = e.opt_mask();
  s.snd_wscale = e.snd_wscale();
  s.rcv_wscale = e.rcv_wscale();
  s.mss_clamp = e.mss_clamp();
  s.timestamp = e.timestamp();
  if (e.has_rcv_wup()) s.window = TcpWindow{e.snd_wl1(), e.snd_wnd(), e.max_window(), e.rcv_wnd(), e.rcv_wup()};
  if (e.has_cr_urgent())
    s.urgent = TcpUrgent{.at = e.cr_urgent().at(),
                         .byte = static_cast<std::uint8_t>(e.cr_urgent().byte()),
                         .read = e.cr_urgent().read(),
                         .in_line = e.cr_urgent().in_line()};
  const bool urgent_is_there = !s.urgent || s.urgent->at + (s.urgent->in_line ? 1 : 0) <= e.inq_len();
  if (!urgent_is_there || s.unsent > e.outq_len() || s.snd_wscale > 14 || s.rcv_wscale > 14)
    return Error{"net", "use", object, 0, "its tcp-stream image makes no sense: it is damaged"};
  return s;
}

}  // namespace cr::net
