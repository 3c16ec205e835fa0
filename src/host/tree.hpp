// What could be booted from a directory tree: boot loader entries, unified kernel images, and kernels where packages put them.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace vmspawn {

/// One way to boot a tree. Paths are absolute on the host, and below the tree with every link followed.
struct BootEntry {
    enum class Kind {
        type1,    ///< a file of loader/entries (UAPI.1 Boot Loader Specification, Type #1)
        uki,      ///< a unified kernel image in EFI/Linux (Type #2)
        package,  ///< a kernel where its package put it, without an entry
    };
    Kind kind = Kind::type1;
    std::string id;      ///< the file's name without its boot counter: "fedora.conf"; of a package the version
    std::string source;  ///< the file that says all this
    std::string title, sort_key, version, machine_id;
    std::string architecture;  ///< as vmspawn calls it; empty: not said
    std::string linux_image;   ///< the kernel, or the unified kernel image
    std::vector<std::string> initrds;
    std::string options;  ///< kernel words, joined by blanks; of a UKI the words inside it
    std::string devicetree;
    std::optional<unsigned> tries_left, tries_done;  ///< boot counting; 0 left: it is known not to boot
    std::string problem;                             ///< why it cannot be booted, one clause; empty: it can
};

/// The entries best first, in the order of the specification; those of packages behind all others.
struct TreeAnswer {
    std::vector<BootEntry> entries;
    std::string default_pattern;  ///< `default` of loader.conf: a glob over ids; empty: none
};

}  // namespace vmspawn
