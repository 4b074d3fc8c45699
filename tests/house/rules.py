# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright 2026 The Usher authors

"""docs/acceptor-pool-rules.md has every rule and every case once, and names the tests that exist."""

import re

import house

N_RULES = 32
N_CASES = 16

ROW = re.compile(r'^\| R(\d+) \|.*\| (.*) \|$', re.MULTILINE)
CASE_ROW = re.compile(r'^\| `(\w+)` \|', re.MULTILINE)
NAMED = re.compile(r'`(R\d+-[\w-]+)`')
RULE = re.compile(r'^  RULE \("([\w-]+)"', re.MULTILINE)
CASE = re.compile(r'^  SUITE \("(\w+)', re.MULTILINE)


def tests_in(pattern, *names):
    sources = (house.ROOT / 'tests' / f'{name}.c' for name in names)
    return {test for source in sources for test in pattern.findall(source.read_text())}


def main():
    text = (house.ROOT / 'docs' / 'acceptor-pool-rules.md').read_text()
    rows = {int(number): set(NAMED.findall(tests)) for number, tests in ROW.findall(text)}
    rules = tests_in(RULE, 'acceptor-pool-rules', 'acceptor-pool-rules-exit')
    named = set().union(*rows.values())
    cases, rowed = tests_in(CASE, 'acceptor-pool-suite'), CASE_ROW.findall(text)
    house.finish({
        f'the table has the rules 1 to {N_RULES}':
            sorted(map(str, set(range(1, N_RULES + 1)) ^ set(rows))),
        "every rule names a test that carries its number":
            [f'R{number}' for number, tests in rows.items()
             if not any(test.startswith(f'R{number}-') for test in tests)],
        'every test that the table names exists': sorted(named - rules),
        'every test of a rule is in the table': sorted(rules - named),
        f'each of the {N_CASES} cases of acceptor_pool_SUITE is a test, and in the table':
            sorted(cases ^ set(rowed)) + ([] if len(rowed) == N_CASES else [f'{len(rowed)} rows']),
    })


main()
