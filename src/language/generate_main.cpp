// Writes the files that are generated from the schema into the source tree given as argument.
#include "language/render_help.hpp"
#include "language/schema.hpp"

#include <filesystem>
#include <fstream>
#include <iostream>

int main(int argc, char** argv) {
    if (argc != 2) {
        std::cerr << "usage: vmspawn-generate SOURCE-DIRECTORY\n";
        return 22;
    }
    for (const vmspawn::GeneratedFile& file : vmspawn::generated_files(vmspawn::language())) {
        const auto path = std::filesystem::path(argv[1]) / file.path;
        std::ofstream stream(path, std::ios::binary);
        stream << file.text;
        stream.close();
        if (!stream) {
            std::cerr << path.string() << ": cannot write\n";
            return 5;
        }
    }
}
