#include "model/mount_tag.hpp"

#include <algorithm>

namespace vmspawn {

std::string mount_tag(const Mount& mount, std::size_t index) {
    constexpr std::size_t longest = 36;  // bytes, of virtio-fs
    const bool plain = std::ranges::all_of(mount.name, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
    });
    return plain && mount.name.size() <= longest && mount.name != "root" ? mount.name : '@' + std::to_string(index);
}

}  // namespace vmspawn
