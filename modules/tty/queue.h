// What waits to be read from one end of a terminal. There is no way to look without taking, so it is taken and put
// back at once; the tasks that could see the moment in between are frozen.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "tty/line.h"

namespace cr::tty {

/// The bytes are those that read(2) gives: translated, edited and, in canonical mode, in lines.
struct Input {
  std::string bytes{};
  std::vector<std::uint32_t> ends{};  ///< offsets behind which an end-of-file mark stands; in ascending order
  std::uint32_t unfinished = 0;       ///< so many bytes at the end belong to a line that is not complete yet
  bool empty() const { return bytes.empty() && ends.empty(); }
};

/// One end of a terminal, with what is needed to move bytes there.
struct End {
  int fd = -1;        ///< that end
  int other = -1;     ///< the other end; -1: none. Needed for more than kLineBuffer bytes only
  Settings settings;  ///< as they are, or are to be; of a pty's master: no line editing
  bool master = false;
  /// Output was stopped (by ^S or tcflow(3)): it stays so.
  bool stopped = false;
  std::string object;
  int opener = -1;  ///< restore: RestoreCtx::opener
};

/// Bytes and marks that the line discipline itself holds; more waits in the buffers of the driver.
inline constexpr std::size_t kLineBuffer = 4095;

/// Takes all that can be read from an end, then puts it back. Errors, before anything is taken: lines of more than
/// half of kLineBuffer, no CAP_SYS_ADMIN. Later: ioctl(2), read(2), write(2), put_input's.
Result<Input> look_at_input(const End& end);
/// Puts it there, as if it had come from the other end just now but with every translation, echo and signal already
/// done. Ends with end.settings in force. Errors: TIOCSTI (from Linux 6.2 on CAP_SYS_ADMIN or the sysctl
/// dev.tty.legacy_tiocsti), write(2); more than kLineBuffer of edited lines.
Result<> put_input(const End& end, const Input& input);

}  // namespace cr::tty
