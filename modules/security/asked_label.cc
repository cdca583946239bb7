#include "security/asked_label.h"

#include "base/format.h"
#include "core/proc_text.h"
#include "security/creds.h"

namespace cr::security {
namespace {

/// A security module that --lsm-profile may speak of, and how a kernel with it shows.
struct LabelGiver {
  std::string_view type;
  const char* name;
  const char* file;
  std::string_view word;
};
constexpr LabelGiver kLabelGivers[] = {
    {"apparmor", "AppArmor", "/sys/module/apparmor/parameters/enabled", "Y"},
    {"selinux", "SELinux", "/proc/filesystems", "selinuxfs"},
};

}  // namespace

Result<std::string> asked_label(std::string_view asked) {
  const std::size_t colon = asked.find(':');
  std::string label = parse_label(asked.substr(colon + 1));
  if (label.empty()) return label;
  for (const LabelGiver& g : kLabelGivers) {
    if (g.type != asked.substr(0, colon)) continue;
    const auto text = core::read_text(g.file);
    if (!text.ok() || text.value().find(g.word) == std::string::npos)
      return Error{"creds", "restore under", format("--lsm-profile {}", asked), 0,
                   format("this kernel runs without {}: leave the option out", g.name)};
  }
  return label;
}

}  // namespace cr::security
