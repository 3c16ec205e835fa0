// The schema's bytes and its packed rows, taken in by the assembler. Kept apart because compiler caches skip such files.
#include "language/rows.hpp"

#define TAKE_IN(name, file)                                                                          \
    asm(".pushsection .rodata, \"a\"\n"                                                              \
        ".global " name "_begin\n.global " name "_end\n" name "_begin:\n.incbin \"" file "\"\n" name \
        "_end:\n.byte 0\n"                                                                           \
        ".popsection\n")

TAKE_IN("vmspawn_schema", VMSPAWN_SCHEMA_FILE);
TAKE_IN("vmspawn_rows", VMSPAWN_ROWS_FILE);

extern "C" {
extern const char vmspawn_schema_begin[], vmspawn_schema_end[];
extern const char vmspawn_rows_begin[], vmspawn_rows_end[];
}

namespace vmspawn {

std::string_view schema_text() {
    return {vmspawn_schema_begin, static_cast<std::size_t>(vmspawn_schema_end - vmspawn_schema_begin)};
}

std::string_view packed_rows() {
    return {vmspawn_rows_begin, static_cast<std::size_t>(vmspawn_rows_end - vmspawn_rows_begin)};
}

}  // namespace vmspawn
