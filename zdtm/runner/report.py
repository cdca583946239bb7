"""What the user reads: a line per case, the final line, JUnit XML."""
import collections
import os
import xml.etree.ElementTree as xml

WORDS = {'passed': 'PASS', 'failed': 'FAIL', 'skipped': 'SKIP'}


class Report:
    def __init__(self, verbose):
        self.verbose = verbose
        self.results = []

    def add(self, result, kept=''):
        self.results.append(result)
        line = f'{WORDS[result.state]} {result.name}'
        if result.state != 'skipped':
            line += f' ({result.seconds:.2f} s)'
        if self.verbose and result.dump_seconds:
            line += f' dump {result.dump_seconds * 1000:.1f} ms restore {result.restore_seconds * 1000:.1f} ms'
        if result.reason:
            line += f': {result.reason}'
        print(line, flush=True)
        if kept:
            print(f'     kept in {kept}', flush=True)

    def last_line(self):
        count = collections.Counter(result.state for result in self.results)
        return f'{count["passed"]} passed, {count["failed"]} failed, {count["skipped"]} skipped'

    def failed(self):
        return any(result.state == 'failed' for result in self.results)

    def write_junit(self, path):
        suite = xml.Element('testsuite', name='zdtm', tests=str(len(self.results)))
        for state, attribute in (('failed', 'failures'), ('skipped', 'skipped')):
            suite.set(attribute, str(sum(result.state == state for result in self.results)))
        for result in self.results:
            module, _, name = result.name.partition('/')
            case = xml.SubElement(suite, 'testcase', classname=f'zdtm.{module}', name=name, time=f'{result.seconds:.3f}')
            if result.state != 'passed':
                child = xml.SubElement(case, 'failure' if result.state == 'failed' else 'skipped')
                child.set('message', printable(result.reason.splitlines()[0] if result.reason else ''))
                child.text = printable(result.reason)
        os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
        xml.ElementTree(suite).write(path, encoding='utf-8', xml_declaration=True)


def printable(text):
    """XML 1.0 has no way to write most control characters."""
    return ''.join(c if c in '\n\t' or ord(c) >= 32 else f'\\x{ord(c):02x}' for c in text)
