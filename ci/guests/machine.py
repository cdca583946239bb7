"""Starts an emulated machine and takes its results from its third disk."""
import os
import shutil
import subprocess
import tarfile

RESULTS_SIZE = 4 << 30  # of a sparse file: what failed cases leave can be much


class Machine:
    def __init__(self, arch, kernel, work):
        self.arch, self.kernel, self.work = arch, kernel, work

    def say(self, text):
        print(f'{self.arch.name}: {text}', flush=True)

    def command(self, root):
        """One CPU each: two machines share two cores, and where CPUs of one machine wait for each other (for a lock, or for all to forget a
        page) while one of them isn't run, the emulator only spins: two needed twice the time."""
        def drive(name, path, *words):
            return ['-drive', ','.join((f'file={path}', 'if=none', 'format=raw', 'cache=unsafe', f'id={name}', *words)),
                    '-device', f'virtio-blk,drive={name},serial={name}']
        return ['nice', '-n', os.environ.get('CRENGINE_NICE', '10'), *self.arch.qemu, '-accel', 'tcg', '-smp', '1', '-m', '3072', '-nographic', '-no-reboot',
                '-nodefaults', '-serial', 'stdio', '-kernel', self.kernel, '-initrd', self.work / 'initial.cpio',
                '-append', f'console={self.arch.console} quiet panic=-1 mitigations=off no_timer_check', *drive('root', root, 'snapshot=on'),
                *drive('programs', self.work / 'programs.ext4'), *drive('results', self.work / 'results.tar')]

    def run(self, root, output, timeout):
        """Shows the console, keeps it, and unpacks the results into `output`."""
        results = self.work / 'results.tar'
        with open(results, 'wb') as file:
            file.truncate(RESULTS_SIZE)
        shutil.rmtree(output, ignore_errors=True)
        output.mkdir(parents=True)
        console = output / 'console'
        with open(console, 'wb') as log:
            command = ['timeout', str(timeout), *map(str, self.command(root))]
            guest = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            try:
                for line in guest.stdout:
                    log.write(line)
                    self.say(line.decode(errors='replace').rstrip())
            except BaseException:
                guest.terminate()  # timeout(1) passes it on
                raise
            if guest.wait() != 0:
                self.say(f'the machine ended with {guest.returncode} (124: after {timeout} s)')
        # Not "whatever is recognised": a disk that was never written to would be read to its end as the padding of an xz file.
        try:
            with tarfile.open(results, 'r:') as archive:
                archive.extractall(output)
        except tarfile.ReadError as error:
            self.say(f'the results are damaged: {error}')
        if not any(output.glob('*.xml')):
            self.say(f'no results; the console is in {os.path.abspath(console)}')
