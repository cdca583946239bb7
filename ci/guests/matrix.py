"""The command line of ci/matrix: prepares the guests one after the other, runs them two at a time, and makes a table of their results."""
import argparse
import concurrent.futures
import dataclasses
import pathlib
import shlex
import shutil
import time

import build
import disks
import results
from architectures import ARCHITECTURES, FLAVOUR_CASES, GUEST_PACKAGES, HOST_PACKAGES, SUBSET_CASES
from machine import Machine
from packages import Packages, Unavailable, cache_directory, install_here


def parse_arguments(words):
    parser = argparse.ArgumentParser(prog='ci/matrix', description='zdtm on Debian\'s kernels of several architectures, emulated')
    parser.add_argument('architecture', nargs='*', choices=[[], *ARCHITECTURES], help=f'of {", ".join(ARCHITECTURES)} (default: all)')
    parser.add_argument('--flavour', help='comma-separated; default: all that the architecture has')
    parser.add_argument('--case', action='append', metavar='PATTERN', default=[], help='cases, as zdtm/run takes them (default: all)')
    parser.add_argument('--subset', action='store_true', help='a few dozen cases, flavour host')
    parser.add_argument('--guests', type=int, default=2, metavar='N', help='machines at once (default %(default)s)')
    parser.add_argument('--jobs', type=int, default=4, help='cases at once in each machine (default %(default)s)')
    parser.add_argument('--timeout', type=int, default=3600, metavar='S', help='seconds for one machine (default %(default)s)')
    parser.add_argument('--output', default='build/matrix', metavar='DIR', help='results, logs of failed cases (default %(default)s)')
    parser.add_argument('--no-build', action='store_true', help='what is built already is tested as it is')
    options = parser.parse_args(words)
    if options.subset:
        options.case = options.case or list(SUBSET_CASES)
        options.flavour = options.flavour or 'host'
    return options


@dataclasses.dataclass
class Guest:
    """One architecture's machine: all that is needed to start it."""
    arch: object
    options: object

    def flavours(self):
        return self.options.flavour.split(',') if self.options.flavour else self.arch.flavours

    def patterns(self, flavour):
        return self.options.case or FLAVOUR_CASES.get(flavour, ())

    def all_patterns(self):
        """Of all flavours; none means every case."""
        each = [self.patterns(flavour) for flavour in self.flavours()]
        return sorted(set().union(*each)) if all(each) else []

    def script(self):
        """The commands of the guest: see ci/guests/guest."""
        return ''.join(f'flavour {flavour} {self.options.jobs} {shlex.join(self.patterns(flavour))}\n' for flavour in self.flavours())

    def prepare(self):
        """The machine and its root's disk."""
        install_here(HOST_PACKAGES + self.arch.host_packages)
        packages = Packages(self.arch.debian)
        root = packages.unpacked('root', packages.fetch(GUEST_PACKAGES + self.arch.guest_packages))
        kernel = packages.unpacked('kernel', [packages.kernel(self.arch.kernel)])
        modules = disks.Modules(kernel)
        start = time.monotonic()
        built = build.directory_of(self.arch)
        programs = ['crengine', *build.chosen(built, self.all_patterns())] if self.options.no_build else \
            build.build(self.arch, packages, self.all_patterns())
        print(f'{self.arch.name}: built in {time.monotonic() - start:.0f} s', flush=True)
        strip = f'{self.arch.triplet}-strip' if self.arch.triplet else 'strip'
        work = cache_directory() / self.arch.debian / 'run'
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir()
        disks.initial_file_system(work / 'initial', root / 'bin/busybox', modules, work / 'initial.cpio')
        disks.program_disk(work / 'programs', built, programs, strip, modules, self.script(), work / 'programs.ext4')
        return Machine(self.arch, next((kernel / 'boot').glob(f'{self.arch.kernel_file}-*')), work), disks.root_disk(root)

    def run(self, machine, root):
        """{flavour: results}"""
        start = time.monotonic()
        output = pathlib.Path(self.options.output) / self.arch.name
        machine.run(root, output, self.options.timeout)
        print(f'{self.arch.name}: ran for {time.monotonic() - start:.0f} s', flush=True)
        return {flavour: results.read(output, flavour) for flavour in self.flavours()}


def run_all(guests, pool, table):
    """A build keeps all cores busy, so one is prepared at a time; those that are ready run meanwhile."""
    running = {}
    for name, guest in guests.items():
        start = time.monotonic()
        try:
            machine, root = guest.prepare()
        except Unavailable as reason:
            table.add_whole(name, 'skipped', reason)
        except SystemExit as reason:
            table.add_whole(name, 'failed', reason)
        else:
            print(f'{name}: ready after {time.monotonic() - start:.0f} s', flush=True)
            running[name] = pool.submit(guest.run, machine, root)
    for name, done in running.items():
        for flavour, result in done.result().items():
            table.add(name, flavour, result)


def main(words):
    options = parse_arguments(words)
    table = results.Table()
    start = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(options.guests) as pool:
        run_all({name: Guest(ARCHITECTURES[name], options) for name in options.architecture or ARCHITECTURES}, pool, table)
    print(f'all: {time.monotonic() - start:.0f} s')
    table.print()
    return 1 if table.failed() else 0
