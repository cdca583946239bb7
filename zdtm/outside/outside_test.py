"""Pipes and files whose other side is outside of the tree: the test itself is the outside.
usage: outside_test.py ENGINE    (as root; each test has its own pid namespace)"""
import fcntl
import os
import pathlib
import select
import signal
import subprocess
import sys
import time
import unittest

from sandboxed import Sandboxed, line_of

# Answers every line, and says whether its input is still non-blocking.
ECHO = '''
import fcntl, os, select, sys
os.setsid()
fcntl.fcntl(0, fcntl.F_SETFL, os.O_NONBLOCK)
os.write(1, b"ready\\n")
while True:
    select.select([0], [], [])
    got = os.read(0, 100)
    if not got:
        break
    nonblock = fcntl.fcntl(0, fcntl.F_GETFL) & os.O_NONBLOCK != 0
    os.write(1, b"got %s %d %d\\n" % (got.strip(), nonblock, os.fstat(1).st_ino == os.fstat(2).st_ino))
'''


class OutsideTest(Sandboxed):
    def test_pipes(self):
        def body():
            inner_in, outer_in = os.pipe()
            outer_out, inner_out = os.pipe()
            names = [self.named(inner_in), self.named(inner_out)]
            echo = self.start(ECHO, stdin=inner_in, stdout=inner_out, stderr=inner_out)
            assert line_of(outer_out) == 'ready\n'
            os.close(inner_in), os.close(inner_out)
            refused = self.dump(echo.pid)
            assert refused.returncode == 1 and f'--external {names[0]}' in refused.stderr, refused
            os.write(outer_in, b'one')
            assert line_of(outer_out) == 'got one 1 1\n'
            os.kill(echo.pid, 19)
            os.write(outer_in, b'waits')  # so it does when the dump comes
            dumped = self.dump(echo.pid, '--external', names[0], '--external', names[1])
            assert dumped.returncode == 0, dumped
            echo.wait()
            refused = self.restore('--inherit-fd', f'fd[0]:{names[0]}', '--inherit-fd', f'fd[0]:{names[1]}')
            assert refused.returncode == 1 and 'or no pipe' in refused.stderr, refused
            new_in, new_outer_in = os.pipe()
            new_outer_out, new_out = os.pipe()
            refused = self.restore('--inherit-fd', f'fd[{new_in}]:{names[0]}', pass_fds=[new_in])
            assert refused.returncode == 1 and f'--inherit-fd fd[N]:{names[1]}' in refused.stderr, refused
            restored = self.restore('--inherit-fd', f'fd[{new_in}]:{names[0]}', '--inherit-fd', f'fd[{new_out}]:{names[1]}',
                                    pass_fds=[new_in, new_out])
            assert restored.returncode == 0, restored
            os.kill(echo.pid, 18)
            assert (got := line_of(new_outer_out)) == 'got waits 1 1\n', got
            assert fcntl.fcntl(new_in, fcntl.F_GETFL) & os.O_NONBLOCK == 0
            os.close(new_in), os.close(new_out)
            os.write(new_outer_in, b'two')
            assert (got := line_of(new_outer_out)) == 'got two 1 1\n', got
            # Once more, and this time the pipes stay: what waits in them is not doubled.
            names = [self.named(new_outer_in), self.named(new_outer_out)]
            os.kill(echo.pid, 19)
            os.write(new_outer_in, b'three')
            dumped = self.dump(echo.pid, '--external', 'pipe')
            assert dumped.returncode == 0, dumped
            restored = self.restore('--inherit-fd', f'fd[{new_outer_in}]:{names[0]}', '--inherit-fd', f'fd[{new_outer_out}]:{names[1]}',
                                    pass_fds=[new_outer_in, new_outer_out])
            assert restored.returncode == 0, restored
            os.kill(echo.pid, 18)
            assert (got := line_of(new_outer_out)) == 'got three 1 1\n', got
            os.close(new_outer_in)
            os.close(outer_in)
            assert line_of(new_outer_out) == ''  # it has seen the end of its input and has ended
        self.in_sandbox(body)

    def test_files(self):
        def body():
            log, given = pathlib.Path(self.images, 'log'), pathlib.Path(self.images, 'given')
            inner_in, outer_in = os.pipe()
            with open(log, 'wb', buffering=0) as file:
                echo = self.start(ECHO, stdin=inner_in, stdout=file, stderr=file)
            os.close(inner_in)
            os.set_blocking(outer_in, True)
            while log.read_text() != 'ready\n':
                select.select([], [], [], 0.01)
            fdinfo = dict(line.split(':', 1) for line in pathlib.Path(f'/proc/{echo.pid}/fdinfo/1').read_text().splitlines() if ':' in line)
            name = f'file[{int(fdinfo["mnt_id"]):x}:{log.stat().st_ino:x}]'
            dumped = self.dump(echo.pid, '--external', 'pipe', '--external', name)
            assert dumped.returncode == 0, dumped
            echo.wait()
            pipe = ('--inherit-fd', f'fd[{outer_in}]:{self.named(outer_in)}')
            log.unlink()  # nobody looks for it
            refused = self.restore(*pipe, pass_fds=[outer_in])
            assert refused.returncode == 1 and f'--inherit-fd fd[N]:{name}' in refused.stderr, refused
            for resource in (name, str(log), str(log)[1:]):
                with open(given, 'wb', buffering=0) as file:
                    file.write(b'mine\n')
                    restored = self.restore(*pipe, '--inherit-fd', f'fd[{file.fileno()}]:{resource}', pass_fds=[outer_in, file.fileno()])
                    assert restored.returncode == 0, restored
                os.write(outer_in, b'here')
                for _ in range(1000):
                    if given.read_text() == 'mine\ngot here 1 1\n':
                        break
                    select.select([], [], [], 0.01)
                assert given.read_text() == 'mine\ngot here 1 1\n', (resource, given.read_text())
                os.kill(echo.pid, 9)
                while os.path.exists(f'/proc/{echo.pid}'):
                    select.select([], [], [], 0.01)
        self.in_sandbox(body)


