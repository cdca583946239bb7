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

/// Once per process: filters that all threads share, oldest first.
struct RestoreProcess {
  RelSpan<RestoreFilter> common;
};
static_assert(sizeof(RestoreProcess) == 8);

/// By each thread.
struct RestoreThread {
  std::uint32_t uid[4], gid[4];  ///< real, effective, saved, file system
  RelSpan<std::uint32_t> groups;
  std::uint64_t inheritable, permitted, effective, bounding, ambient;
  std::uint32_t securebits;
  std::uint32_t no_new_privs;
  std::uint32_t same_creds;  ///< all of the above is what the thread has anyway; no_new_privs excepted
  std::uint32_t seccomp_strict;
  std::uint32_t same_groups, pad;  ///< the groups need no setting, which may be forbidden
  RelSpan<RestoreFilter> filters;  ///< beyond the common ones, oldest first
};
static_assert(sizeof(RestoreThread) == 112);

}  // namespace cr::security
