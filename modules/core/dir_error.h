// Errors of reading and writing a set of images.
#pragma once

#include <string>
#include <utility>

#include "base/error.h"

namespace cr::core {

inline Error dir_error(std::string step, std::string object, int err, std::string remedy = {}) {
  return Error{"image", std::move(step), std::move(object), err, std::move(remedy)};
}

}  // namespace cr::core
