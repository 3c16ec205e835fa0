#include "base/result.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>

namespace vmspawn {

std::string to_string(const Failure& failure) {
    std::string text =
        fmt::format("{}: {}", failure.doing, strerrordesc_np(failure.error) ? strerrordesc_np(failure.error) : "unknown error");
    if (!failure.detail.empty())
        text += "\n" + failure.detail;
    return text;
}

Failure failed(std::string doing) {
    return {errno, std::move(doing), {}};
}

}  // namespace vmspawn
