// --cgroup-props: which settings of which controller are carried, in a small part of YAML:
//
//   "cpu":
//    - "strategy": "replace"          (or "merge": beside all others; the others are carried in any case)
//    - "properties": ["cpu.shares", "cpu.cfs_quota_us"]
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace cr::cgroup {

struct PropertyList {
  bool alone = false;  ///< replace: no others
  std::vector<std::string> names{};
};
using PropertyLists = std::map<std::string, PropertyList>;  ///< by controller

/// Errors: anything else than the above, with its place.
Result<PropertyLists> parse_property_lists(std::string_view text);

/// Whether a list leaves the setting out.
bool is_left_out(const PropertyLists& lists, const std::string& hierarchy, const std::string& property);

}  // namespace cr::cgroup
