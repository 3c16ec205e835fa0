// How the words of a plan are spelt in its script.
#pragma once

#include "plan/paths.hpp"
#include "plan/plan.hpp"

#include <string>
#include <string_view>

namespace vmspawn {

/// What a script spells a path from. A helper may have left the directory that it was started in before it opens anything.
enum class PathsFrom { working_directory, root };

class ScriptWords {
protected:
    explicit ScriptWords(const Plan& plan);

    const Plan& plan_;

    /// The shell variable of a resource: its number in the plan, as its id may hold anything.
    [[nodiscard]] std::string variable(std::string_view kind, const ResourceId& id) const;
    [[nodiscard]] std::string path(const std::string& path, PathsFrom from = PathsFrom::working_directory) const;
    /// A word with shell variables where the plan has values known late.
    [[nodiscard]] std::string quoted(const Word& word, PathsFrom from = PathsFrom::working_directory) const;
    [[nodiscard]] std::string value(const Late& late) const;
    /// Of a socket between a helper and QEMU; null: it is none.
    [[nodiscard]] const std::string* path_option(const ResourceId& id) const;
    [[nodiscard]] const std::string& client_socket(const ResourceId& id) const;

private:
    const Places places_;

    [[nodiscard]] std::string quoted_text(const std::string& text, PathsFrom from) const;
    /// The guest's terminal is the script's own.
    [[nodiscard]] bool on_stdio(const Word& word) const;
    [[nodiscard]] std::string chardev(const ResourceId& resource) const;
};

}  // namespace vmspawn
