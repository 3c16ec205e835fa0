// Shell scripts that behave like a QEMU, or do not.
#pragma once

#include "temporary.hpp"

namespace vmspawn {

/// Answers as a small QEMU for `arch` does, and adds a line to the file `DIR/runs` each time.
inline std::string fake_qemu(const TemporaryDirectory& directory, const std::string& name, const std::string& arch = "x86_64") {
    const std::string script = R"(#!/bin/sh
echo run >> ')" + directory / "runs" +
                               R"('
printf '{"QMP": {"version": {"qemu": {"micro": 3, "minor": 0, "major": 10}, "package": ""}, "capabilities": ["oob"]}}\r\n'
while read -r line; do
    id=${line##*'"id":"'}
    id=${id%%'"'*}
    case $id in
    target) value='{"arch": ")" +
                               arch + R"("}' ;;
    types) value='[{"name": "pvpanic", "parent": "isa-device"}, {"name": "nvme", "parent": "pci-device"}]' ;;
    machines) value='[{"name": "pc-q35-10.0", "alias": "q35", "cpu-max": 288}]' ;;
    options) value='[{"option": "sandbox", "parameters": [{"name": "enable"}, {"name": "obsolete"}, {"name": "elevateprivileges"},
                     {"name": "spawn"}, {"name": "resourcecontrol"}]}]' ;;
    kvm-accel-device) value='[{"name": "type"}, {"name": "device"}]' ;;
    netdev/user | capabilities | vmspawn-quit) value='{}' ;;
    *)
        printf '{"id": "%s", "error": {"class": "GenericError", "desc": "no"}}\r\n' "$id"
        continue ;;
    esac
    value=$(printf '%s' "$value" | tr -d '\n')
    printf '{"return": %s, "id": "%s"}\r\n' "$value" "$id"
    [ "$id" != vmspawn-quit ] || exit 0
done
)";
    return directory.write(name, script, 0755);
}

inline std::string fake_program(const TemporaryDirectory& directory, const std::string& name, const std::string& body) {
    return directory.write(name, "#!/bin/sh\n" + body, 0755);
}

}  // namespace vmspawn
