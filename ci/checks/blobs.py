"""Checks of the built blobs: they are mapped anywhere and entered at their first byte, by nobody's dynamic linker."""
import json
import os
import re
import subprocess

from tree import Finding

BLOB_TARGETS = ("parasite_blob", "restorer_blob")


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


def blob_files(build):
    """The ELF files of the blob targets, for every architecture that was built."""
    listing = subprocess.run(["meson", "introspect", build, "--targets"], capture_output=True, text=True, check=True)
    found = {name: [] for name in BLOB_TARGETS}
    for target in json.loads(listing.stdout):
        for name in BLOB_TARGETS:
            if target["name"].startswith(name):
                found[name] += [f for f in target["filename"] if is_linked_elf(f)]
    return found


def is_linked_elf(path):
    if not os.path.isfile(path):
        return False
    with open(path, "rb") as f:
        header = f.read(18)
    kind = int.from_bytes(header[16:18], "big" if header[5] == 2 else "little")
    return header[:4] == b"\x7fELF" and kind != 1  # 1: an object file, which has relocations by nature


def check_blobs(tree):
    build = os.path.join(tree.root, "build")
    findings = []
    for name, files in blob_files(build).items():
        if not files:
            findings.append(Finding("meson.build", 1, f"no target {name} made an ELF file"))
        for path in files:
            findings += check_blob(path)
    return findings
