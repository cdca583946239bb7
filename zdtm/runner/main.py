"""The command line: which cases, how, and the report about them."""
import argparse
import fnmatch
import os
import pathlib
import re
import shutil
import tempfile

from .beats import Job, Result
from .flavours import FLAVOURS
from .header import HeaderError, read_header
from .needs import first_missing
from .pool import Pool
from .report import Report

ZDTM = pathlib.Path(__file__).resolve().parent.parent


def parse_arguments(words):
    parser = argparse.ArgumentParser(prog='zdtm/run', description='Runs zdtm cases: set up, dump, restore, check from inside.')
    parser.add_argument('pattern', nargs='*', help='cases by fnmatch pattern: task/sleep*, sleep*, timers (default: all)')
    parser.add_argument('-j', type=int, default=2, metavar='N', dest='jobs', help='cases at once (default %(default)s)')
    parser.add_argument('--iters', type=int, default=1, metavar='N', help='dump and restore N times in a row')
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument('--nocr', action='store_const', const='nocr', dest='mode', help='no dump, no restore: test the cases')
    mode.add_argument('--norst', action='store_const', const='norst', dest='mode', help='dump with --leave-running only')
    parser.add_argument('--build', default=str(ZDTM.parent / 'build'), metavar='DIR', help='build directory (default %(default)s)')
    parser.add_argument('--engine', metavar='PATH', help='the engine (default: crengine in the build directory)')
    parser.add_argument('--flavour', default='host', choices=sorted(FLAVOURS), help='where the cases run (default %(default)s)')
    parser.add_argument('--timeout', type=float, default=60, metavar='S', help='seconds per case (default %(default)s)')
    parser.add_argument('--slow', type=float, default=1, metavar='N', help='a machine N times as slow: timeouts, and waits that are measured, are longer')
    parser.add_argument('--work', metavar='DIR', help='directory for images and logs (default: a new one in /tmp)')
    parser.add_argument('--keep', action='store_true', help='keep images and logs of passed cases too')
    parser.add_argument('--junit', metavar='FILE', help='write JUnit XML')
    parser.add_argument('--list', action='store_true', help='list the cases with their titles')
    parser.add_argument('-v', '--verbose', action='store_true', help='times of dump and restore')
    return parser.parse_args(words)


def matches(name, patterns):
    """A pattern is for module/name, for the name alone, or a module."""
    module, _, case = name.partition('/')
    return not patterns or any(fnmatch.fnmatchcase(text, pattern) for pattern in patterns for text in (name, case, module))


def find_cases(patterns):
    """[(module/name, source file)]"""
    sources = sorted((ZDTM / 'cases').glob('*/*.c'))
    named = [(f'{source.parent.name}/{source.stem}', source) for source in sources]
    return [(name, source) for name, source in named if matches(name, patterns)]


def mount_of(path):
    fd = os.open(path, os.O_PATH)
    try:
        return re.search(r'mnt_id:\s*(\d+)', pathlib.Path(f'/proc/self/fdinfo/{fd}').read_text(encoding='ascii')).group(1)
    finally:
        os.close(fd)


def in_root(path):
    """Whether a container sees it: its root is the mount that is ours, with nothing of what is mounted on that."""
    return mount_of(path) == mount_of('/')


def new_work_directory():
    places = [tempfile.gettempdir(), '/var/tmp', '/root', '/']
    return tempfile.mkdtemp(prefix='zdtm-', dir=next(filter(in_root, filter(os.path.isdir, places))))


class Run:
    def __init__(self, options):
        self.options = options
        self.report = Report(options.verbose)
        self.work = pathlib.Path(options.work or new_work_directory()).resolve()
        self.work.mkdir(parents=True, exist_ok=True)
        # Cases that give up their ids must still reach their log.
        self.work.chmod(0o755)
        self.programs = pathlib.Path(options.build).resolve() / 'zdtm'
        if self.programs.exists() and not in_root(self.programs):
            self.programs = shutil.copytree(self.programs, self.work / 'programs', ignore=shutil.ignore_patterns('*.p'))

    def job_for(self, name, source):
        """A job, or None when the case has been reported already."""
        options = self.options
        binary = self.programs / name.replace('/', '.')
        try:
            header = read_header(source)
            reason = first_missing(header.needs)
        except (HeaderError, ValueError) as error:
            self.report.add(Result(name, reason=str(error)))
            return None
        if FLAVOURS[options.flavour].namespaces:
            reason = reason or header.outside
        if FLAVOURS[options.flavour].owner:
            reason = reason or header.rights
        if reason:
            self.report.add(Result(name, state='skipped', reason=reason))
            return None
        if not binary.exists():
            self.report.add(Result(name, reason=f'{binary} is not built (meson setup --reconfigure, ninja)'))
            return None
        engine = os.path.abspath(options.engine or os.path.join(options.build, 'crengine'))
        return Job(name, str(binary), header, str(self.work / name.replace('/', '.')), engine, options.iters,
                   options.mode or 'full', (header.timeout or options.timeout) * options.slow, options.flavour, options.slow)

    def on_result(self, job, result):
        keep = self.options.keep or result.state == 'failed'
        if not keep:
            shutil.rmtree(job.work, ignore_errors=True)
        self.report.add(result, job.work if keep else '')

    def run(self, cases):
        jobs = [job for job in (self.job_for(*case) for case in cases) if job]
        Pool(self.options.jobs, self.on_result).run(jobs)
        if self.programs.parent == self.work:
            shutil.rmtree(self.programs)
        if not self.options.work and not any(self.work.iterdir()):
            self.work.rmdir()
        if self.options.junit:
            self.report.write_junit(self.options.junit)
        print(self.report.last_line(), flush=True)
        return 1 if self.report.failed() else 0


def main(words=None):
    options = parse_arguments(words)
    cases = find_cases(options.pattern)
    if options.list:
        for name, source in cases:
            print(f'{name:40} {read_header(source).title}')
        return 0
    if not cases:
        print('no case matches\n0 passed, 0 failed, 0 skipped')
        return 1
    if os.geteuid() != 0:
        print('zdtm/run must be root: it makes pid namespaces')
        return 1
    engine = options.engine or os.path.join(options.build, 'crengine')
    if options.mode != 'nocr' and not os.access(engine, os.X_OK):
        print(f'{engine} is not there (--engine PATH, or --nocr to run without dump and restore)')
        return 1
    return Run(options).run(cases)
