"""What the architecture tests share: the list of source files, text without comments, and the runner."""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

SOURCE = (".h", ".cpp")


def sources(root, *folders, suffixes=SOURCE):
    """Paths of the source files below root/folder, sorted; an absent folder holds none."""
    found = []
    for folder in folders:
        top = pathlib.Path(root) / folder
        if top.is_dir():
            found += [p for p in top.rglob("*") if p.is_file() and p.suffix in suffixes]
    return sorted(found)


def project_files(root):
    """Every file that is tracked or would be by `git add`; without git, every file outside build folders."""
    root = pathlib.Path(root)
    listed = subprocess.run(["git", "-C", str(root), "ls-files", "-z", "-c", "-o", "--exclude-standard"],
                            capture_output=True, check=False)
    if listed.returncode == 0:
        names = [n for n in listed.stdout.decode().split("\0") if n]
        return sorted(root / n for n in set(names) if (root / n).is_file())
    found = []
    for folder, folders, files in os.walk(root):
        relative = os.path.relpath(folder, root)
        folders[:] = [f for f in folders if f != ".git" and os.path.join(relative, f) not in
                      (os.path.join(".", "build"), os.path.join("certs", "pki"))]
        found += [pathlib.Path(folder) / f for f in files]
    return sorted(found)


# A character literal must not follow an alphanumeric: 50'000 holds no literal.
_TOKENS = re.compile(r'//[^\n]*|/\*.*?\*/|R"([^\s()\\]{0,16})\(.*?\)\1"|"(?:\\.|[^"\\\n])*"'
                     r"|(?<![0-9A-Za-z_])'(?:\\.|[^'\\\n])+'", re.S)


def code_only(text, keep_strings=False):
    """The text with comments (and string contents) blanked out; line numbers stay."""
    def blank(match):
        token = match.group(0)
        if keep_strings and not token.startswith("/"):
            return token
        return re.sub(r"[^\n]", " ", token)
    return _TOKENS.sub(blank, text)


def line_of(text, position):
    return text.count("\n", 0, position) + 1


def read(path):
    return pathlib.Path(path).read_text(encoding="utf-8", errors="replace")


class Sample:
    """A small project in a temporary folder, for the self-tests."""

    def __init__(self, files):
        self.files = files

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory()
        root = pathlib.Path(self.folder.name)
        for name, content in self.files.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return root

    def __exit__(self, *error):
        self.folder.cleanup()


def expect(findings, *parts):
    """Self-test: exactly one finding per part, each holding its part."""
    assert len(findings) == len(parts), f"expected {len(parts)} finding(s), got {findings}"
    for part in parts:
        assert any(part in finding for finding in findings), f"no finding holds '{part}': {findings}"


def run(check, self_test):
    """usage: TEST.py ROOT | TEST.py --self-test"""
    if sys.argv[1:] == ["--self-test"]:
        self_test()
        print("the check finds what it should")
        return 0
    if len(sys.argv) != 2 or not pathlib.Path(sys.argv[1], "daemon").is_dir():
        print(f"usage: {sys.argv[0]} ROOT | --self-test (ROOT holds daemon/)", file=sys.stderr)
        return 2
    findings = check(sys.argv[1])
    for finding in findings:
        print(finding)
    print(f"{len(findings)} finding(s)")
    return 1 if findings else 0
