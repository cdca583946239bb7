// Registers of a thread in core-<tid>.img: each architecture has its own message (core_entry.thread_info, ti_*), and
// its own functions for it, which compile on every host:
//   put_thread_image   fills the architecture's part of the record
//   get_thread_image   takes it out. Errors: the record is of another architecture (both are named), or lacks a part
//   put_architecture   says in a record without registers (of a zombie) what architecture it is of
//   missing_features   what a thread with this image needs and this machine has not, by name; empty when nothing
#pragma once

#include <string>

#include "arch/host.h"
#include "base/result.h"

namespace cr::pb {
class core_entry;
}

namespace cr::arch {

namespace x86_64 {
struct ThreadImage;
void put_thread_image(const ThreadImage&, pb::core_entry&);
Result<ThreadImage> get_thread_image(const pb::core_entry&);
void put_architecture(const ThreadImage&, pb::core_entry&);
std::string missing_features(const ThreadImage&);
}  // namespace x86_64

namespace aarch64 {
struct ThreadImage;
void put_thread_image(const ThreadImage&, pb::core_entry&);
Result<ThreadImage> get_thread_image(const pb::core_entry&);
void put_architecture(const ThreadImage&, pb::core_entry&);
std::string missing_features(const ThreadImage&);
}  // namespace aarch64

namespace ppc64le {
struct ThreadImage;
void put_thread_image(const ThreadImage&, pb::core_entry&);
Result<ThreadImage> get_thread_image(const pb::core_entry&);
void put_architecture(const ThreadImage&, pb::core_entry&);
std::string missing_features(const ThreadImage&);
}  // namespace ppc64le

namespace s390x {
struct ThreadImage;
void put_thread_image(const ThreadImage&, pb::core_entry&);
Result<ThreadImage> get_thread_image(const pb::core_entry&);
void put_architecture(const ThreadImage&, pb::core_entry&);
std::string missing_features(const ThreadImage&);
}  // namespace s390x

/// That of this machine.
inline void put_architecture(pb::core_entry& e) { put_architecture(ThreadImage{}, e); }

}  // namespace cr::arch
