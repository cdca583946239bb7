// What ioctl(2) tells of a terminal and takes back: settings, window, switches. No decisions are made here.
// Descriptors of a pty's master show and take the settings of its slave: the kernel has one set for both.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "base/result.h"
#include "base/unique_fd.h"

namespace cr::tty {

/// struct termios2 of the kernel.
struct Settings {
  std::uint32_t iflag = 0, oflag = 0, cflag = 0, lflag = 0, line = 0, ispeed = 0, ospeed = 0;
  std::array<std::uint8_t, 19> cc{};

  /// Whether input is handed out in lines that can be edited. With EXTPROC the other end does that.
  bool canonical() const;
  friend bool operator==(const Settings&, const Settings&) = default;
};

struct WindowSize {
  std::uint16_t rows = 0, columns = 0, xpixel = 0, ypixel = 0;
};

Error fail(std::string step, std::string object, int err = 0, std::string remedy = {});

// All of these: errors of ioctl(2), `object` names the terminal in them.
Result<Settings> read_settings(int fd, const std::string& object);
Result<> write_settings(int fd, const Settings& s, const std::string& object);
/// Which settings can't be changed (TIOCGLCKTRMIOS); the speeds have no lock.
Result<Settings> read_locked_settings(int fd, const std::string& object);
Result<> write_locked_settings(int fd, const Settings& s, const std::string& object, int opener);
Result<WindowSize> read_window(int fd, const std::string& object);
Result<> write_window(int fd, const WindowSize& w, const std::string& object);
/// Line discipline, an N_* of the kernel.
Result<int> read_discipline(int fd, const std::string& object);

Result<bool> is_exclusive(int fd, const std::string& object);
Result<bool> is_packet_mode(int master, const std::string& object);
Result<bool> is_locked(int master, const std::string& object);
Result<> set_packet_mode(int master, bool on, const std::string& object);
Result<> set_locked(int master, bool on, const std::string& object);
Result<> set_exclusive(int fd, const std::string& object);
Result<std::uint32_t> pty_index(int master, const std::string& object);

/// Whether the terminal behind the descriptor was hung up: it can only be closed.
bool is_hung_up(int fd);
/// poll(2) with a time limit of 0: POLL* that are there now.
short poll_now(int fd, short events);
/// A new description of the slave that belongs to a master, wherever its path leads by now; it becomes nobody's
/// controlling terminal. `flags` are O_*. Errors: ioctl(2); EIO while the slave is locked.
Result<UniqueFd> open_slave(int master, std::uint32_t flags, const std::string& object);

}  // namespace cr::tty
