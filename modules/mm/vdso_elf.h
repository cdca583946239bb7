// The functions of a vdso, by name. Everything is taken from the ELF itself, which may be an image's and thus
// damaged.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>

#include "base/result.h"

namespace cr::mm {

/// Name to offset from the vdso's first byte.
using VdsoFunctions = std::map<std::string, std::uint64_t>;

/// Defined functions of the dynamic symbol table (its length is that of DT_HASH, or else what DT_GNU_HASH reaches).
/// Errors: no ELF of 64 bits in this byte order, no dynamic symbols, a table that leads out of the bytes.
Result<VdsoFunctions> parse_vdso(std::span<const std::uint8_t> elf);

}  // namespace cr::mm
