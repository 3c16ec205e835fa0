// Puts the pieces of a plan's file together.
#pragma once

#include "base/fd.hpp"
#include "base/result.hpp"
#include "plan/action.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace vmspawn {

/// What pieces need that is known only when the machine starts.
struct PieceSources {
    std::function<std::string(const Late&)> resolve;
    int runtime_directory = -1;
};

class PieceWriter {
public:
    /// For pieces that need no sources.
    explicit PieceWriter(int fd) : fd_(fd) {}
    PieceWriter(int fd, PieceSources sources) : fd_(fd), sources_(std::move(sources)) {}

    Result<void> add(const Text& text);
    Result<void> add(const Secret& secret);
    Result<void> add(const FileContent& content);
    Result<void> add(const PasswordHash& hash);
    Result<void> add(const PathText& text) { return bytes(text.bytes); }
    Result<void> add(const Align& align);
    Result<void> add(const Late& late);
    Result<void> add(const RuntimeFile& file);
    Result<void> add(const std::vector<Piece>& pieces);

private:
    int fd_;
    PieceSources sources_;
    std::uint64_t size_ = 0;

    Result<void> bytes(std::string_view text);
    Result<void> copied(const std::string& path);
    Result<void> read_through(int from, const std::string& path);
    Result<void> encoded(const std::string& path);
};

}  // namespace vmspawn
