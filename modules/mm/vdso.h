// The vdso: code and data of the kernel inside every process.
#pragma once

#include "base/result.h"
#include "mm/mm.h"

namespace cr::mm {

/// Whether the restored program can run with this kernel's vdso in the place of its own. Errors: they differ.
Result<> check_vdso(const AddressSpace&);

}  // namespace cr::mm
