#include "host/blkid_library.hpp"

#include <dlfcn.h>
#include <optional>

namespace vmspawn {

namespace {

std::optional<BlkidLibrary> load() {
    void* handle = ::dlopen("libblkid.so.1", RTLD_NOW | RTLD_LOCAL);
    if (handle == nullptr)
        return std::nullopt;
    BlkidLibrary made{};
    bool complete = true;
    const auto find = [&](const char* name, auto& into) {
        into = reinterpret_cast<std::remove_reference_t<decltype(into)>>(::dlsym(handle, name));
        complete = complete && into != nullptr;
    };
    find("blkid_new_probe", made.new_probe);
    find("blkid_free_probe", made.free_probe);
    find("blkid_probe_set_device", made.set_device);
    find("blkid_probe_enable_superblocks", made.enable_superblocks);
    find("blkid_probe_set_superblocks_flags", made.set_superblocks_flags);
    find("blkid_probe_enable_partitions", made.enable_partitions);
    find("blkid_do_safeprobe", made.do_safeprobe);
    find("blkid_probe_lookup_value", made.lookup_value);
    find("blkid_probe_get_partitions", made.get_partitions);
    find("blkid_partlist_numof_partitions", made.numof_partitions);
    find("blkid_partlist_get_partition", made.get_partition);
    find("blkid_partition_get_partno", made.get_partno);
    find("blkid_partition_get_uuid", made.get_uuid);
    find("blkid_partition_get_type_string", made.get_type_string);
    find("blkid_partition_get_name", made.get_name);
    find("blkid_partition_get_flags", made.get_flags);
    find("blkid_partition_get_start", made.get_start);
    find("blkid_partition_get_size", made.get_size);
    return complete ? std::optional(made) : std::nullopt;
}

}  // namespace

const BlkidLibrary* blkid_library() {
    static const std::optional<BlkidLibrary> library = load();
    return library ? &*library : nullptr;
}

}  // namespace vmspawn
