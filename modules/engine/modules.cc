#include "engine/modules.h"

#include "core/file_kind.h"
#include "files/files.h"
#include "mm/mm.h"
#include "task/regs.h"
#include "task/tree.h"

namespace cr::engine {
namespace {

constexpr const Module* kModules[] = {
    &task::kTreeModule,
    &task::kRegsModule,
    &mm::kModule,
    &files::kModule,
};

}  // namespace

std::span<const Module* const> modules() { return kModules; }

}  // namespace cr::engine
