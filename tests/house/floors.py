# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright 2026 The Usher authors

"""A file includes only its own floor and those below, and nothing private leaves the house."""

import re

import house

# From the ground up.
FLOORS = ('runtime', 'supervision', 'acceptors', 'deploy')

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.MULTILINE)


def includes(path):
    """(line, quote, included) of every include."""
    text = path.read_text()
    for match in INCLUDE.finditer(text):
        yield text.count('\n', 0, match.start()) + 1, *match.groups()


def stems_by_floor():
    """Where each type lives: {'exit': 1}. A public header lives on its type's floor."""
    stems = {}
    for path in house.files('.c', '.h', rooms=['lib']):
        floor = path.relative_to(house.ROOT / 'lib').parts[0]
        stems[path.stem.removesuffix('-private')] = FLOORS.index(floor)
    return stems


def floor_of(included, stems):
    folder, _, rest = included.rpartition('/')
    if folder in FLOORS:
        return FLOORS.index(folder)
    if folder == 'usher':
        return stems.get(rest.removesuffix('.h'), 0)
    return 0


def lib_files():
    return house.files('.c', '.h', rooms=['lib'])


def on_a_floor():
    return [f'{house.name(path)}: lib has the floors {", ".join(FLOORS)}'
            for path in lib_files() if path.relative_to(house.ROOT / 'lib').parts[0] not in FLOORS]


def upward():
    stems = stems_by_floor()
    complaints = []
    for path in lib_files():
        own = FLOORS.index(path.relative_to(house.ROOT / 'lib').parts[0])
        for line, _, included in includes(path):
            other = floor_of(included, stems)
            if other > own:
                complaints.append(f'{house.name(path)}:{line}: {FLOORS[own]} includes {included}, '
                                  f'which is above it, on {FLOORS[other]}')
    return complaints


def headers_upward():
    """Public headers stand on the floors of their types."""
    stems = stems_by_floor()
    complaints = []
    for path in house.files('.h', rooms=['include']):
        own = stems.get(path.stem)
        if own is None:
            continue
        for line, _, included in includes(path):
            if floor_of(included, stems) > own:
                complaints.append(f'{house.name(path)}:{line}: {FLOORS[own]} includes {included}, '
                                  f'which is above it')
    return complaints


def spelling():
    complaints = []
    for path in lib_files():
        for line, quote, included in includes(path):
            place = f'{house.name(path)}:{line}: '
            if included == 'usher/usher.h':
                complaints.append(place + 'the library includes the headers it needs, '
                                  'never usher/usher.h')
            elif quote == '"' and included.split('/')[0] not in (*FLOORS, 'usher'):
                complaints.append(place + f'write "FLOOR/{included}", so that one sees the floor')
    return complaints


def private():
    complaints = [f'{house.name(path)}: belongs to lib'
                  for path in house.files('-private.h', rooms=['include'])]
    for path in house.files('.h', '.h.in', rooms=['include']):
        for line, _, included in includes(path):
            if included.split('/')[0] in FLOORS or 'private' in included:
                complaints.append(f'{house.name(path)}:{line}: a public header includes {included}')
    return complaints


def main():
    astray = on_a_floor()
    cases = {'every file of lib is on a floor': astray}
    if not astray:
        cases['no file includes a higher floor'] = upward()
        cases['no public header includes a higher floor'] = headers_upward()
    cases['the library names floors, and not the umbrella'] = spelling()
    cases['nothing private is in include'] = private()
    house.finish(cases)


main()
