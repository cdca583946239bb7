// Protection keys (pkeys(7)): which ones an address space has given out. The key of a mapping stands in smaps, the
// rights that a thread has to each key are one of its registers.
//
// The kernel tells nobody which keys are given out: the parasite asks for all that are free and gives them back. Put
// back in the restorer, with the mappings' protections. A mapping that can only be executed has a key that the kernel
// took for it, the lowest one free at that time; it is left to the kernel again.
// Refused: mappings that can only be executed with several keys, since which is the kernel's doesn't show; on
// restore, a machine without keys.
#pragma once

#include <cstdint>

#include "base/result.h"

namespace cr {
struct DumpCtx;
struct Task;
namespace infect {
class ParasiteSession;
}
}  // namespace cr

namespace cr::mm {

struct AddressSpace;

Result<> ask_pkeys(DumpCtx&, const Task&, AddressSpace&, infect::ParasiteSession&);
/// Whether this machine has keys, if the address space needs any.
Result<> plan_pkeys(const Task&, const AddressSpace&);
/// The key of the mappings that can only be executed, 0 for none.
int exec_pkey(const AddressSpace&);

}  // namespace cr::mm
