import os
import unittest

from .main import matches
from .needs import first_missing, missing, release_numbers


class NeedsTest(unittest.TestCase):
    def test_release(self):
        self.assertEqual(release_numbers('6.18.44-fc-v669'), (6, 18))
        self.assertLess(release_numbers('6.4'), release_numbers('6.18'))

    def test_met(self):
        self.assertEqual(first_missing(['kernel>=2.6', 'tool:sh', 'file:/proc/self']), '')

    def test_ia32(self):
        """On a kernel that runs such programs as well as on one that does not."""
        self.assertIn(missing('ia32'), ('', 'this kernel runs no 32-bit programs'))

    def test_not_met(self):
        self.assertIn('older than 99.0', missing('kernel>=99.0'))
        self.assertIn('not older than 2.6', missing('kernel<2.6'))
        self.assertEqual(missing('kernel<99.0'), '')
        self.assertIn('no-such-tool', first_missing(['tool:sh', 'tool:no-such-tool']))

    @unittest.skipIf(os.geteuid() != 0, 'network namespaces want root')
    def test_kinds_of_network_devices(self):
        self.assertEqual(missing('link:veth'), '')
        self.assertIn('no network devices of kind nosuchkind', missing('link:nosuchkind'))

    def test_unknown(self):
        for need in ('magic', 'tool:', 'cap:EVERYTHING'):
            with self.subTest(need), self.assertRaises(ValueError):
                missing(need)

    def test_patterns(self):
        self.assertTrue(matches('task/sleeping', []))
        self.assertTrue(all(matches('task/sleeping', [p]) for p in ('task', 'sleep*', 'task/*', 'task/sleeping')))
        self.assertFalse(matches('task/sleeping', ['timers', 'slee']))
