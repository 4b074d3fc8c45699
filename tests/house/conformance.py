# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright 2026 The Usher authors

"""docs/conformance.md names the tests that exist, all of them, and counts its rows right."""

import re

import house

TEST = re.compile(r'`(/conformance/[^`]+)`')
CASE = re.compile(r'"(/conformance/[\w/-]+)"')
ADDED = re.compile(r'^  ADD \((\w+),', re.MULTILINE)
ROW = re.compile(r'^\| [\w-]+ \| `\w+` \|', re.MULTILINE)
COVERED = re.compile(r'covers (\d+) of the 93')


def tests_of(source):
    text = source.read_text()
    return {f'/conformance/{source.stem}/{name}' for name in ADDED.findall(text)} | {
        path for path in CASE.findall(text) if not path.endswith('/')}


def main():
    table = (house.ROOT / 'docs' / 'conformance.md').read_text()
    sources = (house.ROOT / 'tests' / 'conformance').glob('*.c')
    named, exist = set(TEST.findall(table)), set().union(*map(tests_of, sources))
    rows, covered = len(ROW.findall(table)), int(COVERED.search(table)[1])
    house.finish({
        'every test that the table names exists': sorted(named - exist),
        'every test is in the table': sorted(exist - named),
        'the table counts its rows right':
            [] if rows == covered else [f'it says {covered}, and has {rows}'],
    })


main()
