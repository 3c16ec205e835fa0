// The spelling shared by the writer and the reader of recorded hosts.
#pragma once

#include "host/host.hpp"

#include <array>
#include <string_view>
#include <utility>

namespace vmspawn {

constexpr int host_version = 1;

inline constexpr std::array<std::pair<FileAnswer::Type, std::string_view>, 7> file_types{{
    {FileAnswer::Type::missing, "missing"},
    {FileAnswer::Type::regular, "regular"},
    {FileAnswer::Type::block, "block"},
    {FileAnswer::Type::directory, "directory"},
    {FileAnswer::Type::character, "character"},
    {FileAnswer::Type::fifo, "fifo"},
    {FileAnswer::Type::socket, "socket"},
}};

}  // namespace vmspawn
