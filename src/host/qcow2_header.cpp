#include "host/qcow2_header.hpp"

#include <fmt/format.h>

#include <optional>

namespace vmspawn {

namespace {

constexpr std::uint64_t known_features = 0b11111;  ///< dirty, corrupt, data file, compression, extended L2: what QEMU knows
constexpr std::uint64_t corrupt = 0b10;
constexpr std::uint64_t external_data = 0b100;
constexpr std::uint32_t longest_name = 1023;
constexpr std::uint32_t end_of_extensions = 0;
constexpr std::uint32_t backing_format_extension = 0xe2792aca;
constexpr std::uint32_t data_file_extension = 0x44415441;

/// Big-endian numbers and texts; nothing is there beyond the end.
class HeaderBytes {
public:
    explicit HeaderBytes(std::string_view bytes) : bytes_(bytes) {}

    [[nodiscard]] std::uint64_t number(std::size_t offset, std::size_t size) const {
        std::uint64_t value = 0;
        for (std::size_t i = 0; i < size; i++)
            value = value << 8U | (offset + i < bytes_.size() ? static_cast<unsigned char>(bytes_[offset + i]) : 0U);
        return value;
    }
    [[nodiscard]] std::uint32_t word(std::size_t offset) const { return static_cast<std::uint32_t>(number(offset, 4)); }

    [[nodiscard]] std::optional<std::string_view> text(std::uint64_t offset, std::uint64_t size) const {
        if (offset > bytes_.size() || bytes_.size() - offset < size)
            return std::nullopt;
        return bytes_.substr(offset, size);
    }

private:
    std::string_view bytes_;
};

std::string check(const HeaderBytes& bytes, std::string_view beginning) {
    const std::uint32_t version = bytes.word(4);
    const std::uint32_t cluster_bits = bytes.word(20);
    const std::uint64_t features = version >= 3 ? bytes.number(72, 8) : 0;
    if (!beginning.starts_with("QFI\xfb") || beginning.size() < 72)
        return "it has no qcow2 header";
    if (version != 2 && version != 3)
        return fmt::format("it is of version {}, and only 2 and 3 are known", version);
    if (version == 3 && (beginning.size() < 104 || bytes.word(100) < 104))
        return "its header is cut off";
    if (cluster_bits < 9 || cluster_bits > 21)
        return fmt::format("its clusters are of 2^{} bytes", cluster_bits);
    if (bytes.word(32) != 0)
        return "it is encrypted";
    if ((features & corrupt) != 0)
        return "it is marked as corrupt (qemu-img check -r all may mend it)";
    if ((features & ~known_features) != 0)
        return fmt::format("it uses features that are not known (bits {:#x})", features & ~known_features);
    return "";
}

/// A name without NUL: it would end there for QEMU and go on for others.
std::optional<std::string> name(const HeaderBytes& bytes, std::uint64_t offset, std::uint64_t size) {
    const auto text = bytes.text(offset, size);
    if (!text || text->find('\0') != std::string_view::npos)
        return std::nullopt;
    return std::string(*text);
}

void read_backing_file(const HeaderBytes& bytes, Qcow2Header& header) {
    const std::uint64_t offset = bytes.number(8, 8);
    const std::uint32_t size = bytes.word(16);
    if (offset == 0 || size == 0)
        return;
    auto file = size <= longest_name ? name(bytes, offset, size) : std::nullopt;
    if (file)
        header.backing_file = std::move(*file);
    else
        header.problem = "the name of its backing file lies outside its header";
}

void read_extensions(const HeaderBytes& bytes, Qcow2Header& header) {
    std::uint64_t at = bytes.word(4) == 2 ? 72 : bytes.word(100);
    // A header of version 3 holds 104 bytes at least; its extensions end with the first cluster, or before the name of the backing file.
    while (header.problem.empty() && at >= 72 && bytes.text(at, 8)) {
        const std::uint32_t type = bytes.word(at);
        const std::uint32_t size = bytes.word(at + 4);
        if (type == end_of_extensions)
            return;
        if (type == backing_format_extension || type == data_file_extension) {
            auto text = size <= longest_name ? name(bytes, at + 8, size) : std::nullopt;
            if (!text)
                header.problem = "an extension of its header is cut off";
            else
                (type == data_file_extension ? header.data_file : header.backing_format) = std::move(*text);
        }
        at += 8 + (std::uint64_t{size} + 7) / 8 * 8;
    }
}

}  // namespace

Qcow2Header read_qcow2_header(std::string_view beginning) {
    const HeaderBytes bytes(beginning);
    Qcow2Header header;
    header.problem = check(bytes, beginning);
    if (!header.problem.empty())
        return header;
    header.size = bytes.number(24, 8);
    header.has_data_file = bytes.word(4) == 3 && (bytes.number(72, 8) & external_data) != 0;
    read_backing_file(bytes, header);
    read_extensions(bytes, header);
    if (!header.has_data_file)
        header.data_file.clear();
    return header;
}

}  // namespace vmspawn
