// The state of one TCP connection: sequence numbers, what was negotiated, windows and both queues.
// Shown and put back in repair mode (TCP_REPAIR, tcp(7) has no words for it: net/ipv4/tcp.c), in which the kernel
// sends nothing and closes without telling the peer. It makes SO_REUSEADDR look set and clears it when it ends.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "net/inet_address.h"

namespace cr::pb {
class tcp_stream_entry;
}

namespace cr::net {

/// States of the kernel (include/net/tcp_states.h), as sock_diag and the images have them.
enum class TcpState : std::uint32_t {
  kEstablished = 1,
  kSynSent,
  kSynReceived,
  kFinWait1,
  kFinWait2,
  kTimeWait,
  kClose,
  kCloseWait,
  kLastAck,
  kListen,
  kClosing,
};
const char* state_name(TcpState);
/// We have sent our FIN: our half is closed.
bool fin_sent(TcpState);
/// Our FIN was not acknowledged yet.
bool fin_unacked(TcpState);
/// The peer's FIN has come: its half is closed.
bool fin_received(TcpState);
/// There is a peer: packets may come.
bool is_connection(TcpState);

/// Bits of tcp_info.tcpi_options and of tcp_stream_entry.opt_mask.
enum TcpOptionBits : std::uint32_t { kTimestamps = 1, kSack = 2, kWindowScale = 4 };

struct TcpWindow {
  std::uint32_t snd_wl1 = 0, snd_wnd = 0, max_window = 0, rcv_wnd = 0, rcv_wup = 0;
};

/// An urgent byte (MSG_OOB) among what was received.
struct TcpUrgent {
  std::uint32_t at = 0;  ///< how many unread bytes are before it
  std::uint8_t byte = 0;
  bool read = false;     ///< by MSG_OOB; its place in the stream is still there
  bool in_line = false;  ///< SO_OOBINLINE: it is one of TcpStream::inq
};

struct TcpStream {
  std::uint32_t inq_seq = 0;   ///< the next byte expected; a FIN that has come is counted
  std::uint32_t outq_seq = 0;  ///< the next byte to be written; a FIN of ours is counted
  std::uint32_t unsent = 0;    ///< how many of the last bytes of outq were never sent
  std::uint32_t options = 0;   ///< TcpOptionBits
  std::uint32_t snd_wscale = 0, rcv_wscale = 0, mss_clamp = 0, timestamp = 0;
  std::optional<TcpWindow> window{};
  std::vector<std::uint8_t> inq{};  ///< received, not read
  std::optional<TcpUrgent> urgent{};
  std::vector<std::uint8_t> outq{};  ///< written, not acknowledged

  std::uint32_t inq_end(TcpState s) const { return inq_seq - (fin_received(s) ? 1 : 0); }
  std::uint32_t inq_start(TcpState s) const {
    return inq_end(s) - static_cast<std::uint32_t>(inq.size()) - (urgent && !urgent->in_line ? 1 : 0);
  }
  std::uint32_t outq_end(TcpState s) const { return outq_seq - (fin_sent(s) ? 1 : 0); }
};

/// What tcp_info tells of any TCP socket.
struct TcpSummary {
  TcpState state = TcpState::kClose;
  std::uint32_t options = 0, snd_wscale = 0, rcv_wscale = 0;
  std::uint32_t pending = 0, backlog = 0;  ///< of a listening one: connections nobody has accepted, and their limit
};
Result<TcpSummary> tcp_summary(int fd, const std::string& object);

/// Repair mode of one socket, through a copy of its descriptor. Ends silently: no probe is sent, SO_REUSEADDR is what
/// it was.
class Repair {
 public:
  /// Errors: setsockopt(2); CAP_NET_ADMIN is needed.
  static Result<Repair> begin(int fd, const std::string& object);
  Repair(Repair&& other) noexcept : fd_(std::exchange(other.fd_, -1)), reuse_(other.reuse_) {}
  Repair& operator=(Repair&&) = delete;
  ~Repair();
  /// The socket stays in repair mode: whoever closes it last closes it silently.
  void leave_on() { fd_ = -1; }

 private:
  Repair(int fd, int reuse) : fd_(fd), reuse_(reuse) {}
  int fd_, reuse_;
};

/// Reads everything of a connection that does not move (frozen, network locked), leaving it as it is. Errors:
/// setsockopt(2), recv(2); an urgent byte in the middle of what was received before Linux 6.9.
Result<TcpStream> read_stream(int fd, const TcpSummary&, const std::string& object);

/// What can still be read of one that is closed. Errors: recv(2).
Result<std::vector<std::uint8_t>> read_rest(int fd, const std::string& object);

/// Makes a connection out of a new socket that has its options: binds, connects, fills the queues, and brings it to
/// `state` with the help of segments in the peer's name, for which the network must be locked. It stays in repair
/// mode. Errors: bind(2), connect(2), setsockopt(2), send(2); a state that can't be reached.
Result<> make_stream(int fd, TcpState state, const InetAddress& local, const InetAddress& peer, const TcpStream&,
                     const std::string& object);
/// Same for one that both sides have closed: it ends in TcpState::kClose, out of repair mode.
Result<> make_spent_stream(int fd, const InetAddress& local, const InetAddress& peer, const TcpStream&,
                           const std::string& object);
/// Out of repair mode: sends what was never sent, and a probe that tells the peer that we are there.
Result<> revive_stream(int fd, TcpState state, const TcpStream&, const std::string& object);

void put_stream(const TcpStream&, pb::tcp_stream_entry&);
Result<TcpStream> get_stream(const pb::tcp_stream_entry&, const std::string& object);

}  // namespace cr::net
