"""Builds the engine and the cases that a guest runs."""
import subprocess

from disks import SOURCE


def build(no_build):
    """The directory with what is built: the host's own build/."""
    directory = SOURCE / 'build'
    if not no_build:
        listed = subprocess.run(['ninja', '-C', directory, '-t', 'targets', 'all'], check=True, capture_output=True, text=True).stdout
        cases = [line.split(':')[0] for line in listed.splitlines() if line.startswith('zdtm/') and line.endswith(': c_LINKER')]
        subprocess.run(['nice', '-n', '10', 'ninja', '-C', directory, 'crengine', *cases], check=True, stdout=subprocess.DEVNULL)
    return directory
