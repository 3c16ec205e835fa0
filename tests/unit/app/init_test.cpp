#include "app/verbs.hpp"
#include "config/document.hpp"
#include "config/validate.hpp"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace vmspawn
