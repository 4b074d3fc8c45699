# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright 2026 The Usher authors

"""Runs unittest's cases and prints them as TAP."""

import sys
import unittest


class TapResult(unittest.TestResult):
    def line(self, answer, test):
        print(f'{answer} {self.testsRun} {test.id()}', flush=True)

    def failure(self, test, err):
        print('# ' + self._exc_info_to_string(err, test).rstrip().replace('\n', '\n# '))
        self.line('not ok', test)

    def addSuccess(self, test):
        super().addSuccess(test)
        self.line('ok', test)

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self.failure(test, err)

    def addError(self, test, err):
        super().addError(test, err)
        self.failure(test, err)


def main():
    suite = unittest.defaultTestLoader.loadTestsFromModule(sys.modules['__main__'])
    print(f'1..{suite.countTestCases()}', flush=True)
    sys.exit(0 if suite.run(TapResult()).wasSuccessful() else 1)
