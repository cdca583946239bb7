// Credentials and seccomp filters as they cross into the restorer.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/rel_span.h"

namespace cr::security {

/// One BPF program for seccomp(2), which the calling thread adds to those it has.
struct RestoreFilter {
  RelSpan<std::uint64_t> code;  ///< struct sock_filter
  std::uint32_t flags, pad;
};
static_assert(sizeof(RestoreFilter) == 16);

/// Once per process: the way into a user namespace below that of the tree (ns/child_user.h).
struct EnterUsers {
  std::int32_t fd = -1;          ///< the namespace; -1: it lives in that of the tree, or is born inside
  std::uint32_t children_too;    ///< 1: further children are born in a new pid namespace that belongs to it
  std::uint32_t uid[3], gid[3];  ///< to be taken before, as the tree has them: real, effective, saved
  std::uint32_t same_groups;
  RelSpan<std::uint32_t> groups;
};
static_assert(sizeof(EnterUsers) == 44);

/// Once per process.
struct RestoreProcess {
  RelSpan<RestoreFilter> common;  ///< filters that all threads share, oldest first
  EnterUsers users{};
};
static_assert(sizeof(RestoreProcess) == 52);

/// By each thread.
struct RestoreThread {
  std::uint32_t uid[4], gid[4];  ///< real, effective, saved, file system
  RelSpan<std::uint32_t> groups;
  std::uint64_t inheritable, permitted, effective, bounding, ambient;
  std::uint32_t securebits;
  std::uint32_t no_new_privs;
  std::uint32_t same_creds;  ///< all of the above is what the thread has anyway; no_new_privs excepted
  std::uint32_t seccomp_strict;
  std::uint32_t same_groups;           ///< the groups need no setting, which may be forbidden
  std::uint16_t same_uids, same_gids;  ///< nor do the ids, which the user namespace may not know
  RelSpan<RestoreFilter> filters;      ///< beyond the common ones, oldest first
};
static_assert(sizeof(RestoreThread) == 112);

}  // namespace cr::security
