#include "tty/pty_maker.h"

#include <fcntl.h>

#include "base/format.h"
#include "files/description.h"

namespace cr::tty {
namespace {

/// Any path under which a description of that terminal was opened, or "".
std::string path_of(const Model& model, TerminalId id) {
  for (const auto& [file, open] : model.opens)
    if (id != 0 && open.terminal == id && !open.path.empty()) return open.path;
  return "";
}

}  // namespace

std::string ptmx_of(const Model& model, const Pair& pair) {
  if (std::string path = path_of(model, pair.master); !path.empty()) return path;
  std::string slave = path_of(model, pair.slave);
  if (slave.empty()) slave = path_of(model, pair.hung_up);
  const std::string dir = slave.substr(0, slave.rfind('/'));
  return slave.empty() || dir == "/dev/pts" ? "/dev/ptmx" : dir + "/ptmx";
}

std::uint32_t master_flags(const RestoreCtx& ctx, const Model& model, const Pair& pair) {
  for (const auto& [file, open] : model.opens)
    if (pair.master != 0 && open.terminal == pair.master)
      return files::open_flags(files::description(ctx.models, file).flags);
  return O_RDWR;
}

Result<std::map<std::uint32_t, UniqueFd>> make_masters(const std::string& ptmx,
                                                       const std::map<std::uint32_t, std::uint32_t>& wanted) {
  std::map<std::uint32_t, UniqueFd> made, spare;
  while (made.size() < wanted.size()) {
    // The access mode can't be changed later, so one that was held may have to be opened again.
    UniqueFd fd(::open(ptmx.c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC));
    if (!fd) return fail("open", ptmx, errno, "the sysctl kernel.pty.max limits how many there can be");
    const std::uint32_t index = TRY(pty_index(fd.get(), ptmx));
    const auto it = wanted.find(index);
    if (it == wanted.end()) {
      if (index > wanted.rbegin()->first)
        return fail("make", format("a pseudo terminal of {} numbers up to {}", ptmx, wanted.rbegin()->first), EEXIST,
                    "somebody took one of them since the restore began");
      spare[index] = std::move(fd);
      continue;
    }
    const auto flags = static_cast<int>(it->second);
    if ((flags & O_ACCMODE) != O_RDWR) {
      fd.reset();
      fd.reset(::open(ptmx.c_str(), flags | O_NOCTTY | O_CLOEXEC));
      if (!fd || TRY(pty_index(fd.get(), ptmx)) != index) return fail("open", ptmx, errno);
    }
    made[index] = std::move(fd);
  }
  return made;
}

}  // namespace cr::tty
