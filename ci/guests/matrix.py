"""The command line of ci/matrix: prepares and starts the guests one after the other, and makes a table of their results."""
import argparse
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
    parser.add_argument('--jobs', type=int, default=4, help='cases at once (default %(default)s)')
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

    def script(self):
        """The commands of the guest: one run of zdtm per flavour."""
        lines = []
        for flavour in self.flavours():
            patterns = ' '.join(shlex.quote(pattern) for pattern in self.options.case or FLAVOUR_CASES.get(flavour, ()))
            lines += [f'python3 /crengine/zdtm/run --flavour {flavour} -j {self.options.jobs} --slow 5 --work /tmp/{flavour} '
                      f'--junit /out/{flavour}.xml {patterns}', f'cp -a /tmp/{flavour} /out/']
        return '\n'.join(lines) + '\n'

    def run(self):
        """{flavour: results}, or a reason why there are none."""
        install_here(HOST_PACKAGES + self.arch.host_packages)
        packages = Packages(self.arch.debian)
        root = packages.unpacked('root', packages.fetch(GUEST_PACKAGES + self.arch.guest_packages))
        kernel = packages.unpacked('kernel', [packages.kernel(self.arch.kernel)])
        modules = disks.Modules(kernel)
        built = build.build(self.arch, packages, self.options.no_build)
        strip = f'{self.arch.triplet}-strip' if self.arch.triplet else 'strip'
        work = cache_directory() / self.arch.debian / 'run'
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir()
        disks.initial_file_system(work / 'initial', root / 'bin/busybox', modules, work / 'initial.cpio')
        disks.program_disk(work / 'programs', built, strip, modules, self.script(), work / 'programs.ext4')
        machine = Machine(self.arch, next((kernel / 'boot').glob(f'{self.arch.kernel_file}-*')), work)
        output = pathlib.Path(self.options.output) / self.arch.name
        machine.run(disks.root_disk(root), output, self.options.timeout)
        return {flavour: results.read(output / f'{flavour}.xml') for flavour in self.flavours()}


def main(words):
    options = parse_arguments(words)
    table = results.Table()
    for name in options.architecture or ARCHITECTURES:
        start = time.monotonic()
        try:
            for flavour, result in Guest(ARCHITECTURES[name], options).run().items():
                table.add(name, flavour, result)
        except Unavailable as reason:
            table.skip(name, reason)
        print(f'{name}: {time.monotonic() - start:.0f} s', flush=True)
    table.print()
    return 1 if table.failed() else 0
