// A directory of its own for one test, gone afterwards; and short ways to make trees.
#pragma once

#include "base/render.hpp"
#include "config/document.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

namespace vmspawn {

class Temporary {
public:
    Temporary() {
        std::string name = (std::filesystem::temp_directory_path() / "vmspawn-config-XXXXXX").string();
        path_ = ::mkdtemp(name.data());
    }
    Temporary(const Temporary&) = delete;
    Temporary& operator=(const Temporary&) = delete;
    ~Temporary() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }

    [[nodiscard]] const std::filesystem::path& path() const { return path_; }
    /// Writes a file and returns its absolute name.
    std::string file(const std::string& name, const std::string& text) const {
        std::filesystem::create_directories((path_ / name).parent_path());
        std::ofstream(path_ / name, std::ios::binary) << text;
        return (path_ / name).string();
    }

private:
    std::filesystem::path path_;
};

inline std::shared_ptr<const Source> source(std::string text) {
    return std::make_shared<Source>(Source{"test.vmspawn", "/srv/test.vmspawn", std::move(text)});
}

/// The tree of a text that must parse.
inline Table tree(const std::string& text) {
    Diagnostics found;
    auto document = parse_document(source(text), found);
    return document ? std::move(document->root) : Table{};
}

/// "3:5-3:9" of an origin in a file.
inline std::string span(const Origin& at) {
    const Span span = std::get<FromFile>(at).span;
    return std::to_string(span.begin.line) + ":" + std::to_string(span.begin.column) + "-" + std::to_string(span.end.line) + ":" +
           std::to_string(span.end.column);
}

}  // namespace vmspawn
