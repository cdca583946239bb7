import os
import unittest

from . import compare, state
from .state import Process

SMAPS = '''00400000-00401000 r--p 00000000 fe:00 1234                     /bin/a file (deleted)
Size:                  4 kB
ProtectionKey:         0
VmFlags: rd mr mw me sd ac
7ffd1000-7ffd3000 rw-p 00000000 00:00 0                          [stack]
ProtectionKey:         3
VmFlags: rd wr mr gd
'''


class StateTest(unittest.TestCase):
    def test_maps(self):
        first, second = state.parse_maps(SMAPS)
        self.assertEqual(first, '00400000-00401000 r--p 00000000 /bin/a file (deleted) [rd mr mw me]')
        self.assertEqual(second, '7ffd1000-7ffd3000 rw-p 00000000 [stack] pkey 3 [rd wr mr gd]')

    def test_maps_of_sockets(self):
        self.assertEqual(state.parse_maps('1000-2000 rw-s 00000000 00:08 77 socket:[77]', state.inode_numbering()),
                         ['1000-2000 rw-s 00000000 socket:#0'])

    def test_stat_with_odd_comm(self):
        fields = state.stat_fields('7 (a) (b c) S 1 7 7 0')
        self.assertEqual((fields[3], fields[4]), ('S', '1'))

    def test_fdinfo(self):
        self.assertEqual(state.parse_fdinfo('pos:\t5\nflags:\t02\nmnt_id:\t9\nino:\t4\n'), 'pos=5 flags=02')

    def test_inodes_are_numbered(self):
        number = state.inode_numbering()
        self.assertEqual([number(link) for link in ('pipe:[90]', 'socket:[7]', 'pipe:[90]', '/x')],
                         ['pipe:#0', 'socket:#1', 'pipe:#0', '/x'])

    def test_snapshot_of_itself(self):
        mine = state.snapshot(os.getpid())
        self.assertIn(os.getpid(), mine)
        self.assertTrue(mine[os.getpid()].maps)


class CompareTest(unittest.TestCase):
    def test_same(self):
        self.assertEqual(compare.differences({1: Process()}, {1: Process()}), [])

    def test_each_kind(self):
        before = {1: Process({(1, 'Name'): 'a', (9, 'Name'): 'x', (9, 'Uid'): '0'}, {3: '/x pos=0', 4: 'y'}, ['m1', 'm2']), 2: Process()}
        after = {1: Process({(1, 'Name'): 'b'}, {3: '/x pos=9'}, ['m1', 'm3']), 5: Process()}
        self.assertEqual(compare.differences(before, after), [
            'task 9 is gone', "task 1 Name: was 'a', is 'b'", "pid 1 fd 3: was '/x pos=0', is '/x pos=9'", "pid 1 fd 4: was 'y', is gone",
            'pid 1 mapping is gone: m2', 'pid 1 mapping is new:  m3', 'pid 2 is gone', 'pid 5 is new'])
