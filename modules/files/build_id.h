// The GNU build id of an ELF file, by which a restore recognizes the program that was dumped.
#pragma once

#include <cstdint>
#include <vector>

namespace cr::files {

/// The build id as the images keep it: 32-bit words of the note's bytes in the machine's order, the last one filled
/// up with zeros. Empty when the file is no ELF file or has none, or can't be read. Reads by pread(2) only.
std::vector<std::uint32_t> read_build_id(int fd);

}  // namespace cr::files
