"""The header block of a case: the first comment of its source file.

/* zdtm:
 * title: one line
 * needs: root, kernel>=6.4
 */
A line without a known key continues the line above it."""
import dataclasses
import re
import shlex

from .rewrite import KINDS

# notasks: the tasks themselves come and go, so nothing can be compared.
COMPARE_WORDS = ('nofds', 'nomaps', 'nostatus', 'notasks')


class HeaderError(Exception):
    pass


@dataclasses.dataclass
class Header:
    title: str = ''
    dump: list = dataclasses.field(default_factory=list)
    restore: list = dataclasses.field(default_factory=list)
    refuse: str = ''  # the dump must fail, and its last line on stderr must contain this
    unfixed: str = ''  # what the engine does not do right yet: a failure counts as skipped, and says so
    needs: list = dataclasses.field(default_factory=list)
    build: list = dataclasses.field(default_factory=list)
    compare: frozenset = frozenset()  # what is not compared
    rewrite: str = ''  # what is done to the images before the restore, of rewrite.KINDS
    network: str = ''  # own: a network namespace for the case, with lo up
    outside: str = ''  # why it can't be run below an init that is dumped too; empty: it can
    nosnapshot: str = ''  # the reason, in the words of the log, why a dump with --snapshot makes none; empty: it must make one
    rights: str = ''  # why it needs the rights of the machine's own root; empty: that of a user namespace will do
    timeout: float = 0  # seconds; 0: the runner's default


def parse_compare(value):
    words, reason = set(), value
    while True:
        match = re.match(r'[\s,|]*(' + '|'.join(COMPARE_WORDS) + r')\b', reason)
        if not match:
            break
        words.add(match.group(1))
        reason = reason[match.end():]
    if not words:
        raise HeaderError(f'compare: wants some of {", ".join(COMPARE_WORDS)} first, got {value!r}')
    if not re.search(r'\w', reason):
        raise HeaderError('compare: say why (after the words)')
    return frozenset(words)


def parse_needs(value):
    return [need for need in re.split(r'[,\s]+', value) if need]


def parse_rewrite(value):
    if value not in KINDS:
        raise HeaderError(f'rewrite: wants one of {", ".join(KINDS)}, got {value!r}')
    return value


def parse_network(value):
    if value != 'own':
        raise HeaderError(f'network: can only be own, not {value!r}')
    return value


PARSERS = {
    'title': str,
    'dump': shlex.split,
    'restore': shlex.split,
    'refuse': str,
    'unfixed': str,
    'needs': parse_needs,
    'build': shlex.split,
    'compare': parse_compare,
    'rewrite': parse_rewrite,
    'network': parse_network,
    'outside': str,
    'nosnapshot': str,
    'rights': str,
    'timeout': float,
}


def block_of(text):
    match = re.match(r'\s*/\*\s*zdtm:(.*?)\*/', text, re.S)
    if not match:
        raise HeaderError('the file does not begin with a /* zdtm: block')
    return match.group(1)


def parse_header(text):
    values, key = {}, None
    for line in block_of(text).splitlines():
        line = re.sub(r'^\s*\*?\s*', '', line).rstrip()
        if not line:
            continue
        match = re.match(r'([a-z]+):(\s+|$)(.*)', line)
        if match and match.group(1) in PARSERS:
            key = match.group(1)
            if key in values:
                raise HeaderError(f'{key}: twice')
            values[key] = match.group(3)
        elif key:
            values[key] += ' ' + line
        else:
            raise HeaderError(f'not a known key: {line!r}')
    header = Header()
    for key, value in values.items():
        try:
            setattr(header, key, PARSERS[key](value.strip()))
        except ValueError as error:
            raise HeaderError(f'{key}: {error}') from None
    if not header.title:
        raise HeaderError('title: is missing')
    return header


def read_header(path):
    try:
        with open(path, encoding='utf-8') as file:
            return parse_header(file.read())
    except HeaderError as error:
        raise HeaderError(f'{path}: {error}') from None
