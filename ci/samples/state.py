"""What the two sample programs must look like from outside once they are restored; see ../shared/samples/src."""
import array
import ctypes
import fcntl
import os
import re
import termios
import time

LOOP_COUNTER = 0x4a62d0  # `counter` in the symbol table of the static executable `loop`
PIDFD_GETFD = 438  # the same on every architecture
libc = ctypes.CDLL(None, use_errno=True)


class Wrong(Exception):
    pass


def expect(what, got, wanted):
    if got != wanted:
        raise Wrong(f"{what} is {got!r}, wanted {wanted!r}")


def read(path):
    with open(path, encoding="utf-8", errors="surrogateescape") as f:
        return f.read()


def status(pid, field):
    return re.search(rf"^{field}:\s*(.*)$", read(f"/proc/{pid}/status"), re.MULTILINE).group(1)


def stat(pid):
    """Fields 3 on of /proc/PID/stat: state, ppid, pgrp, session, ..."""
    return read(f"/proc/{pid}/stat").rpartition(")")[2].split()


def memory(pid, address, size):
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as mem:
        mem.seek(address)
        return mem.read(size)


def expect_increasing(what, sample, at_least):
    first = sample()
    if first < at_least:
        raise Wrong(f"{what} is {first}, the image has {at_least}")
    deadline = time.monotonic() + 5
    while sample() <= first:
        if time.monotonic() > deadline:
            raise Wrong(f"{what} stays at {first}")
        time.sleep(0.02)


def borrowed(pid, fd):
    """A copy of a descriptor of another process."""
    pidfd = os.pidfd_open(pid)
    try:
        copy = libc.syscall(PIDFD_GETFD, pidfd, fd, 0)
    finally:
        os.close(pidfd)
    if copy < 0:
        raise Wrong(f"pid {pid} has no descriptor {fd}")
    return copy


def bytes_waiting(pid, fd):
    copy = borrowed(pid, fd)
    count = array.array("i", [0])
    fcntl.ioctl(copy, termios.FIONREAD, count)
    os.close(copy)
    return count[0]


def fdinfo(pid, fd, field):
    match = re.search(rf"{field}:\s*(\S+)", read(f"/proc/{pid}/fdinfo/{fd}"))
    return match.group(1) if match else None


def check_loop(pages):
    pid = 4313
    saved = int.from_bytes(pages(pid)[LOOP_COUNTER & ~4095][LOOP_COUNTER & 4095:][:8], "little")
    expect("comm", status(pid, "Name"), "loop")
    expect("session", stat(pid)[3], str(pid))
    expect_increasing("the counter", lambda: int.from_bytes(memory(pid, LOOP_COUNTER, 8), "little"), saved)


def shared_counters(pid):
    """The two counters in the mapping that parent and child share."""
    for line in read(f"/proc/{pid}/maps").splitlines():
        start, end, mode = re.match(r"(\w+)-(\w+) (\S+)", line).groups()
        if mode == "rw-s" and int(end, 16) - int(start, 16) == 65536:
            data = memory(pid, int(start, 16), 16)
            expect("the pattern of the shared memory", data[8:], b"\x5a" * 8)
            return int.from_bytes(data[:4], "little"), int.from_bytes(data[4:8], "little")
    raise Wrong(f"pid {pid} has no shared mapping of 64 KiB")


def check_tree_tasks():
    root, leader, child, zombie = 4442, 4444, 4445, 4446
    expect("threads", sorted(os.listdir(f"/proc/{root}/task")), ["4442", "4443"])
    expect("comm of the root", status(root, "Name"), "root of tree")
    expect("comm of the thread", read("/proc/4442/task/4443/comm").strip(), "side")
    expect("parent, group and session of the leader", stat(leader)[1:4], ["4442", "4444", "4444"])
    expect("parent, group and session of the child", stat(child)[1:4], ["4442", "4442", "4442"])
    expect("state of the zombie", stat(zombie)[0], "Z")
    expect("exit code of the zombie", stat(zombie)[-1], "768")
    expect("umask", status(root, "Umask"), "0027")
    expect("nice", stat(root)[16], "5")
    expect("blocked signals", int(status(root, "SigBlk"), 16), 1 << 11)
    expect("pending signals of the root thread", int(status(root, "SigPnd"), 16), 1 << 11)
    expect("caught signals", int(status(root, "SigCgt"), 16) & 1 << 9, 1 << 9)
    expect("POSIX timers", sorted(re.findall(r"^ID: (\d+)", read(f"/proc/{root}/timers"), re.MULTILINE)), ["0", "1"])
    expect_increasing("the root's counter", lambda: shared_counters(child)[0], 0x5a5a5a5a)
    expect_increasing("the leader's counter", lambda: shared_counters(root)[1], 0x5a5a5a5a)


def check_tree_descriptors():
    for pid in (4442, 4444, 4445):
        expect(f"descriptors of {pid}", sorted(map(int, os.listdir(f"/proc/{pid}/fd"))),
               [n for n in range(16) if (pid, n) != (4445, 6)])
        expect("data.txt", os.readlink(f"/proc/{pid}/fd/3"), "/opt/crengine-samples/data.txt")
        expect("position in data.txt", fdinfo(pid, 3, "pos"), "4")
        expect("the unlinked file", read(f"/proc/{pid}/fd/4"), "gone")
        if not os.readlink(f"/proc/{pid}/fd/4").endswith(" (deleted)"):
            raise Wrong("the unlinked file has a name")
        expect("bytes in the pipe", bytes_waiting(pid, 5), len("in the pipe"))
        expect("bytes in the socket", bytes_waiting(pid, 7), len("in the socket"))
        expect("bytes in the fifo", bytes_waiting(pid, 9), len("in the fifo"))
        expect("count of the eventfd", fdinfo(pid, 10, "eventfd-count"), "5")
        expect("mask of the signalfd", fdinfo(pid, 11, "sigmask"), "0000000000000800")
        expect("clock of the timerfd", fdinfo(pid, 12, "clockid"), "1")
        targets = re.findall(r"tfd:\s+(\d+)", read(f"/proc/{pid}/fdinfo/13"))
        expect("targets of the epoll", sorted(targets, key=int), ["7", "10", "12"])
        expect("watch of the inotify", fdinfo(pid, 14, "inotify wd"), "1")
        expect("the memfd", read(f"/proc/{pid}/fd/15"), "memfd")


def check_tree(_pages):
    check_tree_tasks()
    check_tree_descriptors()


CHECKS = {"loop": check_loop, "tree": check_tree}
