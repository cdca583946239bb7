"""The story of one case, told by the driver inside the case's pid namespace: start, dump, restore, signal, verdict."""
import dataclasses
import json
import os
import select
import signal
import subprocess
import time

from . import compare, rewrite, sandbox, state
from .engine import Engine
from .flavours import FLAVOURS

SKIPPED = 77
CASE_ENVIRONMENT = {'PATH': '/usr/sbin:/usr/bin:/sbin:/bin', 'LC_ALL': 'C', 'HOME': '/root'}


class Failed(Exception):
    pass


class Skipped(Exception):
    pass


@dataclasses.dataclass
class Job:
    """One case to run; all the driver knows."""
    name: str
    binary: str
    header: object
    work: str  # directory for everything of this case
    engine: str
    iterations: int
    mode: str  # 'full', 'nocr', 'norst'
    timeout: float
    flavour: str = 'host'
    slow: float = 1  # how many times as slow this machine is

    def path(self, name):
        return os.path.join(self.work, name)


@dataclasses.dataclass
class Result:
    name: str
    state: str = 'failed'  # passed, failed, skipped
    reason: str = ''
    seconds: float = 0
    dump_seconds: float = 0
    restore_seconds: float = 0


def last_lines(path, count):
    try:
        with open(path, encoding='utf-8', errors='replace') as file:
            return [line.rstrip() for line in file][-count:]
    except OSError:
        return []


