import unittest

from .header import HeaderError, parse_header


class HeaderTest(unittest.TestCase):
    def test_all_keys(self):
        header = parse_header('''/* zdtm:
 * title: sleeps: deeply
 * dump: --shell-job --external 'a b'
 * needs: root, kernel>=6.4 cap:SYS_NICE
 * build: -static -lrt
 * compare: nofds|nomaps - it opens files
 *   all the time
 * timeout: 90
 */
int main(void) {}''')
        self.assertEqual(header.title, 'sleeps: deeply')
        self.assertEqual(header.dump, ['--shell-job', '--external', 'a b'])
        self.assertEqual(header.restore, [])
        self.assertEqual(header.needs, ['root', 'kernel>=6.4', 'cap:SYS_NICE'])
        self.assertEqual(header.build, ['-static', '-lrt'])
        self.assertEqual(header.compare, {'nofds', 'nomaps'})
        self.assertEqual(header.timeout, 90)

    def test_continued_line(self):
        self.assertEqual(parse_header('/* zdtm:\n * title: one\n *   two\n */').title, 'one two')

    def test_refused(self):
        for text in ('int x;', '/* zdtm:\n * needs: root\n */', '/* zdtm:\n * titel: x\n */',
                     '/* zdtm:\n * title: x\n * compare: nofds\n */', '/* zdtm:\n * title: x\n * compare: because\n */',
                     '/* zdtm:\n * title: x\n * title: y\n */', '/* zdtm:\n * title: x\n * timeout: long\n */'):
            with self.subTest(text), self.assertRaises(HeaderError):
                parse_header(text)
