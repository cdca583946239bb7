#include "core/fown.pb.h"
#include "files/description.h"

namespace cr::files {

void put_owner(const FileOwner& owner, pb::fown_entry& entry) {
  entry.set_uid(owner.uid);
  entry.set_euid(owner.euid);
  entry.set_signum(owner.signum);
  entry.set_pid_type(owner.pid_type);
  entry.set_pid(owner.pid);
}

FileOwner get_owner(const pb::fown_entry& entry) {
  FileOwner owner;
  owner.uid = entry.uid();
  owner.euid = entry.euid();
  owner.signum = entry.signum();
  owner.pid_type = entry.pid_type();
  owner.pid = entry.pid();
  return owner;
}

}  // namespace cr::files
