"""What every case uses: commands that must end well, waiting, and the engine under the name that runtimes look for."""
import array
import os
import pathlib
import socket
import subprocess
import time

LIMIT = 60  # seconds for any command


class Failed(Exception):
    pass


class Skipped(Exception):
    pass


def run(*command, **how):
    """Runs a command that must end well; returns what it said."""
    process = attempt(*command, **how)
    if process.returncode != 0:
        raise Failed(f"{' '.join(map(str, command))}: {process.returncode}: {(process.stderr or '').strip()[-600:]}")
    return (process.stdout or "").strip()


def run_or_skip(*command, **how):
    """For what comes before crengine has a part in it: a machine where a runtime can't start a container tests nothing."""
    try:
        return run(*command, **how)
    except Failed as reason:
        raise Skipped(f"the runtime itself can't start a container here: {reason}") from reason


def attempt(*command, cwd=None, stdout=subprocess.PIPE):
    """Runs a command. What it leaves behind must not hold a pipe or file of ours, so `stdout` is for its stderr too."""
    return subprocess.run(list(map(str, command)), cwd=cwd, stdin=subprocess.DEVNULL, stdout=stdout, stderr=stdout, text=True,
                          timeout=LIMIT, check=False)


def ip(*words):
    return run("ip", *words)


def wait_until(what, condition, seconds=10):
    """Returns the first true value of condition()."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise Failed(f"not within {seconds} s: {what}")
        time.sleep(0.01)


def expect(actual, wanted, what):
    if actual != wanted:
        raise Failed(f"{what}: {actual!r}, wanted {wanted!r}")


def number_in(path):
    """Of a counter's file; 0 while it is not there or empty yet."""
    try:
        return int(pathlib.Path(path).read_text() or 0)
    except FileNotFoundError:
        return 0


def wait_for_progress(path):
    """The counter goes on; returns where it is."""
    before = number_in(path)
    return wait_until(f"{path} counts on from {before}", lambda: (n := number_in(path)) > before and n)


class ConsoleSocket:
    """Where a runtime delivers the master of a container's terminal."""

    def __init__(self, path):
        self.path = str(path)
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        self.listener.listen()
        self.listener.settimeout(LIMIT)

    def take(self):
        """The descriptor that was delivered next."""
        connection, _ = self.listener.accept()
        with connection:
            _, parts, _, _ = connection.recvmsg(4096, socket.CMSG_SPACE(4))
        descriptors = array.array("i")
        descriptors.frombytes(parts[0][2][:4])
        return descriptors[0]


def read_until(descriptor, word):
    """Reads a terminal until it says the word; returns all that it said."""
    said = b""
    os.set_blocking(descriptor, False)

    def look():
        nonlocal said
        try:
            said += os.read(descriptor, 4096)
        except (BlockingIOError, OSError):
            pass
        return word in said
    wait_until(f"{word!r} on the terminal (it said {said!r})", look)
    return said


class RedisClient:
    """One connection to a redis server, kept for as long as the object lives."""

    def __init__(self, address):
        def connect():
            try:
                return socket.create_connection((address, 6379), timeout=LIMIT)
            except OSError:
                return None
        self.connection = wait_until(f"redis answers at {address}", connect)
        self.connection.settimeout(10)

    def ask(self, *words):
        """The first line of the answer, or of what the answer holds."""
        self.connection.sendall((" ".join(words) + "\r\n").encode())
        answer = self.connection.recv(4096).decode().split("\r\n")
        return answer[1] if answer[0].startswith("$") else answer[0]
