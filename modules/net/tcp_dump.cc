// Reading a TCP connection.
#include <fcntl.h>
#include <linux/sockios.h>
#include <linux/tcp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <iterator>

#include "base/format.h"
#include "net/errors.h"
#include "net/tcp_diag.h"
#include "net/tcp_stream.h"

#ifndef SO_PEEK_OFF
#define SO_PEEK_OFF 42
#endif

namespace cr::net {
namespace {

constexpr unsigned bit(TcpState s) { return 1u << static_cast<unsigned>(s); }
bool among(TcpState s, unsigned states) { return (bit(s) & states) != 0; }

template <class T>
Result<T> get(int fd, int option, int level, const char* step, const std::string& object) {
  T value{};
  socklen_t size = sizeof value;
  if (getsockopt(fd, level, option, &value, &size) != 0) return failed(step, object);
  return value;
}
template <class T>
Result<T> get(int fd, int option, const char* step, const std::string& object) {
  return get<T>(fd, option, IPPROTO_TCP, step, object);
}

Result<> choose_queue(int fd, int queue, const std::string& object) {
  if (setsockopt(fd, IPPROTO_TCP, TCP_REPAIR_QUEUE, &queue, sizeof queue) != 0)
    return failed("choose a queue of", object);
  return {};
}

/// Everything in the queue that is chosen, without taking it. The length is not known beforehand: a FIN counts in
/// what the ioctls tell.
Result<std::vector<std::uint8_t>> peek_all(int fd, std::size_t guess, const std::string& object) {
  std::vector<std::uint8_t> bytes(guess + 4096);
  for (;;) {
    const ssize_t n = recv(fd, bytes.data(), bytes.size(), MSG_PEEK | MSG_DONTWAIT);
    if (n < 0 && errno != EAGAIN && errno != ENOTCONN) return failed("look into a queue of", object);
    const auto got = static_cast<std::size_t>(std::max<ssize_t>(n, 0));
    if (got < bytes.size()) {
      bytes.resize(got);
      return bytes;
    }
    bytes.resize(bytes.size() * 2);
  }
}

/// SO_PEEK_OFF (for TCP since Linux 6.9) would make us skip what is before it.
class WholeView {
 public:
  explicit WholeView(int fd) : fd_(fd) {
    socklen_t size = sizeof offset_;
    if (getsockopt(fd, SOL_SOCKET, SO_PEEK_OFF, &offset_, &size) != 0) offset_ = -1;
    if (offset_ >= 0) set(-1);
  }
  ~WholeView() {
    if (offset_ >= 0) set(offset_);
  }

 private:
  void set(int offset) { setsockopt(fd_, SOL_SOCKET, SO_PEEK_OFF, &offset, sizeof offset); }
  int fd_, offset_ = -1;
};

/// How much was received and not read, a FIN aside.
Result<std::uint32_t> unread(int fd, TcpState state, const std::string& object) {
  bool connected = false;
  const InetAddress local = TRY(local_address(fd, object)), peer = TRY(peer_address(fd, connected, object));
  const auto found = TRY(find_tcp(local, peer));
  if (!found)
    return Error{"net", "ask sock_diag(7) about", object, 0, "it needs CONFIG_INET_TCP_DIAG (module tcp_diag)"};
  return found->unread - (fin_received(state) ? 1 : 0);
}

/// Reading stops before an urgent byte, and goes on behind it.
Result<std::vector<std::uint8_t>> peek_from(int fd, std::uint32_t offset, const std::string& object) {
  const int at = static_cast<int>(offset), off = -1;
  if (setsockopt(fd, SOL_SOCKET, SO_PEEK_OFF, &at, sizeof at) != 0)
    return Error{
        "net", "dump", object, 0,
        "it has an urgent byte in the middle of what was received, behind which Linux before 6.9 does not let "
        "anybody look: let the program read it first"};
  auto bytes = peek_all(fd, 0, object);
  setsockopt(fd, SOL_SOCKET, SO_PEEK_OFF, &off, sizeof off);
  return bytes;
}

/// Completes the receive queue, of which what is before an urgent byte, if there is one, was read. Kernel:
/// tcp_recvmsg_locked().
Result<> read_urgent(int fd, TcpState state, TcpStream& s, const std::string& object) {
  int at_mark = 0;
  if (ioctl(fd, SIOCATMARK, &at_mark) != 0) return failed("look for urgent data of", object);
  if (s.inq.empty() && at_mark == 0) return {};
  const std::uint32_t all = TRY(unread(fd, state, object));
  TcpUrgent u;
  u.in_line = TRY(get<int>(fd, SO_OOBINLINE, SOL_SOCKET, "ask for the options of", object)) != 0;
  if (at_mark == 0) {
    u.at = static_cast<std::uint32_t>(s.inq.size());
    if (all == u.at) return {};
    const std::vector<std::uint8_t> rest = TRY(peek_from(fd, u.at, object));
    s.inq.insert(s.inq.end(), rest.begin(), rest.end());
  }
  if (all == 0) return {};  // it was announced, and comes with the next segment
  pollfd p{fd, POLLPRI, 0};
  u.read = !u.in_line && (poll(&p, 1, 0) <= 0 || (p.revents & POLLPRI) == 0);
  if (!u.in_line && !u.read && recv(fd, &u.byte, 1, MSG_OOB | MSG_PEEK | MSG_DONTWAIT) != 1)
    return failed("read the urgent byte of", object);
  s.urgent = u;
  if (s.inq_end(state) - s.inq_start(state) == all) return {};
  return Error{"net", "dump", object, 0,
               format("{} bytes of it were received, and {} can be read", all, s.inq.size())};
}

int in_queue(int fd, unsigned long request) {
  int n = 0;
  return ioctl(fd, request, &n) == 0 ? std::max(n, 0) : 0;
}

}  // namespace

const char* state_name(TcpState s) {
  static constexpr const char* kNames[] = {"?",          "ESTABLISHED", "SYN_SENT",  "SYN_RECV",
                                           "FIN_WAIT1",  "FIN_WAIT2",   "TIME_WAIT", "CLOSE",
                                           "CLOSE_WAIT", "LAST_ACK",    "LISTEN",    "CLOSING"};
  const auto i = static_cast<std::size_t>(s);
  return i < std::size(kNames) ? kNames[i] : "?";
}

bool fin_sent(TcpState s) {
  return among(
      s, bit(TcpState::kFinWait1) | bit(TcpState::kFinWait2) | bit(TcpState::kClosing) | bit(TcpState::kLastAck));
}
bool fin_unacked(TcpState s) { return fin_sent(s) && s != TcpState::kFinWait2; }
bool fin_received(TcpState s) {
  return among(s, bit(TcpState::kCloseWait) | bit(TcpState::kLastAck) | bit(TcpState::kClosing));
}
bool is_connection(TcpState s) { return s != TcpState::kClose && s != TcpState::kListen; }

Result<TcpSummary> tcp_summary(int fd, const std::string& object) {
  const auto info = TRY(get<tcp_info>(fd, TCP_INFO, "ask for the state of", object));
  TcpSummary s;
  s.state = static_cast<TcpState>(info.tcpi_state);
  s.options = info.tcpi_options & (kTimestamps | kSack | kWindowScale);
  s.snd_wscale = info.tcpi_snd_wscale;
  s.rcv_wscale = info.tcpi_rcv_wscale;
  if (s.state == TcpState::kListen) {
    s.pending = info.tcpi_unacked;
    s.backlog = info.tcpi_sacked;
  }
  return s;
}

Result<Repair> Repair::begin(int fd, const std::string& object) {
  int reuse = 0;
  socklen_t size = sizeof reuse;
  getsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &reuse, &size);
  const int on = TCP_REPAIR_ON;
  if (setsockopt(fd, IPPROTO_TCP, TCP_REPAIR, &on, sizeof on) != 0) return failed("put into repair mode", object);
  return Repair(fd, reuse);
}

