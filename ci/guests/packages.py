"""Debian's packages of any architecture: fetched and unpacked below the cache, with a package database of their own, so that
nothing is installed on this machine. What has been fetched is found again."""
import hashlib
import os
import pathlib
import re
import shutil
import subprocess
import time

WEEK = 7 * 24 * 3600

CONFIGURATION = '''APT::Architecture "{arch}";
APT::Architectures {{ "{arch}"; }};
APT::Install-Recommends "false";
Dir::State "{dir}/state";
Dir::State::status "{dir}/status";
Dir::Cache "{dir}";
Dir::Etc::sourcelist "{sources}";
Dir::Etc::sourceparts "-";
Acquire::Languages "none";
APT::Sandbox::User "root";
Debug::NoLocking "true";
APT::Update::Error-Mode "any";
'''


class Unavailable(Exception):
    """What can't be had here: the reason why an architecture is skipped."""


# What apt says of a server that it can't get at.
NO_NETWORK = re.compile(r'[^\n]*(?:Temporary failure resolving|Could not resolve|Could not connect|Connection (?:timed out|refused)|'
                        r'Network is unreachable|Failed to fetch)[^\n]*')


def cache_directory():
    return pathlib.Path(os.environ.get('CRENGINE_CACHE') or pathlib.Path.home() / '.cache' / 'crengine')


def debian_sources():
    for path in ('/etc/apt/sources.list.d/debian.sources', '/etc/apt/sources.list'):
        if os.path.exists(path):
            return path
    raise SystemExit('ci/matrix: no list of package sources in /etc/apt')


def install_here(names):
    """The emulators and cross compilers are programs of this machine."""
    listed = subprocess.run(['dpkg-query', '-W', '-f', '${Package} ${db:Status-Status}\n', *names], check=False, capture_output=True, text=True).stdout
    missing = [name for name in names if f'{name} installed' not in listed.splitlines()]
    if missing and os.environ.get('CRENGINE_NO_APT'):
        raise Unavailable(f'missing here: {" ".join(missing)} (CRENGINE_NO_APT is set)')
    if not missing:
        return
    print(f'ci/matrix: installing {" ".join(missing)}', flush=True)
    install = ['apt-get', '-qq', '-o', 'DPkg::Lock::Timeout=300', 'install', '-y', '--no-install-recommends', *missing]
    # A new machine has no package lists, an old one may have stale ones.
    for words in (install, ['apt-get', '-qq', 'update'], install):
        done = subprocess.run(words, check=False, capture_output=True, text=True, env={**os.environ, 'LC_ALL': 'C.UTF-8', 'DEBIAN_FRONTEND': 'noninteractive'})
        if words is install and done.returncode == 0:
            return
    if NO_NETWORK.search(done.stderr):
        raise Unavailable(f'no network for {" ".join(missing)}: {NO_NETWORK.search(done.stderr).group()}')
    raise SystemExit(f'ci/matrix: {" ".join(missing)} cannot be installed: {done.stderr.strip()}')


class Packages:
    """One architecture's packages."""

    def __init__(self, debian_architecture):
        self.arch = debian_architecture
        self.dir = cache_directory() / debian_architecture
        for name in ('state/lists/partial', 'archives/partial'):
            (self.dir / name).mkdir(parents=True, exist_ok=True)
        (self.dir / 'status').touch()
        self.environment = {**os.environ, 'APT_CONFIG': str(self.dir / 'apt.conf'), 'LC_ALL': 'C.UTF-8'}
        (self.dir / 'apt.conf').write_text(
            CONFIGURATION.format(arch=self.arch, dir=self.dir, sources=debian_sources()), encoding='ascii')

    def apt(self, *words):
        done = subprocess.run(words, env=self.environment, cwd=self.dir / 'archives', check=False, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)
        if done.returncode != 0 and NO_NETWORK.search(done.stderr):
            raise Unavailable(f'no network for packages of {self.arch}: {NO_NETWORK.search(done.stderr).group()}')
        if done.returncode != 0:
            raise SystemExit(f'ci/matrix: {" ".join(words)}: {done.stderr.strip()}')
        return done.stdout

    def update(self):
        """The lists of packages, once a week."""
        stamp = self.dir / 'updated'
        if stamp.exists() and stamp.stat().st_mtime >= time.time() - WEEK:
            return
        try:
            self.apt('apt-get', '-qq', 'update')
        except (SystemExit, Unavailable) as error:
            # One of several lists may be half copied on the mirror; the others will do.
            if not list((self.dir / 'state/lists').glob(f'*_main_binary-{self.arch}_Packages*')):
                raise
            print(f'{error}\nci/matrix: going on without these', flush=True)
        stamp.touch()

    def fetch(self, names):
        """The packages and all that they depend on, as files."""
        self.update()
        plan = re.findall(r'^Inst (\S+) \((\S+)', self.apt('apt-get', 'install', '-s', '-y', *names), re.M)
        found = [self.archived(name, version) for name, version in plan]
        if not all(found):
            self.apt('apt-get', 'install', '-qq', '-y', '--download-only', *names)
            found = [self.archived(name, version) for name, version in plan]
        return found

    def archived(self, name, version):
        return next((self.dir / 'archives').glob(f'{name}_{version.replace(":", "%3a")}_*.deb'), None)

    def kernel(self, name):
        """The newest kernel's own package, without the tools that would install it."""
        self.update()
        image = next(line.split()[1] for line in self.apt('apt-cache', 'depends', name).splitlines() if 'Depends: linux-image' in line)
        have = sorted((self.dir / 'archives').glob(f'{image}_*.deb'))
        if not have:
            self.apt('apt-get', '-qq', 'download', image)
            have = sorted((self.dir / 'archives').glob(f'{image}_*.deb'))
        return have[-1]

    def unpacked(self, purpose, files):
        """A directory with the contents of the package files, made anew when they change."""
        key = hashlib.sha256('\n'.join(sorted(file.name for file in files)).encode()).hexdigest()[:12]
        directory = self.dir / f'{purpose}-{key}'
        if directory.exists():
            return directory
        for old in self.dir.glob(f'{purpose}-*'):
            shutil.rmtree(old) if old.is_dir() else old.unlink()
        new = self.dir / f'new-{purpose}'
        shutil.rmtree(new, ignore_errors=True)
        for name in ('bin', 'sbin', 'lib', 'lib64'):
            (new / 'usr' / name).mkdir(parents=True)
            (new / name).symlink_to(f'usr/{name}')
        for file in files:
            contents = subprocess.Popen(['dpkg-deb', '--fsys-tarfile', file], stdout=subprocess.PIPE)
            subprocess.run(['tar', '-x', '--keep-directory-symlink', '-C', new], stdin=contents.stdout, check=True)
            if contents.wait() != 0:
                raise SystemExit(f'ci/matrix: {file} cannot be unpacked')
        new.rename(directory)
        return directory
