#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "base/format.h"
#include "security/keys.h"

namespace cr::security::keys {
namespace {

/// Keyrings belong to the real ids of their maker, other keys to those of its file system accesses. Bare system
/// calls: those of the C library change all threads. The effective ids stay, so no capability is lost for good.
class ActingAs {
 public:
  ActingAs(std::uint32_t uid, std::uint32_t gid) {
    if (uid == uid_ && gid == gid_) return;
    changed_ = true;
    syscall(SYS_setresgid, gid, -1, -1);
    syscall(SYS_setfsgid, gid);
    syscall(SYS_setresuid, uid, -1, -1);
    syscall(SYS_setfsuid, uid);
  }
  ~ActingAs() {
    if (!changed_) return;
    syscall(SYS_setresuid, uid_, -1, -1);
    syscall(SYS_setfsuid, geteuid());
    syscall(SYS_setresgid, gid_, -1, -1);
    syscall(SYS_setfsgid, getegid());
    prctl(PR_SET_DUMPABLE, 1);  // its files in /proc would be root's else
  }
  ActingAs(const ActingAs&) = delete;
  ActingAs& operator=(const ActingAs&) = delete;

 private:
  uid_t uid_ = getuid();
  gid_t gid_ = getgid();
  bool changed_ = false;
};

/// Makes the keyrings of the calling task.
class Maker {
 public:
  Maker(NsPid pid, const Keyrings& rings) : pid_(pid), rings_(rings), serials_(rings.keys.size()) {}

  Result<> run() {
    if (rings_.session) TRY(own_ring(*rings_.session, join_session(rings_.keys[*rings_.session])));
    if (rings_.process) TRY(own_ring(*rings_.process, get_ring(rings_.keys[*rings_.process], kProcessKeyring)));
    if (rings_.thread) TRY(own_ring(*rings_.thread, get_ring(rings_.keys[*rings_.thread], kThreadKeyring)));
    for (const auto& ring : {rings_.session, rings_.process, rings_.thread})
      if (ring) TRY(fill(*ring));
    // What a keyring holds first: who may no longer search it does not get at that any more.
    for (const auto& ring : {rings_.session, rings_.process, rings_.thread})
      if (ring) TRY(permit(*ring));
    return {};
  }

 private:
  static long join_session(const Key& k) {
    const ActingAs owner(k.uid, k.gid);
    const bool unnamed = k.description == "_ses";
    return syscall(SYS_keyctl, kJoinSession, unnamed ? nullptr : k.description.c_str(), 0, 0, 0);
  }
  static long get_ring(const Key& k, SpecialKeyring which) {
    const ActingAs owner(k.uid, k.gid);
    return syscall(SYS_keyctl, kGetKeyringId, static_cast<long>(which), 1L, 0, 0);
  }

  Result<> own_ring(std::uint32_t place, long serial) { return note(place, "make", serial); }

  Result<> note(std::uint32_t place, const char* step, long serial) {
    if (serial < 0) return fail(step, rings_.keys[place]);
    serials_[place] = static_cast<std::int32_t>(serial);
    return {};
  }

  Error fail(const char* step, const Key& k) const {
    return Error{"security", step,
                 format("{} {} of pid {}", k.type == kKeyring ? "keyring" : "key", k.description, pid_), errno,
                 errno == EDQUOT ? "its user has as many keys as /proc/key-users allows" : ""};
  }

  Result<> fill(std::uint32_t ring) {
    std::vector<std::uint32_t> links = rings_.keys[ring].links;
    // KEYCTL_READ shows what came first, then the others from the last to the second, up to 16 of them.
    if (!links.empty()) std::reverse(links.begin() + 1, links.end());
    for (std::uint32_t place : links) {
      const Key& k = rings_.keys[place];
      const std::int32_t into = serials_[ring];
      if (serials_[place] != 0 || k.of_user) {
        const ActingAs owner(k.uid, k.gid);
        const long what = k.of_user ? long{kUserKeyring} : serials_[place];
        if (syscall(SYS_keyctl, kLink, what, into, 0, 0) != 0) return fail("link", k);
        continue;
      }
      const ActingAs owner(k.uid, k.gid);
      const bool bare = k.type == kKeyring;
      TRY(note(place, "make",
               syscall(SYS_add_key, k.type.c_str(), k.description.c_str(), bare ? nullptr : k.payload.data(),
                       bare ? 0 : k.payload.size(), into)));
      if (bare) TRY(fill(place));
    }
    return {};
  }

  Result<> permit(std::uint32_t place) {
    const Key& k = rings_.keys[place];
    if (k.of_user || serials_[place] == 0) return {};  // once is enough for what two keyrings hold
    for (std::uint32_t link : k.links) TRY(permit(link));
    const ActingAs owner(k.uid, k.gid);
    if (syscall(SYS_keyctl, kSetPermissions, std::exchange(serials_[place], 0), k.permissions, 0, 0) != 0)
      return fail("set the permissions of", k);
    return {};
  }

  NsPid pid_;
  const Keyrings& rings_;
  std::vector<std::int32_t> serials_;
};

}  // namespace

Result<> make(const TaskCtx& t) {
  const auto& of = t.models().get<KeysModel>().of;
  const auto it = of.find(t.task.pid);
  return it == of.end() ? Result<>{} : Maker(t.task.pid, it->second).run();
}

}  // namespace cr::security::keys
