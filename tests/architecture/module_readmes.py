"""Every module folder has a README.md of at most 40 lines: purpose, entry point, invariants, and what the
module must not know."""
import pathlib
import sys

import source_tree

MAX_LINES = 40


def check(root):
    findings = []
    for module in sorted(pathlib.Path(root, "daemon").iterdir()):
        # An empty folder is none that git knows.
        if not module.is_dir() or not any(p.is_file() for p in module.rglob("*")):
            continue
        readme = module / "README.md"
        if not readme.is_file():
            findings.append(f"daemon/{module.name}: no README.md")
            continue
        lines = source_tree.read(readme).splitlines()
        if len(lines) > MAX_LINES:
            findings.append(f"daemon/{module.name}/README.md: {len(lines)} lines; at most {MAX_LINES}")
        if not any(line.strip() for line in lines):
            findings.append(f"daemon/{module.name}/README.md: empty")
    return findings


def self_test():
    def finds(files, *parts):
        with source_tree.Sample(files) as root:
            source_tree.expect(check(root), *parts)

    finds({"daemon/base/README.md": "# base\n" * 40, "daemon/main.cpp": ""})
    finds({"daemon/base/README.md": "# base\n" * 41}, "41 lines")
    finds({"daemon/base/README.md": "\n"}, "empty")
    finds({"daemon/osci/decide.h": ""}, "daemon/osci: no README.md")


if __name__ == "__main__":
    sys.exit(source_tree.run(check, self_test))
