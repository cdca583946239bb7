#include "base/error.h"

#include <cstring>

namespace cr {

std::string Error::sentence() const {
  std::string s = module + ": cannot " + step;
  if (!object.empty()) s += " " + object;
  if (err != 0) s += std::string(": ") + strerrordesc_np(err);
  if (!remedy.empty()) s += "; " + remedy;
  return s;
}

}  // namespace cr
