"""dump --external pid[INODE]:NAME, restore --inherit-fd fd[N]:NAME: a tree that lives in a pid namespace of others comes back in one that is
there.
usage: external_pidns_test.py ENGINE    (as root; each test has its own pid namespace)"""
import os
import pathlib
import signal
import subprocess
import unittest

from sandboxed import PARENT_AND_CHILD, Sandboxed, numbers

# The first process of a pid namespace, which only reaps; what lives beside it is put there by nsenter.
INIT = 'import signal, os; signal.signal(signal.SIGCHLD, signal.SIG_IGN); open("{}", "w").close()\nwhile True: signal.pause()'
# A parent with a child and a thread: which numbers they see.
FAMILY = PARENT_AND_CHILD + '''
seen = [os.getpid(), child, os.getsid(child), len(os.listdir("/proc/self/task")), os.getppid()]
os.kill(child, signal.SIGKILL)
assert os.waitpid(child, 0) == (child, signal.SIGKILL)
open("new", "w").write(" ".join(map(str, seen)))
os.rename("new", "out")
signal.pause()
'''
QUIET = {'stdin': subprocess.DEVNULL, 'stdout': subprocess.DEVNULL, 'stderr': subprocess.DEVNULL}


def children(pid):
    return [int(p) for p in pathlib.Path(f'/proc/{pid}/task/{pid}/children').read_text().split()]


class ExternalPidnsTest(Sandboxed):
    def space(self, name):
        """A pid namespace: the pid of its first process."""
        unshare = subprocess.Popen(['unshare', '--pid', '--fork', 'python3', '-S', '-c', INIT.format(name)], cwd=self.images, **QUIET)
        self.await_that(pathlib.Path(self.images, name).exists, f'{name} is not there')
        return children(unshare.pid)[0]

    def family(self, init):
        """nsenter waits for the program."""
        entered = subprocess.Popen(['nsenter', '--pid', '-t', str(init), 'python3', '-S', '-c', FAMILY], cwd=self.images, **QUIET)
        self.await_that(pathlib.Path(self.images, 'ready').exists, 'the family is not there')
        return entered, children(entered.pid)[0]

    def dumped(self, init, key='shared'):
        entered, root = self.family(init)
        before = numbers(root)
        inode = os.stat(f'/proc/{root}/ns/pid').st_ino
        dumped = self.dump(root, '--external', f'pid[{inode}]:{key}')
        assert dumped.returncode == 0, dumped
        entered.wait()
        return before

    def given(self, path, key='shared', *options):
        pathlib.Path(self.images, 'pid').unlink(missing_ok=True)
        with open(path, 'rb') as space:
            return self.restore('--inherit-fd', f'fd[{space.fileno()}]:{key}', '--pidfile', os.path.join(self.images, 'pid'), *options,
                                pass_fds=[space.fileno()])

    def test_there_and_elsewhere(self):
        def body():
            for times, again in enumerate(('first', 'first', 'second')):
                for name in ('ready', 'out', 'pid'):
                    pathlib.Path(self.images, name).unlink(missing_ok=True)
                init = self.space('first') if times == 0 else init  # pylint: disable=used-before-assignment
                other = init if again == 'first' else self.space(again)
                before = self.dumped(init)
                restored = self.given(f'/proc/{other}/ns/pid')
                assert restored.returncode == 0, restored
                root = int(pathlib.Path(self.images, 'pid').read_text())
                assert numbers(root)[-1] == before[-1] and len(numbers(root)) == 2, (before, numbers(root))
                assert os.stat(f'/proc/{root}/ns/pid').st_ino == os.stat(f'/proc/{other}/ns/pid').st_ino
                os.kill(root, signal.SIGTERM)
                out = pathlib.Path(self.images, 'out')
                self.await_that(out.exists, 'the tree does not go on')
                own, child, session, threads, _ = map(int, out.read_text().split())
                assert str(own) == before[-1] and session == own and child > own and threads == 2, out.read_text()
                os.kill(root, signal.SIGKILL)
        self.in_sandbox(body)

    def test_what_is_refused(self):
        def body():
            init = self.space('init')
            entered, root = self.family(init)
            refused = self.dump(root)
            assert refused.returncode == 1 and 'leave that one to the outside by --external pid[' in refused.stderr, refused
            inode = os.stat(f'/proc/{init}/ns/pid').st_ino
            refused = self.dump(init, '--external', f'pid[{inode}]:shared')
            assert refused.returncode == 1 and 'leave out --external pid[..]' in refused.stderr, refused
            dumped = self.dump(root, '--external', f'pid[{inode}]:shared')
            assert dumped.returncode == 0, dumped
            entered.wait()
            refused = self.restore()
            assert refused.returncode == 1 and 'pass it on with --inherit-fd fd[N]:shared' in refused.stderr, refused
            refused = self.given('/proc/self/ns/net')
            assert refused.returncode == 1 and 'is no pid namespace' in refused.stderr, refused
            # Somebody has the number there.
            restored = self.given(f'/proc/{init}/ns/pid')
            assert restored.returncode == 0, restored
            refused = self.given(f'/proc/{init}/ns/pid')
            assert refused.returncode == 1 and 'is taken in the pid namespace of --inherit-fd' in refused.stderr, refused
        self.in_sandbox(body)


if __name__ == '__main__':
    unittest.main()
