// Ids of a user namespace: which one inside is which one outside. What the engine reads of files, sockets and
// messages shows ids as its own namespace sees them; the images hold them as the tree sees them.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/result.h"

namespace cr {

class Models;
struct TaskTree;

namespace core {

/// What a namespace shows in the place of an id that it does not know (/proc/sys/kernel/overflowuid).
inline constexpr std::uint32_t kOverflowId = 65534;

/// One range a line of /proc/PID/uid_map or gid_map. Without ranges every id is itself.
struct IdMap {
  struct Range {
    std::uint32_t inside, outside, count;
    friend bool operator==(const Range&, const Range&) = default;
  };
  std::vector<Range> ranges{};

  /// kOverflowId when the namespace does not know it.
  std::uint32_t to_inside(std::uint32_t outside) const;
  std::uint32_t to_outside(std::uint32_t inside) const;
  bool knows(std::uint32_t outside) const;
  bool has(std::uint32_t inside) const;
  /// The one with which a process gets on best: 0 where there is one.
  std::uint32_t first_inside() const;
};

struct IdMaps {
  IdMap uid{}, gid{};
};

/// Model: those of the user namespace that the tree lives in, when that is its own.
struct TreeIds {
  bool own = false;
  IdMaps maps{};
  bool groups_denied = false;  ///< setgroups(2) is forbidden for good (/proc/PID/setgroups)

  std::uint32_t uid(std::uint32_t outside) const { return own ? maps.uid.to_inside(outside) : outside; }
  std::uint32_t gid(std::uint32_t outside) const { return own ? maps.gid.to_inside(outside) : outside; }
  /// For what has to be given the same owner again. Errors: the tree's namespace does not know one of them; `object`
  /// is what they own.
  Result<> check_owner(std::uint32_t uid, std::uint32_t gid, const std::string& object) const;
};

/// Model: the user namespaces below that of the tree, by the ids that the images give them. `outside` in their maps
/// are ids of the tree's own, as is the owner.
struct ChildIds {
  struct Space {
    IdMaps maps{};
    bool groups_denied = false;
    std::uint32_t owner = 0;          ///< who has made it, and has all rights in it
    std::set<std::uint32_t> owned{};  ///< the namespaces of other kinds that belong to it
    int fd = -1;                      ///< restore: a service number, in all tasks
  };
  std::map<std::uint32_t, Space> spaces{};
  /// Restore: the tasks that are born in one, since their pid namespace belongs to it. Everybody else in there comes
  /// to it last, and does all of his work in that of the tree.
  std::map<NsPid, std::uint32_t> born_inside{};

  /// The one that a namespace of another kind belongs to; 0: it is none of these.
  std::uint32_t owner_of(std::uint32_t ns) const;
};
/// That of a task; nullptr: it lives in the tree's own.
const ChildIds::Space* child_space(const Models&, NsPid task);
/// The one in which it does the work of a restore; nullptr: the tree's own.
const ChildIds::Space* birth_space(const Models&, NsPid task);
/// Whether it enters that of its life only when its work is done.
bool comes_last(const Models&, NsPid task);
/// Dump: whether `holder` will be able to give that owner (ids of the tree) to `object` again. Errors: it is born in
/// a user namespace that does not know one of the ids.
Result<> check_owner_inside(const Models&, const TaskTree&, HostPid holder, std::uint32_t uid, std::uint32_t gid,
                            const std::string& object);
/// Dump: the ids of the user namespace that a namespace of another kind belongs to, `outside` as the engine sees
/// them.
IdMaps maps_of_owner(const Models&, std::uint32_t ns);
/// The tree's id as that task has to say it in a restore.
std::uint32_t uid_for(const Models&, NsPid task, std::uint32_t uid);
std::uint32_t gid_for(const Models&, NsPid task, std::uint32_t gid);

/// The text of uid_map or gid_map.
IdMap parse_id_map(std::string_view text);

}  // namespace core
}  // namespace cr
