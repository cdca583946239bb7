#include "ns/uts.h"

#include <sys/utsname.h>
#include <unistd.h>

#include "core/ns_visit.h"

namespace cr::ns {

Result<> collect_uts(DumpCtx& ctx, NsId id, const Task& member) {
  core::NsVisit visit = TRY(core::NsVisit::enter(member.live, "uts"));
  utsname name;
  if (uname(&name) != 0) return Error{"ns", "read", "the host name", errno, ""};
  ctx.models.edit<UtsModel>().names[id] = {name.nodename, name.domainname};
  return {};
}

Result<> fill_uts(RestoreCtx& ctx, NsId id) {
  const UtsName& name = ctx.models.get<UtsModel>().names.at(id);
  if (sethostname(name.host.data(), name.host.size()) != 0) return Error{"ns", "set host name", name.host, errno, ""};
  if (setdomainname(name.domain.data(), name.domain.size()) != 0)
    return Error{"ns", "set domain name", name.domain, errno, ""};
  return {};
}

}  // namespace cr::ns
