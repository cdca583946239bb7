"""Containers of Podman on runc, checkpointed and restored by Podman. Images, state and network are the test's own."""
import subprocess

from bundle import COUNT, make_root
from tools import Failed, RedisClient, expect, run, run_or_skip, wait_until

NEEDS = ("podman", "runc", "busybox", "conmon")
LIMITS = ("--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1000:1000")  # Podman would raise them


class Podman:
    def __init__(self, work, programs=()):
        self.work = work
        make_root(work / "root", programs)
        run("tar", "-C", work / "root", "-cf", work / "root.tar", ".")
        self("import", work / "root.tar", "image", run=run_or_skip)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self("rm", "-f", "-t", "0", "-a")

    def __call__(self, *words, run=run, **how):
        return run("podman", "--runtime", "runc", "--root", self.work / "storage", "--runroot", "/run/podman", "--tmpdir", "/run/podman-tmp",
                   "--cgroup-manager", "cgroupfs", "--events-backend", "file", "--storage-driver", "vfs", *words, **how)

    def start(self, name, *command, options=("--network", "none")):
        self("run", "-d", "--name", name, *LIMITS, *options, "image", *(command or ("sh", "-c", COUNT)), stdout=subprocess.DEVNULL, run=run_or_skip)

    def count(self, name):
        return int(self("exec", name, "cat", "/tmp/count") or 0)

    def progress(self, name):
        before = self.count(name)
        return wait_until(f"{name} counts on from {before}", lambda: (n := self.count(name)) > before and n)

    def status(self, name):
        return self("inspect", "--format", "{{.State.Status}}", name)


def again_and_again(work):
    """Twice in a row; the counter goes on where it was."""
    with Podman(work) as podman:
        podman.start("c")
        for _ in range(2):
            at = podman.progress("c")
            podman("container", "checkpoint", "c")
            expect(podman.status("c"), "exited", "the container")
            podman("container", "restore", "c", stdout=subprocess.DEVNULL)
            expect(podman.status("c"), "running", "the container")
            if podman.progress("c") < at:
                raise Failed("the counter went back")


def export_and_import(work):
    """A checkpoint that is taken elsewhere as a file becomes a container of another name, twice."""
    with Podman(work) as podman:
        podman.start("c")
        at = podman.progress("c")
        podman("container", "checkpoint", "--export", work / "c.tar.gz", "c")
        podman("rm", "-f", "-t", "0", "c")
        for name in "d", "e":
            podman("container", "restore", "--import", work / "c.tar.gz", "--name", name, stdout=subprocess.DEVNULL)
            if podman.progress(name) < at:
                raise Failed("the counter went back")


def leave_running_and_keep(work):
    """The container runs on, and the images are kept."""
    with Podman(work) as podman:
        podman.start("c")
        at = podman.progress("c")
        podman("container", "checkpoint", "--leave-running", "--keep", "c")
        expect(podman.status("c"), "running", "the container")
        if podman.progress("c") < at or not list(work.glob("storage/**/checkpoint/inventory.img")):
            raise Failed("the counter went back, or there are no images")


def terminal(work):
    """A container with a terminal; its output arrives after the restore too."""
    with Podman(work) as podman:
        podman.start("c", "sh", "-c", COUNT.replace("sleep", "tty; sleep"), options=("-t", "--network", "none"))
        podman.progress("c")
        podman("container", "checkpoint", "c")
        podman("container", "restore", "c", stdout=subprocess.DEVNULL)
        podman.progress("c")
        said = len(podman("logs", "c"))
        wait_until("more of its output", lambda: len(podman("logs", "c")) > said)


def redis_keeps_its_connection(work):
    """A server behind Podman's own bridge; a client outside keeps its connection though the network is made anew."""
    with Podman(work, programs=("redis-server",)) as podman:
        podman.start("c", "redis-server", "--save", "", "--protected-mode", "no", "--dir", "/tmp", options=())
        client = RedisClient(podman("inspect", "--format", "{{.NetworkSettings.IPAddress}}", "c"))
        expect(client.ask("SET", "key", "value"), "+OK", "SET")
        podman("container", "checkpoint", "--tcp-established", "c")
        podman("container", "restore", "--tcp-established", "c", stdout=subprocess.DEVNULL)
        expect(client.ask("GET", "key"), "value", "GET over the connection from before")


CASES = (again_and_again, export_and_import, leave_running_and_keep, terminal, redis_keeps_its_connection)
