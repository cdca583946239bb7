"""Keeps docs/fidelity.md and zdtm/cases together: every row is proven by cases, every case proves a row."""
import fnmatch
import re

from tree import Finding

DOCUMENT = "docs/fidelity.md"
VERDICTS = ("carried", "refused", "lossy")


def rows(text):
    """(line, verdict, patterns) of the table."""
    for number, line in enumerate(text.splitlines(), 1):
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if line.startswith("|") and len(cells) == 3 and cells[1].split(" ")[0] in VERDICTS:
            yield number, cells[1].split(" ")[0], cells[2].split()


def check_fidelity(tree):
    if DOCUMENT not in tree.files:
        return [Finding(DOCUMENT, 1, "is not there")]
    # Case name -> whether it expects the dump to be refused (a `refuse:` line in the header).
    cases = {}
    for source in tree.select(("zdtm",), (".c",)):
        match = re.fullmatch(r"zdtm/cases/(\w+/\w+)\.c", source.path)
        if match:
            cases[match.group(1)] = bool(re.search(r"^ \* refuse:", source.text, re.MULTILINE))
    findings, used = [], set()
    for line, verdict, patterns in rows(tree.files[DOCUMENT].text):
        for pattern in patterns:
            matched = fnmatch.filter(cases, pattern)
            used.update(matched)
            if not matched:
                findings.append(Finding(DOCUMENT, line, f"{pattern}: no such case"))
            for case in matched:
                if cases[case] != (verdict == "refused"):
                    expects = "expects" if cases[case] else "does not expect"
                    findings.append(Finding(DOCUMENT, line, f"'{verdict}', but {case} {expects} a refusal"))
    findings += [Finding(f"zdtm/cases/{case}.c", 1, f"no row of {DOCUMENT} names this case")
                 for case in sorted(set(cases) - used)]
    return findings
