"""Results of the guests, from JUnit XML, and the table of all."""
import collections
import xml.etree.ElementTree as xml


def read(directory, flavour):
    """As read_file(). Of the cases that failed and were run once more, alone, the second run counts; those that passed then are
    named under "again"."""
    first, second = read_file(directory / f'{flavour}.xml'), read_file(directory / f'{flavour}.again.xml')
    if first is not None and second is not None:
        passed = {case for case, _ in second['passed']}
        first['again'] = [failure for failure in first['failed'] if failure[0] in passed]
        first['failed'], first['passed'] = second['failed'], first['passed'] + second['passed']
    return first


def read_file(path):
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

    def add_whole(self, architecture, state, reason):
        """An architecture that did not come to run anything."""
        self.add(architecture, '-', {**{name: [] for name in ('passed', 'failed', 'skipped')}, state: [('all', reason)]})

    def count(self, state):
        return sum(len(result[state]) for _, _, result in self.rows if result is not None)

    def failed(self):
        return self.count('failed') or any(not result for _, _, result in self.rows)

    def print(self):
        for architecture, flavour, result in sorted(self.rows, key=lambda row: row[0]):
            for state, word in (('skipped', 'skipped'), ('again', 'once more, alone:'), ('failed', 'FAIL')):
                for case, reason in result.get(state, ()) if result is not None else ():
                    # Lines that ci/run repeats below its summary.
                    print(f'{"not run:" if case == "all" and state == "skipped" else word} {architecture} {flavour} {case}: {reason}')
            if not result:
                print(f'FAIL {architecture} {flavour} all: the machine has brought no results')
        print(f'{"architecture":14}{"flavour":12}{"passed":>8}{"failed":>8}{"skipped":>8}')
        for architecture, flavour, result in sorted(self.rows, key=lambda row: row[0]):
            numbers = [len(result[state]) for state in ('passed', 'failed', 'skipped')] if result is not None else ['-', 'none', '-']
            print(f'{architecture:14}{flavour:12}' + ''.join(f'{number:>8}' for number in numbers))
        lost = sum(not result for _, _, result in self.rows)
        print(f'{self.count("passed")} passed, {self.count("failed") + lost} failed, {self.count("skipped")} skipped')
