#include "app/verbs.hpp"
#include "config/document.hpp"
#include "config/validate.hpp"

#include <gtest/gtest.h>

#include <set>

namespace vmspawn {
namespace {

Diagnostics problems_of(const std::string& text) {
    Diagnostics found;
    const auto document = parse_document(std::make_shared<const Source>(Source{"new.vmspawn", "/x/new.vmspawn", text}), found);
    if (document)
        validate(language(), document->root, found);
    return found;
}

TEST(Init, WritesAValidDefinition) {
    EXPECT_TRUE(problems_of(definition_template("new")).empty());
}

// What is offered as a comment must work when the comment sign is taken away.
TEST(Init, WritesValidComments) {
    std::string text = definition_template("new");
    const auto uncomment = [&text](const std::string& section) {
        const auto at = text.find("# [" + section + "]");
        ASSERT_NE(at, std::string::npos) << section;
        for (auto line = at; line < text.size() && text.compare(line, 2, "# ") == 0; line = text.find('\n', line) + 1)
            text.erase(line, 2);
    };
    for (const char* section : {"image", "network.default", "credentials"})
        uncomment(section);
    EXPECT_NE(text.find("\n[network.default]"), std::string::npos);
    EXPECT_TRUE(problems_of(text).empty()) << text;
}

std::vector<std::string> kinds() {
    for (const CommonFlag& flag : language().common_flags())
        if (flag.flag.long_name == "template")
            return flag.words;
    return {};
}

void expect_machines(const std::string& kind) {
    const auto source = std::make_shared<const Source>(Source{"new.vmspawn", "/x/new.vmspawn", definition_template("new", kind)});
    Diagnostics found;
    const auto document = parse_document(source, found);
    ASSERT_TRUE(document) << kind;
    validate(language(), document->root, found);
    Layers layers;
    layers.trees = {document->root};
    layers.file = source->path;
    layers.name = source->name;
    const Machine machine = decode(merge(language(), std::move(layers), Invocation{}, found), {"/x", "/home/ann"}, found).machine;
    for (const Diagnostic& problem : found)
        ADD_FAILURE() << kind << ": " << problem.summary;
    EXPECT_EQ(machine.name, "new");
}

TEST(Init, EveryTemplateIsAMachineOfItsOwn) {
    std::set<std::string> texts{definition_template("new")};
    EXPECT_EQ(kinds().size(), 6U);
    for (const std::string& kind : kinds()) {
        expect_machines(kind);
        EXPECT_TRUE(texts.insert(definition_template("new", kind)).second) << kind << " has no text of its own";
        EXPECT_EQ(definition_template("new", kind).find("NAME"), std::string::npos) << kind;
    }
}

}  // namespace
}  // namespace vmspawn
