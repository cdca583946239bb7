"""Where a case runs. A flavour wraps the command line of the case and adds options to dump and restore; 'host' adds nothing.
Cases in namespaces of their own will be further lines of the table."""
import dataclasses


@dataclasses.dataclass(frozen=True)
class Flavour:
    name: str
    wrap: tuple = ()  # words put in front of the case's command
    dump: tuple = ()
    restore: tuple = ()


FLAVOURS = {flavour.name: flavour for flavour in (
    Flavour('host'),
)}
