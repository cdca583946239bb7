"""A pid namespace of its own for every case, so that its pids collide with nobody's and nothing outlives it.

carrier (in the runner's namespace) -> init (pid 1: only reaps) -> driver (runs the beats). Reaping in a process that does
nothing else is what makes it immediate: a zombie would keep its pid from the restore. When init exits, the kernel kills the rest."""
import ctypes
import fcntl
import os
import signal
import socket
import struct
import sys
import traceback

CLONE_NEWNS = 0x00020000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000
CLONE_NEWIPC = 0x08000000
SIOCSIFFLAGS = 0x8914
IFF_UP = 1
MS_REC_PRIVATE = 0x4000 | (1 << 18)
MS_NOSUID_NODEV_NOEXEC = 2 | 4 | 8
MS_NOSUID_NOEXEC = 2 | 8
PR_SET_PDEATHSIG = 1

libc = ctypes.CDLL(None, use_errno=True)


def check(result, what):
    if result != 0:
        error = ctypes.get_errno()
        raise OSError(error, f'{what}: {os.strerror(error)}')


def die_with_parent():
    check(libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0), 'prctl')


def in_child(body):
    """Forks; the child runs body() and exits with its result."""
    pid = os.fork()
    if pid:
        return pid
    status = 111
    try:
        status = body() or 0
    except BaseException:  # whatever it is, the child must not return into the caller's code
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def start(body, reap_log, own_network=False):
    """Runs body() as pid 2 of a new pid namespace, and with a network and System V objects of its own if wanted. Returns the
    pid of the process to wait for; killing it kills all."""
    return in_child(lambda: carrier(body, reap_log, own_network))


def raise_loopback():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, SIOCSIFFLAGS, struct.pack('16sh14x', b'lo', IFF_UP))


def carrier(body, reap_log, own_network):
    die_with_parent()
    check(libc.unshare(CLONE_NEWPID | CLONE_NEWNS | (CLONE_NEWNET | CLONE_NEWIPC if own_network else 0)), 'unshare')
    if own_network:
        raise_loopback()
    pid = in_child(lambda: init(body, reap_log))
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) & 0xff


def init(body, reap_log):
    die_with_parent()
    check(libc.mount(b'none', b'/', None, MS_REC_PRIVATE, None), 'making the mounts private')
    check(libc.mount(b'proc', b'/proc', b'proc', MS_NOSUID_NODEV_NOEXEC, None), 'mounting /proc')
    # Numbers of pseudo terminals must be free again when a case is restored: cases that run beside it have their own.
    check(libc.mount(b'devpts', b'/dev/pts', b'devpts', MS_NOSUID_NOEXEC, b'newinstance,mode=620,ptmxmode=666'),
          'mounting /dev/pts')
    # As pid 1 it gets only signals that it handles; a ^C is for the runner.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    driver = in_child(lambda: driver_main(body))
    log = os.open(reap_log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
    while True:
        pid, status = os.waitpid(-1, 0)
        if pid == driver:
            return os.waitstatus_to_exitcode(status) & 0xff
        os.write(log, f'{pid} {status}\n'.encode())


def driver_main(body):
    os.setsid()
    os.umask(0o022)
    os.setpriority(os.PRIO_PROCESS, 0, 0)  # whoever runs the suite in the background
    return body()


def how_it_ended(reap_log, pid):
    """What init saw of the last process with this pid, in words; '' if it has not reaped one."""
    words = ''
    try:
        with open(reap_log, encoding='ascii') as log:
            for line in log:
                reaped, status = map(int, line.split())
                if reaped == pid and os.WIFSIGNALED(status):
                    words = f'killed by {signal.Signals(os.WTERMSIG(status)).name}'
                elif reaped == pid:
                    words = f'exited with {os.WEXITSTATUS(status)}'
    except (OSError, ValueError):
        pass
    return words
