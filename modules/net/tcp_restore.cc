// Making a TCP connection out of a new socket.
#include <linux/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "base/format.h"
#include "net/errors.h"
#include "net/sk_opts.h"
#include "net/tcp_segment.h"
#include "net/tcp_stream.h"

namespace cr::net {
namespace {

constexpr int kMss = 2, kWindow = 3, kSackPermitted = 4, kTimestamp = 8;  // kinds of options in the header

/// How many bytes at the end of the queue are left for when the repair is over, since they were never sent. A FIN of
/// ours stands behind them and waits too. For CLOSING, which needs our FIN to be first, all counts as sent.
std::size_t held_back(TcpState state, const TcpStream& stream) {
  return state == TcpState::kClosing ? 0 : stream.unsent;
}

/// One connection in the making.
struct Maker {
  int fd;
  TcpState state;
  const InetAddress &local, &peer;
  const TcpStream& stream;
  const std::string& object;

  template <class T>
  Result<> set(int option, const T& value, const char* step) const {
    if (setsockopt(fd, IPPROTO_TCP, option, &value, sizeof value) != 0) return failed(step, object);
    return {};
  }

  Result<> start_queue(int queue, std::uint32_t seq) const {
    TRY(set(TCP_REPAIR_QUEUE, queue, "choose a queue of"));
    return set(TCP_QUEUE_SEQ, seq, "set a sequence number of");
  }

  Result<> join() const {
    TRY(set(TCP_REPAIR, int{TCP_REPAIR_ON}, "put into repair mode"));
    TRY(start_queue(TCP_RECV_QUEUE, stream.inq_start(state)));
    TRY(start_queue(TCP_SEND_QUEUE, stream.outq_end(state) - static_cast<std::uint32_t>(stream.outq.size())));
    const SocketAddress from = to_kernel(local), to = to_kernel(peer);
    // What is negotiated can be told only once it is connected, and by then the kernel has settled on the size of
    // segments, which it does not look at again before the path changes.
    constexpr std::uint32_t kLeast = 88, kMost = 32767;  // TCP_MIN_MSS, MAX_TCP_WINDOW
    if (stream.mss_clamp >= kLeast) TRY(set(TCP_MAXSEG, std::min(stream.mss_clamp, kMost), "set the MSS of"));
    if (bind(fd, from.get(), from.size) != 0) return failed(format("bind to {}", local.text()).c_str(), object);
    if (connect(fd, to.get(), to.size) != 0) return failed(format("connect to {}", peer.text()).c_str(), object);
    return set(TCP_MAXSEG, 0, "set the MSS of");
  }

  Result<> negotiate() const {
    tcp_repair_opt options[4];
    std::size_t n = 0;
    if (stream.options & kSack) options[n++] = {kSackPermitted, 0};
    if (stream.options & kWindowScale) options[n++] = {kWindow, stream.snd_wscale | stream.rcv_wscale << 16};
    if (stream.options & kTimestamps) options[n++] = {kTimestamp, 0};
    options[n++] = {kMss, stream.mss_clamp};
    if (setsockopt(fd, IPPROTO_TCP, TCP_REPAIR_OPTIONS, options, static_cast<socklen_t>(n * sizeof options[0])) != 0)
      return failed("set what was negotiated by", object);
    if (stream.options & kTimestamps) TRY(set(TCP_TIMESTAMP, stream.timestamp, "set the timestamp of"));
    return {};
  }

  Result<> fill(int queue, const std::uint8_t* bytes, std::size_t size) const {
    if (size == 0) return {};
    TRY(set(TCP_REPAIR_QUEUE, queue, "choose a queue of"));
    // The kernel wants memory for each piece at once.
    std::size_t piece = 64 * 1024;
    for (std::size_t at = 0; at < size;) {
      const ssize_t n = send(fd, bytes + at, std::min(piece, size - at), MSG_DONTWAIT | MSG_NOSIGNAL);
      if (n > 0) {
        at += static_cast<std::size_t>(n);
      } else if ((errno == ENOMEM || errno == EAGAIN) && piece > 1024) {
        piece /= 2;
      } else {
        return failed(queue == TCP_RECV_QUEUE ? "fill the receive queue of" : "fill the send queue of", object);
      }
    }
    return {};
  }

  std::uint32_t unacked() const { return stream.outq_end(state) - static_cast<std::uint32_t>(stream.outq.size()); }

