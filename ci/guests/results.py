"""Results of the guests, from JUnit XML, and the table of all."""
import collections
import xml.etree.ElementTree as xml


def read(path):
    """{state: [(case, reason)]}, or None when the guest has not written any."""
    try:
        root = xml.parse(path).getroot()
    except (OSError, xml.ParseError):
        return None
    found = collections.defaultdict(list)
    for case in root.iter('testcase'):
        state, reason = 'passed', ''
        for child in case:
            state, reason = {'failure': 'failed', 'skipped': 'skipped'}.get(child.tag, state), child.get('message', '')
        found[state].append((f'{case.get("classname").removeprefix("zdtm.")}/{case.get("name")}', reason))
    return found


class Table:
    def __init__(self):
        self.rows = []  # (architecture, flavour, results)

    def add(self, architecture, flavour, result):
        self.rows.append((architecture, flavour, result))

    def skip(self, architecture, reason):
        self.add(architecture, '-', {'passed': [], 'failed': [], 'skipped': [('all', reason)]})

    def count(self, state):
        return sum(len(result[state]) for _, _, result in self.rows if result is not None)

    def failed(self):
        return self.count('failed') or any(not result for _, _, result in self.rows)

    def print(self):
        for architecture, flavour, result in self.rows:
            for state in ('skipped', 'failed'):
                for case, reason in result[state] if result is not None else ():
                    print(f'{state} {architecture} {flavour} {case}: {reason}')
        print(f'{"architecture":14}{"flavour":12}{"passed":>8}{"failed":>8}{"skipped":>8}')
        for architecture, flavour, result in self.rows:
            numbers = [len(result[state]) for state in ('passed', 'failed', 'skipped')] if result is not None else ['-', 'none', '-']
            print(f'{architecture:14}{flavour:12}' + ''.join(f'{number:>8}' for number in numbers))
        lost = sum(not result for _, _, result in self.rows)
        print(f'{self.count("passed")} passed, {self.count("failed") + lost} failed, {self.count("skipped")} skipped')