class Beats:
    def __init__(self, job):
        self.job = job
        self.flavour = FLAVOURS[job.flavour]
        self.deadline = time.monotonic() + job.timeout
        self.result = Result(job.name)
        self.compare = job.header.compare | self.flavour.compare
        self.engine = Engine(job.engine, job.path('images'), self.flavour)
        self.pid = 0  # root of the tree

    def environment(self):
        slow = {'ZDTM_SLOW': f'{self.job.slow:.0f}'} if self.job.slow > 1 else {}
        return {**CASE_ENVIRONMENT, **slow}

    def left(self, doing):
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise Failed(f'timeout of {self.job.timeout:g} s while {doing}' + self.where_it_sleeps())
        return left

    def where_it_sleeps(self):
        words = []
        for pid in state.tree(self.pid)[:5] if self.pid and os.path.exists(f'/proc/{self.pid}') else []:
            try:
                fields = state.stat_fields(state.read(f'/proc/{pid}/stat'))
                words.append(f'{pid} {fields[3]} syscall {state.read(f"/proc/{pid}/syscall").split()[0]}')
            except (OSError, KeyError, IndexError):
                pass
        return f' ({"; ".join(words)})' if words else ''

    def bounded(self, doing, action):
        """Runs something that takes a timeout, which becomes a failure in our words."""
        try:
            return action(self.left(doing))
        except subprocess.TimeoutExpired:
            self.left(doing)
            raise Failed(f'timeout while {doing}') from None

    def start(self):
        job = self.job
        os.makedirs(job.path('images'))
        os.makedirs(job.path('scratch'))
        os.chmod(job.path('scratch'), 0o777)
        if self.flavour.owner:
            for path in (job.work, job.path('scratch')):
                os.chown(path, self.flavour.owner, self.flavour.owner)
        command = [*self.container(), job.binary, '--dir', job.path('scratch'), '--pidfile', job.path('pid'), '--out',
                   job.path('verdict'), '--log', job.path('log')]
        with open(job.path('stderr'), 'wb') as err:
            code = self.bounded('the case was setting up', lambda left: subprocess.run(
                command, stdin=subprocess.DEVNULL, stdout=err, stderr=err, env=self.environment(), timeout=left, check=False).returncode)
        if code == SKIPPED:
            lines = [line[5:] for line in self.verdict_lines() if line.startswith('SKIP ')]
            raise Skipped(lines[-1] if lines else 'no reason given')
        if code != 0:
            raise Failed(self.words_of_failure() or f'set-up exited with {code}: {" ".join(last_lines(job.path("stderr"), 3))}')
        self.pid = self.number_in('init' if self.flavour.namespaces else 'pid')

    def number_in(self, name):
        with open(self.job.path(name), encoding='ascii') as file:
            return int(file.read())

    def container(self):
        """Words in front of the case's command."""
        if not self.flavour.namespaces:
            return ()
        return (os.path.join(os.path.dirname(self.job.binary), 'container'), self.flavour.namespaces, self.job.path('init'))

    def case_pid(self):
        """The pid of the case itself, as it is seen here."""
        wanted = self.number_in('pid')
        found = [pid for pid, number in state.numbers_of(self.pid).items() if number == wanted]
        return found[0] if found else -1

    def verdict_lines(self):
        return last_lines(self.job.path('verdict'), 1000)

    def words_of_failure(self):
        return '; '.join(line[5:] for line in self.verdict_lines() if line.startswith('FAIL '))

    def snapshot(self):
        try:
            return state.snapshot(self.pid, self.compare)
        except FileNotFoundError:
            if os.path.exists(f'/proc/{self.pid}'):
                raise
            raise Failed(self.words_of_failure() or
                         f'the case is gone: {sandbox.how_it_ended(self.job.path("reaped"), self.pid)}') from None

    def differences(self, before):
        after = self.snapshot()
        found = [] if 'notasks' in self.compare else compare.differences(before, after)
        if self.words_of_failure():
            found.insert(0, 'the case itself says: ' + self.words_of_failure())
        return found

    def same(self, before, what):
        found = self.differences(before)
        # On a busy machine a thread may not be back in its call yet, whose mask sigsuspend(2) sets.
        for _ in range(5):
            if not found:
                return
            time.sleep(0.1)
            found = self.differences(before)
        if found:
            raise Failed(f'{what}:\n    ' + '\n    '.join(found))

    def wait_until(self, condition, seconds):
        until = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > until:
                return False
            time.sleep(0.002)
        return True

    def dump(self, number, extra):
        options = [*self.flavour.dump, *self.job.header.dump, *extra]
        outcome = self.bounded('dumping', lambda left: self.engine.dump(number, self.pid, options, left))
        self.result.dump_seconds += outcome.seconds
        return outcome

    def dump_and_restore(self, number):
        before, others, old = self.snapshot(), state.all_pids(), set(state.tree(self.pid))
        outcome = self.dump(number, ())
        if outcome.code != 0:
            raise Failed(f'dump {number} exited with {outcome.code}: {outcome.last_line}')
        if self.flavour.runs_on:
            self.ran_on(number)
            self.same(before, f'after dump {number}, which leaves it running')
            self.end_tree(old)
        self.wait_until(lambda: not old & state.all_pids(), 2)
        rest = sorted(old & state.all_pids())
        if rest:
            raise Failed(f'dump {number} left processes of the tree: {rest[:10]}')
        self.nothing_new(others, f'dump {number}')
        if self.job.header.rewrite:
            rewrite.KINDS[self.job.header.rewrite](self.engine.image_dir(number))
        pidfile = self.engine.image_dir(number) + '.pid'
        options = [*self.flavour.restore, *self.job.header.restore]
        outcome = self.bounded('restoring', lambda left: self.engine.restore(number, pidfile, options, left))
        self.result.restore_seconds += outcome.seconds
        if outcome.code != 0:
            raise Failed(f'restore {number} exited with {outcome.code}: {outcome.last_line}')
        written = ''.join(last_lines(pidfile, 1)).strip()
        if self.flavour.namespaces:
            self.pid = int(written)
        elif written != str(self.pid):
            raise Failed(f'restore {number} wrote pid {written!r} into the pidfile, the pid is {self.pid}')
        self.same(before, f'after restore {number}')
        self.nothing_new(others | set(state.tree(self.pid)), f'restore {number}')

    def ran_on(self, number):
        """Whether the dump was a snapshot, or became one that stops the tree until all is written for the reason that is known."""
        wanted = self.job.header.nosnapshot
        lines = last_lines(os.path.join(self.engine.image_dir(number), 'dump.log'), 10000)
        said = next((line for line in lines if 'no snapshot' in line), '')
        if wanted not in said or (said and not wanted):
            raise Failed(f'dump {number} must be {"none" if wanted else "a snapshot"} ({wanted}), but the log says {said!r}')

    @staticmethod
    def end_tree(pids):
        """Stopped first, so that nobody sees another one die."""
        for number in (signal.SIGSTOP, signal.SIGKILL):
            for pid in pids:
                try:
                    os.kill(pid, number)
                except ProcessLookupError:
                    pass

    def nothing_new(self, allowed, after):
        """No process may be there that was not there before (a helper that was left behind)."""
        if 'notasks' in self.compare:
            return
        if not self.wait_until(lambda: state.all_pids() <= allowed, 1):
            raise Failed(f'{after} left processes behind: {sorted(state.all_pids() - allowed)[:10]}')

    def dump_and_leave(self, number):
        before = self.snapshot()
        outcome = self.dump(number, ('--leave-running',))
        if outcome.code != 0:
            raise Failed(f'dump {number} exited with {outcome.code}: {outcome.last_line}')
        self.same(before, f'after dump {number} with --leave-running')

    def dump_is_refused(self, number):
        before = self.snapshot()
        outcome = self.dump(number, ())
        wanted = self.job.header.refuse
        if outcome.code == 0:
            raise Failed(f'the dump must be refused ({wanted}), but succeeded')
        if wanted not in outcome.last_line:
            raise Failed(f'the refusal must say {wanted!r}, but says {outcome.last_line!r}')
        self.same(before, 'after the refused dump')

    def finish(self):
        """Third beat: the signal, then the verdict."""
        try:
            pid = self.case_pid()
            descriptor = os.pidfd_open(pid)
            os.kill(pid, signal.SIGTERM)
        except OSError:
            descriptor = -1  # it ended too early; its verdict or its end tells why
        if descriptor >= 0:
            poll = select.poll()
            poll.register(descriptor, select.POLLIN)
            while not poll.poll(self.left('the case was checking') * 1000):
                pass
            os.close(descriptor)
        lines = self.verdict_lines()
        bad = [line[5:] for line in lines if line.startswith('FAIL ')]
        if bad:
            raise Failed('; '.join(bad[:5]))
        if 'PASS' not in [line.strip() for line in lines]:
            self.wait_until(lambda: sandbox.how_it_ended(self.job.path('reaped'), self.pid), 0.5)
            end = sandbox.how_it_ended(self.job.path('reaped'), self.pid)
            raise Failed(f'the case ended without a verdict: {end or "not seen how"}')

    def play(self):
        step = {'full': self.dump_and_restore, 'norst': self.dump_and_leave}.get(self.job.mode)
        if step and self.job.header.refuse:
            step = self.dump_is_refused
        self.start()
        for number in range(self.job.iterations if step else 0):
            step(number)
        self.finish()

    def run(self):
        began = time.monotonic()
        result = self.result
        try:
            self.play()
            result.state = 'passed'
            if self.job.header.unfixed and self.job.mode == 'full':
                result.state = 'failed'
                result.reason = f'it passes although it is marked "unfixed: {self.job.header.unfixed}": take the mark off'
        except Skipped as reason:
            result.state, result.reason = 'skipped', str(reason)
        except Failed as reason:
            result.reason = str(reason)
            if self.job.header.unfixed and self.job.mode != 'nocr':
                result.state, result.reason = 'skipped', f'not right yet: {self.job.header.unfixed} ({reason})'
        result.seconds = time.monotonic() - began
        with open(self.job.path('result.json'), 'w', encoding='utf-8') as file:
            json.dump(dataclasses.asdict(result), file)
        return 0


def load_result(job):
    """What the driver found out, read by the runner outside; a driver that died is a failure too."""
    try:
        with open(job.path('result.json'), encoding='utf-8') as file:
            return Result(**json.load(file))
    except (OSError, ValueError):
        return Result(job.name, reason='the driver died: ' + ' '.join(last_lines(job.path('driver.stderr'), 3)))
