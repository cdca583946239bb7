// Descriptors that only the restorer can open, as they cross into it: see files/belated.h.
#pragma once

#include <cstdint>

#include "base/rel_span.h"
#include "files/ring_wire.h"

namespace cr::files {

/// One number. It is opened as a pidfd, or by name, or is a copy.
struct BelatedWire {
  std::int32_t number;        ///< what has it now is replaced
  std::int32_t tid;           ///< of a pidfd; 0: it is none
  std::int32_t lender;        ///< it is a copy of `other_number` of that process; 0: of the own table, if it is one
  std::int32_t other_number;  ///< opened before
  std::uint32_t flags;        ///< of pidfd_open(2) or openat(2)
  std::uint32_t cloexec;      ///< 1: close-on-exec
  RelSpan<char> name;         ///< with its end; relative to what has the number now
  std::uint64_t pos;          ///< for lseek(2)
};
static_assert(sizeof(BelatedWire) == 40);

/// Once per table.
struct RestoreProcess {
  RelSpan<BelatedWire> belated;  ///< ascending numbers
};
static_assert(sizeof(RestoreProcess) == 8);

/// For each thread.
struct RestoreThread {
  RelSpan<RingWire> rings;
  RelSpan<RingNumberWire> ring_numbers;
};
static_assert(sizeof(RestoreThread) == 16);

}  // namespace cr::files
