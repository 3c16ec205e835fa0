// QEMU's command line as records. The one place that spells words for QEMU and the one that escapes.
#pragma once

#include "plan/action.hpp"

#include <nlohmann/json_fwd.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace vmspawn {

/// Doubles commas: for the few options that take no JSON.
std::string escape_qemu_value(std::string_view value);

/// An id that QEMU takes: "drive.data"; "drive-0" where the name has characters or a length that QEMU refuses.
std::string qemu_id(std::string_view kind, std::string_view name, std::size_t index);

class QemuCommand {
public:
    void option(std::string flag);              ///< -nodefaults
    void option(std::string flag, Word value);  ///< -m 2048M; also the options that mix values known late with commas
    void object(const nlohmann::ordered_json& record);
    void device(const nlohmann::ordered_json& record);
    void blockdev(const nlohmann::ordered_json& record);
    /// Gives QEMU the descriptor of `resource` as an fdset; returns "/dev/fdset/N" for a blockdev.
    std::string fdset(const ResourceId& resource);
    void append(const QemuCommand& other);
    /// Words that go with a resource: without it they are left out.
    void append_optional(const QemuCommand& other, const ResourceId& resource);

    [[nodiscard]] const std::vector<Word>& words() const { return words_; }
    /// Resources that words mention, each once, in order: QEMU's needs.
    [[nodiscard]] std::vector<ResourceId> mentioned() const;

private:
    std::vector<Word> words_;
    int sets_ = 0;
};

}  // namespace vmspawn
