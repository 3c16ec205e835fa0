#!/bin/bash
# Every C++ file is as clang-format leaves it.
cd "$(dirname "$(realpath "$0")")/../.." || exit 1
find src tests -name '*.[ch]pp' -print0 | sort -z | xargs -0 clang-format --dry-run -Werror
