#include "net/packet_ring.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <utility>
#include <vector>

#include "base/format.h"
#include "base/unique_fd.h"
#include "net/errors.h"

namespace cr::net {
namespace {

constexpr std::uint16_t kExperimental = 0x88b5;  // IEEE 802: for local experiments
constexpr int kPatience = 20000;                 // times 100 us

/// A word that the kernel may be changing.
template <class T>
T word_at(const char* at) {
  return __atomic_load_n(reinterpret_cast<const T*>(at), __ATOMIC_ACQUIRE);
}

using BlockHeader = tpacket_hdr_v1;
constexpr std::size_t kStatus = offsetof(tpacket_block_desc, hdr.bh1.block_status);
constexpr std::size_t kPackets = offsetof(tpacket_block_desc, hdr.bh1.num_pkts);
constexpr std::size_t kNumber = offsetof(tpacket_block_desc, hdr.bh1.seq_num);

/// Where place `i` begins: a frame, or a block of version 3.
std::size_t offset_of(const PacketRing& ring, std::uint32_t version, std::uint32_t i) {
  if (version == TPACKET_V3) return std::size_t{i} * ring.block_size;
  const std::uint32_t in_block = ring.block_size / ring.frame_size;
  return std::size_t{i / in_block} * ring.block_size + std::size_t{i % in_block} * ring.frame_size;
}

std::uint64_t status_at(const char* place, std::uint32_t version) {
  if (version == TPACKET_V1) return word_at<unsigned long>(place);
  return word_at<std::uint32_t>(version == TPACKET_V3 ? place + kStatus : place);
}

/// When the packet in a frame came; 0: none ever did.
std::uint64_t time_at(const char* frame, std::uint32_t version) {
  if (version == TPACKET_V1) {
    tpacket_hdr h;
    std::memcpy(&h, frame, sizeof h);
    return std::uint64_t{h.tp_sec} << 32 | h.tp_usec;
  }
  tpacket2_hdr h;
  std::memcpy(&h, frame, sizeof h);
  return std::uint64_t{h.tp_sec} << 32 | h.tp_nsec;
}

Error not_told(const char* why) { return Error{"net", "find", "the position of a packet ring", 0, why}; }

Result<std::uint32_t> find_frame(const PacketRing& ring, std::uint32_t version) {
  std::vector<std::uint64_t> times;
  for (std::uint32_t i = 0; i < ring.frame_nr; ++i)
    times.push_back(time_at(ring.content.data() + offset_of(ring, version, i), version));
  const auto unused = std::find(times.begin(), times.end(), 0u);
  if (unused != times.end()) {  // the first time round
    if (std::any_of(unused, times.end(), [](std::uint64_t t) { return t != 0; }))
      return not_told("frames in its middle have no time, so that it can't be told where the kernel goes on");
    return static_cast<std::uint32_t>(unused - times.begin());
  }
  std::uint32_t position = 0, descents = 0;
  for (std::uint32_t i = 0; i < ring.frame_nr; ++i)
    if (times[i] > times[(i + 1) % ring.frame_nr]) position = (i + 1) % ring.frame_nr, ++descents;
  if (descents == 1 || ring.frame_nr == 1) return position;
  return not_told("its frames do not bear times that ascend, so that it can't be told where the kernel goes on");
}

/// The block that is being filled, or is to be: it has the highest number. Those that a restore has brought are
/// below 1.
std::uint32_t find_block(const PacketRing& ring) {
  std::uint32_t last = 0;
  auto number = [&](std::uint32_t i) {
    return word_at<std::int64_t>(ring.content.data() + offset_of(ring, TPACKET_V3, i) + kNumber);
  };
  for (std::uint32_t i = 1; i < ring.block_nr; ++i)
    if (number(i) > number(last)) last = i;
  return last;
}

/// Hands a block that is being filled to the program, as the kernel does when its time is over.
void close_block(char* block, std::uint32_t size) {
  BlockHeader h;
  std::memcpy(&h, block + offsetof(tpacket_block_desc, hdr), sizeof h);
  std::size_t at = h.offset_to_first_pkt;
  for (std::uint32_t i = 1; i < h.num_pkts; ++i) {
    const auto step = word_at<std::uint32_t>(block + at);
    if (at + step + sizeof(tpacket3_hdr) > size) break;
    at += step;
  }
  tpacket3_hdr last;
  if (at + sizeof last > size) return;
  std::memcpy(&last, block + at, sizeof last);
  last.tp_next_offset = 0;
  std::memcpy(block + at, &last, sizeof last);
  h.ts_last_pkt.ts_sec = last.tp_sec;
  h.ts_last_pkt.ts_nsec = last.tp_nsec;
  h.block_status = TP_STATUS_USER | TP_STATUS_BLK_TMO;
  std::memcpy(block + offsetof(tpacket_block_desc, hdr), &h, sizeof h);
}

Result<> close_current(PacketRing& ring) {
  char* const block = ring.content.data() + offset_of(ring, TPACKET_V3, ring.position);
  if (status_at(block, TPACKET_V3) & TP_STATUS_USER)
    return not_told("all of its blocks are full; dump it when the program has read some");
  if (word_at<std::uint32_t>(block + kPackets) == 0) return {};
  const std::uint32_t next = (ring.position + 1) % ring.block_nr;
  if (status_at(ring.content.data() + offset_of(ring, TPACKET_V3, next), TPACKET_V3) & TP_STATUS_USER)
    return not_told(
        "all of its blocks but the one that is being filled are full; dump it when the program has read "
        "some");
  close_block(block, ring.block_size);
  ring.position = next;
  return {};
}

class Mapped {
 public:
  static Result<Mapped> map(int fd, const PacketRing& ring, const std::string& object) {
    void* at = mmap(nullptr, ring.size(), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (at == MAP_FAILED) return failed("map the ring of", object);
    return Mapped(static_cast<char*>(at), ring.size());
  }
  Mapped(Mapped&& o) noexcept : at_(std::exchange(o.at_, nullptr)), size_(o.size_) {}
  Mapped& operator=(Mapped&&) = delete;
  ~Mapped() {
    if (at_ != nullptr) munmap(at_, size_);
  }
  char* data() const { return at_; }

 private:
  Mapped(char* at, std::size_t size) : at_(at), size_(size) {}
  char* at_;
  std::size_t size_;
};

/// Sends packets to ourselves, one at a time.
class Sender {
 public:
  static Result<Sender> open(const std::string& object) {
    Sender s(UniqueFd(socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0)));
    if (!s.fd_) return failed("send packets to", object);
    return s;
  }
  static sockaddr_ll loopback() {
    sockaddr_ll to{};
    to.sll_family = AF_PACKET;
    to.sll_protocol = htons(kExperimental);
    to.sll_ifindex = static_cast<int>(if_nametoindex("lo"));
    to.sll_halen = ETH_ALEN;
    return to;
  }
  Result<> send(std::size_t bytes, const std::string& object) const {
    const sockaddr_ll to = loopback();
    const std::vector<char> packet(bytes);
    if (sendto(fd_.get(), packet.data(), bytes, 0, reinterpret_cast<const sockaddr*>(&to), sizeof to) >= 0) return {};
    return failed("send packets to", object, errno, errno == ENETDOWN ? "set its loopback interface up" : "");
  }

