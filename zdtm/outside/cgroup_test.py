"""Control groups as the modes of --manage-cgroups treat them, between a dump and its restore.
usage: cgroup_test.py ENGINE    (as root; needs the controllers pids and freezer of version 1)"""
import os
import pathlib
import subprocess
import tempfile
import time
import unittest

from sandboxed import Sandboxed, line_of

PIDS, FREEZER, MEMORY = (pathlib.Path('/sys/fs/cgroup', name) for name in ('pids', 'freezer', 'memory'))
BOTH = ('--cgroup-dump-controller', 'pids', '--cgroup-dump-controller', 'freezer')
SLEEPER = 'import os, time; os.setsid(); os.write(1, b"ready\\n"); os.dup2(0, 1); time.sleep(1000)'


@unittest.skipUnless(PIDS.is_dir() and FREEZER.is_dir(), 'no pids and freezer of version 1 here')
class CgroupTest(Sandboxed):
    def setUp(self):
        super().setUp()
        self.pids = pathlib.Path(tempfile.mkdtemp(prefix='crengine-', dir=PIDS))
        self.freezer = FREEZER / self.pids.name
        self.freezer.mkdir()
        self.other = PIDS / (self.pids.name + '-other')
        for group in self.pids, self.freezer, self.other:
            self.addCleanup(self.remove, group)

    @staticmethod
    def remove(group):
        """Whoever is in it was killed with its pid namespace, and may still be leaving."""
        for _ in range(500):
            try:
                os.rmdir(group)
                return
            except FileNotFoundError:
                return
            except OSError:
                time.sleep(0.01)
        raise AssertionError(f'{group} can not be removed')

    def sleeper(self, limit=77):
        """A process in both groups."""
        (self.pids / 'pids.max').write_text(str(limit))
        process = self.start(SLEEPER, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        assert line_of(process.stdout.fileno()) == 'ready\n'
        for group in self.pids, self.freezer:
            (group / 'cgroup.procs').write_text(str(process.pid))
        return process

    def dumped(self, *options):
        process = self.sleeper()
        done = self.dump(process.pid, *options)
        assert done.returncode == 0, done
        process.wait()
        process.stdout.close()
        return process.pid

    def limit(self):
        return (self.pids / 'pids.max').read_text().strip()

    def restored(self, *options):
        done = self.restore(*options)
        assert done.returncode == 0, done

    def refused(self, *options, words=()):
        done = self.restore(*options)
        assert done.returncode == 1 and all(word in done.stderr for word in words), done

    @staticmethod
    def group_of(pid, controller='pids'):
        for line in pathlib.Path(f'/proc/{pid}/cgroup').read_text().splitlines():
            if line.split(':')[1] == controller:
                return line.split(':')[2]
        return None

    def end(self, pid):
        os.kill(pid, 9)
        while os.path.exists(f'/proc/{pid}'):
            time.sleep(0.005)

    def test_soft_and_full(self):
        """soft makes what is not there and leaves what is; full sets it too."""
        def body():
            pid = self.dumped('--manage-cgroups=soft')
            self.remove(self.pids)
            self.restored('--manage-cgroups=soft')
            assert (self.limit(), self.group_of(pid)) == ('77', f'/{self.pids.name}'), (self.limit(), self.group_of(pid))
            self.end(pid)
            (self.pids / 'pids.max').write_text('55')
            self.restored('--manage-cgroups=soft')
            assert (self.limit(), self.group_of(pid)) == ('55', f'/{self.pids.name}'), self.limit()
            self.end(pid)
            self.restored('--manage-cgroups=full')
            assert (self.limit(), self.group_of(pid)) == ('77', f'/{self.pids.name}'), self.limit()
        self.in_sandbox(body)

    def test_none_and_props(self):
        """Both want the groups to be there; props sets them, none does not."""
        def body():
            pid = self.dumped('--manage-cgroups=soft')
            self.remove(self.pids)
            for mode in 'none', 'props':
                self.refused(f'--manage-cgroups={mode}', words=(self.pids.name, '--manage-cgroups=soft'))
            assert not self.pids.exists()
            self.pids.mkdir()
            self.restored('--manage-cgroups=none')
            assert (self.limit(), self.group_of(pid)) == ('max', f'/{self.pids.name}'), self.limit()
            self.end(pid)
            self.restored('--manage-cgroups=props')
            assert (self.limit(), self.group_of(pid)) == ('77', f'/{self.pids.name}'), self.limit()
        self.in_sandbox(body)

    def test_strict(self):
        """strict wants none of the groups to be there, and leaves nothing behind when it refuses."""
        def body():
            pid = self.dumped('--manage-cgroups=strict', *BOTH)
            self.remove(self.pids)
            self.refused('--manage-cgroups=strict', words=(self.freezer.name, 'strict'))
            assert not self.pids.exists()
            self.remove(self.freezer)
            self.restored('--manage-cgroups=strict')
            assert (self.limit(), self.group_of(pid)) == ('77', f'/{self.pids.name}'), self.limit()
        self.in_sandbox(body)

    def test_ignore(self):
        """Without the option the tree comes back in the groups of the restore itself."""
        def body():
            pid = self.dumped()
            self.restored()
            assert self.group_of(pid) == self.group_of('self'), self.group_of(pid)
        self.in_sandbox(body)

    def test_other_root(self):
        """--cgroup-root moves the tree, for one controller."""
        def body():
            pid = self.dumped('--manage-cgroups=soft')
            self.restored('--manage-cgroups=soft', '--cgroup-root', f'pids:/{self.other.name}')
            assert self.group_of(pid) == f'/{self.other.name}', self.group_of(pid)
            assert self.group_of(pid, 'freezer') == f'/{self.freezer.name}', self.group_of(pid, 'freezer')
        self.in_sandbox(body)

    def test_only_one_controller(self):
        """--cgroup-dump-controller leaves the others out."""
        def body():
            pid = self.dumped('--manage-cgroups=soft', '--cgroup-dump-controller', 'pids')
            self.remove(self.freezer)
            self.restored('--manage-cgroups=soft')
            assert self.group_of(pid) == f'/{self.pids.name}' and not self.freezer.exists()
        self.in_sandbox(body)

    def test_properties_by_choice(self):
        """--cgroup-props says which settings are carried."""
        def body():
            self.dumped('--manage-cgroups=soft', '--cgroup-props', '"pids":\n  - "strategy": "replace"\n  - "properties": []')
            self.remove(self.pids)
            self.restored('--manage-cgroups=soft')
            assert self.limit() == 'max', self.limit()
        self.in_sandbox(body)

    @unittest.skipUnless((MEMORY / 'memory.limit_in_bytes').exists(), 'no controller memory of version 1 here')
    def test_properties_by_file(self):
        """Of a controller that --cgroup-props-file lists, only what it names is carried; others are carried whole."""
        memory = MEMORY / self.pids.name
        self.addCleanup(self.remove, memory)
        wanted = pathlib.Path(self.images, 'props.yaml')
        wanted.write_text('"memory":\n  - "strategy": "replace"\n  - "properties": ["memory.swappiness"]\n')

        def settings():
            return tuple((memory / name).read_text().strip() for name in ('memory.swappiness', 'memory.limit_in_bytes'))

        def body():
            memory.mkdir()
            untouched = settings()
            process = self.sleeper()
            (memory / 'memory.swappiness').write_text('33')
            (memory / 'memory.limit_in_bytes').write_text(str(1 << 30))
            (memory / 'cgroup.procs').write_text(str(process.pid))
            for options, limit in ((), str(1 << 30)), (('--cgroup-props-file', str(wanted)), untouched[1]):
                done = self.dump(process.pid, '--manage-cgroups=soft', *options)
                assert done.returncode == 0, done
                process.poll()
                self.remove(memory)
                self.remove(self.pids)
                self.restored('--manage-cgroups=soft')
                assert settings() == ('33', limit) and self.limit() == '77', (options, settings(), self.limit())
        self.in_sandbox(body)

    def test_properties_file_wrong(self):
        """A file that is not there or can't be read is said by name, and the program runs on."""
        def body():
            process = self.sleeper()
            nowhere = pathlib.Path(self.images, 'nowhere.yaml')
            done = self.dump(process.pid, '--manage-cgroups=soft', '--cgroup-props-file', str(nowhere))
            assert done.returncode == 1 and str(nowhere) in done.stderr, done
            nowhere.write_text('"pids":\n  - "strategy": "sometimes"\n')
            done = self.dump(process.pid, '--manage-cgroups=soft', '--cgroup-props-file', str(nowhere))
            assert done.returncode == 1 and 'merge or replace' in done.stderr, done
            assert process.poll() is None
        self.in_sandbox(body)

    def test_yard(self):
        """--cgroup-yard: where the hierarchies are mounted when they are nowhere else."""
        def body():
            yard = pathlib.Path(self.images, 'yard')
            for name in 'pids', 'freezer':
                (yard / name).mkdir(parents=True)
                subprocess.run(['mount', '--bind', f'/sys/fs/cgroup/{name}', str(yard / name)], check=True)
            pid = self.dumped('--manage-cgroups=soft', '--cgroup-yard', str(yard), *BOTH)
            self.remove(self.pids)
            self.restored('--manage-cgroups=soft', '--cgroup-yard', str(yard))
            assert (self.limit(), self.group_of(pid)) == ('77', f'/{self.pids.name}'), self.limit()
            subprocess.run(['umount', str(yard / 'pids'), str(yard / 'freezer')], check=True)
        self.in_sandbox(body)

    def test_frozen_group(self):
        """One that is frozen is dumped, and frozen again when its tasks live on; a restore makes running tasks of it."""
        def body():
            process = self.sleeper()
            state = self.freezer / 'freezer.state'
            state.write_text('FROZEN')
            try:
                done = self.dump(process.pid, '--leave-running', '--freeze-cgroup', str(self.freezer))
                for _ in range(1000):  # FREEZING until the last task has come to a stop
                    if state.read_text() == 'FROZEN\n':
                        break
                    time.sleep(0.005)
                assert done.returncode == 0 and state.read_text() == 'FROZEN\n', (done, state.read_text())
            except BaseException:
                state.write_text('THAWED')  # nobody can kill what is frozen
                raise
            done = self.dump(process.pid, '--freeze-cgroup', str(self.freezer))
            assert done.returncode == 0, done
            process.wait()
            process.stdout.close()
            self.restored('--manage-cgroups=soft')
            stat = pathlib.Path(f'/proc/{process.pid}/stat').read_text().split()
            assert stat[2] in 'RS' and state.read_text() == 'THAWED\n', (stat[2], state.read_text())
        self.in_sandbox(body)


HOLDER = '''
import mmap, os, time
os.setsid()
memory = mmap.mmap(-1, 40 << 20, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
for at in range(0, len(memory), 1 << 20):
    memory[at:at + (1 << 20)] = b"x" * (1 << 20)
os.write(1, b"ready\\n")
os.dup2(0, 1)
time.sleep(1000)
'''


@unittest.skipUnless((MEMORY / 'memory.limit_in_bytes').exists(), 'no controller memory of version 1 here')
class MemoryTest(Sandboxed):
    """A snapshot may cost what the program writes meanwhile: where its group has not so much left, none is made."""

    def log_of_dump(self, limit):
        group = pathlib.Path(tempfile.mkdtemp(prefix='crengine-', dir=MEMORY))
        self.addCleanup(CgroupTest.remove, group)

        def body():
            (group / 'memory.limit_in_bytes').write_text(str(limit))
            process = self.start(HOLDER, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                 preexec_fn=lambda: (group / 'cgroup.procs').write_text(str(os.getpid())))
            assert line_of(process.stdout.fileno()) == 'ready\n'
            done = self.dump(process.pid, '--leave-running')
            assert done.returncode == 0, done
            assert process.poll() is None
        self.in_sandbox(body)
        return pathlib.Path(self.images, 'dump.log').read_text()

    def test_little_left(self):
        self.assertIn('its control group may take only', self.log_of_dump(70 << 20))

    def test_enough_left(self):
        self.assertNotIn('no snapshot', self.log_of_dump(200 << 20))


if __name__ == '__main__':
    unittest.main()
