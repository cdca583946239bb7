"""Rules of a network namespace as CRIU writes them: in the words of iptables-save and nft, which are not read. A set with such a file is
refused before a process is made; one whose tables are empty is not.
usage: foreign_rules_test.py ENGINE    (as root; each test has its own pid namespace)"""
import os
import pathlib
import subprocess
import unittest

from sandboxed import Sandboxed

EMPTY = '*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\nCOMMIT\n'


class ForeignRulesTest(Sandboxed):
    def with_rules(self, name, text):
        """The set, with a file of another writer, and without the list of checksums."""
        pathlib.Path(self.images, 'crengine.manifest').unlink(missing_ok=True)
        (netns,) = pathlib.Path(self.images).glob('netns-*.img')
        number = netns.stem.partition('-')[2]
        pathlib.Path(self.images, f'{name}-{number}.img').write_text(text)

    def test_rules_of_others(self):
        def body():
            ready = pathlib.Path(self.images, 'ready')
            sleeper = subprocess.Popen(['unshare', '--net', 'python3', '-S', '-c', f'import signal; open("{ready}", "w").close(); signal.pause()'],
                                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
            self.await_that(ready.exists, 'nothing sleeps')
            dumped = self.dump(sleeper.pid)
            assert dumped.returncode == 0, dumped
            sleeper.wait()
            for name in ('iptables', 'ip6tables'):
                for rules in (EMPTY.replace('COMMIT', '-A INPUT -p tcp -j DROP\nCOMMIT'), EMPTY.replace('FORWARD ACCEPT', 'FORWARD DROP')):
                    self.with_rules(name, rules)
                    refused = self.restore()
                    assert refused.returncode == 1 and f'{name}-' in refused.stderr, refused
                    assert 'restore without it and run iptables-restore' in refused.stderr, refused
                self.with_rules(name, EMPTY)
            self.with_rules('nftables', 'table inet t {\n}\n')
            refused = self.restore()
            assert refused.returncode == 1 and 'restore without it and run nft -f' in refused.stderr, refused
            assert not os.path.exists(f'/proc/{sleeper.pid}')
            self.with_rules('nftables', '')
            restored = self.restore()
            assert restored.returncode == 0, restored
        self.in_sandbox(body)


if __name__ == '__main__':
    unittest.main()