 private:
  explicit Sender(UniqueFd fd) : fd_(std::move(fd)) {}
  UniqueFd fd_;
};

/// Waits until `done()`, for as long as a packet to ourselves could take.
template <class F>
Result<> await(F done, const std::string& object) {
  for (int i = 0; i < kPatience; ++i) {
    if (done()) return {};
    usleep(100);
  }
  return failed("bring to its position the ring of", object, ETIMEDOUT);
}

constexpr std::size_t kSmall = 64, kLarge = 32768;

Result<> turn_frames(const char* at, std::uint32_t version, const PacketRing& ring, const std::string& object) {
  const Sender sender = TRY(Sender::open(object));
  for (std::uint32_t i = 0; i < ring.position; ++i) {
    TRY(sender.send(kSmall, object));
    const char* frame = at + offset_of(ring, version, i);
    TRY(await([&] { return (status_at(frame, version) & TP_STATUS_USER) != 0; }, object));
  }
  return {};
}

/// Takes the only packet out of a block that the kernel goes on filling: it counts in this memory, and the next
/// packet comes behind.
Result<> empty_block(char* block, const std::string& object) {
  BlockHeader h;
  std::memcpy(&h, block + offsetof(tpacket_block_desc, hdr), sizeof h);
  h.offset_to_first_pkt += word_at<std::uint32_t>(block + h.offset_to_first_pkt);  // tp_next_offset
  h.num_pkts = 0;
  std::memcpy(block + offsetof(tpacket_block_desc, hdr), &h, sizeof h);
  if ((status_at(block, TPACKET_V3) & TP_STATUS_USER) == 0) return {};
  return failed("bring to its position the ring of", object, ETIMEDOUT);
}

/// A block ends when it is full, which the packet that begins the next one shows, or when its time is over.
Result<> turn_blocks(char* at, const PacketRing& ring, const std::string& object) {
  constexpr std::uint32_t kShortTime = 100;  // ms, after which the last one is waited for
  const bool waits = ring.retire_tmo <= kShortTime;
  const Sender sender = TRY(Sender::open(object));
  for (std::uint32_t i = 0; i < ring.position; ++i) {
    const char* block = at + offset_of(ring, TPACKET_V3, i);
    const bool last = waits && i + 1 == ring.position;
    auto packets = [&] { return word_at<std::uint32_t>(block + kPackets); };
    auto closed = [&] { return (status_at(block, TPACKET_V3) & TP_STATUS_USER) != 0; };
    while (!closed() && !(last && packets() != 0)) {
      const std::uint32_t before = packets();
      TRY(sender.send(last ? kSmall : kLarge, object));
      TRY(await([&] { return closed() || packets() != before; }, object));
    }
    TRY(await(closed, object));
  }
  return waits ? Result<>{} : empty_block(at + offset_of(ring, TPACKET_V3, ring.position), object);
}

void write_content(char* at, std::uint32_t version, const PacketRing& ring) {
  if (version != TPACKET_V3) {
    std::memcpy(at, ring.content.data(), ring.content.size());
    return;
  }
  for (std::uint32_t i = 0; i < ring.block_nr; ++i) {
    if (i == ring.position) continue;  // the kernel's, and empty
    char* const block = at + offset_of(ring, version, i);
    std::memcpy(block, ring.content.data() + offset_of(ring, version, i), ring.block_size);
    // That of the kernel has number position + 1.
    const std::uint32_t before = (ring.position + ring.block_nr - i) % ring.block_nr;
    const auto number = static_cast<std::uint64_t>(std::int64_t{ring.position} + 1 - before);
    std::memcpy(block + kNumber, &number, sizeof number);
  }
}

/// The header of the place where the kernel goes on, and of the one before.
std::string near_position(const char* at, std::uint32_t version, const PacketRing& ring) {
  const std::uint32_t places = ring.places(version);
  std::string both;
  for (std::uint32_t i : {ring.position, (ring.position + places - 1) % places})
    both.append(at + offset_of(ring, version, i), sizeof(tpacket_block_desc));
  return both;
}

}  // namespace

std::uint32_t PacketRing::places(std::uint32_t version) const { return version == TPACKET_V3 ? block_nr : frame_nr; }

Result<std::uint32_t> find_position(const PacketRing& ring, std::uint32_t version) {
  if (version == TPACKET_V3) return find_block(ring);
  return find_frame(ring, version);
}

Result<> read_ring(int fd, std::uint32_t version, PacketRing& ring, const std::string& object) {
  const Mapped mapped = TRY(Mapped::map(fd, ring, object));
  constexpr int kTries = 100;
  for (int i = 0; i < kTries; ++i) {
    ring.content.assign(mapped.data(), ring.size());
    auto position = find_position(ring, version);
    if (!position.ok()) return failed("dump", object, 0, position.error().remedy);
    ring.position = position.value();
    usleep(100);  // so that a packet that was just being written would show
    if (near_position(mapped.data(), version, ring) != near_position(ring.content.data(), version, ring)) continue;
    if (version != TPACKET_V3) return {};
    auto closed = close_current(ring);
    return closed.ok() ? Result<>{} : failed("dump", object, 0, closed.error().remedy);
  }
  return failed("dump", object, 0, "packets come into its ring faster than that can be looked at");
}

Result<> make_ring(int fd, std::uint32_t version, const PacketRing& ring, const std::string& object) {
  tpacket_req3 request{};
  request.tp_block_size = ring.block_size;
  request.tp_block_nr = ring.block_nr;
  request.tp_frame_size = ring.frame_size;
  request.tp_frame_nr = ring.frame_nr;
  request.tp_retire_blk_tov = ring.retire_tmo;
  request.tp_sizeof_priv = ring.sizeof_priv;
  request.tp_feature_req_word = ring.features;
  const auto size = static_cast<socklen_t>(version == TPACKET_V3 ? sizeof request : sizeof(tpacket_req));
  if (setsockopt(fd, SOL_PACKET, PACKET_RX_RING, &request, size) != 0) return failed("make the ring of", object);
  const Mapped mapped = TRY(Mapped::map(fd, ring, object));
  const sockaddr_ll loopback = Sender::loopback();
  if (ring.position != 0) {
    if (bind(fd, reinterpret_cast<const sockaddr*>(&loopback), sizeof loopback) != 0)
      return failed("bind to the loopback interface", object);
    TRY(version == TPACKET_V3 ? turn_blocks(mapped.data(), ring, object)
                              : turn_frames(mapped.data(), version, ring, object));
    tpacket_stats_v3 counted;
    socklen_t room = sizeof counted;
    (void)getsockopt(fd, SOL_PACKET, PACKET_STATISTICS, &counted, &room);  // reading begins them anew
  }
  write_content(mapped.data(), version, ring);
  return {};
}

}  // namespace cr::net
