// How full a stream between two unix sockets is. The sender pays with its buffer not for the bytes but for the pieces
// of kernel memory that they lie in, so the same bytes in fewer pieces leave room where there was none.
//
// Shown by sock_diag(7) and SIOCOUTQ on the sender. Put back by sending in pieces of the size that costs as much.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/result.h"

namespace cr::net {

/// Length of the pieces in which `bytes` bytes have to be sent so that they cost `charge`, as nearly as equal pieces
/// can and rather more than less; `bytes` when one piece costs that much. Errors: socketpair(2), send(2).
Result<std::size_t> piece_for_charge(std::size_t bytes, std::uint32_t charge, const std::string& object);

}  // namespace cr::net
