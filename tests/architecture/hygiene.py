"""No private key outside tests/captures, no path of a developer's machine, and nothing unfinished in
daemon/."""
import pathlib
import re
import sys

import source_tree

KEY_FREE = "tests/captures/"  # recordings of another client, with the test keys they were made with
KEY_SUFFIXES = {".p12", ".pfx", ".jks", ".key"}
# The marker alone may stand in a test's text; with key material behind it, it may not.
KEY_TEXT = re.compile(rb"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY-----\s+(?:[^\n]*:[^\n]*\n|\s)*[A-Za-z0-9+/]{40}")
# PKCS#8 and PKCS#1 in DER: SEQUENCE { INTEGER 0 ... }, PKCS#12: SEQUENCE { INTEGER 3 ... }
KEY_DER = re.compile(rb"\A\x30(?:\x82..|\x81.|[\x00-\x7f])\x02\x01[\x00\x03]", re.S)

# Put together from pieces, so that this file does not hold them.
MACHINE = re.compile(r"/(?:" + "|".join(["wo" + "rk", "fa" + "rm"]) + r")/"
                     + r"|\.li" + r"brary\b|\bfa" + r"rm-\w+", re.A)
UNFINISHED = re.compile(r"\b(?:TODO|FIXME|XXX|HACK)\b|\bnot (?:yet )?implemented\b|\bunimplemented\b", re.I)


def check(root):
    root = pathlib.Path(root)
    findings = []
    for path in source_tree.project_files(root):
        name = path.relative_to(root).as_posix()
        content = path.read_bytes()
        if not name.startswith(KEY_FREE) and (path.suffix in KEY_SUFFIXES or KEY_TEXT.search(content)
                                              or KEY_DER.match(content)):
            findings.append(f"{name}: private key; make test keys with certs/make-pki.sh")
        if b"\0" in content[:8000]:
            continue
        for number, line in enumerate(content.decode("utf-8", "replace").splitlines(), 1):
            # Long lines without spaces are encoded data, in which any word may turn up.
            if MACHINE.search(line) and not re.fullmatch(r"[A-Za-z0-9+/=]{40,}", line.strip()):
                findings.append(f"{name}:{number}: names a path or tool of one developer's machine")
            if name.startswith("daemon/") and UNFINISHED.search(line):
                findings.append(f"{name}:{number}: says that something is unfinished")
    return findings


def self_test():
    def finds(files, *parts):
        with source_tree.Sample({"daemon/base/ok.h": "#pragma once\n", **files}) as root:
            source_tree.expect(check(root), *parts)

    marker = "-----BEGIN " + "PRIVATE KEY-----"
    key = f"{marker}\n{'MIIEvQIBADANBgkqhkiG9w0B' * 3}\n"
    finds({"tests/unit/a_test.cpp": f'"{marker}\\n"', "tests/captures/keys/a.key.pem": key})
    finds({"config/a.pem": key}, "config/a.pem: private key")
    finds({"config/a.pem": key.replace("BEGIN ", "BEGIN RSA ", 1)}, "private key")
    finds({"certs/a.p12": b"x"}, "private key")
    finds({"certs/a.der": b"\x30\x82\x04\xbd\x02\x01\x00\x30"}, "private key")
    finds({"docs/a.md": "see /wo" + "rk/main\n"}, "docs/a.md:1")
    finds({"a.sh": "\n/fa" + "rm/x\n"}, "a.sh:2")
    finds({"a.txt": "\n.li" + "brary/x\n"}, "a.txt:2")
    finds({"a.md": "network/interface, framework/, teamwork/x\n"})
    finds({"daemon/osci/a.cpp": "\n// TO" + "DO: later\n"}, "daemon/osci/a.cpp:2")
    finds({"daemon/osci/a.cpp": "// Not implem" + "ented\n"}, "unfinished")
    finds({"daemon/osci/a.cpp": 'mkstemp("x.XXX' + 'XXX");\n'})


if __name__ == "__main__":
    sys.exit(source_tree.run(check, self_test))
