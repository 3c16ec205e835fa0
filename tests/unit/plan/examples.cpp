#include "unit/plan/examples.hpp"

#include "base/render.hpp"
#include "config/decode.hpp"
#include "config/layers.hpp"
#include "config/merge.hpp"
#include "language/schema.hpp"
#include "plan/planner.hpp"
#include "plan/print.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <sstream>

namespace vmspawn::test {

fs::path tests_folder() {
    return fs::path(TEST_SOURCE_DIR) / "tests";
}
fs::path examples_folder() {
    return fs::path(TEST_SOURCE_DIR) / "examples";
}

std::string read_file(const fs::path& path) {
    std::ostringstream text;
    text << std::ifstream(path, std::ios::binary).rdbuf();
    return text.str();
}

std::vector<fs::path> files_in(const fs::path& folder, const std::string& extension) {
    std::vector<fs::path> files;
    for (const fs::directory_entry& entry : fs::directory_iterator(folder))
        if (entry.path().extension() == extension)
            files.push_back(entry.path());
    std::ranges::sort(files);
    return files;
}

std::string Outcome::text() const {
    return render(found, Colour::no) + (found.has_errors() ? "" : plan_text(plan));
}

Outcome plan_example(const std::string& name, const fs::path& record, const fs::path& home, const Errand& errand) {
    Outcome out;
    const fs::path here = fs::current_path();
    const Merged merged = merge(language(), read_layers(language(), name, "", FromDefault{}, out.found, home), Invocation{}, out.found);
    if (out.found.has_errors())
        return out;
    const Machine machine = decode(merged, {here, home}, out.found).machine;
    const Result<Host> host = host_from_json(read_file(record), here, home);
    if (!host)
        ADD_FAILURE() << record << ": " << to_string(host.failure());
    else if (!out.found.has_errors())
        out.plan = make_plan(machine, *host, out.found, errand);
    return out;
}

}  // namespace vmspawn::test
