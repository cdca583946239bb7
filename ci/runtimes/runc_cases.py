"""Containers of runc, checkpointed and restored by runc."""
import json
import os
import subprocess

from bundle import COUNT, make_bundle
from tools import ConsoleSocket, Failed, RedisClient, attempt, expect, ip, number_in, read_until, run, run_or_skip, wait_for_progress

NEEDS = ("runc", "busybox")


class Container:
    """One container, in the directory of its case."""

    def __init__(self, work, *command, stdout=subprocess.DEVNULL, **how):
        self.work, self.stdout = work, stdout
        (self.work / "bundle").mkdir()
        self.bundle = make_bundle(self.work / "bundle", *(command or ("sh", "-c", COUNT)), **how)
        self.root = self.bundle / "rootfs"
        self.counter = self.root / "tmp/count"
        self.images = self.work / "images"
        self.console = ConsoleSocket(self.work / "console") if how.get("terminal") else None

    def __enter__(self):
        options = ("--console-socket", self.console.path) if self.console else ()
        run_or_skip("runc", "--root", self.work / "state", "run", "-d", *options, "c", cwd=self.bundle, stdout=self.stdout)
        return self

    def __exit__(self, *_):
        attempt("runc", "--root", self.work / "state", "delete", "-f", "c")

    def runc(self, *words, **how):
        return run("runc", "--root", self.work / "state", *words, cwd=self.bundle, **how)

    def checkpoint(self, *options):
        self.runc("checkpoint", "--image-path", self.images, "--work-path", self.work, *options, "c")

    def restore(self, *options):
        if self.console:
            options = (*options, "--console-socket", self.console.path)
        self.runc("restore", "-d", "--image-path", self.images, "--work-path", self.work, *options, "c", stdout=subprocess.DEVNULL)

    def refusal_of_checkpoint(self, *options):
        """The last line of the log; the container must be what it was."""
        done = attempt("runc", "--root", self.work / "state", "checkpoint", "--image-path", self.images, "--work-path", self.work, *options, "c")
        if done.returncode == 0:
            raise Failed("runc believes that a checkpoint was made")
        expect(self.state()["status"], "running", "the container")
        wait_for_progress(self.counter)
        logs = sorted(self.work.glob("*.log"))
        return logs[0].read_text().splitlines()[-1] if logs else ""

    def state(self):
        return json.loads(self.runc("state", "c"))

    def inside(self, *command):
        return self.runc("exec", "c", *command)


def again_and_again(work):
    """Twice in a row; the counter goes on where it was, pids and the host name are the same inside."""
    with Container(work) as c:
        wait_for_progress(c.counter)
        name = c.inside("hostname")
        for _ in range(2):
            c.checkpoint()
            at = number_in(c.counter)
            expect(attempt("runc", "--root", c.work / "state", "state", "c").returncode, 1, "state of a container that was checkpointed")
            c.restore()
            if wait_for_progress(c.counter) < at:
                raise Failed("the counter went back")
            expect(c.state()["status"], "running", "the container")
            expect(c.inside("sh", "-c", "echo /proc/1/fd/*"), "/proc/1/fd/0 /proc/1/fd/1 /proc/1/fd/2", "descriptors of init")
            expect(c.inside("hostname"), name, "host name")


def leave_running(work):
    """The container runs on after the checkpoint, and the checkpoint can be restored when it has ended."""
    with Container(work) as c:
        wait_for_progress(c.counter)
        c.checkpoint("--leave-running")
        expect(c.state()["status"], "running", "the container")
        at = wait_for_progress(c.counter)
        c.runc("delete", "-f", "c")
        c.restore()
        if not 0 < wait_for_progress(c.counter) <= at + 2:
            raise Failed("the counter is not that of the checkpoint")


def terminal(work):
    """A shell on a terminal of its own: it answers before and after, on the master that the runtime delivers."""
    with Container(work, "sh", terminal=True) as c:
        before = c.console.take()
        os.write(before, b"word=carried; stty rows 33 cols 77\n")
        os.write(before, b"echo it is $word\n")
        read_until(before, b"it is carried\r\n")
        c.checkpoint()
        os.close(before)
        c.restore()
        after = c.console.take()
        os.write(after, b"echo still $word; stty size\n")
        read_until(after, b"33 77\r\n")
        os.write(after, b"echo by the console >/dev/console\n")
        read_until(after, b"\nby the console\r\n")
        os.close(after)


