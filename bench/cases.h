// The groups of benchmarks, and what they are run with.
#pragma once

#include <string>

namespace cr::bench {

struct Setting {
  std::string engine, victim;
  std::string tmpfs, disk;  ///< directories that exist
  std::size_t bytes;        ///< of the victim's memory
  int rounds;               ///< of A B B A
};

void register_limits(const Setting&);  ///< memcpy, fault-in, pwrite, sequential disk
void register_memory(const Setting&);  ///< dump and restore next to the reference path
void register_freeze(const Setting&);  ///< how long a snapshot stops the victim, as the victim sees it
void register_small(const Setting&);   ///< a sleeping process, the whole commands
void register_trees(const Setting&);   ///< copy-on-write sharing, 1000 processes, many mappings

}  // namespace cr::bench
