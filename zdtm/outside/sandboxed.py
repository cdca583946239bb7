"""What the tests here share: the engine, and sandboxes to run it in.
The engine is the first argument of the program that imports this."""
import os
import pathlib
import select
import subprocess
import sys
import tempfile
import time
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from runner import sandbox  # noqa: E402

ENGINE = os.path.abspath(sys.argv.pop(1)) if len(sys.argv) > 1 else ''
# A program in a session of its own, with a thread and a child; what follows is done at SIGTERM.
PARENT_AND_CHILD = '''
import os, signal, threading
os.getsid(0) == os.getpid() or os.setsid()
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
threading.Thread(target=threading.Event().wait, daemon=True).start()
child = os.fork()
if child == 0:
    while True:
        signal.pause()
open("ready", "w").close()
signal.sigwait([signal.SIGTERM])
'''


def engine(*words, **keywords):
    return subprocess.run([ENGINE, *words], stderr=subprocess.PIPE, text=True, check=False, **keywords)


def line_of(reader):
    return os.read(reader, 1000).decode() if select.select([reader], [], [], 10)[0] else 'nothing came'


def numbers(pid):
    """Of a process in its pid namespaces, from ours on."""
    lines = pathlib.Path(f'/proc/{pid}/status').read_text().splitlines()
    return next(line for line in lines if line.startswith('NSpid')).split()[1:]


class Sandboxed(unittest.TestCase):
    """A directory for images, the engine, and a pid namespace for what a test does."""
    own_network = False

    def setUp(self):
        self.work = tempfile.TemporaryDirectory(prefix='outside-')
        self.addCleanup(self.work.cleanup)
        self.images = self.work.name

    def in_sandbox(self, body):
        """Runs body() in a pid namespace of its own; an exception in it is the failure."""
        result = pathlib.Path(self.images, 'result')

        def run():
            try:
                body()
                result.write_text('fine')
            except Exception as error:  # the exception can't leave the process
                result.write_text(f'{type(error).__name__}: {error}')
        pid = sandbox.start(run, str(pathlib.Path(self.images, 'reaped')), own_network=self.own_network)
        os.waitpid(pid, 0)
        self.assertEqual(result.read_text() if result.exists() else 'no result', 'fine')

    @staticmethod
    def await_that(condition, otherwise):
        for _ in range(1000):
            if condition():
                return
            time.sleep(0.01)
        raise TimeoutError(otherwise)

    def dump(self, pid, *options):
        return engine('dump', '-t', str(pid), '-D', self.images, '-o', 'dump.log', '-v4', *options, stdin=subprocess.DEVNULL)

    def restore(self, *options, **keywords):
        return engine('restore', '-d', '-D', self.images, '-o', 'restore.log', '-v4', *options, stdin=subprocess.DEVNULL, **keywords)

    @staticmethod
    def start(script, **keywords):
        return subprocess.Popen([sys.executable, '-S', '-c', script], close_fds=True, **keywords)

    @staticmethod
    def named(descriptor):
        return os.readlink(f'/proc/self/fd/{descriptor}')
