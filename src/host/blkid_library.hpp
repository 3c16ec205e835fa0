// libblkid, loaded when it is first asked for: linking it would cost every start 0.3 ms, and few machines need it.
#pragma once

#include <blkid/blkid.h>

namespace vmspawn {

struct BlkidLibrary {
    decltype(&::blkid_new_probe) new_probe;
    decltype(&::blkid_free_probe) free_probe;
    decltype(&::blkid_probe_set_device) set_device;
    decltype(&::blkid_probe_enable_superblocks) enable_superblocks;
    decltype(&::blkid_probe_set_superblocks_flags) set_superblocks_flags;
    decltype(&::blkid_probe_enable_partitions) enable_partitions;
    decltype(&::blkid_do_safeprobe) do_safeprobe;
    decltype(&::blkid_probe_lookup_value) lookup_value;
    decltype(&::blkid_probe_get_partitions) get_partitions;
    decltype(&::blkid_partlist_numof_partitions) numof_partitions;
    decltype(&::blkid_partlist_get_partition) get_partition;
    decltype(&::blkid_partition_get_partno) get_partno;
    decltype(&::blkid_partition_get_uuid) get_uuid;
    decltype(&::blkid_partition_get_type_string) get_type_string;
    decltype(&::blkid_partition_get_name) get_name;
    decltype(&::blkid_partition_get_flags) get_flags;
    decltype(&::blkid_partition_get_start) get_start;
    decltype(&::blkid_partition_get_size) get_size;
};

/// Null: it is not installed.
const BlkidLibrary* blkid_library();

}  // namespace vmspawn
