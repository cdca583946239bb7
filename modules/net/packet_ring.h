// The receive ring of a packet socket: memory that the socket shares with the kernel, and where in it the kernel goes
// on.
//
// The kernel does not tell its position, but what it has written does: frames bear the time of their packet, blocks
// of version 3 are numbered. On restore packets of our own, over the loopback interface and of a protocol that nobody
// has, bring a new ring to that position; then the old content is written over it. Statistics and block numbers begin
// anew.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "base/result.h"

namespace cr::net {

struct PacketRing {
  std::uint32_t block_size = 0, block_nr = 0, frame_size = 0, frame_nr = 0;
  std::uint32_t retire_tmo = 0, sizeof_priv = 0, features = 0;  ///< of version 3; ms, bytes, TP_FT_*
  std::string content{};
  std::uint32_t position = 0;  ///< the frame, in version 3 the block, that the kernel fills next

  std::uint64_t size() const { return std::uint64_t{block_size} * block_nr; }
  std::uint32_t places(std::uint32_t version) const;
};

/// In which frame the kernel goes on, as the times in them tell, or in which block. Errors, as the end of a sentence:
/// it can't be told.
Result<std::uint32_t> find_position(const PacketRing& ring, std::uint32_t version);

/// Fills `content` and `position` of a ring whose sizes are known, while packets come in. The block of version 3 that
/// is being filled is handed to the program, as at the end of its time. Errors: mmap(2); it can't be told where it
/// is.
Result<> read_ring(int fd, std::uint32_t version, PacketRing& ring, const std::string& object);

/// Makes the ring of a socket that is bound to nothing and has no filter, and brings it to where it was. Leaves the
/// socket bound to the loopback interface. Errors: setsockopt(2), bind(2), send(2); ENETDOWN: that interface is down.
Result<> make_ring(int fd, std::uint32_t version, const PacketRing& ring, const std::string& object);

}  // namespace cr::net
