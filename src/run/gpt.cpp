#include "run/gpt.hpp"

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <dlfcn.h>
#include <libfdisk/libfdisk.h>
#include <memory>
#include <unistd.h>

namespace vmspawn {

namespace {

constexpr std::uint64_t sector = 512;

/// Where the header in sector 1 says that its copy stands; 0: there is no GPT.
std::uint64_t copy_at(int fd) {
    std::array<unsigned char, sector> header{};
    if (pread(fd, header.data(), header.size(), sector) != static_cast<ssize_t>(header.size()) ||
        std::memcmp(header.data(), "EFI PART", 8) != 0)
        return 0;
    std::uint64_t lba = 0;
    for (std::size_t i = 8; i-- > 0;)
        lba = lba << 8U | header[32 + i];
    return lba;
}

/// libfdisk and what it brings would cost every start more than a millisecond, and few starts need it.
class Libfdisk {
public:
    static Result<Libfdisk> load() {
        Libfdisk made;
        made.library_.reset(dlopen("libfdisk.so.1", RTLD_NOW | RTLD_LOCAL));
        if (made.library_ == nullptr)
            return Failure{ENOENT, "load libfdisk", "apt install libfdisk1"};
        const bool complete = made.find("fdisk_new_context", made.new_context) && made.find("fdisk_unref_context", made.unref_context) &&
                              made.find("fdisk_disable_dialogs", made.disable_dialogs) &&
                              made.find("fdisk_assign_device_by_fd", made.assign) && made.find("fdisk_deassign_device", made.deassign) &&
                              made.find("fdisk_is_labeltype", made.is_labeltype) && made.find("fdisk_write_disklabel", made.write);
        if (!complete)
            return Failure{ENOSYS, "load libfdisk", "it is older than 2.35"};
        return made;
    }

    decltype(&fdisk_new_context) new_context = nullptr;
    decltype(&fdisk_unref_context) unref_context = nullptr;
    decltype(&fdisk_disable_dialogs) disable_dialogs = nullptr;
    decltype(&fdisk_assign_device_by_fd) assign = nullptr;
    decltype(&fdisk_deassign_device) deassign = nullptr;
    decltype(&fdisk_is_labeltype) is_labeltype = nullptr;
    decltype(&fdisk_write_disklabel) write = nullptr;

private:
    struct Close {
        void operator()(void* library) const { dlclose(library); }
    };
    std::unique_ptr<void, Close> library_;

    template <class Function>
    bool find(const char* name, Function*& into) {
        into = reinterpret_cast<Function*>(dlsym(library_.get(), name));
        return into != nullptr;
    }
};

Failure negative(int error, std::string doing) {
    return {error < 0 ? -error : EIO, std::move(doing), ""};
}

}  // namespace

bool gpt_copy_is_astray(int fd, std::uint64_t size) {
    const std::uint64_t lba = copy_at(fd);
    return lba != 0 && lba != size / sector - 1;
}

bool gpt_fits(int fd, std::uint64_t size) {
    return copy_at(fd) < size / sector;
}

Result<void> move_gpt_copy(int fd) {
    Result<Libfdisk> library = Libfdisk::load();
    if (!library)
        return library.failure();
    fdisk_context* context = library->new_context();
    if (context == nullptr)
        return Failure{ENOMEM, "read its partition table", ""};
    library->disable_dialogs(context, 1);
    Result<void> done;
    if (const int assigned = library->assign(context, fd, "image", 0); assigned < 0)
        done = negative(assigned, "read its partition table");
    else if (library->is_labeltype(context, FDISK_DISKLABEL_GPT) == 0)
        done = Failure{EINVAL, "read its partition table", "the GPT is damaged; sfdisk --verify tells more"};
    else if (const int written = library->write(context); written < 0)
        done = negative(written, "write its partition table");
    library->deassign(context, 1);
    library->unref_context(context);
    return done;
}

}  // namespace vmspawn
