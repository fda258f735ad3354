"""No class, namespace or file is called ...Impl, ...Manager, ...Helper or ...Util: such names say nothing."""
import pathlib
import re
import sys

import source_tree

WORDS = "impl|implementation|manager|helper|helpers|util|utils|utility|utilities"
TYPE = re.compile(r"\b(?:class|struct|union|enum(?:\s+class)?|concept|using|namespace)\s+"
                  r"(?:\[\[[^\]]*\]\]\s*)?((?:\w+::)*\w+)")
BAD_TYPE = re.compile(r"(?:Impl|Implementation|Managers?|Helpers?|Utils?|Utility|Utilities)$")
BAD_SNAKE = re.compile(rf"(?:^|[_.-])(?:{WORDS})(?:$|[_.-])")


def check(root):
    findings = []
    for path in source_tree.sources(root, "daemon", "tests", suffixes=(".h", ".cpp", ".py", ".sh")):
        name = path.relative_to(root).as_posix()
        if BAD_SNAKE.search(path.stem.lower()) or BAD_TYPE.search(path.stem):
            findings.append(f"{name}: the file's name says nothing; name what it does")
        folders = pathlib.PurePosixPath(name).parts[1:-1]
        for folder in folders:
            if BAD_SNAKE.search(folder.lower()):
                findings.append(f"{name}: the folder's name '{folder}' says nothing")
        if path.suffix not in source_tree.SOURCE:
            continue
        text = source_tree.code_only(source_tree.read(path))
        for match in TYPE.finditer(text):
            for part in match.group(1).split("::"):
                if BAD_TYPE.search(part) or BAD_SNAKE.search(part):
                    findings.append(f"{name}:{source_tree.line_of(text, match.start())}: "
                                    f"'{part}' says nothing; name what it does")
    return findings


def self_test():
    def finds(files, *parts):
        with source_tree.Sample({"daemon/base/ok.h": "", **files}) as root:
            source_tree.expect(check(root), *parts)

    finds({"daemon/osci/a.h": "class Plan { struct Step; };\nnamespace osci {}\n// class FooImpl\n"
                              "class Management;\nstruct Simple;\n"})
    finds({"daemon/osci/a.h": "\nclass MailboxManager final {\n};\n"}, "a.h:2: 'MailboxManager'")
    finds({"daemon/osci/a.h": "struct Store::Impl;\n"}, "'Impl'")
    finds({"daemon/osci/a.h": "enum class KeyHelper {};\n"}, "'KeyHelper'")
    finds({"daemon/osci/a.h": "namespace string_utils {\n}\n"}, "'string_utils'")
    finds({"tests/unit/osci/test_helpers.h": ""}, "test_helpers.h: the file's name")
    finds({"daemon/base/util.cpp": ""}, "util.cpp: the file's name")
    finds({"daemon/util/time.cpp": ""}, "the folder's name 'util'")


if __name__ == "__main__":
    sys.exit(source_tree.run(check, self_test))
