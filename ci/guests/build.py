"""Builds the engine and the cases that a guest runs: with this machine's compiler, or with a cross compiler and the -dev packages of
the other architecture, which are unpacked below the cache."""
import os
import shutil
import subprocess

from architectures import SYSROOT_PACKAGES
from disks import SOURCE

CROSS_FILE = '''[binaries]
c = [{ccache}'{triplet}-gcc']
cpp = [{ccache}'{triplet}-g++']
ar = '{triplet}-gcc-ar'
strip = '{triplet}-strip'
objcopy = '{triplet}-objcopy'
pkgconfig = 'pkg-config'

[built-in options]
c_args = ['--sysroot={sysroot}']
cpp_args = ['--sysroot={sysroot}']
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
    result = subprocess.run(['meson', 'setup', '--cross-file', file, directory], cwd=SOURCE, check=False, capture_output=True, text=True)
    if result.returncode != 0:
        raise SystemExit(f'ci/matrix: {arch.name} cannot be configured:\n{result.stdout}{result.stderr}')
    return directory


def build(arch, packages, no_build):
    """The directory with what is built: the host's own build/, or one beside it."""
    if no_build:
        return SOURCE / (f'build-{arch.name}' if arch.triplet else 'build')
    directory = configure(arch, packages) if arch.triplet else SOURCE / 'build'
    listed = subprocess.run(['ninja', '-C', directory, '-t', 'targets', 'all'], check=True, capture_output=True, text=True).stdout
    cases = [line.split(':')[0] for line in listed.splitlines() if line.startswith('zdtm/') and line.endswith(': c_LINKER')]
    jobs = os.environ.get('CRENGINE_JOBS')
    done = subprocess.run(['nice', '-n', os.environ.get('CRENGINE_NICE', '10'), 'ninja', '-C', directory, *(['-j', jobs] if jobs else []), 'crengine', *cases], check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        raise SystemExit(f'ci/matrix: {arch.name} cannot be built:\n{done.stdout}')
    return directory
