// What comes out of the QMP socket: any bytes, in any pieces, must end as messages or as an error.
#include "run/lines.hpp"
#include "run/qmp_message.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace vmspawn;
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    constexpr std::size_t longest = 4096;
    LineSplitter lines(longest);
    // The first byte says how large the pieces are.
    const std::size_t step = bytes.empty() ? 1 : 1 + static_cast<unsigned char>(bytes.front());
    std::size_t taken = 0;
    for (std::size_t at = 0; at < bytes.size() && !lines.overlong(); at += step) {
        lines.feed(bytes.substr(at, step));
        while (const auto line = lines.take()) {
            taken += line->size();
            if (line->find('\n') != std::string::npos)
                std::abort();
            const QmpMessage message = parse_qmp(*line);
            if (const auto* wrong = std::get_if<QmpMalformed>(&message); wrong != nullptr && wrong->problem.empty())
                std::abort();
        }
    }
    return taken > bytes.size() ? (std::abort(), 0) : 0;
}
