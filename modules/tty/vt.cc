#include "tty/vt.h"

#include <asm/ioctls.h>
#include <fcntl.h>
#include <linux/kd.h>
#include <linux/vt.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include <cerrno>

#include "base/format.h"
#include "tty/node.h"

namespace cr::tty {

Result<> check_console(const DumpCtx& ctx, int fd, const std::string& object) {
  auto refuse = [&](std::string why) { return fail("dump", object, 0, std::move(why)); };
  int shows = KD_TEXT, keyboard = K_UNICODE, waiting = 0;
  vt_mode mode{};
  if (ioctl(fd, KDGETMODE, &shows) != 0 || ioctl(fd, KDGKBMODE, &keyboard) != 0 ||
      ioctl(fd, VT_GETMODE, &mode) != 0 || ioctl(fd, FIONREAD, &waiting) != 0)
    return fail("ask about", object, errno);
  if (shows != KD_TEXT)
    return refuse("the console shows graphics (KD_GRAPHICS), which belong to its display: switch it to text");
  if (keyboard != K_XLATE && keyboard != K_UNICODE)
    return refuse("the console's keyboard is raw (KDSKBMODE), and would stay so with nobody to read it: set it back");
  if (mode.mode != VT_AUTO)
    return refuse("a process is asked before the console is switched (VT_SETMODE): let it give that up");
  if (waiting > 0 && !ctx.opt.allows_lossy("tty-input"))
    return refuse(
        format("{} bytes were typed and not read: let the program read them, or accept their loss with "
               "--allow-lossy tty-input",
               waiting));
  return {};
}

Result<UniqueFd> open_console(const Terminal& t, const std::string& path, std::uint32_t flags) {
  UniqueFd fd(::open(path.c_str(), static_cast<int>(flags) | O_NOCTTY | O_CLOEXEC));
  struct stat st;
  if (!fd || fstat(fd.get(), &st) != 0)
    return fail("open", path, errno, "make the virtual console's node (mknod(1))");
  if (S_ISCHR(st.st_mode) && st.st_rdev == t.rdev) return fd;
  return fail("open", path, 0, format("it is not virtual console {}", minor(t.rdev)));
}

}  // namespace cr::tty
