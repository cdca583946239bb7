// Errors of sockets, as most files of this module tell them.
#pragma once

#include <cerrno>
#include <string>
#include <utility>

#include "base/error.h"
#include "files/description.h"

namespace cr::net {

/// A step that the kernel refused.
inline Error failed(std::string step, const std::string& object, int err = errno, std::string remedy = {}) {
  return Error{"net", std::move(step), object, err, std::move(remedy)};
}
inline Error failed(std::string step, const files::Description& d, int err = errno, std::string remedy = {}) {
  return failed(std::move(step), d.object, err, std::move(remedy));
}

/// State that is not carried; `why` says what to do about it.
inline Error refuse(const std::string& object, std::string why) {
  return Error{"net", "dump", object, 0, std::move(why)};
}
inline Error refuse(const files::Description& d, std::string why) { return refuse(d.object, std::move(why)); }

}  // namespace cr::net
