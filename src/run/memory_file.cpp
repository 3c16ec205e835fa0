#include "run/memory_file.hpp"

#include "run/piece_writer.hpp"

#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

namespace vmspawn {

namespace {

#ifndef MFD_NOEXEC_SEAL
constexpr unsigned MFD_NOEXEC_SEAL = 8;
#endif

Fd new_memory(const std::string& name) {
    const std::string shown = name.substr(0, 200);
    Fd fd(memfd_create(shown.c_str(), MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL));
    if (!fd && errno == EINVAL)  // Linux before 6.3
        fd = Fd(memfd_create(shown.c_str(), MFD_CLOEXEC | MFD_ALLOW_SEALING));
    return fd;
}

}  // namespace

// On a disk where possible: what a guest writes there should not eat the host's memory.
Fd new_scratch(const std::string& name) {
    const char* temporary = secure_getenv("TMPDIR");
    const char* directory = temporary != nullptr && temporary[0] == '/' ? temporary : "/var/tmp";
    Fd fd(::open(directory, O_TMPFILE | O_EXCL | O_RDWR | O_CLOEXEC, 0600));
    return fd ? std::move(fd) : new_memory(name);
}

Result<Fd> make_memory(const std::string& name, const MakeMemory& action, const PieceSources& sources) {
    Fd fd = new_memory(name);
    if (!fd)
        return failed("make a memory file");
    if (Result<void> filled = PieceWriter(fd.get(), sources).add(action.pieces); !filled)
        return filled.failure();
    if (fcntl(fd.get(), F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) < 0)
        return failed("seal it");
    return fd;
}

Result<Fd> make_scratch(const std::string& name, const MakeScratch& action, const PieceSources& sources) {
    Fd fd = new_scratch(name);
    if (!fd)
        return failed("make a temporary file");
    if (Result<void> filled = PieceWriter(fd.get(), sources).add(action.pieces); !filled)
        return filled.failure();
    return fd;
}

}  // namespace vmspawn
