// What the guest is given under a name that its services know.
#pragma once

#include "model/types.hpp"

#include <string>
#include <string_view>
#include <variant>

namespace vmspawn {

/// A value for the guest. The bytes stay in memory and are never printed.
struct CredentialText {
    std::string bytes;
};
struct CredentialFile {
    Path path;
};
/// A bare name of --load-credential: a file in $CREDENTIALS_DIRECTORY.
struct CredentialInherited {
    std::string name;
};
struct Credential {
    std::string id;
    std::variant<CredentialText, CredentialFile, CredentialInherited> source;
};

/// A firmware string that holds a credential, which is not printed either.
bool holds_credential(std::string_view smbios_string);

}  // namespace vmspawn
