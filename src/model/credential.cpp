#include "model/credential.hpp"

namespace vmspawn {

bool holds_credential(std::string_view smbios_string) {
    return smbios_string.starts_with("io.systemd.credential:") || smbios_string.starts_with("io.systemd.credential.binary:");
}

}  // namespace vmspawn
