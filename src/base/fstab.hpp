// Mounts as a guest is told of them: by lines of fstab(5), or by systemd.mount-extra= among the kernel's words.
#pragma once

#include <string>
#include <string_view>

namespace vmspawn {

/// Octal for what would end a field or a line, or start a comment.
std::string fstab_field(std::string_view text);

/// A field of systemd.mount-extra=, which ends at a colon and must stay part of one kernel word.
std::string mount_word_field(std::string_view text);

/// Below directories that are mounted over after the initrd: what it had mounted there would be hidden.
bool is_mounted_late(std::string_view target);

}  // namespace vmspawn
