// Words of command lines, with the values that are known only once something is up.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace vmspawn {

using ResourceId = std::string;

/// A value that is known only when `resource` is up. Plans print it as <resource:what>.
struct Late {
    enum class What {
        fd,       ///< number of the resource's descriptor in the child
        path,     ///< a name under which the child can open it: /proc/self/fd/N
        chardev,  ///< the part of a -chardev after "socket,id=X," or "serial,id=X,": fd=N, path=/dev/pts/3
        port,     ///< a TCP, UDP or VSOCK port
        cid,      ///< the guest's number on VSOCK
        name,     ///< the machine's, with what was drawn; of a tap interface its own
        netdev,   ///< the start of a -netdev, before ",id=X": socket,fd=N
    };
    ResourceId resource;
    What what = What::fd;
    friend bool operator==(const Late&, const Late&) = default;
};
std::string_view to_word(Late::What what);

/// One word of a command line, in pieces.
struct Word {
    std::vector<std::variant<std::string, Late>> parts;
    ResourceId optional{};  ///< the resource that it goes with: without that one the word is left out; empty: it stays

    Word() = default;
    Word(std::string text) { parts.emplace_back(std::move(text)); }
    Word(const char* text) : Word(std::string(text)) {}
    Word& operator+=(std::string text) {
        parts.emplace_back(std::move(text));
        return *this;
    }
    Word& operator+=(Late late) {
        parts.emplace_back(std::move(late));
        return *this;
    }
};

/// Golden spelling: add-fd fd=<image:fd>,set=1
std::string to_string(const Word& word);

}  // namespace vmspawn
