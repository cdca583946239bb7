"""restore --new-pidns: a tree that was dumped without a pid namespace comes back in one of its own, as often as one likes, while the
dumped one runs on.
usage: new_pidns_test.py ENGINE    (as root; each test has its own pid namespace)"""
import os
import pathlib
import signal
import subprocess
import time
import unittest

from sandboxed import ENGINE, PARENT_AND_CHILD, Sandboxed, numbers

# A parent with a child; at SIGTERM it says which numbers it sees, and exits with 7.
FAMILY = PARENT_AND_CHILD + '''
seen = [os.getpid(), child, int(os.readlink("/proc/self")), os.path.exists(f"/proc/{child}/stat"), os.getsid(0)]
out = os.open("out", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
os.write(out, (" ".join(map(str, seen)) + "\\n").encode())
os.kill(child, signal.SIGKILL)
assert os.waitpid(child, 0) == (child, signal.SIGKILL)
os._exit(7)
'''


def wait_until(condition, what):
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end, what
        time.sleep(0.005)


def inits():
    found = []
    for name in os.listdir('/proc'):
        try:
            if name.isdigit() and pathlib.Path(f'/proc/{name}/comm').read_text() == 'crengine-init\n':
                found.append(int(name))
        except OSError:
            pass
    return found


class NewPidnsTest(Sandboxed):
    def family(self):
        family = self.start(FAMILY, cwd=self.images, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until(pathlib.Path(self.images, 'ready').exists, 'the family is not there')
        return family

    def restored(self, number, *options):
        pidfile = pathlib.Path(self.images, f'pid-{number}')
        restored = self.restore('--new-pidns', '--pidfile', str(pidfile), *options)
        assert restored.returncode == 0, restored
        return int(pidfile.read_text())

    def test_copies(self):
        def body():
            family = self.family()
            dumped = self.dump(family.pid, '--leave-running')
            assert dumped.returncode == 0, dumped
            refused = self.restore()
            assert refused.returncode == 1 and 'that pid is taken' in refused.stderr, refused
            copies = [self.restored(number) for number in range(3)]
            assert len({family.pid, *copies}) == 4, (family.pid, copies)
            for pid in copies:
                assert numbers(pid) == [str(pid), str(family.pid)], numbers(pid)
                assert os.readlink(f'/proc/{pid}/ns/pid') not in [os.readlink(f'/proc/{p}/ns/pid') for p in copies if p != pid]
            assert len(inits()) == 3, inits()
            out = pathlib.Path(self.images, 'out')
            for count, pid in enumerate([family.pid, *copies], start=1):
                os.kill(pid, signal.SIGTERM)
                wait_until(lambda count=count: out.exists() and out.read_text().count('\n') == count, f'{pid} says nothing')
            assert family.wait() == 7
            lines = out.read_text().splitlines()
            assert set(lines) == {lines[0]} and lines[0].startswith(f'{family.pid} ') and ' True ' in lines[0], lines
            wait_until(lambda: not inits(), 'an init has outlived its tree')
        self.in_sandbox(body)

    def test_status(self):
        """Not detached, the restore ends with the status of the root; what the root leaves behind lives on."""
        def body():
            family = self.family()
            assert self.dump(family.pid).returncode == 0
            family.wait()
            pidfile = pathlib.Path(self.images, 'pid')
            restoring = subprocess.Popen([ENGINE, 'restore', '-D', self.images, '-o', 'restore.log', '-v4', '--new-pidns',
                                          '--pidfile', str(pidfile)], stdin=subprocess.DEVNULL)
            wait_until(lambda: pidfile.exists() and pidfile.read_text().strip(), 'there is no pidfile')
            root = int(pidfile.read_text())
            wait_until(lambda: pathlib.Path(f'/proc/{root}/stat').read_text().split()[2] == 'S', 'it does not sleep')
            os.kill(root, signal.SIGTERM)
            assert restoring.wait(60) == 7, restoring.returncode
            wait_until(lambda: not inits(), 'an init has outlived its tree')
            root = self.restored(1)
            os.kill(root, signal.SIGKILL)  # its child has the init for a parent now
            wait_until(lambda: not os.path.exists(f'/proc/{root}'), 'nobody has reaped the root')
            (init,) = inits()
            (child,) = pathlib.Path(f'/proc/{init}/task/{init}/children').read_text().split()
            assert numbers(child)[-1] != '1'
            os.kill(int(child), signal.SIGKILL)
            wait_until(lambda: not inits(), 'an init has outlived its tree')
        self.in_sandbox(body)

    def test_pipes_of_the_caller(self):
        """The init holds nothing of the caller: who waits for the end of our output must see it."""
        def body():
            family = self.family()
            assert self.dump(family.pid).returncode == 0
            family.wait()
            reader, writer = os.pipe()
            pidfile = pathlib.Path(self.images, 'pid')
            restored = self.restore('--new-pidns', '--pidfile', str(pidfile), stdout=writer, pass_fds=[writer])
            os.close(writer)
            assert restored.returncode == 0, restored
            assert os.read(reader, 1) == b''
            os.kill(int(pidfile.read_text()), signal.SIGTERM)
            wait_until(lambda: not inits(), 'an init has outlived its tree')
        self.in_sandbox(body)


if __name__ == '__main__':
    unittest.main()
