// The schema's bytes, taken in by the assembler. Kept apart because compiler caches skip such files.
#include "language/schema.hpp"

asm(".pushsection .rodata, \"a\"\n"
    ".global vmspawn_schema_begin\n"
    ".global vmspawn_schema_end\n"
    "vmspawn_schema_begin:\n"
    ".incbin \"" VMSPAWN_SCHEMA_FILE
    "\"\n"
    "vmspawn_schema_end:\n"
    ".byte 0\n"
    ".popsection\n");

extern "C" {
extern const char vmspawn_schema_begin[];
extern const char vmspawn_schema_end[];
}

namespace vmspawn {

std::string_view schema_text() {
    return {vmspawn_schema_begin, static_cast<std::size_t>(vmspawn_schema_end - vmspawn_schema_begin)};
}

}  // namespace vmspawn
