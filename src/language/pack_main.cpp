// pack SCHEMA OUT: the rows of the schema as bytes, for the program to take in. Runs while vmspawn is built.
#include "base/file.hpp"
#include "language/rows.hpp"

#include <iostream>

int main(int argc, char** argv) {
    using namespace vmspawn;
    if (argc != 3) {
        std::cerr << "usage: vmspawn-pack SCHEMA OUT\n";
        return 22;
    }
    const Result<std::string> schema = read_file(argv[1], std::size_t{1} << 20);
    const Result<void> written = schema ? write_file(argv[2], pack_rows(rows_from_schema(*schema)), Existing::replace) : schema.failure();
    if (!written) {
        std::cerr << to_string(written.failure()) << '\n';
        return written.failure().error;
    }
}
