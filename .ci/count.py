#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright 2026 The Usher authors

"""Counts the test cases in Meson's test logs, shows the failing tests' output, and ends with a
line `N passed, N failed`. A case is a line of a test's TAP output, or a whole test without TAP.
"""

import json
import re
import sys

TAP_LINE = re.compile(r'^(not )?ok\b(?:.*?#\s*(skip|todo)\b)?', re.IGNORECASE)
GOOD_ENDS = ('OK', 'SKIP', 'EXPECTEDFAIL')


class Tally:
    def __init__(self):
        self.passed = self.failed = self.skipped = 0

    def add_test(self, test):
        cases = [m.groups() for m in map(TAP_LINE.match, (test.get('stdout') or '').splitlines()) if m]
        failed = sum(1 for bad, directive in cases if bad and not directive)
        skipped = sum(1 for _, directive in cases if directive)

        self.skipped += skipped
        self.passed += len(cases) - failed - skipped
        self.failed += failed
        if test['result'] not in GOOD_ENDS:
            self.show(test)
            # It crashed, timed out or leaked: none of its lines says so.
            self.failed += failed == 0
        elif not cases:
            self.passed += test['result'] == 'OK'
            self.skipped += test['result'] == 'SKIP'

    def show(self, test):
        print(f"\n=== {test['name']}: {test['result']}, exit status {test['returncode']}")
        print('command:', ' '.join(test['command']))
        print((test.get('stdout') or '').rstrip())
        print((test.get('stderr') or '').rstrip())

    def end(self):
        if self.skipped:
            print(f'\n{self.skipped} skipped')
        print(f'{self.passed} passed, {self.failed} failed')
        return 1 if self.failed or not self.passed else 0


def main(paths):
    tally = Tally()
    for path in paths:
        try:
            with open(path, encoding='utf-8') as log:
                for line in log:
                    tally.add_test(json.loads(line))
        except OSError as error:
            print(f'{path}: {error.strerror}')
            tally.failed += 1
    return tally.end()


sys.exit(main(sys.argv[1:]))
