"""A container for a test: a root with busybox and what else a case needs, and the configuration that `runc spec` writes,
without what this machine may forbid (raising limits)."""
import json
import os
import pathlib
import re
import shutil
import subprocess

APPLETS = ("sh", "sleep", "cat", "echo", "ls", "ps", "mkdir", "touch", "hostname", "id", "stty", "ip", "mount", "wc", "tty")
# The file keeps its size: a checkpoint may come while it is open, and a container that goes on must not make it another one.
COUNT = "i=0; while :; do i=$((i+1)); printf %08d $i 1<>/tmp/count; sleep 0.02; done"


def make_root(root, programs=()):
    """A root directory with busybox, and `programs` of the host with the libraries that they are linked with."""
    root = pathlib.Path(root)
    for directory in ("bin", "proc", "sys", "dev", "tmp", "etc", "root", "run", "var/tmp", "usr/bin", "mnt", "lib", "sbin"):
        (root / directory).mkdir(parents=True, exist_ok=True)
    shutil.copy(shutil.which("busybox"), root / "bin/busybox")
    for applet in APPLETS:
        (root / "bin" / applet).symlink_to("busybox")
    for program in programs:
        path = os.path.realpath(shutil.which(program))
        libraries = re.findall(r"(/\S+) \(0x", subprocess.run(["ldd", path], check=True, capture_output=True, text=True).stdout)
        for library in libraries:
            (root / library[1:]).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(library, root / library[1:])
        shutil.copy(path, root / "usr/bin" / program)
    return root


def make_bundle(directory, *command, programs=(), terminal=False, change=lambda config: None):
    """A bundle of the OCI runtime specification whose container runs `command`; `change` may alter the configuration."""
    directory = pathlib.Path(directory)
    make_root(directory / "rootfs", programs)
    subprocess.run(["runc", "spec"], cwd=directory, check=True)
    path = directory / "config.json"
    config = json.loads(path.read_text())
    config["process"].pop("rlimits", None)
    config["process"]["terminal"] = terminal
    config["process"]["args"] = list(command)
    config["root"]["readonly"] = False
    change(config)
    path.write_text(json.dumps(config, indent=1))
    return directory
