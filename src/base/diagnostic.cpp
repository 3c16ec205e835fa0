#include "base/diagnostic.hpp"

#include <algorithm>
#include <map>
#include <tuple>

namespace vmspawn {

Diagnostic error(std::string summary, Origin at) {
    return {Severity::error, std::move(summary), std::move(at), {}, {}, EINVAL};
}

Diagnostic warning(std::string summary, Origin at) {
    return {Severity::warning, std::move(summary), std::move(at), {}, {}, EINVAL};
}

void Diagnostics::append(Diagnostics other) {
    std::move(other.all_.begin(), other.all_.end(), std::back_inserter(all_));
}

void Diagnostics::sort_by_place() {
    std::map<const Source*, int> mention;
    for (const Diagnostic& diagnostic : all_)
        if (const auto* file = std::get_if<FromFile>(&diagnostic.at))
            mention.try_emplace(file->source.get(), static_cast<int>(mention.size()));
    auto place = [&mention](const Diagnostic& diagnostic) -> std::tuple<int, int, Position> {
        if (const auto* file = std::get_if<FromFile>(&diagnostic.at))
            return {0, mention.at(file->source.get()), file->span.begin};
        if (const auto* argument = std::get_if<FromArgument>(&diagnostic.at))
            return {1, argument->index, {0, static_cast<std::uint32_t>(argument->begin)}};
        return {2, 0, {}};
    };
    std::ranges::stable_sort(all_, {}, place);
}

bool Diagnostics::has_errors() const {
    return std::ranges::any_of(all_, [](const Diagnostic& diagnostic) { return diagnostic.severity == Severity::error; });
}

int Diagnostics::status() const {
    int status = 0;
    for (const Diagnostic& diagnostic : all_) {
        if (diagnostic.severity != Severity::error)
            continue;
        if (status != 0 && status != diagnostic.error)
            return EINVAL;
        status = diagnostic.error;
    }
    return status;
}

}  // namespace vmspawn
