"""Holds every #include of daemon/ against one table, and the README's copy of the table against it.

`include_direction.py --table` prints the table as it stands in the README.
"""
import pathlib
import re
import sys

import source_tree

# module -> modules whose headers it may include, besides its own
ALLOWED = {
    "base": [],
    "async": ["base"],
    "xml": ["base"],
    "crypto": ["base"],
    "mime": ["base"],
    "seal": ["base", "xml", "crypto", "mime"],
    "mailbox": ["base", "crypto"],
    "directory": ["base", "crypto"],
    "osci": ["base", "xml", "crypto", "mime", "seal", "mailbox", "directory"],
    "storage": ["base", "crypto", "mailbox"],
    "xoev": ["base", "xml", "crypto"],
    "http": ["base", "async"],
    "lookup": ["base", "async", "xml", "crypto", "directory", "http", "xoev"],
    "ops": ["base", "async", "mailbox", "http"],
    "authority": ["base", "async", "crypto", "http"],
    "client": ["base", "xml", "crypto", "mime", "seal", "osci", "mailbox", "directory"],
    "gateway": ["base", "async", "crypto", "mime", "seal", "osci", "mailbox", "directory", "client",
                "authority"],
    "setup": ["base", "async", "xml", "crypto", "osci", "directory", "lookup", "xoev", "http", "ops", "authority",
              "gateway"],
    "cli": ["base", "async", "xml", "crypto", "mime", "seal", "osci", "mailbox", "directory", "lookup", "http", "client", "xoev",
            "storage", "ops"],
}
# (module, module) -> the only headers of the second that the first may include.
NARROW = {
    ("cli", "storage"): ["storage/backup.h", "storage/journal.h", "storage/operator_access.h", "storage/scrub.h",
                         "storage/state_reader.h"],
}
# The composition root alone names every module.
ROOT_FILE = "main.cpp"

PURE = ["base", "xml", "crypto", "mime", "seal", "mailbox", "directory", "osci"]
EVERY = list(ALLOWED)


def except_for(*modules):
    return [m for m in EVERY if m not in modules]


# what, pattern of the header's name, modules in which it is forbidden
FOREIGN = [
    ("Boost.Beast", r"boost/beast(/|\.hpp$)", except_for("http")),
    ("Asio", r"boost/asio(/|\.hpp$)", PURE),
    ("SQLite", r"sqlite3(ext)?\.h$", except_for("storage")),
    ("libpq", r"(.*/)?(libpq-fe|pg_config|postgres.*)\.h$", except_for("storage")),
    ("libxml2", r"(libxml2/)?libxml/", except_for("xml")),
    ("Xerces-C++", r"xercesc/", except_for("xml")),
    ("OpenSSL", r"openssl/", except_for("crypto", "http")),
]
CLOCK = re.compile(r"\bsystem_clock\s*::\s*now\b|\bgettimeofday\s*\(|\bCLOCK_REALTIME\b"
                   r"|(?<![\w.>])(?:std::)?time\s*\(\s*(?:nullptr|NULL|0|&\s*\w+)\s*\)")
CLOCK_FILE = "base/clock.cpp"

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(?:"([^"\n]+)"|<([^>\n]+)>)', re.M)


def module_of(path, daemon):
    parts = path.relative_to(daemon).parts
    return parts[0] if len(parts) > 1 else None


def check_file(path, daemon):
    name = path.relative_to(daemon).as_posix()
    module = module_of(path, daemon)
    text = source_tree.read(path)
    findings = []

    def add(position, what):
        findings.append(f"daemon/{name}:{source_tree.line_of(text, position)}: {what}")

    if module is None and name != ROOT_FILE:
        return [f"daemon/{name}: only {ROOT_FILE} may lie outside the modules"]
    if module is not None and module not in ALLOWED:
        return [f"daemon/{name}: module '{module}' is not in the table of include_direction.py"]
    for match in INCLUDE.finditer(source_tree.code_only(text, keep_strings=True)):
        header = match.group(1) or match.group(2)
        target = header.split("/")[0] if "/" in header else None
        ours = (daemon / header).is_file() or (match.group(1) is not None)
        if match.group(1) is not None and (target not in ALLOWED or ".." in header):
            add(match.start(), f'write #include "module/file.h", not "{header}"')
        elif ours and module is not None and target != module and target in ALLOWED and \
                target not in ALLOWED[module]:
            add(match.start(), f'{module} must not include "{header}"')
        narrow = NARROW.get((module, target))
        if ours and narrow is not None and header not in narrow:
            add(match.start(), f'{module} may include of {target} only {", ".join(narrow)}')
        for what, pattern, forbidden in FOREIGN:
            if module in forbidden and re.match(pattern, header):
                add(match.start(), f"{module} must not include {what} (<{header}>)")
    if name != CLOCK_FILE:
        for match in CLOCK.finditer(source_tree.code_only(text)):
            add(match.start(), "reads the system clock; take a base::Clock")
    return findings


def cell(modules):
    return ", ".join(modules) if modules else "nothing"


def table_rows():
    rows = [(module, cell(ALLOWED[module])) for module in ALLOWED]
    return rows + [(ROOT_FILE, "everything")]


def print_table():
    print("<!-- modules -->")
    print("| module | may include |")
    print("| --- | --- |")
    for module, allowed in table_rows():
        print(f"| `{module}` | {allowed} |")
    print("<!-- /modules -->")


