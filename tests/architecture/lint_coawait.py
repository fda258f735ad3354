"""g++ 12 destroys some temporaries of a co_await statement twice: closures that capture a non-trivial
value, and aggregates built with braces. This finds such statements; the cure is to name the closure or
the aggregate first. It also reports harmless class temporaries such as f(Ctor{}): name those too."""
import re
import sys

import source_tree

TEMPORARY = re.compile(
    r"co_await\b[^;{}]*?"
    r"(\[[^\]\n]*[\w=&][^\]\n]*\]\s*(\(|\{|mutable)"  # [s](...) or [s]{...}
    r"|[(,]\s*\{"                                     # take({...})
    r"|\b[A-Z]\w*\{)")                                # Aggregate{...}


def findings_in(name, text):
    code = source_tree.code_only(text)
    return [f"{name}:{source_tree.line_of(code, match.start())}: temporary closure or aggregate in a "
            "co_await expression; name it first" for match in TEMPORARY.finditer(code)]


def check(root):
    findings = []
    for path in source_tree.sources(root, "daemon", "tests"):
        findings += findings_in(path.relative_to(root).as_posix(), source_tree.read(path))
    return findings


def self_test():
    for bad in ["co_await run([s] { return s; });", "co_await run([s]() { return s; });",
                "co_await run([=] { return s; });", "co_await run(pool,\n    [s = move(s)]() mutable {});",
                "co_await take(Agg{1});", "co_await take({1, 2});", "x = co_await take(a, {.x = 1});"]:
        source_tree.expect(findings_in("a.cpp", f"task f() {{\n  {bad}\n}}\n"), "a.cpp:2")
    for good in ["auto work = [s] { return s; };\n  co_await run(work);", "co_await run(std::move(op));",
                 "// co_await take({1});", 'co_await say("{ [x](");', "co_await run([] { return 1; });"]:
        source_tree.expect(findings_in("a.cpp", f"task f() {{\n  {good}\n}}\n"))
    with source_tree.Sample({"daemon/gateway/a.cpp": "co_await take({1});\n"}) as root:
        source_tree.expect(check(root), "daemon/gateway/a.cpp:1")


if __name__ == "__main__":
    sys.exit(source_tree.run(check, self_test))
