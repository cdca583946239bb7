"""What can be observed of a process tree from outside, read from /proc, for comparing before and after."""
import dataclasses
import os
import re

# With more tasks than this only the cheap parts are read, or the comparison would take longer than the case.
THOROUGH_UP_TO = 64

STATUS_FIELDS = (
    'Name Umask Uid Gid Groups Threads SigPnd ShdPnd SigBlk SigIgn SigCgt CapInh CapPrm '
    'CapEff CapBnd CapAmb NoNewPrivs Seccomp Seccomp_filters Speculation_Store_Bypass SpeculationIndirectBranch '
    'Cpus_allowed Mems_allowed THP_enabled').split()
# One number for each pid namespace; those above the tree's are left out.
NAMESPACED_FIELDS = ('NStgid', 'NSpid', 'NSpgid', 'NSsid')
STAT_FIELDS = {7: 'tty', 19: 'nice', 38: 'exit signal', 40: 'rt priority', 41: 'policy'}
SMALL_FILES = ('cmdline', 'comm', 'coredump_filter', 'environ', 'limits', 'loginuid', 'oom_score_adj', 'personality',
               'timerslack_ns', 'auxv')
LINKS = ('cwd', 'exe', 'root')
FDINFO_FIELDS = ('pos', 'flags', 'eventfd-count', 'sigmask', 'clockid')
# ac depends on the history of the mapping (written once, then protected), sd is the soft-dirty bit.
UNSTABLE_VM_FLAGS = {'ac', 'sd'}
# SIGTERM is blocked or not depending on how far test_waitsig() has come.
SIGTERM_BIT = 1 << 14


@dataclasses.dataclass
class Process:
    status: dict = dataclasses.field(default_factory=dict)  # (tid, field) -> text
    fds: dict = dataclasses.field(default_factory=dict)  # fd number -> text
    maps: list = dataclasses.field(default_factory=list)  # one text per mapping


def read(path):
    with open(path, 'rb') as file:
        return file.read().decode('utf-8', 'replace')


def stat_fields(text):
    """The fields of /proc/PID/stat from number 3 on, as {number: text}; the comm may hold blanks and brackets."""
    return dict(enumerate(text[text.rindex(')') + 2:].split(), start=3))


def all_pids():
    return {int(name) for name in os.listdir('/proc') if name.isdigit()}


def parents():
    result = {}
    for pid in all_pids():
        try:
            result[pid] = int(stat_fields(read(f'/proc/{pid}/stat'))[4])
        except (OSError, ValueError):
            pass
    return result


def tree(root):
    """The root and all its descendants."""
    children = {}
    for pid, parent in parents().items():
        children.setdefault(parent, []).append(pid)
    found, queue = [], [root]
    while queue:
        pid = queue.pop()
        found.append(pid)
        queue += children.get(pid, [])
    return sorted(found)


def status_lines(path):
    return dict(line.split(':', 1) for line in read(path).splitlines() if ':' in line)


def level_of(root):
    """Where in lines such as NSpid the pid namespace of the tree's root stands."""
    return len(status_lines(f'/proc/{root}/status')['NSpid'].split()) - 1


def own_number(pid, level, tid=None):
    """The number of a task in the pid namespace of the tree's root."""
    return int(status_lines(f'/proc/{pid}/task/{tid or pid}/status')['NSpid'].split()[level])


def task_status(pid, tid, numbers, level):
    base = f'/proc/{pid}/task/{tid}'
    lines = status_lines(f'{base}/status')
    result = {field: lines[field].strip() for field in STATUS_FIELDS if field in lines}
    result.update({field: ' '.join(lines[field].split()[level:]) for field in NAMESPACED_FIELDS})
    parent = int(lines['PPid'])
    result['PPid'] = numbers.get(parent, parent)
    if 'SigBlk' in result:
        result['SigBlk'] = f'{int(result["SigBlk"], 16) & ~SIGTERM_BIT:016x}'
    stat = stat_fields(read(f'{base}/stat'))
    result.update({name: stat[number] for number, name in STAT_FIELDS.items() if number in stat})
    result['tty group'] = numbers.get(int(stat[8]), stat[8])
    # Running and sleeping take turns; stopped, traced and dead do not.
    result['state'] = stat[3] if stat[3] in 'TtZX' else 'alive'
    if stat[3] == 'Z':
        # Nobody can see or use the masks of the dead; what wait(2) gives is what counts.
        result = {name: text for name, text in result.items() if not name.startswith(('Sig', 'Shd'))}
        result['exit code'] = stat.get(52, '')
    return result


