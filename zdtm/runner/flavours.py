"""Where and how a case runs. A flavour adds options to dump and restore, or puts the case into namespaces of its own, below an init
that is dumped with it (container.c); 'host' does nothing of that."""
import dataclasses


@dataclasses.dataclass(frozen=True)
class Flavour:
    name: str
    namespaces: str = ''  # kinds of namespaces, with commas between
    dump: tuple = ()
    restore: tuple = ()
    owner: int = 0  # of the case's directories, where its root is that user
    runs_on: bool = False  # the dump leaves the tree running; the runner ends it before the restore
    dumper: str = ''  # another program than the engine under test
    restorer: str = ''
    compare: frozenset = frozenset()  # what is not compared from outside, see header.COMPARE_WORDS


FLAVOURS = {flavour.name: flavour for flavour in (
    Flavour('host'),
    Flavour('snapshot', dump=('--leave-running', '--snapshot'), runs_on=True),
    Flavour('ns', namespaces='pid,uts,ipc,net,time,cgroup,mnt'),
    # Where root is nobody outside.
    Flavour('uns', namespaces='user,pid,uts,ipc,net,time,cgroup,mnt', owner=100000),
    # What the one has dumped the other restores. criu is Debian's: ci/matrix has a kernel that it runs on.
    Flavour('from_criu', dumper='criu'),
    # criu joins neighbouring mappings and makes others of its own, and cuts numbers: what counts is what the case says.
    Flavour('to_criu', restorer='criu', compare=frozenset({'nomaps', 'nofds', 'nostatus'})),
)}
