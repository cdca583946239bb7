// task_kobj_ids_entry, which stands in ids-<pid>.img and in inventory.img.
#pragma once

#include "core/sharing.h"

namespace cr::pb {
class task_kobj_ids_entry;
}

namespace cr::task {

void put_ids(const KobjIds&, pb::task_kobj_ids_entry&);
KobjIds get_ids(const pb::task_kobj_ids_entry&);

}  // namespace cr::task
