// Descriptions of /dev/tty, which only a process can open whose controlling terminal it is.
#pragma once

#include "tty/tty.h"

namespace cr::tty {

/// Opens all of them on their service numbers, in the coordinator. Errors: clone(2), ioctl(2), open(2).
Result<> open_controlling(RestoreCtx& ctx, const Model& model);

}  // namespace cr::tty
