"""File systems of FUSE whose server does not answer: the engine says so, or never asks.
usage: hung_fuse_test.py ENGINE    (as root; each test has its own pid namespace)"""
import ctypes
import os
import pathlib
import signal
import subprocess
import sys
import unittest

from sandboxed import Sandboxed, engine

PATIENCE = 25  # seconds, of which the engine waits ten at most

# Serves a directory with one file, until it is stopped; everything is asked for each time.
SERVER = '''
import ctypes, os, struct, sys
device = os.open("/dev/fuse", os.O_RDWR)
options = f"fd={device},rootmode=40000,user_id=0,group_id=0,allow_other".encode()
if ctypes.CDLL(None, use_errno=True).mount(b"served", sys.argv[1].encode(), b"fuse.zdtm", 6, options):
    sys.exit(77)
def attributes(node):
    mode, size = (0o40755, 0) if node == 1 else (0o100644, 7)
    return struct.pack("6Q10I", node, size, 0, 0, 0, 0, 0, 0, 0, mode, 1, 0, 0, 0, 4096, 0)
open(sys.argv[2], "w").close()
while True:
    packet = os.read(device, 1 << 17)
    code, unique, node = struct.unpack_from("<IQQ", packet, 4)
    answer, error = b"", 0
    if code == 26:
        answer = struct.pack("4I2H2I2H8I", 7, 31, 0, 0, 0, 0, 4096, 0, 0, 0, *[0] * 8)
    elif code == 3:
        answer = struct.pack("QII", 0, 0, 0) + attributes(node)
    elif code == 1:
        answer = struct.pack("4Q2I", 2, 0, 0, 0, 0, 0) + attributes(2)
    elif code in (14, 27):
        answer = struct.pack("QII", 0, 0, 0)
    elif code == 15:
        answer = b"served\\n" if struct.unpack_from("Q", packet, 48)[0] == 0 else b""
    elif code == 17:
        answer = bytes(80)
    elif code in (2, 36, 42):
        continue
    elif code not in (18, 25, 29):
        error = -38
    os.write(device, struct.pack("IiQ", 16 + len(answer), error, unique) + answer)
'''
QUIET = {'stdin': subprocess.DEVNULL, 'stdout': subprocess.DEVNULL, 'stderr': subprocess.DEVNULL}
SLEEPER = 'import os, signal; os.chdir("{cwd}"); files = [open(p) for p in {files}]; open("{ready}", "w").close(); signal.pause()'

# A server and its client: which reads at SIGTERM, and exits with 7 when it got all.
FAMILY = '''
import os, signal, subprocess, sys, time
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
server = subprocess.Popen([sys.executable, "-S", "-c", {server!r}, "{where}", "{served}"], close_fds=True)
while not os.path.exists("{served}"):
    time.sleep(0.01)
file = open("{where}/file")
open("{ready}", "w").close()
signal.sigwait([signal.SIGTERM])
code = 7 if file.read() == "served\\n" else 1
server.kill()
os._exit(code)
'''


class HungFuseTest(Sandboxed):
    def mounted(self):
        """Where it is mounted, and its server."""
        where, ready = pathlib.Path(self.images, 'served'), pathlib.Path(self.images, 'is-served')
        where.mkdir()
        server = subprocess.Popen([sys.executable, '-S', '-c', SERVER, str(where), str(ready)], start_new_session=True, **QUIET)
        self.await_that(lambda: ready.exists() or server.poll() is not None, 'the server does not start')
        if server.poll() == 77:
            raise unittest.SkipTest('no fuse here')
        return where, server

    def own_mounts(self):
        libc = ctypes.CDLL(None, use_errno=True)
        assert libc.unshare(0x20000) == 0 and libc.mount(None, b'/', None, 0x44000, None) == 0

    def sleeper(self, *flags, cwd='/', files=()):
        ready = pathlib.Path(self.images, 'ready')
        script = SLEEPER.format(cwd=cwd, files=list(map(str, files)), ready=ready)
        words = ['unshare', *flags] if flags else []
        sleeper = subprocess.Popen([*words, sys.executable, '-S', '-c', script], start_new_session=True, **QUIET)
        self.await_that(ready.exists, 'nothing sleeps')
        return sleeper

    def dumped(self, pid, *options):
        pathlib.Path(self.images, 'set').mkdir(exist_ok=True)
        return engine('dump', '-t', str(pid), '-D', os.path.join(self.images, 'set'), '-v4', '--leave-running', '-o', 'dump.log', *options,
                      stdin=subprocess.DEVNULL, timeout=PATIENCE)

    def try_with(self, body):
        def all_of_it():
            self.own_mounts()
            where, server = self.mounted()
            try:
                body(where, server)
            finally:
                server.kill()
                server.wait()
        self.in_sandbox(all_of_it)

    def test_not_used(self):
        """Somebody else's, which the tree could see."""
        def body(_, server):
            sleeper = self.sleeper()
            server.send_signal(signal.SIGSTOP)
            dumped = self.dumped(sleeper.pid)
            assert dumped.returncode == 0, dumped
        self.try_with(body)

    def test_external(self):
        """In a mount namespace of the tree."""
        def body(where, server):
            sleeper = self.sleeper('--mount')
            server.send_signal(signal.SIGSTOP)
            refused = self.dumped(sleeper.pid)
            assert refused.returncode == 1 and f'mount {where} (fuse.zdtm); a program serves it' in refused.stderr, refused
            dumped = self.dumped(sleeper.pid, '--external', f'mnt[{where}]:key', '--external', 'mnt[]')
            assert dumped.returncode == 0, dumped
            dumped = self.dumped(sleeper.pid, '--external', 'mnt[]')
            assert dumped.returncode == 0, dumped
        self.try_with(body)

    def in_use(self, *flags, options=(), **use):
        def body(where, server):
            sleeper = self.sleeper(*flags, **{name: value(where) for name, value in use.items()})
            server.send_signal(signal.SIGSTOP)
            refused = self.dumped(sleeper.pid, *(o.format(where) for o in options))
            assert refused.returncode == 1 and 'does not answer' in refused.stderr and str(where) in refused.stderr, refused
            server.send_signal(signal.SIGCONT)
            assert sleeper.poll() is None
            dumped = self.dumped(sleeper.pid, *(o.format(where) for o in options))
            assert dumped.returncode == 0, dumped
        self.try_with(body)

    def test_open_file(self):
        self.in_use(files=lambda where: [where / 'file'])

    def test_open_file_external(self):
        self.in_use('--mount', options=('--external', 'mnt[{}]:key', '--external', 'mnt[]'), files=lambda where: [where / 'file'])

    def test_server_in_the_tree(self):
        """It stands still with those that it serves."""
        def body():
            self.own_mounts()
            where, served = pathlib.Path(self.images, 'served'), pathlib.Path(self.images, 'is-served')
            where.mkdir()
            tree = self.start(FAMILY.format(server=SERVER, where=where, served=served, ready=pathlib.Path(self.images, 'ready')),
                              start_new_session=True, **QUIET)
            self.await_that(pathlib.Path(self.images, 'ready').exists, 'the family is not there')
            refused = self.dumped(tree.pid)
            assert refused.returncode == 1 and str(where) in refused.stderr and 'stands still with it' in refused.stderr, refused
            os.kill(tree.pid, signal.SIGTERM)
            assert tree.wait(10) == 7, tree.returncode
        self.in_sandbox(body)

    def test_working_directory(self):
        self.in_use(cwd=lambda where: where)


if __name__ == '__main__':
    unittest.main()
