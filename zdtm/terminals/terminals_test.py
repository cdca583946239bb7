"""Terminals whose other end is outside of the tree: the test itself plays the terminal emulator and the caller of the engine.
usage: terminals_test.py ENGINE    (as root; each test has its own pid namespace and devpts)"""
import fcntl
import os
import pathlib
import pty
import select
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from runner import sandbox  # noqa: E402

ENGINE = os.path.abspath(sys.argv.pop(1)) if len(sys.argv) > 1 else ''

# Reads lines without echo and tells what it sees of its terminal.
JOB = '''
import fcntl, os, struct, sys, termios
mode = termios.tcgetattr(0)
mode[3] &= ~(termios.ECHO | termios.ICANON)
termios.tcsetattr(0, termios.TCSANOW, mode)
print("ready", flush=True)
while True:
    got = os.read(0, 100).decode()
    front = os.tcgetpgrp(0) == os.getpgrp()
    plain = termios.tcgetattr(0)[3] & (termios.ICANON | termios.ECHO) == 0
    size = struct.unpack("HHHH", fcntl.ioctl(0, termios.TIOCGWINSZ, bytes(8)))[0]
    print(f"got {got} {front} {plain} {os.ttyname(0)} {size} session {os.getsid(0) == os.getpid()}", flush=True)
'''


def start_on_terminal(*command, rows=24):
    """Runs a command as leader of a session on a new terminal. Returns its pid and the master."""
    pid, master = pty.fork()
    if pid == 0:
        os.closerange(3, 1000)
        os.execvp(command[0], command)
    fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack('HHHH', rows, 80, 0, 0))
    return pid, master


def read_until(master, text):
    got = b''
    deadline = time.monotonic() + 20
    while text.encode() not in got and time.monotonic() < deadline:
        if select.select([master], [], [], 0.1)[0]:
            try:
                got += os.read(master, 1000)
            except OSError:
                break
    return got.decode()


def engine(*words, **keywords):
    return subprocess.run([ENGINE, *words], stderr=subprocess.PIPE, text=True, check=False, **keywords)


class TerminalTest(unittest.TestCase):
    def setUp(self):
        self.work = tempfile.TemporaryDirectory(prefix='terminals-')
        self.images = self.work.name
        self.job = pathlib.Path(self.images, 'job.py')
        self.job.write_text(JOB)
        self.addCleanup(self.work.cleanup)

    def in_sandbox(self, body):
        """Runs body() in a pid namespace of its own; what it returns other than None is the failure."""
        result = pathlib.Path(self.images, 'result')

        def run():
            try:
                result.write_text(body() or 'fine')
            except Exception as error:  # the exception can't leave the process
                result.write_text(f'{type(error).__name__}: {error}')
        pid = sandbox.start(run, str(pathlib.Path(self.images, 'reaped')))
        os.waitpid(pid, 0)
        self.assertEqual(result.read_text() if result.exists() else 'no result', 'fine')

    def dump(self, pid, *options):
        return engine('dump', '-t', str(pid), '-D', self.images, '-o', 'dump.log', '-v4', *options,
                      stdin=subprocess.DEVNULL)

    def restore(self, *options, **keywords):
        return engine('restore', '-D', self.images, '-o', 'restore.log', '-v4', *options, **keywords)

    def start_shell_job(self):
        note = pathlib.Path(self.images, 'pid')
        shell, master = start_on_terminal(
            'bash', '--norc', '-ic', f'set -m; python3 -S {self.job} & echo $! >{note}; fg; echo back in the shell; sleep 60')
        assert 'ready' in read_until(master, 'ready')
        return shell, master, int(note.read_text())

    def test_shell_job(self):
        def body():
            shell, master, job = self.start_shell_job()
            refused = self.dump(job)
            assert refused.returncode == 1 and '--shell-job' in refused.stderr, refused
            os.write(master, b'one')
            assert 'got one True True /dev/pts/0 24 session False' in (got := read_until(master, 'session False')), got
            dumped = self.dump(job, '--shell-job')
            assert dumped.returncode == 0, dumped
            assert 'back in the shell' in (got := read_until(master, 'back in the shell')), got
            refused = self.restore('-d', '--shell-job', stdin=subprocess.DEVNULL)
            assert refused.returncode == 1 and 'needs a terminal' in refused.stderr, refused
            # On another terminal, as a job of another shell, with the first one still there.
            _, second = start_on_terminal('bash', '--norc', '-ic', f'set -m; {ENGINE} restore -D {self.images} '
                                          '-o restore.log --shell-job; echo status $?; sleep 60', rows=40)
            os.write(second, b'two')
            assert 'got two True True /dev/pts/1 40 session False' in (got := read_until(second, 'session False')), got
            os.kill(job, signal.SIGKILL)
            assert 'status 137' in (got := read_until(second, 'status')), got
            os.kill(shell, signal.SIGKILL)
        self.in_sandbox(body)

    def test_external(self):
        def body():
            job, master = start_on_terminal('python3', '-S', str(self.job))
            assert 'ready' in read_until(master, 'ready')
            node = os.stat(f'/proc/{job}/fd/0')
            name = f'tty[{node.st_rdev:x}:{node.st_dev:x}]'
            refused = self.dump(job)
            assert refused.returncode == 1 and f'with pid {os.getpid()} (python3)' in refused.stderr, refused
            assert name in refused.stderr, refused
            dumped = self.dump(job, '--external', name)
            assert dumped.returncode == 0, dumped
            os.waitpid(job, 0)
            refused = self.restore('-d')
            assert refused.returncode == 1 and f'--inherit-fd fd[N]:{name}' in refused.stderr, refused
            second, slave = pty.openpty()
            restored = self.restore('-d', '--inherit-fd', f'fd[{slave}]:{name}', pass_fds=[slave])
            assert restored.returncode == 0, restored
            os.close(slave)
            # It is the controlling terminal of the session again; its settings are the caller's business.
            os.write(second, b'two\n')
            assert ' True False /dev/pts/1' in (got := read_until(second, 'session True')), got
            os.close(second)
            os.close(master)
        self.in_sandbox(body)

    def test_number_taken(self):
        def body():
            program = 'import os, time; fd = os.open("/dev/ptmx", os.O_RDWR); open("ready", "w"); time.sleep(60)'
            job = subprocess.Popen(['python3', '-S', '-c', program], cwd=self.images, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
            while not os.path.exists(f'{self.images}/ready'):
                time.sleep(0.01)
            dumped = self.dump(job.pid)
            assert dumped.returncode == 0, dumped
            job.wait()
            taken = os.open('/dev/ptmx', os.O_RDWR | os.O_NOCTTY)
            refused = self.restore('-d')
            assert refused.returncode == 1 and f'belongs to pid {os.getpid()} (python3)' in refused.stderr, refused
            os.close(taken)
            restored = self.restore('-d')
            assert restored.returncode == 0, restored
            os.kill(job.pid, signal.SIGKILL)
        self.in_sandbox(body)


if __name__ == '__main__':
    unittest.main(verbosity=2)
