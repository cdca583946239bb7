"""A restore into a world that has changed: what it needs is taken, gone or another one. It says so by name before a process is created,
leaves nothing behind, and works when the world is as it was.
usage: bad_input_test.py ENGINE    (as root; each test has its own pid and network namespace)"""
import ctypes
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import unittest

from sandboxed import Sandboxed

# Holds what the line of its argument makes, and says in the end whether it still works.
HOLDER = '''
import ctypes, mmap, os, signal, socket, sys, time
os.setsid()
where = os.getcwd()
libc = ctypes.CDLL(None, use_errno=True)
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
exec(sys.argv[1])
open(where + '/ready', 'w').close()
signal.sigwait([signal.SIGTERM])
exec(sys.argv[2])
open(where + '/fine', 'w').close()
'''

SHM_KEY = 0x7a64746d
IPC_CREAT_EXCL = 0o3000


def tcp_listener(where):
    s = socket.socket()
    s.bind(('127.0.0.1', 7100))
    s.listen()
    return s


def datagram(family, address):
    s = socket.socket(family, socket.SOCK_DGRAM)
    s.bind(address)
    return s


def named_socket(name):
    if isinstance(name, pathlib.Path):
        os.unlink(name)  # which the dump has left
    s = socket.socket(socket.AF_UNIX)
    s.bind(str(name))
    s.listen()
    return s


def other_segment(where):
    libc = ctypes.CDLL(None)
    assert libc.shmctl(libc.shmget(SHM_KEY, 0, 0), 0, None) == 0  # which the dump has left
    made = libc.shmget(SHM_KEY, 8192, IPC_CREAT_EXCL | 0o600)
    assert made >= 0
    return made


def other_queue(where):
    libc = ctypes.CDLL(None, use_errno=True)
    libc.mq_unlink(b'/zdtm-bad-input')
    made = libc.mq_open(b'/zdtm-bad-input', os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600, None)
    assert made >= 0, ctypes.get_errno()
    return made


def away(path):
    """Moves a file away; returns what brings it back."""
    kept = path.with_name(path.name + '.kept')
    path.rename(kept)
    return lambda: kept.rename(path)


def other_program(where):
    """A program of the same size with another build id, as a package's next version may be."""
    back = away(where / 'sleep')
    image = bytearray((where / 'sleep.kept').read_bytes())
    at = image.index(b'\x04\0\0\0\x14\0\0\0\x03\0\0\0GNU\0') + 16
    image[at] ^= 1
    (where / 'sleep').write_bytes(image)
    (where / 'sleep').chmod(0o755)

    def repair():
        (where / 'sleep').unlink()
        back()
    return repair


def longer(path, back):
    with open(path, 'ab') as file:
        file.write(b'more')
    return lambda: os.truncate(path, back)


def other_directory(where):
    back = away(where / 'in')
    (where / 'in').write_text('no directory')

    def repair():
        (where / 'in').unlink()
        back()
    return repair


def closing(make):
    """What breaks by holding something, and repairs by letting go of it."""
    def broken(where):
        held = make(where)
        return held.close
    return broken


def removed_segment(where):
    made = other_segment(where)
    return lambda: ctypes.CDLL(None).shmctl(made, 0, None)


def removed_queue(where):
    made = other_queue(where)

    def repair():
        os.close(made)
        ctypes.CDLL(None).mq_unlink(b'/zdtm-bad-input')
    return repair


# Not before it is that program: a dump could find Python still.
SLEEP = """c = os.spawnl(os.P_NOWAIT, "./sleep", "sleep", "1000")
while open(f"/proc/{c}/comm").read() != "sleep\\n": time.sleep(0.001)"""

