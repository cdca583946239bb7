"""Finds the functions of a C++ file and their lengths, by braces: good enough for code that clang-format laid out."""
import re
from dataclasses import dataclass

ATTRIBUTES = re.compile(r"\[\[.*?\]\]|__attribute__\s*\(\(.*?\)\)|\balignas\s*\([^)]*\)", re.DOTALL)
SCOPE = re.compile(r"\b(namespace|class|struct|union)\b[^()=]*$|\bextern\s*\"\s*\"\s*$", re.DOTALL)
MEMBERS = re.compile(r"\)[^;{}]*(?<!:):(?!:)")


@dataclass(frozen=True)
class Function:
    name: str
    first: int
    last: int

    @property
    def lines(self):
        return self.last - self.first + 1


def without_preprocessor(code):
    """Blanks directives with their continuation lines: a macro's braces need not balance."""
    return re.sub(r"^[ \t]*#(?:[^\n\\]|\\.|\\\n)*", lambda m: re.sub(r"[^\n]", " ", m.group(0)), code, flags=re.MULTILINE)


def closing_brace(code, opening):
    depth = 0
    for match in re.compile(r"[{}]").finditer(code, opening):
        depth += 1 if match.group(0) == "{" else -1
        if depth == 0:
            return match.start()
    return len(code) - 1


def is_member_initialiser(head):
    """In `C::C() : a_{1}, b_{2} {` the braces directly after a name belong to members, not to the body."""
    return MEMBERS.search(head) and re.search(r"[\w>]\s*$", head)


def function_name(head):
    match = re.search(r"([~\w:]+|operator\s*\S+?)\s*\(", head)
    return match.group(1) if match else "?"


def find_functions(code):
    code = without_preprocessor(code)
    found, position, start = [], 0, 0
    while True:
        match = re.compile(r"[;{}]").search(code, position)
        if not match:
            return found
        position = match.end()
        if match.group(0) != "{":
            start = position
            continue
        head = ATTRIBUTES.sub(" ", code[start:match.start()])
        if SCOPE.search(head):
            start = position
            continue
        close = closing_brace(code, match.start())
        position = close + 1
        if is_member_initialiser(head):
            continue
        if "(" in head and not re.search(r"=\s*$", head):
            first = start + len(code[start:]) - len(code[start:].lstrip())
            found.append(Function(function_name(head), code.count("\n", 0, first) + 1, code.count("\n", 0, close) + 1))
        start = position
