#include "files/xattrs.h"

#include <sys/xattr.h>

#include <cerrno>
#include <cstring>
#include <string_view>

#include "base/format.h"
#include "files/description.h"

namespace cr::files {
namespace {

bool is_kept(std::string_view name) {
  return name.starts_with("user.") || name.starts_with("trusted.") || name.starts_with("system.posix_acl_") ||
         name == "security.capability";
}

}  // namespace

Result<Xattrs> read_xattrs(const std::string& path, const std::string& object) {
  Xattrs xattrs;
  char names[65536], value[65536];  // XATTR_LIST_MAX, XATTR_SIZE_MAX
  const ssize_t size = listxattr(path.c_str(), names, sizeof names);
  if (size < 0 && errno == EOPNOTSUPP) return xattrs;
  if (size < 0) return fail("list the attributes of", object, errno);
  for (const char* name = names; name < names + size; name += strlen(name) + 1) {
    if (!is_kept(name)) continue;
    const ssize_t n = getxattr(path.c_str(), name, value, sizeof value);
    if (n < 0) return fail(format("read attribute {} of", name), object, errno);
    xattrs.emplace_back(name, std::string(value, static_cast<std::size_t>(n)));
  }
  return xattrs;
}

Result<> write_xattrs(const Xattrs& xattrs, const std::string& path, const std::string& object) {
  for (const auto& [name, value] : xattrs)
    if (setxattr(path.c_str(), name.c_str(), value.data(), value.size(), 0) != 0)
      return fail(format("set attribute {} of", name), object, errno);
  return {};
}

}  // namespace cr::files
