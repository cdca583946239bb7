// File systems whose server may not answer (fuse, network file systems): a program that hangs or is stopped, one that
// is in the tree and stands still with it, a machine that is gone. Whoever asks such a file system anything waits for
// ever, and can't always be killed.
//
// So nothing asks those that no task uses; those in use are asked first by a process that nobody waits for longer
// than some seconds. /proc tells who uses which: no server is asked for that.
//
// Refused: one in use that does not answer.
#pragma once

#include "core/module.h"

namespace cr::mnt {

/// Before anybody looks at files.
Result<> check_servers(DumpCtx&);

inline constexpr Module kServers{.name = "mnt", .collect = check_servers};

}  // namespace cr::mnt
