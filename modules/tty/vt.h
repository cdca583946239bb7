// Virtual consoles (/dev/tty1 and on, console_codes(4), ioctl_console(2)). The console itself, with what is on its
// screen and how its keyboard is set, stays where it is: a restore opens it again by its path and gives it its
// settings.
#pragma once

#include "base/unique_fd.h"
#include "core/contexts.h"
#include "tty/tty.h"

namespace cr::tty {

/// Errors, by name: a console that shows graphics, whose keyboard is raw, that a process wants to be asked about
/// (VT_SETMODE); keys that were typed and not read, unless --allow-lossy tty-input.
Result<> check_console(const DumpCtx& ctx, int fd, const std::string& object);
/// The console at that path. Errors: open(2); it is another device.
Result<UniqueFd> open_console(const Terminal& t, const std::string& path, std::uint32_t flags);

}  // namespace cr::tty
