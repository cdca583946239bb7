"""What is known of each emulated machine: names, packages, how qemu starts it."""
import dataclasses


@dataclasses.dataclass(frozen=True)
class Architecture:
    name: str  # as uname -m says
    debian: str  # as dpkg says
    kernel: str  # package that depends on the newest kernel
    kernel_file: str  # below /boot of that kernel's package
    qemu: tuple
    console: str
    flavours: tuple = ('host',)
    host_packages: tuple = ()  # what this machine needs installed: the emulator, a cross compiler
    guest_packages: tuple = ()
    triplet: str = ''  # of its cross compiler; empty: this machine's own
    family: str = ''  # as meson says, when that is another name
    endian: str = 'little'


ARCHITECTURES = {a.name: a for a in (
    Architecture('x86_64', 'amd64', 'linux-image-amd64', 'vmlinuz', console='ttyS0',
                 qemu=('qemu-system-x86_64', '-M', 'q35', '-cpu', 'max,la57=off'),
                 flavours=('host', 'to_criu', 'from_criu'), guest_packages=('criu', 'dash', 'iproute2', 'wireguard-tools'),  # busybox's shell prefers its own ip
                 host_packages=('qemu-system-x86',)),
    # Pointer authentication by the architecture's own algorithm is very slow to emulate.
    Architecture('aarch64', 'arm64', 'linux-image-arm64', 'vmlinuz', console='ttyAMA0',
                 qemu=('qemu-system-aarch64', '-M', 'virt', '-cpu', 'max,pauth-impdef=on'),
                 host_packages=('qemu-system-arm', 'g++-aarch64-linux-gnu'), triplet='aarch64-linux-gnu'),
    # Without these the emulator warns that it cannot keep speculation from leaking.
    Architecture('ppc64le', 'ppc64el', 'linux-image-powerpc64le', 'vmlinux', console='hvc0',
                 qemu=('qemu-system-ppc64', '-M', 'pseries,cap-cfpc=broken,cap-sbbc=broken,cap-ibs=broken,cap-ccf-assist=off', '-cpu', 'POWER9'),
                 host_packages=('qemu-system-ppc', 'g++-powerpc64le-linux-gnu'), triplet='powerpc64le-linux-gnu', family='ppc64'),
    Architecture('s390x', 's390x', 'linux-image-s390x', 'vmlinuz', console='ttysclp0',
                 qemu=('qemu-system-s390x', '-M', 's390-ccw-virtio', '-cpu', 'max'),
                 host_packages=('qemu-system-misc', 'g++-s390x-linux-gnu'), triplet='s390x-linux-gnu', endian='big'),
)}

# What the engine and the cases are linked with, unpacked beside the cross compiler's own C library.
SYSROOT_PACKAGES = ('libc6-dev', 'libfmt-dev', 'libprotobuf-dev', 'libcap-dev', 'libarchive-dev', 'zlib1g-dev', 'libgtest-dev',
                    'libgmock-dev', 'libaio-dev')

# Cases that criu 3.17.1 understands whole, for the flavours in which one of the two restores what the other has dumped. Left out for
# what it has not: nanoseconds of deleted files, TCP_DEFER_ACCEPT, unread UDP datagrams, empty unix datagrams, ambient capabilities.
SIMPLE_CASES = (
    'task/sleeping', 'task/busy_loop', 'task/static_program', 'task/registers_general', 'task/registers_sse', 'task/sessions',
    'task/threads_comm', 'task/threads_robust_list', 'task/vdso_time', 'mm/anon_private', 'mm/anon_large', 'mm/cow_parent_child',
    'mm/file_shared', 'mm/file_private_cow', 'mm/shm_parent_child', 'mm/memfd_position', 'mm/stack_deep', 'files/cwd',
    'files/pipe_data', 'files/pipe_processes', 'files/regular_position', 'files/regular_append', 'files/shared_by_fork', 'files/epoll_flags',
    'files/fifo_data', 'files/signalfd_mask', 'files/timerfd_interval', 'net/unix_stream_data', 'security/nice', 'security/rlimits', 'security/umask', 'security/uids_gids',
    'signals/altstack_flags', 'signals/dispositions', 'signals/mask', 'signals/shared_queue', 'timers/itimers', 'timers/posix_clocks')
# It cuts exit codes of the zombies that it restores to seven bits.
FLAVOUR_CASES = {'from_criu': (*SIMPLE_CASES, 'task/zombies'), 'to_criu': SIMPLE_CASES}

# What --subset runs on each: one or two cases of each kind of state whose carrying differs between processors or page sizes.
SUBSET_CASES = (
    'task/sleeping', 'task/registers_*', 'task/threads_comm', 'task/threads_rseq', 'task/sessions', 'task/zombies', 'task/vdso_time',
    'task/blocked_nanosleep', 'task/blocked_poll_timeout', 'task/blocked_futex_timeout', 'task/blocked_recv_timeout', 'task/blocked_semtimedop',
    'ia32/sleeping', 'ia32/registers', 'ia32/in_handler', 'ia32/threads_robust_list', 'ia32/vdso_time',
    'signals/in_handler', 'signals/shared_queue', 'signals/kernel_siginfo', 'timers/itimers', 'timers/posix_clocks', 'security/seccomp_filter',
    'mm/anon_private', 'mm/file_private_cow', 'mm/shm_parent_child', 'mm/cow_parent_child', 'mm/vdso_in_handler', 'mm/heap_grow',
    'files/pipe_data', 'files/regular_position', 'files/epoll_flags', 'net/unix_stream_data', 'ipc/semaphores')

# What this machine needs for any of them.
HOST_PACKAGES = ('cpio', 'e2fsprogs')
# What every guest has: the runner is a Python program.
GUEST_PACKAGES = ('busybox-static', 'python3', 'libc6', 'libstdc++6', 'libcap2', 'base-files', 'base-passwd', 'netbase')
# Inserted before there is a root, and before the cases run. What a kernel has built in is not looked for.
ROOT_MODULES = ('virtio_pci', 'virtio_mmio', 'virtio_blk', 'crc32c_generic', 'crc32c-intel', 'ext4')
CASE_MODULES = ('unix_diag', 'inet_diag', 'tcp_diag', 'udp_diag', 'raw_diag', 'af_packet_diag', 'netlink_diag', 'tun', 'veth',
                'nf_tables', 'nft_ct', 'nft_counter', 'nft_reject_inet', 'nft_compat', 'xt_mark', 'ip_tables', 'iptable_filter', 'ip6_tables',
                'ip6table_filter', 'overlay', 'autofs4', 'fuse', 'udplite', 'ipv6', 'binfmt_misc',
                # Kinds of network devices. Those of tunnels bring fallback devices into every network namespace.
                'dummy', 'macvlan', 'ipvlan', '8021q', 'vxlan', 'bridge', 'bonding', 'wireguard', 'ip_gre', 'ip6_gre', 'ipip', 'sit',
                'ip6_tunnel', 'ip_vti', 'ip6_vti', 'vrf')
