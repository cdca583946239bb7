// System V objects as the kernel shows and makes them, in the namespace that the caller is in.
#pragma once

#include <functional>

#include "ipc/ipc.h"

namespace cr::ipc {

/// An Error of this module.
Error fail(std::string step, std::string object, int err = 0, std::string remedy = {});

/// For errors: "semaphore set 5 (key 0x1234)".
std::string name_of(const char* kind, const Object& object);
inline constexpr char kSegment[] = "shared memory segment";
inline constexpr char kSemaphores[] = "semaphore set";
inline constexpr char kQueue[] = "message queue";

/// All objects of the namespace; semaphores with their values, queues without their messages. Errors: shmctl(2),
/// semctl(2), msgctl(2).
Result<Space> look();
/// Reads the messages of a queue and leaves them there. Errors: msgrcv(2): the kernel lacks MSG_COPY.
Result<> read_messages(Queue& queue);
/// A readable description of a segment's memory, by attaching it for a moment. Errors: shmat(2), open(2).
Result<UniqueFd> open_content(const Segment& segment);

Result<Settings> read_settings();
Result<> set_settings(const Settings& settings);

/// Ids of objects that were made.
struct MadeIds {
  std::vector<int> segments{}, semaphores{}, queues{};
};
/// Makes all objects of `space` with their ids and their content, and notes in `made` which are there. Errors: an id
/// or key is taken. `opener`: RestoreCtx::opener.
Result<> make(const core::ImageReaderDir& images, int opener, const Space& space, MadeIds& made);
/// Removes them. Errors are left alone: they may be gone.
void remove_all(const MadeIds& made);
/// Marks those segments for deletion that were. When all who have them attached have done so.
Result<> mark_segments(const Space& space);
/// Refuses if `space` has an object whose id or key is taken by another one than that of the dump, and removes what
/// is left of the dump. `is_of_tree` tells whether a pid is one of the tree's.
Result<> make_room(const Space& space, const std::function<bool(int)>& is_of_tree, bool remove);

}  // namespace cr::ipc