  /// The receive queue, in repair mode but for the urgent byte, which comes as it did: in a segment of the peer's.
  Result<> receive() const {
    if (!stream.urgent) return fill(TCP_RECV_QUEUE, stream.inq.data(), stream.inq.size());
    const TcpUrgent& u = *stream.urgent;
    TRY(fill(TCP_RECV_QUEUE, stream.inq.data(), u.at));
    const std::uint32_t seq = stream.inq_start(state) + u.at;
    TRY(set_window({seq, 0xffff, 0xffff, 0xffff, seq}));
    const std::uint8_t byte = u.in_line ? stream.inq[u.at] : u.byte;
    TRY(deliver_segment({.from = peer, .to = local, .seq = seq, .ack = unacked(), .urgent = byte}, object));
    TRY(set(TCP_REPAIR_QUEUE, int{TCP_RECV_QUEUE}, "choose a queue of"));
    std::uint32_t now = 0;
    socklen_t size = sizeof now;
    if (getsockopt(fd, IPPROTO_TCP, TCP_QUEUE_SEQ, &now, &size) != 0 || now != seq + 1)
      return Error{"net", "restore the urgent byte of", object, 0, "does a packet filter drop what comes over lo?"};
    char taken = 0;
    if (u.read && recv(fd, &taken, 1, MSG_OOB | MSG_DONTWAIT) != 1) return failed("read the urgent byte of", object);
    const std::size_t behind = u.at + (u.in_line ? 1 : 0);
    return fill(TCP_RECV_QUEUE, stream.inq.data() + behind, stream.inq.size() - behind);
  }

  /// What it can be until its FIN is sent.
  TcpState goal() const {
    if (!fin_sent(state) || held_back(state, stream) == 0) return state;
    return fin_received(state) ? TcpState::kCloseWait : TcpState::kEstablished;
  }

  Result<> set_window(const TcpWindow& w) const {
    const tcp_repair_window window{w.snd_wl1, w.snd_wnd, w.max_window, w.rcv_wnd, w.rcv_wup};
    return set(TCP_REPAIR_WINDOW, window, "set the windows of");
  }

  Result<> take_fin(std::uint32_t ack) const {
    return deliver_segment({peer, local, stream.inq_end(state), ack, true}, object);
  }

  Result<> send_fin() const {
    TRY(set(TCP_REPAIR_QUEUE, int{TCP_SEND_QUEUE}, "choose a queue of"));
    if (shutdown(fd, SHUT_WR) != 0) return failed("shut down", object);
    return {};
  }

  Result<> go_to(TcpState goal) const {
    if (goal == TcpState::kEstablished) return {};
    // Wide open for the segments that follow; the real windows come afterwards.
    TRY(set_window({stream.inq_end(state), 0xffff, 0xffff, 0xffff, stream.inq_end(state)}));
    const bool peer_first = goal == TcpState::kCloseWait || goal == TcpState::kLastAck;
    if (peer_first) TRY(take_fin(unacked()));
    if (fin_sent(goal)) TRY(send_fin());
    if (goal == TcpState::kFinWait2) TRY(deliver_segment({peer, local, stream.inq_seq, stream.outq_seq}, object));
    if (goal == TcpState::kClosing) TRY(take_fin(unacked()));
    const TcpState now = TRY(tcp_summary(fd, object)).state;
    return now == goal ? Result<>{} : astray(now, goal, object);
  }

  static Error astray(TcpState now, TcpState goal, const std::string& object) {
    return Error{"net", "restore", object, 0,
                 format("it got into state {} instead of {}: does a packet filter drop what comes over lo?",
                        state_name(now), state_name(goal))};
  }
};

}  // namespace

Result<> make_stream(int fd, TcpState state, const InetAddress& local, const InetAddress& peer,
                     const TcpStream& stream, const std::string& object) {
  const Maker m{fd, state, local, peer, stream, object};
  widen_send_buffer(fd);
  const int wide = 1 << 30;
  setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &wide, sizeof wide);
  TRY(m.join());
  TRY(m.negotiate());
  TRY(m.receive());
  TRY(m.fill(TCP_SEND_QUEUE, stream.outq.data(), stream.outq.size() - held_back(state, stream)));
  TRY(m.go_to(m.goal()));
  if (stream.window) TRY(m.set_window(*stream.window));
  return m.set(TCP_REPAIR_QUEUE, int{TCP_NO_QUEUE}, "choose no queue of");
}

Result<> make_spent_stream(int fd, const InetAddress& local, const InetAddress& peer, const TcpStream& stream,
                           const std::string& object) {
  TRY(make_stream(fd, TcpState::kLastAck, local, peer, stream, object));
  TRY(deliver_segment({peer, local, stream.inq_seq, stream.outq_seq}, object));
  const TcpState now = TRY(tcp_summary(fd, object)).state;
  if (now != TcpState::kClose) return Maker::astray(now, TcpState::kClose, object);
  const int off = TCP_REPAIR_OFF_NO_WP;
  if (setsockopt(fd, IPPROTO_TCP, TCP_REPAIR, &off, sizeof off) != 0) return failed("end the repair of", object);
  return {};
}

Result<> revive_stream(int fd, TcpState state, const TcpStream& stream, const std::string& object) {
  const int off = TCP_REPAIR_OFF;
  if (setsockopt(fd, IPPROTO_TCP, TCP_REPAIR, &off, sizeof off) != 0) return failed("end the repair of", object);
  const std::size_t rest = held_back(state, stream);
  for (std::size_t at = stream.outq.size() - rest; at < stream.outq.size();) {
    const ssize_t n = send(fd, stream.outq.data() + at, stream.outq.size() - at, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n <= 0) return failed("queue what was never sent by", object);
    at += static_cast<std::size_t>(n);
  }
  if (rest > 0 && fin_sent(state) && shutdown(fd, SHUT_WR) != 0) return failed("shut down", object);
  return {};
}

}  // namespace cr::net
