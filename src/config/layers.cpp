#include "config/layers.hpp"

#include "base/text.hpp"
#include "config/validate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace vmspawn {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t deepest_include = 32;
constexpr std::size_t most_files = 256;

/// Where an include leads, and how messages call it: relative to the including file's own name.
struct Target {
    fs::path path;
    std::string name;
};

Target path_below(const Source& source, const std::string& included) {
    const fs::path relative(included);
    return {(source.path.parent_path() / relative).lexically_normal(),
            (fs::path(source.name).parent_path() / relative).lexically_normal().string()};
}

class LayerReader {
public:
    LayerReader(const Language& language, const std::string& profile, const fs::path& home, Diagnostics& found)
        : language_(language), profile_(profile), home_(home), found_(found) {}

    void file(const Target& target, const Origin& mentioned) {
        std::error_code problem;
        fs::path real = fs::canonical(target.path, problem);
        if (problem)
            real = target.path;
        if (is_cycle(real, target.name, mentioned) || is_too_much(mentioned))
            return;
        const Document* document = read(real, target, mentioned);
        if (document == nullptr)
            return;
        open_.push_back({real, target.name});
        includes(*document);
        open_.pop_back();
        take(document->root);
    }

    std::vector<Table> trees() && {
        std::ranges::move(profile_trees_, std::back_inserter(trees_));
        return std::move(trees_);
    }
    [[nodiscard]] const std::vector<std::string>& profiles() const { return profiles_; }

private:
    bool is_cycle(const fs::path& real, const std::string& name, const Origin& mentioned) {
        const auto first = std::ranges::find(open_, real, &Target::path);
        if (first == open_.end())
            return false;
        std::string ring;
        for (auto each = first; each != open_.end(); ++each)
            ring += each->name + " -> ";
        found_.add(error(fmt::format("include cycle: {}{}", ring, first->name), mentioned)
                       .with_hint(fmt::format("'{}' is being read already", name)));
        return true;
    }

    bool is_too_much(const Origin& mentioned) {
        const bool is_deep = open_.size() > deepest_include;
        const bool is_many = ++count_ > most_files;
        if (is_deep)
            found_.add(error(fmt::format("includes nest more than {} levels deep", deepest_include), mentioned));
        else if (count_ == most_files + 1)
            found_.add(error(fmt::format("more than {} files are included", most_files), mentioned));
        return is_deep || is_many;
    }

    /// Each file is read and judged once, however often it is included.
    const Document* read(const fs::path& real, const Target& target, const Origin& mentioned) {
        if (const auto known = read_.find(real); known != read_.end())
            return &known->second;
        auto document = read_document(target.path, target.name, mentioned, found_);
        if (!document)
            return nullptr;
        validate(language_, document->root, found_);
        return &read_.emplace(real, *std::move(document)).first->second;
    }

    void includes(const Document& document) {
        const Entry* entry = document.root.find("include");
        const auto* list = entry != nullptr ? std::get_if<List>(&entry->node.value) : nullptr;
        if (list == nullptr)
            return;
        for (const Node& element : *list) {
            const auto* text = std::get_if<std::string>(&element.value);
            if (text == nullptr || text->empty() || text->find('\0') != std::string::npos)
                continue;  // validate() said so
            if (!text->starts_with("~/"))
                file(path_below(*document.source, *text), element.at);
            else if (!home_.empty())
                file({home_ / text->substr(2), *text}, element.at);
            else
                found_.add(error("the home directory is not known", element.at).with_hint("HOME is not set"));
        }
    }

    void take(const Table& root) {
        Table tree;
        for (const Entry& entry : root.entries)
            if (entry.name != "include" && entry.name != "profile")
                tree.entries.push_back(entry);
        trees_.push_back(std::move(tree));
        const Entry* entry = root.find("profile");
        const auto* all = entry != nullptr ? std::get_if<Table>(&entry->node.value) : nullptr;
        if (all == nullptr)
            return;
        for (const Entry& each : all->entries) {
            profiles_.push_back(each.name);
            if (const auto* content = std::get_if<Table>(&each.node.value); content != nullptr && each.name == profile_)
                profile_trees_.push_back(*content);
        }
    }

    const Language& language_;
    const std::string& profile_;
    const fs::path& home_;
    Diagnostics& found_;
    std::size_t count_ = 0;
    std::vector<Target> open_;  ///< from the definition down to the file being read
    std::map<fs::path, Document> read_;
    std::vector<Table> trees_, profile_trees_;
    std::vector<std::string> profiles_;
};

void refuse_profile(const std::string& profile, std::vector<std::string> known, const Origin& at, Diagnostics& found) {
    std::ranges::sort(known);
    known.erase(std::unique(known.begin(), known.end()), known.end());
    std::string hint = "the definition has no profiles";
    if (const auto near = nearest(profile, known))
        hint = fmt::format("did you mean '{}'?", *near);
    else if (!known.empty())
        hint = "expected one of " + join_words(known);
    found.add(error(fmt::format("unknown profile '{}'", profile), at).with_hint(hint));
}

}  // namespace

Layers read_layers(const Language& language, const std::string& file, const std::string& profile, const Origin& profile_at,
                   Diagnostics& found, const std::filesystem::path& home) {
    Layers layers;
    std::vector<std::string> known;
    if (!file.empty()) {
        layers.name = file;
        layers.file = fs::absolute(file).lexically_normal();
        LayerReader reader(language, profile, home, found);
        reader.file({layers.file, file}, FromDefault{});
        known = reader.profiles();
        layers.trees = std::move(reader).trees();
        if (layers.trees.empty())
            return layers;  // it could not be read, so nothing is known of its profiles
    }
    if (!profile.empty() && std::ranges::find(known, profile) == known.end())
        refuse_profile(profile, known, profile_at, found);
    return layers;
}

}  // namespace vmspawn
