"""Builds the engine and the cases that a guest runs: with this machine's compiler, or with a cross compiler and the -dev packages of
the other architecture, which are unpacked below the cache."""
import os
import shutil
import subprocess
import sys

from architectures import SYSROOT_PACKAGES
from disks import SOURCE

sys.path.insert(0, str(SOURCE / 'zdtm'))
from runner.main import matches  # noqa: E402

# A cross build is made once and run a little: many files are compiled as one, since most of the time goes into headers, and
# nobody looks at it with a debugger.
OPTIONS = ('-Dunity=on', '-Dunity_size=40', '-Doptimization=1')

CROSS_FILE = '''[binaries]
c = [{ccache}'{triplet}-gcc']
cpp = [{ccache}'{triplet}-g++']
ar = '{triplet}-gcc-ar'
strip = '{triplet}-strip'
objcopy = '{triplet}-objcopy'
pkgconfig = 'pkg-config'

[built-in options]
c_args = ['--sysroot={sysroot}', '-g0']
cpp_args = ['--sysroot={sysroot}', '-g0']
c_link_args = ['--sysroot={sysroot}']
cpp_link_args = ['--sysroot={sysroot}']

[properties]
sys_root = '{sysroot}'
pkg_config_libdir = '{sysroot}/usr/lib/{triplet}/pkgconfig:{sysroot}/usr/share/pkgconfig'

[host_machine]
system = 'linux'
cpu_family = '{family}'
cpu = '{name}'
endian = '{endian}'
'''


def cross_file(arch, packages):
    """Written anew when something has changed, which meson notices."""
    sysroot = packages.unpacked('sysroot', packages.fetch(SYSROOT_PACKAGES))
    text = CROSS_FILE.format(triplet=arch.triplet, name=arch.name, family=arch.family or arch.name, endian=arch.endian, sysroot=sysroot,
                             ccache="'ccache', " if shutil.which('ccache') else '')
    path = packages.dir / 'cross.ini'
    if not path.exists() or path.read_text(encoding='ascii') != text:
        path.write_text(text, encoding='ascii')
    return path


def configure(arch, packages):
    """The build directory of a foreign architecture. Another sysroot means another build."""
    directory = SOURCE / f'build-{arch.name}'
    file = cross_file(arch, packages)
    done = directory / 'meson-private' / 'coredata.dat'
    if done.exists() and done.stat().st_mtime >= file.stat().st_mtime:
        return directory
    shutil.rmtree(directory, ignore_errors=True)
    result = subprocess.run(['meson', 'setup', '--cross-file', file, *OPTIONS, directory], cwd=SOURCE, check=False, capture_output=True, text=True)
    if result.returncode != 0:
        raise SystemExit(f'ci/matrix: {arch.name} cannot be configured:\n{result.stdout}{result.stderr}')
    return directory


def directory_of(arch):
    """The host's own build/, or one beside it."""
    return SOURCE / (f'build-{arch.name}' if arch.triplet else 'build')


def chosen(directory, patterns):
    """The programs of the cases that match, as targets of the build directory, and those that belong to no case."""
    listed = subprocess.run(['ninja', '-C', directory, '-t', 'targets', 'all'], check=True, capture_output=True, text=True).stdout
    programs = [line.split(':')[0] for line in listed.splitlines() if line.startswith('zdtm/') and line.endswith(': c_LINKER')]
    return [p for p in programs if '.' not in p or matches(p.removeprefix('zdtm/').replace('.', '/', 1), patterns)]


def build(arch, packages, patterns):
    """Builds the engine and the cases that match one of `patterns` (all, when there is none). Returns them, relative to directory_of()."""
    directory = configure(arch, packages) if arch.triplet else directory_of(arch)
    targets = ['crengine', *chosen(directory, patterns)]
    jobs = os.environ.get('CRENGINE_JOBS')
    done = subprocess.run(['nice', '-n', os.environ.get('CRENGINE_NICE', '10'), 'ninja', '-C', directory, *(['-j', jobs] if jobs else []), *targets],
                          check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        raise SystemExit(f'ci/matrix: {arch.name} cannot be built:\n{done.stdout}')
    return targets
