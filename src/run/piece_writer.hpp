// Puts the pieces of a plan's file together.
#pragma once

#include "base/fd.hpp"
#include "base/result.hpp"
#include "plan/action.hpp"

#include <cstdint>
#include <string_view>
#include <vector>

namespace vmspawn {

class PieceWriter {
public:
    explicit PieceWriter(int fd) : fd_(fd) {}

    Result<void> add(const Text& text);
    Result<void> add(const Secret& secret);
    Result<void> add(const FileContent& content);
    Result<void> add(const Align& align);
    Result<void> add(const std::vector<Piece>& pieces);

private:
    int fd_;
    std::uint64_t size_ = 0;

    Result<void> bytes(std::string_view text);
    Result<void> copied(const std::string& path);
    Result<void> read_through(int from, const std::string& path);
    Result<void> encoded(const std::string& path);
};

}  // namespace vmspawn
