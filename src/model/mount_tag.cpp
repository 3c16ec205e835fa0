#include "model/mount_tag.hpp"

#include "base/text.hpp"

#include <algorithm>

namespace vmspawn {

std::string mount_tag(const Mount& mount, std::size_t index) {
    constexpr std::size_t longest = 36;  // bytes, of virtio-fs
    const bool plain =
        std::ranges::all_of(mount.name, [](char c) { return is_letter(c) || is_digit(c) || c == '-' || c == '_' || c == '.'; });
    return plain && mount.name.size() <= longest && mount.name != "root" ? mount.name : '@' + std::to_string(index);
}

}  // namespace vmspawn
