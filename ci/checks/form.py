"""Checks of single files: sizes, names, the first lines of headers, scripts that parse."""
import os
import re
import subprocess

from functions import find_functions
from tree import Finding

FILE_SOFT, FILE_HARD = 400, 600
FUNCTION_SOFT, FUNCTION_HARD = 60, 90
BANNED_NAMES = {"util", "utils", "common", "misc", "helper", "helpers", "manager", "types"}


def size_finding(path, line, what, size, soft, hard):
    if size <= soft:
        return []
    limit = f"over the hard stop of {hard}" if size > hard else f"over {soft}"
    return [Finding(path, line, f"{what} has {size} lines, {limit}", warning=size <= hard)]


def check_file_sizes(tree):
    """Not the .proto files: they are the format's inventory, their size is not ours to choose."""
    findings = []
    for source in tree.engine_sources + tree.select(("zdtm",), (".c", ".h")) + tree.scripts:
        findings += size_finding(source.path, 1, "file", source.lines, FILE_SOFT, FILE_HARD)
    return findings


def check_function_sizes(tree):
    findings = []
    for source in tree.engine_sources + tree.select(("zdtm",), (".c", ".h")):
        if source.path.endswith(".S"):
            continue
        for function in find_functions(source.code):
            findings += size_finding(source.path, function.first, function.name + "()", function.lines,
                                     FUNCTION_SOFT, FUNCTION_HARD)
    return findings


def check_file_names(tree):
    findings = []
    for source in tree.engine_sources + tree.scripts + tree.select(("modules", "zdtm"), (".c", ".proto")):
        stem = os.path.basename(source.path).split(".")[0].removesuffix("_test")
        if stem in BANNED_NAMES:
            findings.append(Finding(source.path, 1, f"'{stem}' says nothing: name the file by what it does"))
    return findings


def check_pragma_once(tree):
    return [Finding(h.path, 1, "no #pragma once") for h in tree.headers
            if not re.search(r"^#pragma once$", h.code, re.MULTILINE)]


def check_header_comments(tree):
    return [Finding(h.path, 1, "a header begins with a comment that says what it is for") for h in tree.headers
            if not h.text.startswith(("//", "/*"))]


def check_shell_scripts(tree):
    findings = []
    for source in tree.scripts:
        if re.search(r"\b(ba|da|)sh$", source.interpreter) or source.path.endswith(".sh"):
            run = subprocess.run(["bash", "-n", os.path.join(tree.root, source.path)], capture_output=True, text=True)
            if run.returncode:
                findings.append(Finding(source.path, 1, run.stderr.strip()))
    return findings


def check_python_scripts(tree):
    """Compiles in memory what py_compile would compile to a file."""
    findings = []
    for source in tree.scripts:
        if source.path.endswith(".py") or "python" in source.interpreter:
            try:
                compile(source.text, source.path, "exec")
            except SyntaxError as error:
                findings.append(Finding(source.path, error.lineno or 1, error.msg))
    return findings


def check_scripts_executable(tree):
    return [Finding(s.path, 1, "begins with #! but is not executable") for s in tree.scripts
            if s.interpreter and not os.access(os.path.join(tree.root, s.path), os.X_OK)]
