"""Checks that clang's tools do: the layout (clang-format) and a small set of bugs (clang-tidy, see .clang-tidy)."""
import concurrent.futures
import hashlib
import json
import os
import re
import subprocess

from tree import Finding

DIAGNOSTIC = re.compile(r"^(?P<path>[^\s:][^:\n]*):(?P<line>\d+):\d+: (?:warning|error): (?P<text>.*)$", re.MULTILINE)
# The compilation database has GCC's command lines; clang need not know every option of them.
GCC_OPTIONS = ["--extra-arg=-Wno-unknown-warning-option", "--extra-arg=-Wno-ignored-optimization-argument",
               "--extra-arg=-Wno-unused-command-line-argument"]


def findings_of(tree, output):
    found = []
    for match in DIAGNOSTIC.finditer(output):
        path = os.path.relpath(os.path.join(tree.root, match["path"]), tree.root)
        found.append(Finding(path, int(match["line"]), match["text"]))
    return found


def check_format(tree):
    paths = [s.path for s in tree.engine_sources if not s.path.endswith(".S")]
    if not paths:
        return []
    run = subprocess.run(["clang-format", "--dry-run", "-Werror", *paths], cwd=tree.root, capture_output=True, text=True)
    found = findings_of(tree, run.stderr)
    # One line per file is enough: `clang-format -i FILE` mends all of them.
    return list({f.path: f for f in reversed(found)}.values())


def compile_commands(tree):
    """The compiler's command of every source of ours that the build has."""
    with open(os.path.join(tree.root, "build", "compile_commands.json"), encoding="utf-8") as f:
        entries = json.load(f)
    ours = {s.path for s in tree.engine_sources}
    commands = {}
    for entry in entries:
        path = os.path.relpath(os.path.join(entry["directory"], entry["file"]), tree.root)
        if path in ours:
            commands[path] = entry["command"]
    return commands


def fingerprint(tree, path, command):
    """Changes when the file, one of our headers that it sees, its command or the configuration changes."""
    seen, todo = set(), [path]
    while todo:
        source = tree.files[todo.pop()]
        if source.path in seen:
            continue
        seen.add(source.path)
        todo += [t for t in (tree.resolve(source, name) for _, name, _ in source.includes) if t]
    digest = hashlib.sha256(command.encode())
    for name in sorted(seen) + [".clang-tidy"]:
        with open(os.path.join(tree.root, name), "rb") as f:
            digest.update(name.encode() + b"\0" + f.read())
    return digest.hexdigest()


def tidy_one(tree, path, clean_mark):
    run = subprocess.run(["clang-tidy", "-p", "build", "--quiet", *GCC_OPTIONS, path], cwd=tree.root,
                         capture_output=True, text=True)
    found = findings_of(tree, run.stdout)
    if run.returncode and not found:
        found = [Finding(path, 1, "clang-tidy: " + (run.stderr.strip() or run.stdout.strip())[-500:])]
    if not found:
        open(clean_mark, "w", encoding="utf-8").close()
    return found


def check_tidy(tree):
    """Runs on the files whose fingerprint was not clean before; two at a time, as the machine has two cores."""
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    marks = os.path.join(cache, "crengine-tidy")  # outlives the clone, as ccache's do
    os.makedirs(marks, exist_ok=True)
    todo = []
    for path, command in compile_commands(tree).items():
        mark = os.path.join(marks, fingerprint(tree, path, command))
        if not os.path.exists(mark):
            todo.append((path, mark))
    with concurrent.futures.ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        results = list(pool.map(lambda job: tidy_one(tree, *job), todo))
    return sorted({f for found in results for f in found}, key=str)
