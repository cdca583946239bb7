"""A tree in a user namespace of its own that holds what only the outside can have given it: refused by name, and it runs on.
usage: user_namespace_test.py ENGINE    (as root; each test has its own pid and network namespace)"""
import os
import pathlib
import subprocess
import unittest

from sandboxed import ENGINE, Sandboxed

CONTAINER = pathlib.Path(ENGINE).parent / 'zdtm/container'
QUIET = {'stdin': subprocess.DEVNULL, 'stdout': subprocess.DEVNULL, 'stderr': subprocess.DEVNULL}
OUTSIDE_ROOT = 100000  # who root in there is outside


class UserNamespaceTest(Sandboxed):
    own_network = True

    def tree(self, kinds, wrapper=()):
        """The init of a tree in namespaces of its own, the first of which is a user namespace."""
        shown = pathlib.Path(self.images, 'shown')
        shown.mkdir(mode=0o777)
        os.chmod(shown, 0o777)
        os.chmod(self.images, 0o755)
        ready, pidfile = shown / 'ready', pathlib.Path(self.images, 'init')
        words = [*wrapper, str(CONTAINER), f'user,{kinds}', str(pidfile), '/bin/sh', '-c', f': >{ready}; exec sleep 1000']
        subprocess.Popen(words, start_new_session=True, **QUIET)
        self.await_that(ready.exists, 'nothing lives in there')
        return int(pidfile.read_text())

    def refused(self, pid, *words):
        done = self.dump(pid)
        assert done.returncode == 1 and all(word in done.stderr for word in words), done
        assert pathlib.Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()[0] == 'S'
        assert not pathlib.Path(self.images, 'inventory.img').exists()

    def test_content(self):
        """A tmpfs that the outside has mounted in there."""
        def body():
            init = self.tree('pid,uts,ipc,net,cgroup,mnt')
            from_outside = ('nsenter', '--mount', '-t', str(init))
            subprocess.run([*from_outside, 'mount', '-t', 'tmpfs', 'lent', '/mnt'], check=True)
            inside = pathlib.Path(f'/proc/{init}/root/mnt')
            os.chown(inside, OUTSIDE_ROOT, OUTSIDE_ROOT)
            for name, make, why in (('null', ('mknod', '/mnt/null', 'c', '1', '3'), "it is a device, which nobody in the tree's user namespace may make"),
                                    ('file', ('touch', '/mnt/file'), "its owner 7:7 is not in the id maps of the tree's user namespace")):
                subprocess.run([*from_outside, *make], check=True)
                os.chown(inside / name, *((7, 7) if name == 'file' else (OUTSIDE_ROOT, OUTSIDE_ROOT)))
                self.refused(init, f'/{name} of', why)
                os.unlink(inside / name)
        self.in_sandbox(body)

    def test_namespace(self):
        def body():
            init = self.tree('pid,uts,net,cgroup,mnt', ('unshare', '--ipc'))
            self.refused(init, f'ipc namespace of pid {init}', 'it belongs to another user namespace than')
        self.in_sandbox(body)


if __name__ == '__main__':
    unittest.main()
