// The header of a disk image comes from whoever made the image: whatever it says, what is read lies inside it.
#include "host/qcow2_header.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace vmspawn;
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    const Qcow2Header header = read_qcow2_header(bytes);
    if (!header.problem.empty())
        return 0;
    for (const std::string& name : {header.backing_file, header.backing_format, header.data_file})
        if (name.find('\0') != std::string::npos || bytes.find(name) == std::string_view::npos)
            std::abort();
    if (!header.has_data_file && !header.data_file.empty())
        std::abort();
    return 0;
}
