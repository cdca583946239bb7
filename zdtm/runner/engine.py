"""The dump and restore commands. Output goes to files: a pipe would be kept open by a restored task that inherited it."""
import dataclasses
import os
import subprocess
import time

from .flavours import FLAVOURS


@dataclasses.dataclass
class Outcome:
    code: int
    seconds: float
    last_line: str


def last_line_of(path):
    try:
        with open(path, encoding='utf-8', errors='replace') as file:
            lines = [line.strip() for line in file if line.strip()]
    except OSError:
        return ''
    return lines[-1] if lines else ''


class Engine:
    def __init__(self, path, images, flavour=FLAVOURS['host']):
        self.programs = {'dump': flavour.dumper or path, 'restore': flavour.restorer or path}
        self.images = images  # directory above the image sets

    def image_dir(self, number):
        path = os.path.join(self.images, str(number))
        os.makedirs(path, exist_ok=True)
        return path

    def run(self, number, verb, words, timeout):
        stderr = os.path.join(self.images, f'{number}.{verb}.stderr')
        command = [self.programs[verb], verb, *words]
        with open(stderr, 'wb') as err, open(os.path.join(self.images, f'{number}.{verb}.stdout'), 'wb') as out:
            began = time.monotonic()
            code = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=out, stderr=err, timeout=timeout, check=False,
                                  cwd='/').returncode
            return Outcome(code, time.monotonic() - began, last_line_of(stderr))

    def dump(self, number, pid, options, timeout):
        words = ['-t', str(pid), '-D', self.image_dir(number), '-o', 'dump.log', '-v4', *options]
        return self.run(number, 'dump', words, timeout)

    def restore(self, number, pidfile, options, timeout):
        words = ['-d', '-D', self.image_dir(number), '-o', 'restore.log', '-v4', '--pidfile', pidfile, *options]
        return self.run(number, 'restore', words, timeout)
