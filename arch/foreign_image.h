// What is said of a core-<tid>.img that this architecture cannot use. Architectures are numbers here, those of
// core_entry.mtype.
#pragma once

#include <string>

#include "base/format.h"
#include "base/result.h"

namespace cr::arch {

/// As everybody calls it; the format's own names are others.
inline std::string name_in_images(int architecture) {
  switch (architecture) {
    case 1:
      return "x86_64";
    case 3:
      return "aarch64";
    case 4:
      return "ppc64le";
    case 5:
      return "s390x";
    default:
      return format("architecture number {}", architecture);
  }
}

/// The record is of architecture `of`, or it is of this one and empty.
inline Error foreign_image(int of, int own) {
  if (of == own) return Error{"task", "restore", "a thread", 0, "its image has no registers; dump it again"};
  return Error{"task", "restore", format("a thread of {}", name_in_images(of)), 0,
               format("this is {}; restore on a machine of the architecture of the dump", name_in_images(own))};
}

inline Error damaged_image(const char* what) {
  return Error{"task", "restore", format("the {} of a thread", what), 0, "its image lacks some; dump it again"};
}

}  // namespace cr::arch
