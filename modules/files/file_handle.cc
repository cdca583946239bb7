#include "files/file_handle.h"

#include <fcntl.h>

#include <cstring>
#include <vector>

#include "base/format.h"
#include "core/proc_text.h"
#include "files/description.h"

namespace cr::files {
namespace {

/// Mount points of a file system, from the text of mountinfo: field 3 is major:minor, field 5 the path.
std::vector<std::string> mounts_of(std::string_view text, std::uint32_t dev) {
  const std::string wanted = format("{}:{}", dev >> 20, dev & 0xfffff);
  std::vector<std::string> paths;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const auto words = core::words(text.substr(0, end));
    if (words.size() > 4 && words[2] == wanted) paths.emplace_back(words[4]);
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  return paths;
}

}  // namespace

Result<UniqueFd> open_handle(HostPid pid, std::uint32_t dev, std::uint32_t type, std::span<const std::uint8_t> handle,
                             const std::string& object) {
  if (handle.empty() || handle.size() > MAX_HANDLE_SZ)
    return fail("find the file of", object, 0, "its file system has no file handles");
  std::vector<std::uint8_t> buffer(sizeof(file_handle) + handle.size());
  auto* fh = reinterpret_cast<file_handle*>(buffer.data());
  fh->handle_bytes = static_cast<unsigned>(handle.size());
  fh->handle_type = static_cast<int>(type);
  std::memcpy(fh->f_handle, handle.data(), handle.size());
  int err = ENOENT;
  for (const std::string& path : mounts_of(TRY(core::read_proc(pid, "mountinfo")), dev)) {
    // O_PATH is not enough for the mount, and opening a directory has no side effects.
    UniqueFd mount(open(format("/proc/{}/root{}", pid, path).c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
    if (!mount) continue;
    UniqueFd file(open_by_handle_at(mount.get(), fh, O_PATH | O_CLOEXEC));
    if (file) return file;
    err = errno;
  }
  return fail("find the file of", object, err,
              err == ESTALE ? "it was deleted: remove the watch before the dump" : "");
}

}  // namespace cr::files
