#include "engine/status_fd.h"

#include <unistd.h>

#include <cerrno>

#include "base/format.h"
#include "base/unique_fd.h"

namespace cr::engine {

Result<> report_ready(int status_fd) {
  if (status_fd < 0) return {};
  UniqueFd fd(status_fd);
  const char zero = 0;
  ssize_t n = 0;
  do n = ::write(fd.get(), &zero, 1);
  while (n < 0 && errno == EINTR);
  if (n == 1) return {};
  return Error{"engine", "report readiness to", format("descriptor {} of option --status-fd", status_fd), errno,
               "keep its other end open until the byte has come"};
}

}  // namespace cr::engine
