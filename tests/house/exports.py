# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright 2026 The Usher authors

"""The shared library exports what the public headers declare, and nothing else.

Usage: exports.py LIBRARY HEADER...
"""

import pathlib
import re
import subprocess
import sys

import house

TYPE = re.compile(r'\bG_DECLARE_\w+ \(\w+, (\w+),')
FUNCTION = re.compile(r'\b(usher_\w+) \(')
AVAILABLE = re.compile(r'\bUSHER_AVAILABLE_IN_\d+_\d+\n([^;]*?(?:;|\)\n))')


def names(declarations):
    """What these lines of C declare; a type declares its get_type function."""
    types = {name + '_get_type' for name in TYPE.findall(declarations)}
    return types | set(FUNCTION.findall(declarations))


def declarations(header):
    """A header without comments and without what is the preprocessor's."""
    text = house.code(pathlib.Path(header).read_text())
    return re.sub(r'^#(?:[^\n]*\\\n)*[^\n]*\n', '', text, flags=re.MULTILINE)


def exported(library):
    """Symbols with two underscores in front belong to the compiler."""
    listing = subprocess.check_output(['nm', '-D', '--defined-only', '--format=posix', library],
                                      text=True)
    symbols = (line.split()[0] for line in listing.splitlines())
    return {symbol for symbol in symbols if not symbol.startswith('__')}


def main():
    library, headers = sys.argv[1], sys.argv[2:]
    texts = [declarations(header) for header in headers]
    declared = set().union(*map(names, texts))
    available = set().union(*(names(part) for text in texts for part in AVAILABLE.findall(text)))
    symbols = exported(library)
    house.finish({
        'every declaration says since when it is available': sorted(declared - available),
        f'each of {len(declared)} declared functions is exported': sorted(declared - symbols),
        'nothing else is exported': sorted(symbols - declared),
    })


main()
