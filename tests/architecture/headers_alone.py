"""Every header of a module compiles alone: it includes what it uses.

usage: headers_alone.py ROOT BUILD MODULE | --self-test COMPILER
Takes the flags from BUILD/compile_commands.json, from a source file of the same module. A header that a source file of
the build includes before all else has been compiled alone by then; only the others are compiled here.
"""
import concurrent.futures
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys

import source_tree

DROPPED = {"-c", "-MD", "-MMD", "-MP"}
DROPPED_WITH_VALUE = {"-o", "-MF", "-MT", "-MQ"}


def flags_of(command):
    """Compiler and flags without launcher, input and outputs."""
    words = shlex.split(command)
    while os.path.basename(words[0]) in ("ccache", "sccache", "distcc"):
        words.pop(0)
    kept, skip = [], False
    for word in words:
        if skip:
            skip = False
        elif word in DROPPED_WITH_VALUE:
            skip = True
        elif word not in DROPPED and not word.endswith((".cpp", ".o")) and not word.startswith("-g"):
            kept.append(word)
    return kept


def check_header(flags, include, folder):
    run = subprocess.run(flags + ["-Werror", "-fsyntax-only", "-x", "c++", "-"], text=True,
                         input=f'#include "{include}"\n', capture_output=True, cwd=folder, check=False)
    if run.returncode == 0:
        return []
    first = [line for line in run.stderr.splitlines() if "error" in line][:3] or run.stderr.splitlines()[:3]
    return [f"{include} does not compile alone:"] + [f"  {line}" for line in first]


def first_include(source):
    found = re.search(r'^#\s*include\s*(.*)$', source_tree.read(source), re.MULTILINE)
    return found.group(1).strip().strip('"') if found else ""


def check(root, build, module):
    folder = pathlib.Path(root) / "daemon" / module
    headers = source_tree.sources(folder, ".", suffixes=(".h",))
    entries = json.loads(source_tree.read(pathlib.Path(build) / "compile_commands.json"))
    own = [e for e in entries if pathlib.Path(e["file"]).is_relative_to(folder.resolve())]
    if not own:
        return [f"no source file of {module} in compile_commands.json"]
    flags = flags_of(own[0]["command"])
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        names = [(pathlib.Path(module) / h.relative_to(folder)).as_posix() for h in headers]
        proven = {first_include(pathlib.Path(e["file"])) for e in own}
        left = [name for name in names if name not in proven]
        results = pool.map(lambda name: check_header(flags, name, own[0]["directory"]), left)
    print(f"{len(headers)} header(s) of {module}, {len(left)} of them compiled alone")
    return [line for result in results for line in result]


def self_test(compiler):
    good = "#pragma once\n#include <string>\nnamespace osci { std::string name(); }\n"
    bad = "#pragma once\nnamespace osci { std::string name(); }\n"
    late = '#include <string>\n#include "osci/a.h"\n'
    for header, text, parts in [(good, "", []), (bad, "", ["osci/a.h does not compile alone"]),
                                (bad, late, ["osci/a.h does not compile alone"]),
                                # The build has refused this one: nothing is left to be found.
                                (bad, '// a\n#include "osci/a.h"\n', [])]:
        with source_tree.Sample({"daemon/osci/a.h": header, "daemon/osci/a.cpp": text}) as root:
            root = root.resolve()
            source = root / "daemon/osci/a.cpp"
            command = f"ccache {compiler} -std=c++20 -I{root}/daemon -g -o a.o -c {source}"
            (root / "compile_commands.json").write_text(
                json.dumps([{"directory": str(root), "command": command, "file": str(source)}]))
            source_tree.expect([f for f in check(root, root, "osci") if not f.startswith(" ")], *parts)
    print("the check finds what it should")


if __name__ == "__main__":
    if len(sys.argv) == 3 and sys.argv[1] == "--self-test":
        self_test(sys.argv[2])
        sys.exit(0)
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    found = check(*sys.argv[1:])
    print("\n".join(found))
    sys.exit(1 if found else 0)
