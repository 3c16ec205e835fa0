// What the files that vmspawn makes are put together from.
#pragma once

#include "plan/word.hpp"

#include <cstdint>
#include <string>
#include <variant>

namespace vmspawn {

/// A piece of a file that vmspawn makes. Secrets are never printed, only named.
struct Text {
    std::string bytes;
};
struct Secret {
    std::string id;     ///< the credential; in the script it is read from $VMSPAWN_CRED_DIR/ID
    std::string bytes;  ///< as given, not encoded
    bool base64 = false;
};
/// What a file holds when the machine starts. `credential`: printed and scripted as a Secret of that id.
struct FileContent {
    std::string path;
    std::string credential;  ///< empty: an ordinary file, such as an initrd
    bool base64 = false;
};
/// The hash of the password that this user has on the host when the machine starts. Plans only name it, and a script asks getent(1).
struct PasswordHash {
    std::string user;
    std::uint64_t size = 0;  ///< bytes; one that was changed since the plan was made fails, as what holds it is laid out for this one
};
/// Zero bytes up to a multiple of `boundary` from the start.
struct Align {
    std::uint32_t boundary = 4;
};
/// A file that `maker` left in the machine's runtime directory; as text without the line end at its end.
struct RuntimeFile {
    ResourceId maker;
    std::string name;
    bool base64 = false;
};
/// A path as `bytes` spell it. Plans print it as they print paths, and so do not depend on where the definition lies.
struct PathText {
    std::string path;
    std::string bytes;
};
using Piece = std::variant<Text, Secret, FileContent, PasswordHash, Align, Late, RuntimeFile, PathText>;

}  // namespace vmspawn