def external_bind_mounts(work):
    """A directory and a file of the host, bound into the container, are found again."""
    outside = work / "outside"
    outside.mkdir()
    (outside / "file").write_text("of the host")

    def change(config):
        config["mounts"] += [{"destination": "/mnt", "type": "bind", "source": str(outside), "options": ["rbind", "rw"]},
                             {"destination": "/etc/one", "type": "bind", "source": str(outside / "file"), "options": ["bind", "ro"]}]
    with Container(work, "sh", "-c", COUNT.replace("/tmp/", "/mnt/"), change=change) as c:
        wait_for_progress(outside / "count")
        c.checkpoint()
        at = number_in(outside / "count")
        c.restore()
        if wait_for_progress(outside / "count") < at:
            raise Failed("the counter went back")
        expect(c.inside("cat", "/mnt/file", "/etc/one"), "of the host" * 2, "what is bound")


def set_network(config, name):
    """The container is to live in a network namespace that `ip netns` has made."""
    for namespace in config["linux"]["namespaces"]:
        if namespace["type"] == "network":
            namespace["path"] = f"/run/netns/{name}"


def network_by_path(work):
    """A network that is not the runtime's own but was made by somebody else, as Podman's is: it stays, with its devices."""
    ip("netns", "add", "made")
    ip("-n", "made", "link", "add", "d0", "type", "veth", "peer", "name", "d1")
    ip("-n", "made", "addr", "add", "10.1.2.3/24", "dev", "d0")
    with Container(work, change=lambda config: set_network(config, "made")) as c:
        wait_for_progress(c.counter)
        c.checkpoint()
        c.restore()
        wait_for_progress(c.counter)
        if "10.1.2.3/24" not in c.inside("ip", "addr"):
            raise Failed("the container is not in that network")


def redis_behind_a_bridge(work):
    """A server in the container, reached by a veth and a bridge: a client outside keeps its connection."""
    ip("netns", "add", "inside")
    ip("link", "add", "br0", "type", "bridge")
    ip("link", "add", "outside", "type", "veth", "peer", "name", "eth0", "netns", "inside")
    ip("link", "set", "outside", "master", "br0", "up")
    ip("link", "set", "br0", "up")
    ip("addr", "add", "10.7.0.1/24", "dev", "br0")
    ip("-n", "inside", "addr", "add", "10.7.0.2/24", "dev", "eth0")
    for device in "lo", "eth0":
        ip("-n", "inside", "link", "set", device, "up")
    server = ("redis-server", "--save", "", "--protected-mode", "no", "--dir", "/tmp")
    with Container(work, *server, programs=("redis-server",), change=lambda config: set_network(config, "inside")) as c:
        client = RedisClient("10.7.0.2")
        expect(client.ask("SET", "key", "value"), "+OK", "SET")
        for number in range(1, 3):
            c.checkpoint("--tcp-established")
            c.restore("--tcp-established")
            expect(client.ask("GET", "key"), "value", "GET over the connection from before")
            expect(client.ask("INCR", "number"), f":{number}", "INCR")
        expect(RedisClient("10.7.0.2").ask("GET", "number"), "2", "GET over a new connection")


def pre_dump_is_refused(work):
    """As long as there is no pre-dump: the container goes on, and the answer says why."""
    with Container(work) as c:
        c.refusal_of_checkpoint("--pre-dump")


def file_of_the_outside_is_refused(work):
    """A descriptor of a file that the container can't see: named, with what would help; the container runs on."""
    with open(work / "log", "wb") as log, Container(work, stdout=log) as c:
        said = c.refusal_of_checkpoint()
        if str(work / "log") not in said or "--external file[" not in said:
            raise Failed(f"the file or the remedy is not named: {said}")


CASES = (again_and_again, leave_running, terminal, external_bind_mounts, network_by_path, redis_behind_a_bridge, pre_dump_is_refused, file_of_the_outside_is_refused)
