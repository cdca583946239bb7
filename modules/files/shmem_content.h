// Content of shared memory: pagemap-shmem-<shmid>.img and the pages file that it names.
#pragma once

#include <cstdint>
#include <string>

#include "core/contexts.h"

namespace cr::files {

/// Writes what has been allocated of the file behind `fd` (SEEK_DATA, SEEK_HOLE); holes are left out. `fd` is a
/// description of our own. Errors: read(2), the image layer.
Result<> dump_shmem(DumpCtx& ctx, int fd, std::uint32_t shmid, const std::string& object);
/// Checks that the images hold the content of `shmid` and that it fits into `size` bytes. Errors: as PagemapReader.
Result<> check_shmem(ReadCtx& ctx, std::uint32_t shmid, std::uint64_t size);
/// Puts it into the file behind `fd`, which has its size already. Errors: the image layer, read(2), write(2).
Result<> fill_shmem(const core::ImageReaderDir& images, int fd, std::uint32_t shmid, std::uint64_t size);

}  // namespace cr::files