Repair::~Repair() {
  if (fd_ < 0) return;
  const int off = TCP_REPAIR_OFF_NO_WP, none = TCP_NO_QUEUE;
  setsockopt(fd_, IPPROTO_TCP, TCP_REPAIR_QUEUE, &none, sizeof none);  // it would show in getsockopt(2)
  setsockopt(fd_, IPPROTO_TCP, TCP_REPAIR, &off, sizeof off);
  // The kernel forgets it: tcp_repair_set() leaves SK_NO_REUSE.
  setsockopt(fd_, SOL_SOCKET, SO_REUSEADDR, &reuse_, sizeof reuse_);
}

Result<std::vector<std::uint8_t>> read_rest(int fd, const std::string& object) {
  WholeView whole(fd);
  return peek_all(fd, 0, object);
}

Result<TcpStream> read_stream(int fd, const TcpSummary& summary, const std::string& object) {
  TcpStream s;
  s.options = summary.options;
  s.snd_wscale = summary.snd_wscale;
  s.rcv_wscale = summary.rcv_wscale;
  const auto received = static_cast<std::size_t>(in_queue(fd, SIOCINQ));
  const auto written = static_cast<std::size_t>(in_queue(fd, SIOCOUTQ));
  const auto unsent = static_cast<std::uint32_t>(in_queue(fd, SIOCOUTQNSD));
  WholeView whole(fd);
  Repair repair = TRY(Repair::begin(fd, object));
  s.mss_clamp = TRY(get<std::uint32_t>(fd, TCP_MAXSEG, "ask for the MSS of", object));
  s.timestamp = TRY(get<std::uint32_t>(fd, TCP_TIMESTAMP, "ask for the timestamp of", object));
  const auto w = TRY(get<tcp_repair_window>(fd, TCP_REPAIR_WINDOW, "ask for the windows of", object));
  s.window = TcpWindow{w.snd_wl1, w.snd_wnd, w.max_window, w.rcv_wnd, w.rcv_wup};
  TRY(choose_queue(fd, TCP_RECV_QUEUE, object));
  s.inq_seq = TRY(get<std::uint32_t>(fd, TCP_QUEUE_SEQ, "ask for a sequence number of", object));
  s.inq = TRY(peek_all(fd, received, object));
  TRY(read_urgent(fd, summary.state, s, object));
  TRY(choose_queue(fd, TCP_SEND_QUEUE, object));
  s.outq_seq = TRY(get<std::uint32_t>(fd, TCP_QUEUE_SEQ, "ask for a sequence number of", object));
  s.outq = TRY(peek_all(fd, written, object));
  // A FIN that waits behind unsent data counts as one byte of it.
  const bool fin_counted = fin_unacked(summary.state) && unsent > 0;
  s.unsent = std::min(unsent - (fin_counted ? 1 : 0), static_cast<std::uint32_t>(s.outq.size()));
  return s;
}

}  // namespace cr::net