# name: what the holder makes, what must work in it afterwards, what is done to the world (returns how to undo that), what the refusal says
WORLDS = {
    'tcp_port': ('s = socket.socket(); s.bind(("127.0.0.1", 7100)); s.listen()', 'assert s.getsockname()[1] == 7100',
                 closing(tcp_listener), '127.0.0.1:7100'),
    'udp_port': ('s = socket.socket(type=socket.SOCK_DGRAM); s.bind(("127.0.0.1", 7101))', 'assert s.getsockname()[1] == 7101',
                 closing(lambda where: datagram(socket.AF_INET, ('127.0.0.1', 7101))), '127.0.0.1:7101'),
    'udp6_port': ('s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM); s.bind(("::1", 7102))', 'assert s.getsockname()[1] == 7102',
                  closing(lambda where: datagram(socket.AF_INET6, ('::1', 7102))), '7102'),
    'no_address': ('s = socket.socket(); s.bind(("127.0.0.77", 7103)); s.listen()', 'assert s.getsockname()[1] == 7103',
                   lambda where: link_down(), '127.0.0.77:7103'),
    'abstract_name': ('s = socket.socket(socket.AF_UNIX); s.bind("\\0bad-input"); s.listen()', 'assert s.getsockname() == b"\\0bad-input"',
                      closing(lambda where: named_socket('\0bad-input')), 'bad-input'),
    'socket_path': ('s = socket.socket(socket.AF_UNIX); s.bind("name"); s.listen()', 'assert s.getsockname() == "name"',
                    closing(lambda where: named_socket(where / 'name')), 'name'),
    'netlink_port': ('s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0); s.bind((7104, 0))', 'assert s.getsockname()[0] == 7104',
                     closing(lambda where: netlink(7104)), '7104'),
    'no_file': ('f = open("file", "r")', 'assert f.read() == "text"', lambda where: away(where / 'file'), 'file'),
    'size': ('f = open("file", "r")', 'assert f.read() == "text"', lambda where: longer(where / 'file', 4), 'file'),
    'mapped_size': ('f = open("file", "rb"); m = mmap.mmap(f.fileno(), 4, prot=mmap.PROT_READ); f.close()', 'assert m[:] == b"text"',
                    lambda where: longer(where / 'file', 4), 'file'),
    'other_kind': ('f = os.open("in", os.O_RDONLY)', 'assert os.listdir(f) == []', other_directory, 'in'),
    'no_directory': ('os.chdir("in")', 'assert os.listdir(".") == []', lambda where: away(where / 'in'), 'in'),
    'no_fifo': ('f = os.open("fifo", os.O_RDWR)', 'os.write(f, b"x"); assert os.read(f, 1) == b"x"', lambda where: away(where / 'fifo'), 'fifo'),
    'build_id': (SLEEP, 'os.kill(c, 9); assert os.waitpid(c, 0)[1] == 9',
                 other_program, 'sleep'),
    'no_program': (SLEEP, 'os.kill(c, 9); assert os.waitpid(c, 0)[1] == 9',
                   lambda where: away(where / 'sleep'), 'sleep'),
    'segment_key': (f'm = libc.shmget({SHM_KEY}, 4096, 0o3600); libc.shmat.restype = ctypes.c_void_p; assert libc.shmat(m, None, 0)',
                    f'assert libc.shmget({SHM_KEY}, 4096, 0o600) == m; assert libc.shmctl(m, 0, None) == 0', removed_segment, '7a64746d'),
    'queue_name': ('m = libc.mq_open(b"/zdtm-bad-input", os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600, None)',
                   'assert libc.mq_unlink(b"/zdtm-bad-input") == 0', removed_queue, '/zdtm-bad-input'),
}


def link_down():
    """127.0.0.77 is an address only as long as lo has 127.0.0.1/8."""
    ip = ['ip', 'address', 'del', '127.0.0.1/8', 'dev', 'lo']
    subprocess.run(ip, check=True)
    return lambda: subprocess.run([*ip[:2], 'add', *ip[3:]], check=True)


def netlink(port):
    s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
    s.bind((port, 0))
    return s


class BadInputTest(Sandboxed):
    own_network = True

    @staticmethod
    def processes():
        """Those that live: the dead may wait for init a while."""
        return sorted(int(name) for name in os.listdir('/proc') if name.isdigit() and os.access(f'/proc/{name}/cwd', os.F_OK))

    def world(self, setup, check, break_it, words):
        where = pathlib.Path(tempfile.mkdtemp(prefix='world-', dir=self.images))
        (where / 'in').mkdir()
        (where / 'file').write_text('text')
        os.mkfifo(where / 'fifo')
        shutil.copy('/bin/sleep', where / 'sleep')
        with open(where.parent / 'holder.err', 'wb') as err:
            holder = subprocess.Popen([sys.executable, '-S', '-c', HOLDER, setup, check], cwd=where, close_fds=True,
                                      stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=err)
        self.await_that(lambda: (where / 'ready').exists(), 'the program has not come up')
        dumped = self.dump(holder.pid)
        assert dumped.returncode == 0, dumped
        holder.wait()
        before, files = self.processes(), sorted(os.listdir(where))
        repair = break_it(where)
        marker = where.parent / 'restoring'
        note = ('--action-script', f'[ $CRTOOLS_SCRIPT_ACTION != pre-restore ] || : >{marker}')
        broken = sorted(os.listdir(where))
        refused = self.restore(*note)
        assert refused.returncode == 1 and words in refused.stderr.splitlines()[-1], refused
        assert not marker.exists(), f'processes were made before: {refused}'
        assert self.processes() == before and sorted(os.listdir(where)) == broken
        repair()
        assert sorted(os.listdir(where)) == files
        restored = self.restore(*note)
        assert restored.returncode == 0 and marker.exists(), restored
        os.kill(holder.pid, 15)
        self.await_that(lambda: not os.path.exists(f'/proc/{holder.pid}'), 'the program does not end')
        assert (where / 'fine').exists(), f'afterwards: {(where.parent / "holder.err").read_text()[-300:]}'


def test_of(world):
    return lambda self: self.in_sandbox(lambda: self.world(*world))


for world_name, the_world in WORLDS.items():
    setattr(BadInputTest, f'test_{world_name}', test_of(the_world))

if __name__ == '__main__':
    unittest.main()
