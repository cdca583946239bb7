"""Checks of the built blobs: they are mapped anywhere and entered at their first byte, by nobody's dynamic linker."""
import glob
import os
import re
import subprocess

from tree import Finding


def readelf(option, path):
    return subprocess.run(["readelf", "--wide", option, path], capture_output=True, text=True, check=True).stdout


def check_blob(path):
    findings = []
    relocations = re.findall(r"^[0-9a-f]{12,16}\s+[0-9a-f]+\s+R_\w+.*$", readelf("--relocs", path), re.MULTILINE)
    if relocations:
        findings.append(Finding(path, 1, f"{len(relocations)} relocations, the first: {relocations[0].strip()}"))
    undefined = re.findall(r"^\s*[1-9]\d*:.*\sUND[ \t]+(\S+)", readelf("--symbols", path), re.MULTILINE)
    if undefined:
        findings.append(Finding(path, 1, f"undefined symbols: {' '.join(sorted(set(undefined)))}"))
    entry = re.search(r"Entry point address:\s+(0x[0-9a-f]+)", readelf("--file-header", path)).group(1)
    if int(entry, 16) != 0:
        findings.append(Finding(path, 1, f"entry point {entry}, wanted 0"))
    return findings


def check_blobs(tree):
    """Every build/parasite/*.elf and build/restorer/*.elf, of which there must be one at least."""
    findings = []
    for name in ("parasite", "restorer"):
        files = glob.glob(os.path.join(tree.root, "build", name, "*.elf"))
        if not files:
            findings.append(Finding(f"{name}/meson.build", 1, f"made no ELF file in build/{name}/"))
        for path in files:
            findings += check_blob(path)
    return findings
