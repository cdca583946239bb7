// Keyrings of a task and the keys in them (keyrings(7)): thread, process and session keyring, those linked in them,
// and keys whose payload the kernel shows to their holder (user, big_key).
//
// Told by keyctl(2), asked by the threads themselves, and for the time when a key ends by /proc/keys. Made again by
// the task, before its children are forked, who inherit its session keyring: serial numbers are new. A session
// keyring that is the engine's own, or the one that the user has anyway (_uid_ses), stays the one that the restored
// tree finds. Refused, accepted as a loss by --allow-lossy keyrings: keys of other types; keys that end by
// themselves, whose time is shown in minutes or hours only; keys that two keyrings of different tasks share in
// another way than by inheritance; keyrings that the threads of a process do not share; keyrings of a task that
// shares its memory with others, or lives in a user namespace below that of the tree. Not shown by the kernel, so
// neither carried nor refused: restrictions of a keyring (KEYCTL_RESTRICT_KEYRING).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/module.h"

namespace cr::security {

inline constexpr char kLossyKeyrings[] = "keyrings";
inline constexpr char kKeyring[] = "keyring";

/// keyctl(2): operations and special keyrings, which the C library does not have.
enum Keyctl : int { kGetKeyringId = 0, kJoinSession = 1, kSetPermissions = 5, kDescribe = 6, kLink = 8, kRead = 11 };
enum SpecialKeyring : int { kThreadKeyring = -1, kProcessKeyring = -2, kSessionKeyring = -3, kUserKeyring = -4 };

struct Key {
  std::string type{}, description{};
  std::uint32_t uid = 0, gid = 0;  ///< as the user namespace of the task sees them
  std::uint32_t permissions = 0;
  std::string payload{};
  std::vector<std::uint32_t> links{};  ///< of a keyring: places in Keyrings::keys
  bool of_user = false;                ///< the keyring that the user has anyway (_uid.N)
};

/// Places in `keys`; none: the task has what its parent has, or none.
struct Keyrings {
  std::vector<Key> keys{};
  std::optional<std::uint32_t> thread{}, process{}, session{};
};

struct KeysModel {
  std::map<NsPid, Keyrings> of{};
};

/// "keyring;0;0;3f1f0000;_uid.0", as KEYCTL_DESCRIBE tells it. Errors: other text.
Result<Key> parse_description(std::string_view text);
/// Whether the line of key `serial` in the text of /proc/keys tells that it never ends; nothing: it is not listed.
std::optional<bool> is_permanent(std::string_view proc_keys, std::int32_t serial);

/// How many of the keys of that user, as /proc/keys shows them to him, the kernel has made for him (_uid, _uid_ses)
/// and counts as his.
std::size_t count_kernel_made(std::string_view proc_keys, std::uint32_t uid);

namespace keys {
Result<> interrogate(DumpCtx&, const Task&, infect::ParasiteSession&);
Result<> write(DumpCtx&);
Result<> write_core(const DumpCtx&, const Task&, std::size_t thread, pb::core_entry&);
Result<> read_core(ReadCtx&, const Task&, std::size_t thread, const pb::core_entry&);
/// In a restored task, with its namespaces and the ids of the engine, before its children are forked.
Result<> make(const TaskCtx&);
}  // namespace keys

inline constexpr Module kKeys{.name = "keys",
                              .interrogate = keys::interrogate,
                              .write = keys::write,
                              .write_core = keys::write_core,
                              .read_core = keys::read_core};

}  // namespace cr::security
