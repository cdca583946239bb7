"""--action-script: which points a dump and a restore pass, in which order and with what environment; what a script that fails leaves.
usage: scripts_test.py ENGINE    (as root; each test has its own pid namespace)"""
import os
import pathlib
import signal
import subprocess
import unittest

from sandboxed import Sandboxed

DUMP = ['pre-dump', 'network-lock', 'post-dump']
RESTORE = ['pre-restore', 'setup-namespaces', 'post-setup-namespaces', 'post-restore', 'network-unlock', 'pre-resume', 'post-resume']
SLEEPER = 'import os, signal; open("ready", "w").close(); signal.pause()'


def state(pid):
    try:
        return pathlib.Path(f'/proc/{pid}/stat').read_text().rsplit(')', 1)[1].split()[0]
    except OSError:
        return 'gone'


class ScriptsTest(Sandboxed):
    def setUp(self):
        super().setUp()
        self.said = pathlib.Path(self.images, 'said')

    def sleeper(self):
        sleeper = self.start(SLEEPER, cwd=self.images, start_new_session=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                             stderr=subprocess.DEVNULL)
        self.await_that(pathlib.Path(self.images, 'ready').exists, 'nothing sleeps')
        self.await_that(lambda: state(sleeper.pid) == 'S', 'it does not sleep')
        return sleeper

    def script(self, fail_at=''):
        """Says where it is called, with which pid, and in which state that is then."""
        self.said.unlink(missing_ok=True)
        return ('--action-script',
                f'pid=$CRTOOLS_INIT_PID; [ -z "$pid" ] || state=$(cut -d" " -f3 /proc/$pid/stat);'
                f'[ "$CRTOOLS_IMAGE_DIR" = {self.images} ] || exit 9;'
                f'echo "$CRTOOLS_SCRIPT_ACTION ${{pid:-none}} ${{state:-none}}" >> {self.said}; [ "$CRTOOLS_SCRIPT_ACTION" != "{fail_at}" ]')

    def points(self):
        return [line.split()[0] for line in self.said.read_text().splitlines()]

    def of_point(self, point):
        return next(line.split()[1:] for line in self.said.read_text().splitlines() if line.startswith(point + ' '))

    def test_order(self):
        def body():
            sleeper = self.sleeper()
            dumped = self.dump(sleeper.pid, *self.script())
            assert dumped.returncode == 0 and self.points() == DUMP, (dumped, self.points())
            assert self.of_point('post-dump')[0] == str(sleeper.pid), self.said.read_text()
            sleeper.wait()
            restored = self.restore(*self.script())
            assert restored.returncode == 0 and self.points() == RESTORE, (restored, self.points())
            assert self.of_point('pre-restore') == ['none', 'none'], self.said.read_text()
            assert self.of_point('post-restore')[0] == str(sleeper.pid) and self.of_point('pre-resume')[1] in 'tT', self.said.read_text()
            assert self.of_point('post-resume')[1] in 'SR', self.said.read_text()
        self.in_sandbox(body)

    def test_tree_that_goes_on(self):
        """Whoever has locked the network is told to let it go."""
        def body():
            sleeper = self.sleeper()
            for options in (['--leave-running'], ['--leave-running', '--snapshot'], ['--leave-stopped']):
                dumped = self.dump(sleeper.pid, *options, *self.script())
                assert dumped.returncode == 0 and sorted(self.points()) == sorted([*DUMP, 'network-unlock']), (dumped, self.points())
                assert self.points()[:2] == DUMP[:2], self.points()
                os.kill(sleeper.pid, signal.SIGCONT)
                self.await_that(lambda: state(sleeper.pid) == 'S', 'it does not go on')
        self.in_sandbox(body)

    def test_failures_of_a_dump(self):
        def body():
            sleeper = self.sleeper()
            for point in DUMP:
                failed = self.dump(sleeper.pid, *self.script(fail_at=point))
                wanted = DUMP[:DUMP.index(point) + 1] + (['network-unlock'] if point != 'pre-dump' else [])
                assert failed.returncode == 1 and self.points() == wanted, (failed, self.points())
                assert state(sleeper.pid) == 'S', state(sleeper.pid)
            assert self.dump(sleeper.pid, *self.script(fail_at='network-unlock'), '--leave-running').returncode == 1
            assert state(sleeper.pid) == 'S', state(sleeper.pid)
        self.in_sandbox(body)

    def test_failures_of_a_restore(self):
        def body():
            sleeper = self.sleeper()
            assert self.dump(sleeper.pid).returncode == 0
            sleeper.wait()
            for point in RESTORE[:-1]:
                failed = self.restore(*self.script(fail_at=point))
                assert failed.returncode == 1 and self.points() == RESTORE[:RESTORE.index(point) + 1], (failed, self.points())
                assert 'exited with 1' in failed.stderr and state(sleeper.pid) == 'gone', (failed, state(sleeper.pid))
            restored = self.restore()
            assert restored.returncode == 0, restored
        self.in_sandbox(body)


if __name__ == '__main__':
    unittest.main()
