"""The source tree as the checks see it: files, includes, functions, and what a check returns."""
import os
import re
from dataclasses import dataclass
from functools import cached_property

ENGINE_DIRS = ("modules", "arch", "parasite", "restorer", "bench")
SCRIPT_DIRS = ("ci", ".ci", "zdtm", "bench", "coverage")


@dataclass(frozen=True)
class Finding:
    """What a check has to say about a place. A warning is counted and printed, an error fails the check."""
    path: str
    line: int
    text: str
    warning: bool = False

    def __str__(self):
        kind = "warning" if self.warning else "error"
        return f"{self.path}:{self.line}: {kind}: {self.text}"


class SourceFile:
    def __init__(self, root, path):
        self.root, self.path = root, path

    @cached_property
    def text(self):
        with open(os.path.join(self.root, self.path), encoding="utf-8", errors="replace") as f:
            return f.read()

    @cached_property
    def code(self):
        """The text without comments and without the insides of literals; lines stay where they are."""
        return blank_comments_and_literals(self.text)

    @property
    def lines(self):
        return self.text.count("\n") + (not self.text.endswith("\n") and self.text != "")

    @cached_property
    def includes(self):
        """(line, name, quoted) of every #include."""
        found = []
        for number, line in enumerate(self.text.splitlines(), 1):
            match = re.match(r'\s*#\s*include\s*(["<])([^">]+)[">]', line)
            if match:
                found.append((number, match.group(2), match.group(1) == '"'))
        return found

    @cached_property
    def interpreter(self):
        first = self.text.split("\n", 1)[0]
        return first[2:].strip() if first.startswith("#!") else ""


class Tree:
    """Walks the directory, not git's index: the tree may be an archive, or git may be missing."""

    def __init__(self, root):
        self.root = root
        self.files = {}
        for top, dirs, names in os.walk(root):
            where = os.path.relpath(top, root)
            dirs[:] = sorted(d for d in dirs if not self._foreign(where, d))
            for name in sorted(names):
                path = os.path.normpath(os.path.join(where, name))
                if os.path.isfile(os.path.join(root, path)):
                    self.files[path] = SourceFile(root, path)

    @staticmethod
    def _foreign(where, name):
        return name in (".git", "__pycache__") or (where == "." and name.startswith("build"))

    def select(self, dirs, suffixes):
        return [f for p, f in self.files.items() if p.split("/")[0] in dirs and p.endswith(tuple(suffixes))]

    @property
    def engine_sources(self):
        return self.select(ENGINE_DIRS, (".h", ".cc", ".S"))

    @property
    def headers(self):
        return self.select(ENGINE_DIRS + ("zdtm",), (".h",))

    @property
    def scripts(self):
        files = self.select(SCRIPT_DIRS, ("",))
        return [f for f in files if f.path.endswith((".py", ".sh")) or is_script(f)]

    def resolve(self, source, name):
        """The file of this tree that an #include names, or None for a system or generated header."""
        for base in (os.path.dirname(source.path), "modules", "."):
            path = os.path.normpath(os.path.join(base, name))
            if path in self.files:
                return path
        return None


def is_script(source):
    with open(os.path.join(source.root, source.path), "rb") as f:
        return f.read(2) == b"#!"


TOKENS = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"(?P<d>[^(\s]*)\(.*?\)(?P=d)"|"(?:\\.|[^"\\\n])*"|(?<![0-9A-Za-z_])\'(?:\\.|[^\'\\\n])*\'',
    re.DOTALL)


def blank_comments_and_literals(text):
    def blank(match):
        token = match.group(0)
        inner = re.sub(r"[^\n]", " ", token)
        return inner if token.startswith(("//", "/*")) else '"' + inner[1:-1] + '"'
    return TOKENS.sub(blank, text)