def process_attributes(pid):
    result = {}
    for name in SMALL_FILES:
        try:
            result[name] = read(f'/proc/{pid}/{name}').strip()
        except OSError as error:
            result[name] = error.strerror
    for name in LINKS:
        try:
            result[name] = os.readlink(f'/proc/{pid}/{name}')
        except OSError as error:
            result[name] = error.strerror
    return result


def parse_fdinfo(text):
    pairs = (line.split(':', 1) for line in text.splitlines() if ':' in line)
    return ' '.join(f'{key}={value.strip()}' for key, value in pairs if key in FDINFO_FIELDS)


def read_fds(pid, numbering):
    result = {}
    for name in os.listdir(f'/proc/{pid}/fd'):
        try:
            link = os.readlink(f'/proc/{pid}/fd/{name}')
            info = parse_fdinfo(read(f'/proc/{pid}/fdinfo/{name}'))
        except FileNotFoundError:
            continue
        result[int(name)] = (link, info)
    return {fd: f'{numbering(link)} {info}' for fd, (link, info) in sorted(result.items())}


def inode_numbering():
    """Inode numbers of pipes, sockets and namespaces are new after a restore; which descriptors share one is not. So they are
    numbered by first appearance."""
    seen = {}

    def number(link):
        if not re.fullmatch(r'(pipe|socket|cgroup|ipc|mnt|net|pid|time|user|uts):\[\d+\]', link):
            return link
        return f'{link.split(":")[0]}:#{seen.setdefault(link, len(seen))}'
    return number


def parse_maps(text, numbering=str):
    """Text of /proc/PID/maps or smaps -> one line per mapping: range, protection, offset, path, flags if known. Inodes that
    are new after each restore are numbered as in links."""
    result = []
    for line in text.splitlines():
        match = re.match(r'([0-9a-f]+-[0-9a-f]+) (\S+) ([0-9a-f]+) \S+ \d+\s*(.*)', line)
        if match:
            result.append(' '.join((*match.groups()[:3], numbering(match[4]))).rstrip())
        elif line.startswith('VmFlags:'):
            result[-1] += ' [' + ' '.join(f for f in line.split()[1:] if f not in UNSTABLE_VM_FLAGS) + ']'
        elif line.startswith('ProtectionKey:') and line.split()[1] != '0':
            result[-1] += ' pkey ' + line.split()[1]
    return result


def is_io_worker(pid, tid):
    """Workers of io_uring are the kernel's own business: it makes and ends them as it likes (PF_IO_WORKER)."""
    return tid != pid and int(stat_fields(read(f'/proc/{pid}/task/{tid}/stat'))[9]) & 0x10 != 0


def read_process(pid, numbers, level, numbering, thorough, skip):
    process = Process()
    try:
        if 'nostatus' not in skip:
            tids = sorted(map(int, os.listdir(f'/proc/{pid}/task')))
            threads = [tid for tid in tids if not is_io_worker(pid, tid)]
            for tid in threads:
                number = own_number(pid, level, tid)
                for field, text in task_status(pid, tid, numbers, level).items():
                    process.status[number, field] = text
                if len(threads) < len(tids):
                    process.status[number, 'Threads'] = str(len(threads))
        if stat_fields(read(f'/proc/{pid}/stat'))[3] == 'Z':
            return process
        if 'nostatus' not in skip and thorough:
            for field, text in process_attributes(pid).items():
                process.status[numbers[pid], field] = text
        if 'nofds' not in skip:
            process.fds = read_fds(pid, numbering)
        if 'nomaps' not in skip:
            process.maps = parse_maps(read(f'/proc/{pid}/smaps' if thorough else f'/proc/{pid}/maps'), numbering)
    except (FileNotFoundError, ProcessLookupError):
        pass  # it ended while being read; that shows as a difference
    return process


def numbers_of(root):
    """{pid here: pid in the namespace of the root} of the tree."""
    result, pids, level = {}, tree(root), level_of(root)
    for pid in pids:
        try:
            result[pid] = own_number(pid, level)
        except OSError:
            pass
    return result


def snapshot(root, skip=frozenset()):
    """{pid in the namespace of the root: Process} of the tree."""
    numbers, level = numbers_of(root), level_of(root)
    numbering, thorough = inode_numbering(), len(numbers) <= THOROUGH_UP_TO
    return {number: read_process(pid, numbers, level, numbering, thorough, skip) for pid, number in numbers.items()}
