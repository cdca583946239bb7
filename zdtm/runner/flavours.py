"""Where and how a case runs. A flavour wraps the command line of the case and adds options to dump and restore; 'host' adds nothing.
Cases in namespaces of their own will be further lines of the table."""
import dataclasses


@dataclasses.dataclass(frozen=True)
class Flavour:
    name: str
    wrap: tuple = ()  # words put in front of the case's command
    dump: tuple = ()
    restore: tuple = ()
    runs_on: bool = False  # the dump leaves the tree running; the runner ends it before the restore


FLAVOURS = {flavour.name: flavour for flavour in (
    Flavour('host'),
    Flavour('snapshot', dump=('--leave-running', '--snapshot'), runs_on=True),
)}
