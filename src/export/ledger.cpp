#include "export/ledger.hpp"

#include "export/way_to_start.hpp"

#include <algorithm>
#include <memory>

namespace vmspawn {

namespace {

/// Is `key` a leaf, an element or an entry below `above`?
bool is_below(std::string_view key, std::string_view above) {
    return key.size() > above.size() && key.starts_with(above) && (key[above.size()] == '.' || key[above.size()] == '[');
}

/// Messages show the line that they are about, which for a credential would be its value.
bool tells_credential(const Machine& machine, std::string_view key) {
    return is_below(key, "credentials") ||
           ((key == "smbios" || is_below(key, "smbios")) && std::ranges::any_of(machine.smbios, holds_credential));
}

Origin without_text(const Origin& at) {
    if (const auto* file = std::get_if<FromFile>(&at))
        return FromFile{std::make_shared<const Source>(Source{file->source->name, file->source->path, ""}), file->span};
    if (const auto* argument = std::get_if<FromArgument>(&at)) {
        const std::string flag = argument->text.substr(0, argument->text.find_first_of("= ")) + "=…";
        return FromArgument{argument->index, flag, 0, flag.size()};
    }
    return at;
}

}  // namespace

void Ledger::settle(std::string_view key, bool is_kept, std::string_view reason) {
    if (is_kept)
        kept(key);
    else
        lost(key, reason);
}

const std::string* Ledger::fate(std::string_view key, const std::string& otherwise) const {
    if (const auto own = lost_.find(key); own != lost_.end())
        return &own->second;
    const bool is_element = key.ends_with(']');
    for (const auto& [above, reason] : lost_)
        if (is_below(key, above))
            return is_element || machine_.said(above) ? nullptr : &reason;
    return is_element || kept_.contains(key) ? nullptr : &otherwise;
}

std::vector<Loss> Ledger::losses(std::string_view otherwise) const {
    const std::string unknown{otherwise};
    std::vector<Loss> all;
    for (const auto& [key, origin] : machine_.origins)
        if (!key.empty() && machine_.said(key))
            if (const std::string* reason = fate(key, unknown))
                all.push_back({key, *reason, tells_credential(machine_, key) ? without_text(origin) : origin});
    return all;
}

}  // namespace vmspawn
