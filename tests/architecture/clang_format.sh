#!/usr/bin/env bash
# Every .h and .cpp of daemon/ and tests/ is formatted as .clang-format says.
# usage: clang_format.sh ROOT | --self-test ROOT
set -euo pipefail

# The result depends on the version; Debian 12 has 14.
tool=$(command -v clang-format-14 || command -v clang-format) ||
  { echo "clang-format is missing; install the package clang-format-14" >&2; exit 1; }

check() { # folder...
  find "$@" \( -name '*.h' -o -name '*.cpp' \) -print0 | sort -z |
    xargs -0 -r "$tool" --style=file --dry-run -Werror
}

case "${1:-}" in
  --self-test)
    root=${2:?usage: clang_format.sh --self-test ROOT}
    sample=$(mktemp -d)
    trap 'rm -rf "$sample"' EXIT
    cp "$root/.clang-format" "$sample/"
    printf 'int one = 1;\n' >"$sample/good.cpp"
    check "$sample" || { echo "a well formatted file is refused"; exit 1; }
    printf 'int   one=1 ;\n' >"$sample/bad.cpp"
    if check "$sample" 2>/dev/null; then echo "a badly formatted file is accepted"; exit 1; fi
    echo "the check finds what it should"
    ;;
  "" | -*) echo "usage: clang_format.sh ROOT | --self-test ROOT" >&2; exit 2 ;;
  *) check "$1/daemon" "$1/tests" || { echo "run: $tool -i FILE..."; exit 1; } ;;
esac
