"""The engine where little is as usual: it works, or says in one sentence what is missing, removes what it wrote, and the program lives on.
usage: circumstances_test.py ENGINE    (as root; each test has its own pid namespace)"""
import contextlib
import ctypes
import os
import pathlib
import resource
import signal
import subprocess
import time
import unittest

from sandboxed import ENGINE, Sandboxed

# Counts the signals it gets in a file, which shows that it lives.
COUNTER = '''
import os, signal, sys
os.setsid()
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
held = os.urandom(4 << 20)
count = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT)
number = 0
while True:
    os.pwrite(count, b'%d' % number, 0)
    signal.sigwait([signal.SIGUSR1])
    number += 1
'''


class CircumstancesTest(Sandboxed):
    def counter(self, before=None):
        """A program that counts, and a function that asserts that it still does."""
        count = pathlib.Path(self.work.name, 'count')
        with open(os.devnull, 'r+b') as null:
            program = subprocess.Popen(['python3', '-S', '-c', COUNTER, count], close_fds=True, preexec_fn=before,
                                       stdin=null, stdout=null, stderr=null)
        number = 0

        def counts():
            nonlocal number
            self.await_that(lambda: count.exists() and count.read_text() == str(number), f'it is not at {number}')
            number += 1
            os.kill(program.pid, signal.SIGUSR1)
            self.await_that(lambda: count.read_text() == str(number), f'it does not go on from {number}')
        counts()
        return program, counts

    def engine(self, *words, before=None, **keywords):
        keywords = {'stdin': subprocess.DEVNULL, 'stdout': subprocess.DEVNULL, 'stderr': subprocess.PIPE, **keywords}
        return subprocess.run([ENGINE, *words], preexec_fn=before, text=True, check=False, timeout=60, **keywords)

    def carried(self, before, images=None, options=(), program_before=None, **keywords):
        """Dump and restore both work."""
        def body():
            directory = images or pathlib.Path(self.work.name, 'images')
            os.mkdir(directory)
            program, counts = self.counter(program_before)
            for words in (['dump', '-t', str(program.pid)], ['restore', '-d']):
                done = self.engine(*words, '-D', str(directory), *options, before=before, **keywords)
                assert done.returncode == 0, done
                program.poll()
            counts()
        self.in_sandbox(body)

    def refused(self, before, said, images=None):
        """The dump does not work, says why, and is as if it had not been."""
        def body():
            directory = images or pathlib.Path(self.work.name, 'images')
            directory.mkdir(exist_ok=True)
            program, counts = self.counter()
            done = self.engine('dump', '-t', str(program.pid), '-D', str(directory), before=before)
            assert done.returncode == 1, done
            lines = done.stderr.splitlines()
            assert said is None or len(lines) == 1 and all(word in lines[0] for word in said), done
            assert os.listdir(directory) == [], os.listdir(directory)
            counts()
        self.in_sandbox(body)

    def test_no_standard_descriptors(self):
        self.carried(lambda: [os.close(fd) for fd in range(3)], stderr=subprocess.DEVNULL)

    def test_no_standard_descriptors_to_say_no_to(self):
        def before():
            for fd in range(3):
                os.close(fd)
            resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, resource.RLIM_INFINITY))
        self.refused(before, said=None)

    def test_no_directory(self):
        def before():
            gone = pathlib.Path(self.work.name, 'gone')
            gone.mkdir()
            os.chdir(gone)
            gone.rmdir()
        self.carried(before)

    def test_mask_that_denies_all(self):
        self.carried(lambda: os.umask(0o777))

    def test_name_of_several_lines(self):
        self.carried(None, images=pathlib.Path(self.work.name, 'im ages\n\t"\\[x]%s'))

    def test_few_descriptors(self):
        self.carried(lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (8, resource.getrlimit(resource.RLIMIT_NOFILE)[1])))

    def test_ignored_signals(self):
        self.carried(lambda: [signal.signal(s, signal.SIG_IGN) for s in (signal.SIGCHLD, signal.SIGPIPE, signal.SIGTERM)])

    def test_blocked_signals(self):
        self.carried(lambda: signal.pthread_sigmask(signal.SIG_BLOCK, range(1, signal.NSIG)))

    def test_children_of_a_life_before(self):
        def before():
            for seconds in (0, 0.02, 0.1, 1):
                if os.fork() == 0:
                    time.sleep(seconds)
                    os._exit(0)
        self.carried(before)

    def test_idle_policy_on_one_cpu(self):
        self.carried(lambda: [os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0)), os.sched_setaffinity(0, {0})])

    def test_nobody_reads_the_log(self):
        reader, writer = os.pipe()
        os.close(reader)
        with contextlib.closing(os.fdopen(writer, 'wb')) as log:
            self.carried(None, options=('-v4',), stdout=log, stderr=log)

    def test_small_files(self):
        self.refused(lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, resource.RLIM_INFINITY)), ('pages-1.img', 'File too large'))

    def test_engine_at_the_addresses_of_the_program(self):
        def fixed():
            ctypes.CDLL(None).personality(0x0040000)  # ADDR_NO_RANDOMIZE
        self.carried(fixed, program_before=fixed)

    def test_full_file_system(self):
        images = pathlib.Path(self.work.name, 'small')
        images.mkdir()
        subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=1m', 'none', images], check=True)
        self.addCleanup(subprocess.run, ['umount', images], check=True)
        self.refused(None, ('pages-1.img', 'No space left'), images=images)

    def test_read_only_file_system(self):
        images = pathlib.Path(self.work.name, 'read-only')
        images.mkdir()
        subprocess.run(['mount', '-t', 'tmpfs', '-o', 'ro', 'none', images], check=True)
        self.addCleanup(subprocess.run, ['umount', images], check=True)
        self.refused(None, ('Read-only file system',), images=images)


unittest.main()
