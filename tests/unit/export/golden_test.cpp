// Each example for each other engine, as stored in tests/golden/export. UPDATE_GOLDEN=1 rewrites them.
#include "unit/config/golden.hpp"

#include "config/layers.hpp"
#include "unit/export/exported.hpp"

#include <gmock/gmock.h>

#include <cstdlib>
#include <set>

namespace vmspawn {
namespace {

namespace fs = std::filesystem;

const fs::path source{TEST_SOURCE_DIR};

/// A tree with the examples at a place whose name is nowhere else in an export, where the sources' own may be as short as "/src".
class Tree {
public:
    Tree() {
        fs::create_directory(path / "examples");
        for (const fs::directory_entry& entry : fs::directory_iterator(source / "examples"))
            if (entry.path().extension() == ".vmspawn")
                fs::copy(entry, path / "examples");
    }
    Tree(const Tree&) = delete;
    Tree& operator=(const Tree&) = delete;
    ~Tree() { fs::remove_all(path); }

    std::string name = (fs::temp_directory_path() / "vmspawn-exports-XXXXXX").string();
    fs::path path = mkdtemp(name.data());
};

const fs::path& tree() {
    static const Tree made;
    return made.path;
}

std::vector<fs::path> examples() {
    std::vector<fs::path> files;
    for (const fs::directory_entry& entry : fs::directory_iterator(tree() / "examples"))
        files.push_back(entry.path());
    std::ranges::sort(files);
    return files;
}

/// As if the tree lay in /srv.
std::string moved(std::string text) {
    for (std::size_t at = 0; (at = text.find(tree().string(), at)) != std::string::npos;)
        text.replace(at, tree().string().size(), "/srv");
    return text;
}

Export export_example(const std::string& target, const fs::path& file, const std::string& profile) {
    Diagnostics found;
    const Merged values = merge(language(), read_layers(language(), file, profile, FromDefault{}, found), Invocation{}, found);
    const Machine machine = decode(values, {tree(), "/home/golden"}, found).machine;
    EXPECT_FALSE(found.has_errors()) << file;
    return export_machine(target, machine, {Arch::x86_64, file, profile, "/usr/bin/vmspawn"});
}

void compare(const std::string& name, const std::string& text) {
    const fs::path stored = source / "tests/golden/export" / name;
    if (updates_golden())
        write_all(stored, text);
    EXPECT_EQ(text, read_all(stored)) << "UPDATE_GOLDEN=1 unit-export --gtest_filter='Exports.*' rewrites " << stored;
}

TEST(Exports, OfEveryExampleAreAsStored) {
    for (const std::string& target : targets())
        for (const fs::path& file : examples())
            compare(file.stem().string() + "." + target, moved(export_example(target, file, "").text));
}

TEST(Exports, HaveTheirLossesAsData) {
    for (const std::string& target : targets())
        compare("hello." + target + ".json", moved(export_json(target, export_example(target, tree() / "examples/hello.vmspawn", ""))));
}

TEST(Exports, NoFileIsLeftOver) {
    std::set<std::string> names;
    for (const std::string& target : targets()) {
        names.insert("hello." + target + ".json");
        for (const fs::path& file : examples())
            names.insert(file.stem().string() + "." + target);
    }
    for (const fs::directory_entry& entry : fs::directory_iterator(source / "tests/golden/export"))
        EXPECT_TRUE(names.contains(entry.path().filename())) << entry.path();
}

}  // namespace
}  // namespace vmspawn
