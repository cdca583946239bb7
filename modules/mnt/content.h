// The content of a tmpfs as a tar archive, compressed: tmpfs-dev-N.tar.gz.img, which tar(1) can read too.
//
// pax format: names of any bytes, times with nanoseconds, holes (as GNU tar 1.0), hard links, devices, fifos,
// extended attributes. Sockets, which tar does not know, are empty files with the attribute `kSocketMark`: whoever
// does not know it gets an empty file.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "core/id_map.h"

namespace cr::mnt {

inline constexpr const char* kSocketMark = "user.crengine.socket";

using core::IdMap;
using core::IdMaps;

/// Writes all that is below the directory `root` to `out`. No other mount may hang below it. Ids are written as the
/// namespace sees them. `object` names it in errors. Errors: reading, writing.
Result<> pack(int root, int out, const IdMaps& ids, const std::string& object);
/// Makes it again below `root`, an empty directory but for what mounting has put there. The working directory of the
/// caller is another one afterwards. Errors: a name that leads elsewhere, a damaged archive, writing (ENOSPC).
Result<> unpack(int in, int root, const std::string& object);

}  // namespace cr::mnt
