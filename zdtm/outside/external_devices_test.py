"""Network namespaces and devices of the outside: --external net[INODE]:KEY with --inherit-fd, --external macvlan[INSIDE]:OUTSIDE,
--external dev[MAJOR/MINOR]:KEY.
usage: external_devices_test.py ENGINE    (as root; each test has its own pid and network namespace)"""
import os
import pathlib
import signal
import subprocess
import unittest

from sandboxed import Sandboxed

SLEEPER = 'import signal; open("{}", "w").close(); signal.pause()'
QUIET = {'stdin': subprocess.DEVNULL, 'stdout': subprocess.DEVNULL, 'stderr': subprocess.DEVNULL}

# Mounts the device and has a file of it open.
LODGER = '''
import os, signal, subprocess
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
subprocess.run(["mount", "-t", "ext2", "-o", "nosuid", "{device}", "/mnt"], check=True)
file = open("/mnt/file", "w+")
file.write("before")
file.flush()
open("{ready}", "w").close()
signal.sigwait([signal.SIGTERM])
file.write(" and after")
file.seek(0)
open("{said}", "w").write(file.read() + " " + str(os.statvfs("/mnt").f_flag & os.ST_NOSUID))
signal.pause()
'''


class ExternalDevicesTest(Sandboxed):
    own_network = True

    def tenant(self, name):
        """A program in a network namespace of its own."""
        ready = pathlib.Path(self.images, name)
        started = subprocess.Popen(['unshare', '--net', 'python3', '-S', '-c', SLEEPER.format(ready)], start_new_session=True, **QUIET)
        self.await_that(ready.exists, 'nothing sleeps')
        return started

    @staticmethod
    def ip(words, pid=None):
        where = ['nsenter', '--net', '-t', str(pid)] if pid else []
        return subprocess.run([*where, 'ip', *words.split()], check=True, capture_output=True, text=True).stdout

    @staticmethod
    def network(pid):
        return os.stat(f'/proc/{pid}/ns/net').st_ino

    def test_namespace(self):
        def body():
            landlord, tenant = self.tenant('landlord'), self.tenant('tenant')
            self.ip('link add here type veth peer name there', landlord.pid)
            option = ('--external', f'net[{self.network(tenant.pid)}]:shared')
            dumped = self.dump(tenant.pid, *option)
            assert dumped.returncode == 0, dumped
            tenant.wait()
            refused = self.restore()
            assert refused.returncode == 1 and 'pass it on with --inherit-fd fd[N]:shared' in refused.stderr, refused
            with open(f'/proc/{landlord.pid}/ns/net', 'rb') as given:
                restored = self.restore('--inherit-fd', f'fd[{given.fileno()}]:shared', pass_fds=[given.fileno()])
            assert restored.returncode == 0, restored
            assert self.network(tenant.pid) == self.network(landlord.pid)
            assert 'here' in self.ip('-o link', tenant.pid)
            os.kill(tenant.pid, signal.SIGKILL)
        self.in_sandbox(body)

    def test_macvlan(self):
        def body():
            tenant = self.tenant('tenant')
            self.ip('link add low type veth peer name end')
            self.ip('link set low up')
            self.ip('link add m0 link low type macvlan mode bridge')
            self.ip(f'link set m0 netns {tenant.pid}')
            self.ip('addr add 10.9.9.9/24 dev m0', tenant.pid)
            self.ip('link set m0 up', tenant.pid)
            before = self.ip('-o link show m0', tenant.pid).split('link/ether')[1].split()[0]
            dumped = self.dump(tenant.pid, '--external', 'macvlan[m0]:low')
            assert dumped.returncode == 0, dumped
            tenant.wait()
            self.await_that(lambda: 'm0' not in self.ip('-o link'), 'the old device is still there')
            refused = self.restore()
            assert refused.returncode == 1 and '--external macvlan[m0]:NAME' in refused.stderr, refused
            self.ip('link set low name lower')  # it may have another name by now
            restored = self.restore('--external', 'macvlan[m0]:lower')
            assert restored.returncode == 0, restored
            text = self.ip('-o -d link show m0', tenant.pid)
            assert before in text and 'macvlan mode bridge' in text and ',UP' in text, text
            assert '10.9.9.9/24' in self.ip('-o addr show m0', tenant.pid)
            index = int(self.ip('-o link show lower').split(':')[0])
            assert f'@if{index}:' in text, (index, text)
            os.kill(tenant.pid, signal.SIGKILL)
        self.in_sandbox(body)

    def test_veth_pair(self):
        """Both words for it: the inside end has its peer under the name that the restore was told."""
        def body():
            tenant = self.tenant('tenant')
            self.ip('link add br0 type bridge')
            self.ip('link add first type veth peer name in0')
            self.ip('link add second type veth peer name in1')
            for end in 'in0', 'in1':
                self.ip(f'link set {end} netns {tenant.pid}')
            self.ip('addr add 10.9.8.2/24 dev in0', tenant.pid)
            self.ip('link set in0 up', tenant.pid)
            dumped = self.dump(tenant.pid)
            assert dumped.returncode == 0, dumped
            tenant.wait()
            self.await_that(lambda: 'first' not in self.ip('-o link'), 'the old pair is still there')
            refused = self.restore('--veth-pair', 'in0=third')
            assert refused.returncode == 1 and '--external veth[in1]:NAME' in refused.stderr, refused
            assert 'third' not in self.ip('-o link') and not os.path.exists(f'/proc/{tenant.pid}')
            restored = self.restore('--veth-pair', 'in0=third@br0', '--external', 'veth[in1]:fourth')
            assert restored.returncode == 0, restored
            for inside, outside in (('in0', 'third'), ('in1', 'fourth')):
                inner = self.ip(f'-o link show {inside}', tenant.pid)
                outer = self.ip(f'-o link show {outside}')
                assert f'{outside}@if{inner.split(":")[0]}:' in outer and f'{inside}@if{outer.split(":")[0]}:' in inner, (inner, outer)
                assert ('master br0' in outer) == (inside == 'in0'), outer
            assert '10.9.8.2/24' in self.ip('-o addr show in0', tenant.pid)
            os.kill(tenant.pid, signal.SIGKILL)
        self.in_sandbox(body)

    def attached(self, path):
        device = subprocess.run(['losetup', '--find', '--show', path], check=False, capture_output=True, text=True).stdout.strip()
        if device:
            self.loops.append(device)
        return device

    def detach(self):
        for device in self.loops:
            subprocess.run(['losetup', '-d', device], check=False)

    def test_device(self):
        """What is on a disk is not dumped; the restore mounts it from where it is then."""
        self.loops = []

        def disk(path):
            device, ready, said = self.attached(path), pathlib.Path(self.images, 'ready'), pathlib.Path(self.images, 'said')
            lodger = subprocess.Popen(['unshare', '--mount', 'python3', '-S', '-c', LODGER.format(device=device, ready=ready, said=said)],
                                      start_new_session=True, **QUIET)
            self.await_that(lambda: ready.exists() or lodger.poll() is not None, 'nothing is mounted')
            if lodger.poll() is not None:
                return  # no such file system here
            number = os.stat(device).st_rdev
            options = ('--external', f'dev[{os.major(number)}/{os.minor(number)}]:disk', '--external', 'mnt[]')
            dumped = self.dump(lodger.pid, *options)
            assert dumped.returncode == 0, dumped
            lodger.wait()
            refused = self.restore('--external', 'mnt[]')
            assert refused.returncode == 1 and 'dev[' in refused.stderr and 'disk' in refused.stderr, refused
            self.await_that(lambda: subprocess.run(['losetup', '-d', device], check=False, capture_output=True).returncode == 0, 'it is in use')
            self.attached('/dev/null')
            other = self.attached(path)
            restored = self.restore('--external', f'dev[disk]:{other}', '--external', 'mnt[]')
            assert restored.returncode == 0, restored
            os.kill(lodger.pid, signal.SIGTERM)
            self.await_that(lambda: said.exists() and said.read_text(), 'it does not go on')
            assert said.read_text() == 'before and after 2', said.read_text()
            os.kill(lodger.pid, signal.SIGKILL)
            self.await_that(lambda: not os.path.exists(f'/proc/{lodger.pid}'), 'it does not end')

        def body():
            path = os.path.join(self.images, 'disk.ext2')
            with open(path, 'wb') as file:
                file.truncate(1 << 20)
            made = subprocess.run(['mkfs.ext2', '-q', path], check=False, capture_output=True)
            if made.returncode != 0 or not os.path.exists('/dev/loop-control'):
                return
            try:
                disk(path)
            finally:
                self.detach()
        self.in_sandbox(body)


if __name__ == '__main__':
    unittest.main()