class DamageTest(Sandboxed):
    """A set in which any one byte is wrong is refused before a process is created."""

    def test_flipped_bytes(self):
        def body():
            sleeper = self.start('import os, time; os.setsid(); held = os.urandom(70 << 20); os.write(1, b"ready\\n"); time.sleep(1000)',
                                 stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
            assert line_of(sleeper.stdout.fileno()) == 'ready\n'
            dumped = self.dump(sleeper.pid, '--external', 'pipe')
            assert dumped.returncode == 0, dumped
            sleeper.wait()
            marker = pathlib.Path(self.images, 'restoring')  # made by the last thing that happens before the first fork
            given = ('--inherit-fd', f'fd[{sleeper.stdout.fileno()}]:{self.named(sleeper.stdout.fileno())}',
                     '--action-script', f'[ $CRTOOLS_SCRIPT_ACTION != pre-restore ] || : >{marker}')
            images = sorted(p for p in pathlib.Path(self.images).glob('*.img') if p.stat().st_size)
            assert any(p.name.startswith('pages-') and p.stat().st_size > 70 << 20 for p in images), images
            for image in [*images, pathlib.Path(self.images, 'crengine.manifest')]:
                whole = image.read_bytes()
                for at in {0, len(whole) // 2, len(whole) - 1}:
                    image.write_bytes(whole[:at] + bytes([whole[at] ^ 0x10]) + whole[at + 1:])
                    refused = self.restore(*given, pass_fds=[sleeper.stdout.fileno()])
                    assert refused.returncode == 1 and image.name in refused.stderr, (image, at, refused)
                    assert not marker.exists(), (image, at)
                image.write_bytes(whole)
            restored = self.restore(*given, pass_fds=[sleeper.stdout.fileno()])
            assert restored.returncode == 0 and marker.exists(), restored
            sleeper.stdout.close()
        self.in_sandbox(body)

    def test_damage_without_manifest(self):
        """Sets of others have no checksums; wrong magic, truncated records and what is said of things that aren't there is found all the same."""
        def body():
            sleeper = self.start('import os, time; os.setsid(); os.write(1, b"ready\\n"); time.sleep(1000)',
                                 stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
            assert line_of(sleeper.stdout.fileno()) == 'ready\n'
            assert self.dump(sleeper.pid, '--external', 'pipe').returncode == 0
            sleeper.wait()
            pathlib.Path(self.images, 'crengine.manifest').unlink()
            marker = pathlib.Path(self.images, 'restoring')
            given = ('--inherit-fd', f'fd[{sleeper.stdout.fileno()}]:{self.named(sleeper.stdout.fileno())}',
                     '--action-script', f'[ $CRTOOLS_SCRIPT_ACTION != pre-restore ] || : >{marker}')
            needed = [p for p in sorted(pathlib.Path(self.images).glob('*.img')) if p.stat().st_size
                      and not p.name.startswith(('stats-', 'timens-'))]  # not read here
            for image in needed:
                whole = image.read_bytes()
                damaged = [whole[:-1], whole[:len(whole) // 2]]  # pages of another length too
                if not image.name.startswith('pages-'):
                    damaged += [whole[:3], bytes([whole[0] ^ 1]) + whole[1:]]
                for number, bad in enumerate(damaged):
                    image.write_bytes(bad)
                    refused = self.restore(*given, pass_fds=[sleeper.stdout.fileno()])
                    assert refused.returncode == 1 and image.name in refused.stderr, (image, number, refused)
                    assert not marker.exists(), (image, number)
                image.write_bytes(whole)
            restored = self.restore(*given, pass_fds=[sleeper.stdout.fileno()])
            assert restored.returncode == 0 and marker.exists(), restored
            sleeper.stdout.close()
        self.in_sandbox(body)


# 32 MiB that four children share copy-on-write. Whoever gets SIGUSR1 says what is in them.
WORKERS = '''
import hashlib, mmap, os, signal, sys
os.setsid()
memory = mmap.mmap(-1, 32 << 20, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
for at in range(0, len(memory), 1 << 20):
    memory[at:at + (1 << 20)] = os.urandom(1 << 20)
def tell(*_):
    with open(f"{sys.argv[1]}.{os.getpid()}.part", "w") as out:
        out.write(hashlib.sha256(memory).hexdigest())
    os.rename(out.name, out.name[:-5])
signal.signal(signal.SIGUSR1, tell)
for i in range(4):
    if os.fork() == 0:
        memory[i << 20] ^= 1
        break
else:
    os.write(1, b"ready")
os.closerange(0, 3)
while True:
    signal.pause()
'''


class StoredOnceTest(Sandboxed):
    def test_workers(self):
        def told(pids):
            answers = {}
            for pid in pids:
                answer = pathlib.Path(self.work.name, f'sum.{pid}')
                os.kill(pid, signal.SIGUSR1)
                self.await_that(answer.exists, f'{pid} says nothing')
                answers[pid] = answer.read_text()
                answer.unlink()
            return answers

        def body():
            out, inner = os.pipe()
            self.images = os.path.join(self.work.name, 'set')
            os.mkdir(self.images)
            script = subprocess.Popen([sys.executable, '-S', '-c', WORKERS, os.path.join(self.work.name, 'sum')], stdin=subprocess.DEVNULL,
                                      stdout=inner, stderr=subprocess.DEVNULL)
            assert line_of(out) == 'ready'
            with open(f'/proc/{script.pid}/task/{script.pid}/children') as children:
                pids = [script.pid, *map(int, children.read().split())]
            before = told(pids)
            assert len(set(before.values())) == 5, before
            dumped = self.dump(script.pid, '--store-once')
            assert dumped.returncode == 0, dumped
            script.wait()
            size = sum(path.stat().st_size for path in pathlib.Path(self.images).glob('pages-*.img'))
            assert 32 << 20 < size < 48 << 20, size
            # The pages of one who has no parent can't be left to it.
            first, other = (pathlib.Path(self.images, f'pagemap-{pid}.img') for pid in pids[:2])
            kept, manifest = first.read_bytes(), pathlib.Path(self.images, 'crengine.manifest')
            kept_manifest = manifest.read_bytes()
            manifest.unlink()
            first.write_bytes(other.read_bytes())
            refused = self.restore()
            assert refused.returncode == 1 and 'leave them to a parent that has no such mapping' in refused.stderr, refused
            first.write_bytes(kept)
            manifest.write_bytes(kept_manifest)
            restored = self.restore()
            assert restored.returncode == 0, restored
            assert told(pids) == before
        self.in_sandbox(body)


class StoppedTest(Sandboxed):
    """--leave-stopped of dump and of restore."""

    def test_leave_stopped(self):
        def state(pid):
            return pathlib.Path(f'/proc/{pid}/stat').read_text().rsplit(')', 1)[1].split()[0]

        def body():
            sleeper = self.start('import os, time; os.setsid(); open("ready", "w"); time.sleep(1000)', cwd=self.images,
                                 stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            while not pathlib.Path(self.images, 'ready').exists() or state(sleeper.pid) != 'S':
                time.sleep(0.01)
            for option, wanted in (('--leave-stopped', 'T'), ('--leave-running', 'S')):
                dumped = self.dump(sleeper.pid, option)
                assert dumped.returncode == 0 and state(sleeper.pid) == wanted, (option, state(sleeper.pid), dumped)
                os.kill(sleeper.pid, signal.SIGCONT)
                while state(sleeper.pid) != 'S':
                    time.sleep(0.01)
            os.kill(sleeper.pid, signal.SIGKILL)
            sleeper.wait()
            restored = self.restore('--leave-stopped')
            assert restored.returncode == 0 and state(sleeper.pid) == 'T', (state(sleeper.pid), restored)
            os.kill(sleeper.pid, signal.SIGCONT)
            end = time.monotonic() + 5
            while state(sleeper.pid) != 'S' and time.monotonic() < end:
                time.sleep(0.01)
            assert state(sleeper.pid) == 'S', state(sleeper.pid)
        self.in_sandbox(body)


if __name__ == '__main__':
    unittest.main()
