# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright 2026 The Usher authors

"""What the house's checks share: the tree's files, C without its comments, and TAP."""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
ROOMS = ('include', 'lib', 'examples', 'tests')

# A comment, a string or a character: the longest one that begins here.
_TOKEN = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.DOTALL)


def files(*suffixes, rooms=ROOMS):
    """All files of these rooms with these suffixes, sorted."""
    found = (path for room in rooms for path in (ROOT / room).rglob('*'))
    return sorted(path for path in found if path.is_file() and path.name.endswith(suffixes))


def name(path):
    """A path as one writes it at the top of the tree."""
    return path.relative_to(ROOT).as_posix()


def code(text):
    """C without the insides of its block comments and strings; every line keeps its number."""

    def blank(match):
        token = match.group()
        if token.startswith('//'):
            return token
        if token.startswith('/*'):
            return '\n' * token.count('\n')
        return token[0] + token[-1]

    return _TOKEN.sub(blank, text)


def finish(cases):
    """Prints {title: [complaint, ...]} as TAP and ends the program."""
    print(f'1..{len(cases)}')
    for number, (title, complaints) in enumerate(cases.items(), 1):
        print(f"{'not ok' if complaints else 'ok'} {number} {title}")
        for complaint in complaints:
            print('# ' + complaint.replace('\n', '\n# '))
    sys.exit(1 if any(cases.values()) else 0)


def skip(reason):
    print(f'1..0 # SKIP {reason}')
    sys.exit(0)
