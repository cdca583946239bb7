// Finding out about an io_uring from outside, by a copy of its descriptor, while everybody who has it is frozen.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "files/io_uring_ring.h"

namespace cr::files {

struct RingBuffer {
  std::uint64_t address = 0, length = 0;  ///< bytes; 0: an empty place
  friend bool operator==(const RingBuffer&, const RingBuffer&) = default;
};

/// What fdinfo tells about a ring.
struct RingInfo {
  std::uint32_t sq_entries = 0, cq_entries = 0;
  std::uint32_t submitted = 0;  ///< entries that the kernel has taken (CachedSqHead), modulo 2^32
  std::uint32_t completed = 0;  ///< results that it has put down (CachedCqTail)
  bool has_thread = false;      ///< IORING_SETUP_SQPOLL
  bool busy_polls = false;      ///< IORING_REGISTER_NAPI
  std::size_t waiting = 0;      ///< requests in flight, as far as they are shown
  std::size_t overflown = 0;    ///< results for which the ring had no room
  std::uint32_t file_places = 0;
  std::map<std::uint32_t, std::string> files{};  ///< registered files by their places, as seq_file_path() spells them
  std::vector<RingBuffer> buffers{};
};

/// Errors: lines that are missing, also when the ring was busy while the kernel was to show it.
Result<RingInfo> parse_fdinfo_io_uring(std::string_view text);

/// What keeps a ring from being carried, as the end of a sentence; empty: nothing.
std::string reason_against(const RingInfo& info);
/// The same for what the ring tells whoever asks, by calls that change nothing.
std::string reason_against_ring(int fd);
/// IORING_SETUP_SINGLE_ISSUER and what goes with it; 0: the ring is anybody's. TASKRUN_FLAG, which is not to be seen,
/// is taken for set with DEFER_TASKRUN: a program that counts on it would wait for ever without.
std::uint32_t flags_of_one_thread(int fd);
/// What else is against it, from its answers to one who may use it.
std::string reason_of_answers(const RingAsk& answers);

/// Sizes, flags and layout of the ring. Not to be seen, and so not found: IORING_SETUP_COOP_TASKRUN and TASKRUN_FLAG
/// (without them results come sooner), CQE_MIXED; SUBMIT_ALL, which is always set: a program that does not count on
/// it is told that more was taken. The ring is made to show an entry and a result for a moment, by moving its
/// counters. Errors: a ring that looks like none that the engine can make.
Result<RingParams> find_params(int fd, const RingInfo& info, const std::string& object);

}  // namespace cr::files
