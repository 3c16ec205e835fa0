#include "plan/qemu_command.hpp"

#include "base/text.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace vmspawn {

namespace {

/// Invalid UTF-8 is replaced, so that dump() cannot throw.
std::string dumped(const nlohmann::ordered_json& record) {
    return record.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

bool is_alpha(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
}  // namespace

std::string escape_qemu_value(std::string_view value) {
    std::string escaped;
    for (const char c : value) {
        escaped += c;
        if (c == ',')
            escaped += ',';
    }
    return escaped;
}

std::string qemu_id(std::string_view kind, std::string_view name, std::size_t index) {
    constexpr std::size_t longest = 20;  // node names hold 31 bytes; contributors add endings such as "-file"
    const bool usable = name.size() <= longest &&
                        std::ranges::all_of(name, [](char c) { return is_alpha(c) || is_digit(c) || c == '-' || c == '_' || c == '.'; });
    return usable ? std::string(kind) + "." + std::string(name) : std::string(kind) + "-" + std::to_string(index);
}

void QemuCommand::option(std::string flag) {
    words_.emplace_back(std::move(flag));
}

void QemuCommand::option(std::string flag, Word value) {
    words_.emplace_back(std::move(flag));
    words_.push_back(std::move(value));
}

void QemuCommand::object(const nlohmann::ordered_json& record) {
    option("-object", dumped(record));
}
void QemuCommand::device(const nlohmann::ordered_json& record) {
    option("-device", dumped(record));
}
void QemuCommand::blockdev(const nlohmann::ordered_json& record) {
    option("-blockdev", dumped(record));
}

std::string QemuCommand::fdset(const ResourceId& resource) {
    const std::string set = std::to_string(++sets_);
    Word word("fd=");
    word += Late{resource, Late::What::fd};
    word += ",set=" + set;
    option("-add-fd", std::move(word));
    return "/dev/fdset/" + set;
}

void QemuCommand::append(const QemuCommand& other) {
    words_.insert(words_.end(), other.words_.begin(), other.words_.end());
}

void QemuCommand::append_optional(const QemuCommand& other, const ResourceId& resource) {
    for (Word word : other.words_) {
        word.optional = resource;
        words_.push_back(std::move(word));
    }
}

std::vector<ResourceId> QemuCommand::mentioned() const {
    std::vector<ResourceId> ids;
    for (const Word& word : words_)
        for (const auto& part : word.parts)
            if (const auto* late = std::get_if<Late>(&part); late && std::ranges::find(ids, late->resource) == ids.end())
                ids.push_back(late->resource);
    return ids;
}

}  // namespace vmspawn
