"""Containers of LXC, checkpointed and restored by lxc-checkpoint."""
import subprocess

from bundle import COUNT, make_root
from tools import Failed, RedisClient, attempt, expect, ip, number_in, run, run_or_skip, wait_for_progress, wait_until

NEEDS = ("lxc-checkpoint", "busybox")
NO_NETWORK = "lxc.net.0.type = empty"
BRIDGE = "lxc.net.0.type = veth\nlxc.net.0.link = br0\nlxc.net.0.flags = up\nlxc.net.0.name = eth0\nlxc.net.0.ipv4.address = 10.8.0.2/24"


class Container:
    """One container; its terminals are off, as lxc-checkpoint(1) asks for."""

    def __init__(self, work, command, network=NO_NETWORK, programs=()):
        self.work, self.root, self.images = work, make_root(work / "root", programs), work / "images"
        self.counter = self.root / "tmp/count"
        (self.root / "bin/start").write_text(f"#!/bin/sh\n{command}\n")
        (self.root / "bin/start").chmod(0o755)
        (work / "config").write_text("\n".join((
            network, f"lxc.rootfs.path = dir:{self.root}", "lxc.init.cmd = /bin/start", "lxc.uts.name = carried", "lxc.mount.auto = proc:mixed sys:ro",
            "lxc.apparmor.profile = unconfined", "lxc.console.path = none", "lxc.tty.max = 0", "lxc.autodev = 1", "")))

    def __enter__(self):
        self.lxc("create", "-f", self.work / "config", "-t", "none", run=run_or_skip)
        self.lxc("start", "-d", "-l", "INFO", "-o", self.work / "start.log", run=run_or_skip)
        return self

    def __exit__(self, *_):
        attempt("lxc-stop", "-P", self.work / "containers", "-n", "c", "-k")

    def lxc(self, what, *words, run=run, **how):
        return run(f"lxc-{what}", "-P", self.work / "containers", "-n", "c", *words, **how)

    def inside(self, *command):
        return self.lxc("attach", "--", *command)

    def state(self):
        return self.lxc("info", "-s", "-H")

    def checkpoint_and_restore(self):
        self.lxc("checkpoint", "-s", "-D", self.images)
        wait_until("the container has ended", lambda: self.state() == "STOPPED")
        self.lxc("checkpoint", "-r", "-D", self.images, stdout=subprocess.DEVNULL)  # who watches the container has it for ever
        wait_until("the container runs again", lambda: self.state() == "RUNNING")


def again_and_again(work):
    """Twice in a row; the counter goes on where it was."""
    with Container(work, COUNT) as c:
        wait_for_progress(c.counter)
        for number in range(2):
            c.images = work / f"images.{number}"
            at = number_in(c.counter)
            c.checkpoint_and_restore()
            if wait_for_progress(c.counter) < at:
                raise Failed("the counter went back")
            expect(c.inside("hostname"), "carried", "host name")


def redis_behind_a_bridge(work):
    """A server in the container on LXC's own veth: a client outside keeps its connection."""
    ip("link", "add", "br0", "type", "bridge")
    ip("addr", "add", "10.8.0.1/24", "dev", "br0")
    ip("link", "set", "br0", "up")
    with Container(work, "exec redis-server --save '' --protected-mode no --dir /tmp >/dev/null 2>&1", BRIDGE, ("redis-server",)) as c:
        client = RedisClient("10.8.0.2")
        expect(client.ask("SET", "key", "value"), "+OK", "SET")
        c.checkpoint_and_restore()
        expect(client.ask("GET", "key"), "value", "GET over the connection from before")


CASES = (again_and_again, redis_behind_a_bridge)
