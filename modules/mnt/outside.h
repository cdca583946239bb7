// What the caller says of mounts that lead out of the namespace: --external mnt[..] and dev[..], --ext-mount-map.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/options.h"
#include "mnt/mountinfo.h"

namespace cr::mnt {

struct Outside {
  std::map<std::string, std::string> mounts{};   ///< dump: mount point to key; restore: key to path outside
  std::map<std::string, std::string> devices{};  ///< dump: "major/minor" to key; restore: key to path of the device
  bool automatic = false;                        ///< mnt[]: binds from outside are found by themselves
  bool sharing = false, masters = false;         ///< --enable-external-sharing, --enable-external-masters
};

/// Takes them out of the words of the command line. Errors: a word that can't be read.
Result<Outside> outside_of(const Options& opt);

/// Which path of the outside, with the mounts `theirs`, shows the same directory or file as `mount`; "" when none
/// does.
std::string path_outside(const std::vector<Mount>& theirs, const Mount& mount);

/// The same for what others hide there, so that no path leads to it: sets `source`, `key` and `hidden`. Errors: it
/// can't be uncovered, or shares mounts with the outside, which an uncovered copy would not.
Result<> name_hidden(const std::vector<Mount>& theirs, Mount& mount);
/// Which of `theirs` name_hidden() has meant. Errors: it is not there, or of another kind.
Result<const Mount*> find_hidden(const std::vector<Mount>& theirs, const Mount& mount);

}  // namespace cr::mnt
