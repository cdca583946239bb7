"""What a guest is made of: an initial file system that mounts its root, the root's disk, and one with the programs under test."""
import pathlib
import re
import shutil
import subprocess

from architectures import CASE_MODULES, ROOT_MODULES

HERE = pathlib.Path(__file__).resolve().parent
SOURCE = HERE.parent.parent


class Modules:
    """The modules of an unpacked kernel package, with the order in which they have to be inserted."""

    def __init__(self, directory):
        self.files = {path.name.removesuffix('.ko').replace('-', '_'): path for path in directory.rglob('*.ko')}

    def needed_by(self, name):
        """Files, those first that others need."""
        name = name.replace('-', '_')
        if name not in self.files:
            return []
        match = re.search(rb'\0depends=([^\0]*)\0', self.files[name].read_bytes())
        first = [file for other in match.group(1).decode().split(',') if other for file in self.needed_by(other)] if match else []
        return first + [self.files[name]]

    def copy(self, names, directory):
        """Copies the modules and writes their order into the file `order`."""
        directory.mkdir(parents=True)
        files = list(dict.fromkeys(file for name in names for file in self.needed_by(name)))
        for file in files:
            shutil.copy(file, directory)
        (directory / 'order').write_text(''.join(f'{file.name}\n' for file in files), encoding='ascii')


def initial_file_system(directory, busybox, modules, output):
    """A cpio archive: busybox, the modules of the root's disk, and /init."""
    shutil.rmtree(directory, ignore_errors=True)
    for name in ('bin', 'dev', 'proc', 'sys', 'root'):
        (directory / name).mkdir(parents=True)
    shutil.copy(busybox, directory / 'bin' / 'busybox')
    modules.copy(ROOT_MODULES, directory / 'modules')
    shutil.copy(HERE / 'init', directory / 'init')
    names = '\n'.join(str(path.relative_to(directory)) for path in sorted(directory.rglob('*')))
    with open(output, 'wb') as archive:
        subprocess.run(['cpio', '--quiet', '-o', '-H', 'newc', '-R', '0:0'], cwd=directory, input=names.encode(), stdout=archive, check=True)


def disk(directory, output, megabytes):
    subprocess.run(['mke2fs', '-q', '-t', 'ext4', '-F', '-d', directory, '-O', '^has_journal', '-E', 'lazy_itable_init=1,root_owner=0:0', output,
                    f'{megabytes}m'], check=True)


def root_disk(unpacked):
    """The disk of a root directory, beside it; made once."""
    output = unpacked.with_suffix('.ext4')
    if not output.exists():
        for name in ('proc', 'sys', 'dev', 'tmp', 'run', 'root', 'crengine', 'mnt', 'var/tmp'):
            (unpacked / name).mkdir(parents=True, exist_ok=True)
        (unpacked / 'tmp').chmod(0o1777)
        if not (unpacked / 'bin/sh').exists():
            (unpacked / 'bin/sh').symlink_to('busybox')
        if not (unpacked / 'usr/bin/python3').exists():
            (unpacked / 'usr/bin/python3').symlink_to(next((unpacked / 'usr/bin').glob('python3.[0-9]*')).name)
        for name in ('passwd', 'group'):
            shutil.copy(unpacked / 'usr/share/base-passwd' / f'{name}.master', unpacked / 'etc' / name)
        disk(unpacked, output.with_suffix('.new'), 3072)
        output.with_suffix('.new').rename(output)
    return output


def program_disk(directory, build, programs, strip, modules, script, output):
    """`programs` of the build directory, the cases' runner, and `script`, which the guest runs."""
    shutil.rmtree(directory, ignore_errors=True)
    (directory / 'build' / 'zdtm').mkdir(parents=True)
    modules.copy(CASE_MODULES, directory / 'modules')
    shutil.copytree(SOURCE / 'zdtm', directory / 'zdtm', ignore=shutil.ignore_patterns('__pycache__'))
    for name in programs:
        subprocess.run([strip, '-g', '-o', directory / 'build' / name, build / name], check=True)
    for name, text in (('guest', (HERE / 'guest').read_text(encoding='utf-8')), ('script', script)):
        (directory / name).write_text(text, encoding='utf-8')
        (directory / name).chmod(0o755)
    disk(directory, output, 512)
