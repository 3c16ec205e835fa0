// The header of a qcow2 image, read without QEMU (its docs/interop/qcow2.txt). The bytes come from outside and may say anything.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace vmspawn {

/// So many bytes of the file are enough: all that an image names stands in its first cluster, and every known program puts it at
/// the very beginning of that.
constexpr std::size_t qcow2_header_bytes = 64U << 10U;

struct Qcow2Header {
    std::uint64_t size = 0;      ///< bytes that the guest sees
    std::string backing_file;    ///< as spelled there; empty: none
    std::string backing_format;  ///< empty: not said
    bool has_data_file = false;  ///< the guest's data stand in another file
    std::string data_file;       ///< as spelled there; may be empty although there is one
    std::string problem;         ///< not empty: it is no image that QEMU would open, one clause; the rest says nothing then
};

/// `beginning` starts at byte 0; fewer bytes than qcow2_header_bytes are judged as the whole file.
Qcow2Header read_qcow2_header(std::string_view beginning);

}  // namespace vmspawn
