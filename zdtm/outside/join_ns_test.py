"""restore --join-ns KIND:FILE: the root of a tree that had namespaces of its own comes back in one that is there.
usage: join_ns_test.py ENGINE    (as root; each test has its own pid namespace)"""
import os
import pathlib
import subprocess
import time
import unittest

from sandboxed import Sandboxed

# In namespaces of its own, with a child that shares them: what they see, at every request.
TENANTS = '''
import os, signal, socket, sys, time
os.getsid(0) == os.getpid() or os.setsid()
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
if os.fork() == 0:
    signal.sigwait([signal.SIGTERM])
    open("child", "w").write(socket.gethostname())
    os._exit(0)
open("ready", "w").close()
signal.sigwait([signal.SIGTERM])
kinds = {k: os.stat("/proc/self/ns/" + k).st_ino for k in ("net", "uts", "ipc", "time")}
open("new", "w").write(repr((kinds, socket.gethostname(), time.clock_gettime(time.CLOCK_BOOTTIME))))
os.rename("new", "out")
signal.pause()
'''
HOST = 'import signal, socket; socket.sethostname("landlord"); open("host", "w").close(); signal.pause()'
OBJECT = '''
import ctypes, signal
assert ctypes.CDLL(None).semget(0, 1, 0o1600) >= 0
open("ready", "w").close()
signal.pause()
'''
QUIET = {'stdin': subprocess.DEVNULL, 'stdout': subprocess.DEVNULL, 'stderr': subprocess.DEVNULL}


class JoinNsTest(Sandboxed):
    def unshared(self, script, ready, *flags):
        started = subprocess.Popen(['unshare', *flags, 'python3', '-S', '-c', script], cwd=self.images, start_new_session=True, **QUIET)
        self.await_that(pathlib.Path(self.images, ready).exists, f'{ready} is not there')
        return started.pid

    def below(self, pid):
        """unshare --fork waits for the program."""
        return int(pathlib.Path(f'/proc/{pid}/task/{pid}/children').read_text().split()[0])

    def namespaces(self, pid):
        return {kind: os.stat(f'/proc/{pid}/ns/{kind}').st_ino for kind in ('net', 'uts', 'ipc', 'time')}

    def dumped(self, *flags, script=TENANTS):
        pid = self.unshared(script, 'ready', *flags)
        dumped = self.dump(pid)
        assert dumped.returncode == 0, dumped
        os.waitpid(pid, 0)
        return pid

    def refused(self, sentence, *options):
        restored = self.restore(*options)
        assert restored.returncode != 0 and sentence in restored.stderr, restored

    def test_all_kinds(self):
        def family():
            host = self.unshared(HOST, 'host', '--net', '--uts', '--ipc')
            later = self.below(self.unshared(HOST.replace('"host"', '"later"'), 'later', '--uts', '--time', '--boottime', '100000', '--fork'))
            there = self.namespaces(host)
            there['time'] = self.namespaces(later)['time']
            unshare = self.unshared(TENANTS, 'ready', '--net', '--uts', '--ipc', '--time', '--boottime', '5000', '--fork')
            pid = self.below(unshare)
            dumped = self.dump(pid)
            assert dumped.returncode == 0, dumped
            os.waitpid(unshare, 0)
            words = [f'{kind}:{host}' for kind in ('uts', 'ipc')] + [f'net:/proc/{host}/ns/net', f'time:/proc/{later}/ns/time']
            restored = self.restore(*(word for w in words for word in ('--join-ns', w)))
            assert restored.returncode == 0, restored
            child = self.below(pid)
            assert self.namespaces(pid) == there, (self.namespaces(pid), there)
            assert self.namespaces(child) == there, (self.namespaces(child), there)
            os.kill(pid, 15)
            os.kill(child, 15)
            out, said = pathlib.Path(self.images, 'out'), pathlib.Path(self.images, 'child')
            self.await_that(lambda: out.exists() and said.exists() and said.read_text(), 'the tree does not go on')
            kinds, name, boottime = eval(out.read_text())  # pylint: disable=eval-used
            assert (kinds, name, said.read_text()) == (there, 'landlord', 'landlord'), (kinds, name)
            assert abs(boottime - time.clock_gettime(time.CLOCK_BOOTTIME) - 100000) < 100, boottime
        self.in_sandbox(family)

    def test_what_is_refused(self):
        def body():
            self.dumped('--uts')
            self.refused('the tree has no ipc namespace of its own: leave out --join-ns ipc', '--join-ns', 'ipc:1')
            self.refused('that file is no uts namespace', '--join-ns', 'uts:/proc/self/ns/ipc')
            self.refused('name a process, or a file', '--join-ns', 'uts:/nowhere')
            self.refused('a pid namespace can\'t be joined: run the engine in it', '--join-ns', 'pid:1')
            self.refused('a user namespace can\'t be joined: run the engine in it', '--join-ns', 'user:1,0,0')
            self.refused('a mount namespace can\'t be joined: run the engine in it', '--join-ns', 'mnt:1')
            self.refused('say by --cgroup-root', '--join-ns', 'cgroup:1')
        self.in_sandbox(body)

    def test_objects_of_ipc(self):
        def body():
            self.dumped('--ipc', script=OBJECT)
            self.refused('has 1 semaphore sets, which are not made in one that others live in', '--join-ns', 'ipc:1')
        self.in_sandbox(body)

    def test_user_namespace(self):
        def body():
            unshare = self.unshared(TENANTS, 'ready', '--user', '--map-root-user', '--uts', '--pid', '--fork')
            dumped = self.dump(self.below(unshare))
            assert dumped.returncode == 0, dumped
            os.waitpid(unshare, 0)
            self.refused('the tree has a user namespace of its own', '--join-ns', 'uts:1')
        self.in_sandbox(body)


if __name__ == '__main__':
    unittest.main()