def check_readme(root):
    readme = pathlib.Path(root) / "README.md"
    if not readme.is_file():
        return []
    text = source_tree.read(readme)
    block = re.search(r"<!-- modules -->(.*?)<!-- /modules -->", text, re.S)
    if not block:
        return ["README.md: no module table between <!-- modules --> and <!-- /modules -->"]
    found = {}
    for line in block.group(1).splitlines():
        cells = [c.strip().replace("`", "").rstrip("/") for c in line.strip().strip("|").split("|")]
        if len(cells) < 2 or cells[0] in ("", "module") or set(cells[0]) <= set("-: "):
            continue
        found[cells[0]] = {m.strip() for m in cells[1].split(",")}
    wanted = {module: {m.strip() for m in allowed.split(",")} for module, allowed in table_rows()}
    findings = []
    for module in sorted(wanted.keys() | found.keys()):
        if wanted.get(module) != found.get(module):
            findings.append(f"README.md: module table, row '{module}': the README says "
                            f"{sorted(found[module]) if module in found else 'nothing (no row)'}, the test "
                            f"{sorted(wanted[module]) if module in wanted else 'nothing (no row)'}")
    return findings


def check_table():
    """An arrow back would be a cycle."""
    done, findings = set(), []
    for module in ALLOWED:
        late = [m for m in ALLOWED[module] if m not in done]
        if late:
            findings.append(f"include_direction.py: {module} points at {late}, which stand below it")
        done.add(module)
    return findings


def check(root):
    daemon = pathlib.Path(root) / "daemon"
    findings = check_table()
    for path in source_tree.sources(root, "daemon"):
        findings += check_file(path, daemon)
    return findings + check_readme(root)


def self_test():
    def finds(files, *parts):
        with source_tree.Sample({"daemon/base/result.h": "#pragma once\n", **files}) as root:
            source_tree.expect(check(root), *parts)

    finds({"daemon/osci/a.cpp": '#include "osci/a.h"\n#include "base/result.h"\n#include <vector>\n'})
    finds({"daemon/base/a.h": '#include "xml/document.h"\n'}, "daemon/base/a.h:1: base must not include")
    finds({"daemon/xml/b.h": "", "daemon/crypto/a.h": "#include <xml/b.h>\n"}, "crypto must not include")
    finds({"daemon/gateway/a.h": '\n#include "http/server.h"\n'}, "gateway/a.h:2")
    finds({"daemon/gateway/a.h": '// #include "http/server.h"\n/* #include "http/x.h" */\n'})
    finds({"daemon/osci/a.cpp": '#include "decide.h"\n'}, 'write #include "module/file.h"')
    finds({"daemon/osci/a.cpp": '#include "osci/../http/server.h"\n'}, 'write #include "module/file.h"')
    finds({"daemon/cli/ctl/a.cpp": '#include "storage/journal.h"\n#include "storage/sqlite.h"\n'},
          "a.cpp:2: cli may include of storage only")
    finds({"daemon/strange/a.h": ""}, "module 'strange' is not in the table")
    finds({"daemon/other.cpp": ""}, "only main.cpp")
    finds({"daemon/main.cpp": '#include "gateway/handle.h"\n#include "storage/sqlite.h"\n'})
    finds({"daemon/gateway/a.cpp": "#include <boost/beast/http.hpp>\n"}, "Boost.Beast")
    finds({"daemon/http/a.cpp": "#include <boost/beast/http.hpp>\n#include <openssl/ssl.h>\n"})
    finds({"daemon/seal/a.cpp": "#  include <boost/asio/post.hpp>\n"}, "Asio")
    finds({"daemon/mailbox/a.cpp": "#include <sqlite3.h>\n"}, "SQLite")
    finds({"daemon/osci/a.cpp": "#include <postgresql/libpq-fe.h>\n"}, "libpq")
    finds({"daemon/seal/a.cpp": "#include <libxml/tree.h>\n"}, "libxml2")
    finds({"daemon/seal/a.cpp": "#include <openssl/evp.h>\n"}, "OpenSSL")
    finds({"daemon/base/clock.cpp": "auto t = std::chrono::system_clock::now();\n"})
    finds({"daemon/base/id.cpp": "auto t = std::chrono::system_clock::now();\n"}, "id.cpp:1: reads the system")
    finds({"daemon/osci/a.cpp": "\nauto t = time(nullptr);\nauto u = std::time(0);\ngettimeofday(&v, 0);\n"},
          "a.cpp:2", "a.cpp:3", "a.cpp:4")
    finds({"daemon/osci/a.cpp": "// system_clock::now\nx = row.time(0); y = run_time(0);\n"})
    rows = "".join(f"| {m} | {a} |\n" for m, a in table_rows())
    head = "| module | may include |\n|---|---|\n"
    finds({"README.md": f"<!-- modules -->\n{head}{rows}<!-- /modules -->"})
    finds({"README.md": "none"}, "no module table")
    wrong = rows.replace("| async | base |", "| async | base, xml |")
    finds({"README.md": f"<!-- modules -->\n{head}{wrong}<!-- /modules -->"}, "row 'async'")
    ALLOWED["base"].append("osci")
    try:
        finds({}, "which stand below it")
    finally:
        ALLOWED["base"].pop()


if __name__ == "__main__":
    if sys.argv[1:] == ["--table"]:
        print_table()
    else:
        sys.exit(source_tree.run(check, self_test))
