"""Whether this machine has what a case needs. Every check returns '' or the reason why not."""
import ctypes
import errno
import os
import platform
import re
import shutil
import socket
import struct
import subprocess
import tempfile

CAPABILITIES = (
    'chown dac_override dac_read_search fowner fsetid kill setgid setuid setpcap linux_immutable net_bind_service '
    'net_broadcast net_admin net_raw ipc_lock ipc_owner sys_module sys_rawio sys_chroot sys_ptrace sys_pacct sys_admin '
    'sys_boot sys_nice sys_resource sys_time sys_tty_config mknod lease audit_write audit_control setfcap mac_override '
    'mac_admin syslog wake_alarm block_suspend audit_read perfmon bpf checkpoint_restore').split()
CLONE_NEWUSER = 0x10000000
CLONE_NEWNET = 0x40000000


def release_numbers(text):
    return tuple(int(n) for n in re.findall(r'\d+', text)[:2])


def need_kernel(wanted):
    have = platform.release()
    return '' if release_numbers(have) >= release_numbers(wanted) else f'kernel {have} is older than {wanted}'


def need_older_kernel(limit):
    have = platform.release()
    return '' if release_numbers(have) < release_numbers(limit) else f'kernel {have} is not older than {limit}'


def need_cap(name):
    if name.lower() not in CAPABILITIES:
        raise ValueError(f'no capability is called {name}')
    with open('/proc/self/status', encoding='ascii') as status:
        effective = int(re.search(r'CapEff:\s+(\w+)', status.read()).group(1), 16)
    return '' if effective >> CAPABILITIES.index(name.lower()) & 1 else f'the runner lacks CAP_{name.upper()}'


def need_tool(name):
    path = os.environ.get('PATH', '') + ':/usr/sbin:/sbin'
    return '' if shutil.which(name, path=path) else f'{name} is not installed'


def need_file(path):
    return '' if os.path.exists(path) else f'{path} is not there'


def need_arch(name):
    return '' if platform.machine() == name else f'this machine is {platform.machine()}, not {name}'


def need_cpu(flag):
    with open('/proc/cpuinfo', encoding='utf-8') as info:
        return '' if re.search(rf'^(flags|[Ff]eatures)\s*:.*\b{re.escape(flag)}\b', info.read(), re.M) else f'the CPU has no {flag}'


def need_root():
    return '' if os.geteuid() == 0 else 'the runner is not root'


def need_userns():
    pid = os.fork()
    if pid == 0:
        os._exit(0 if ctypes.CDLL(None).unshare(CLONE_NEWUSER) == 0 else 1)
    return '' if os.waitpid(pid, 0)[1] == 0 else 'user namespaces cannot be made here'


def need_hugetlb():
    try:
        with open('/proc/sys/vm/nr_hugepages', encoding='ascii') as file:
            return '' if int(file.read()) > 0 else 'no huge pages are reserved (vm.nr_hugepages)'
    except OSError:
        return 'the kernel has no hugetlb'


def need_ia32():
    """Runs a program of 32 bits that only ends: mov $1,%eax; xor %ebx,%ebx; int $0x80."""
    code, start = b'\xb8\x01\0\0\0\x31\xdb\xcd\x80', 0x10000
    header = b'\x7fELF\x01\x01\x01'.ljust(16, b'\0') + struct.pack('<HHIIIIIHHHHHH', 2, 3, 1, start + 84, 52, 0, 0, 52, 32, 1, 0, 0, 0)
    segment = struct.pack('<8I', 1, 0, start, start, 84 + len(code), 84 + len(code), 5, 4096)
    with tempfile.TemporaryDirectory() as place:
        program = os.path.join(place, 'program')
        with open(program, 'wb') as file:
            file.write(header + segment + code)
        os.chmod(program, 0o700)
        try:
            done = subprocess.run([program], check=False).returncode == 0
        except OSError:
            done = False
    return '' if done else 'this kernel runs no 32-bit programs'


def attribute(kind, payload):
    return struct.pack('HH', 4 + len(payload), kind) + payload + bytes(-len(payload) % 4)


def errno_of_new_link(kind):
    """What the kernel answers when a network device of that kind is to be made, with nothing else said of it."""
    rtm_newlink, create, ack, ifla_linkinfo, info_kind = 16, 0x600, 5, 18, 1
    body = bytes(16) + attribute(ifla_linkinfo, attribute(info_kind, kind.encode() + b'\0'))
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as route:
        route.send(struct.pack('IHHII', 16 + len(body), rtm_newlink, create | ack, 1, 0) + body)
        return -struct.unpack_from('i', route.recv(4096), 16)[0]


def need_link(kind):
    """In a network namespace that is gone afterwards. A driver that wants more says something else."""
    pid = os.fork()
    if pid == 0:
        status = 2
        try:
            if ctypes.CDLL(None).unshare(CLONE_NEWNET) == 0:
                status = 1 if errno_of_new_link(kind) == errno.EOPNOTSUPP else 0
        finally:
            os._exit(status)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    return ('', f'the kernel has no network devices of kind {kind}', 'network namespaces cannot be made here')[status]


# Where it has no start files, or such as make no program that starts.
WITHOUT_STATIC_PIE = ('ppc64le', 's390x')


def need_static_pie():
    return f'the C library of {platform.machine()} makes no static-pie that works' if platform.machine() in WITHOUT_STATIC_PIE else ''


PLAIN = {'static-pie': need_static_pie, 'root': need_root, 'userns': need_userns, 'hugetlb': need_hugetlb, 'ia32': need_ia32}
WITH_VALUE = {'cap': need_cap, 'tool': need_tool, 'file': need_file, 'arch': need_arch, 'cpu': need_cpu, 'link': need_link}


def missing(need):
    """The reason why the need is not met here, or ''. ValueError when there is no such need."""
    if need in PLAIN:
        return PLAIN[need]()
    if need.startswith('kernel>='):
        return need_kernel(need[len('kernel>='):])
    if need.startswith('kernel<'):
        return need_older_kernel(need[len('kernel<'):])
    kind, colon, value = need.partition(':')
    if colon and value and kind in WITH_VALUE:
        return WITH_VALUE[kind](value)
    raise ValueError(f'needs: {need!r} is not known')


def first_missing(needs):
    for need in needs:
        reason = missing(need)
        if reason:
            return reason
    return ''
