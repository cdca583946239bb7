"""The runner must notice what goes wrong: one case in Python, with stand-ins for the engine."""
import os
import pathlib
import sys
import tempfile
import unittest

from .beats import Job
from .header import Header
from .pool import Pool

CASE = f'''#!{sys.executable} -IS
import os, signal, sys
given = dict(zip(sys.argv[1::2], sys.argv[2::2]))
before = open(os.path.join(os.path.dirname(__file__), 'before')).read()
at_end = open(os.path.join(os.path.dirname(__file__), 'at_end')).read()
def say(text):
    with open(given['--out'], 'a') as out:
        out.write(text + '\\n')
ready, done = os.pipe()
if os.fork():
    os.close(done)
    os.read(ready, 1)
    with open(given['--pidfile']) as file:
        sys.exit(0 if file.read() else 1)
os.close(ready)
os.setsid()
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
exec(before)
with open(given['--pidfile'], 'w') as file:
    file.write(str(os.getpid()))
os.close(done)
signal.sigwait([signal.SIGTERM])
exec(at_end)
'''


@unittest.skipUnless(os.geteuid() == 0, 'makes pid namespaces')
class BeatsTest(unittest.TestCase):
    def play(self, at_end='say("PASS")', before='', engine='/bin/true', mode='nocr', refuse='', unfixed='', timeout=20):
        with tempfile.TemporaryDirectory() as top:
            for name, text in (('case', CASE), ('at_end', at_end), ('before', before), ('engine', f'#!/bin/sh\n{engine}\n')):
                path = pathlib.Path(top, name)
                path.write_text(text, encoding='ascii')
                path.chmod(0o755)
            results = []
            job = Job('m/x', f'{top}/case', Header(title='x', refuse=refuse, unfixed=unfixed), f'{top}/work', f'{top}/engine', 1,
                      mode, timeout)
            Pool(1, lambda _, result: results.append(result)).run([job])
            return results[0]

    def fails(self, reason, **given):
        result = self.play(**given)
        self.assertEqual(result.state, 'failed')
        self.assertRegex(result.reason, reason)

    def test_pass(self):
        self.assertEqual(self.play().reason, '')
        self.assertEqual(self.play(mode='norst').state, 'passed')

    def test_verdicts(self):
        self.fails('^it is wrong$', at_end='say("FAIL it is wrong"); say("PASS")')
        self.fails('without a verdict: exited with 3', at_end='os._exit(3)')
        self.fails('without a verdict: killed by SIGKILL', at_end='os.kill(os.getpid(), 9)')

    def test_timeout(self):
        self.fails('timeout of 1 s while the case was checking', at_end='signal.pause()', timeout=1)

    def test_dump_fails(self):
        self.fails('dump 0 exited with 1: no way', engine='echo no way >&2; exit 1', mode='full')

    def test_unfixed(self):
        failing = self.play(unfixed='something', engine='echo no way >&2; exit 1', mode='full')
        self.assertEqual((failing.state, failing.reason),
                         ('skipped', 'not right yet: something (dump 0 exited with 1: no way)'))
        # A dump that is refused as it should be is a case that passes, here without an engine that restores.
        self.fails('it passes although it is marked "unfixed: something"', unfixed='something', refuse='no way',
                   engine='echo no way >&2; exit 1', mode='full')

    def test_tree_survives_dump(self):
        self.fails('left processes of the tree', mode='full')

    def test_restore_does_nothing(self):
        kill = 'if [ $1 = dump ]; then kill -9 $3; fi'
        self.fails('wrote pid .. into the pidfile', engine=kill, mode='full')

    def test_helper_left_behind(self):
        leave = 'if [ $1 = dump ]; then kill -9 $3; sleep 30 & fi'
        self.fails('dump 0 left processes behind', engine=leave, mode='full')

    def test_dump_changes_the_case(self):
        self.fails("nice: was '0', is '3'", engine='renice -n 3 -p $3 >/dev/null', mode='norst')

    def test_refusal(self):
        refuse = 'echo first >&2; echo pid 4: odd thing >&2; exit 1'
        self.assertEqual(self.play(engine=refuse, mode='full', refuse='odd thing').reason, '')
        self.fails('must say', engine=refuse, mode='full', refuse='first')
        self.fails('must be refused', mode='full', refuse='odd')
        self.fails('gone', engine='kill -9 $3; ' + refuse, mode='full', refuse='odd')
