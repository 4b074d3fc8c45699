# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright 2026 The Usher authors

"""Words that the code does without, and the two lines every file begins with."""

import re

import house

EVERYWHERE = house.ROOMS

# What C (comments and strings excepted) does without: (how to find it, where, what to do instead).
TABOOS = {
    'goto': (r'\bgoto\b', EVERYWHERE, 'return early, and let g_autoptr clean up'),
    'comments to the end of the line': (r'//', EVERYWHERE, 'comments are /* like this */'),
    'comparisons with TRUE or FALSE': (
        r'[!=]= *(TRUE|FALSE)\b', EVERYWHERE, 'a boolean is its own answer'),
    'strcmp': (r'\bstrcmp *\(', EVERYWHERE, 'g_str_equal () or g_strcmp0 ()'),
    'malloc': (r'\b([cm]|re)alloc *\(', EVERYWHERE, 'g_new () and its kin'),
    'g_slice': (r'\bg_slice_', EVERYWHERE, 'g_new () and its kin'),
    'source ids': (r'\bg_(timeout|idle)_add', EVERYWHERE,
                   'the reactor in lib; a GSource of its own elsewhere'),
    'sleep': (r'\b(g_usleep|usleep|sleep|nanosleep) *\(', EVERYWHERE, 'wait for a condition'),
    'g_error': (r'\bg_error *\(', EVERYWHERE, 'a GError'),
    "GLib's names of C types": (
        r'\b(gchar|gshort|gint|glong|gfloat|gdouble)\b', EVERYWHERE, 'the plain C type'),
    'lists in the interface': (r'\bGS?List\b', ['include'], 'GPtrArray'),
    'messages': (r'\bg_(warning|message|print|printerr) *\(|\bf?printf *\(', ['lib'],
                 'a GError, a report, or g_debug ()'),
    'g_assert': (r'\bg_assert *\(', ['tests'],
                 'g_assert_true () and its kin, which say what they found'),
}
# Benches measure time, and compare with programs that are not ours; a program talks to people.
ALLOWED = {'tests/bench/': ('sleep', 'malloc'), 'lib/deploy/terminal.c': ('messages',)}

HEADER = re.compile(r'(#![^\n]*\n)?[^\n]*SPDX-License-Identifier: LGPL-2\.1-or-later\n'
                    r'[^\n]*Copyright \d{4}(-\d{4})? The Usher authors')


def allowed(path, taboo):
    return any(path.startswith(room) and taboo in taboos for room, taboos in ALLOWED.items())


def complaints_about(taboo, pattern, rooms, instead):
    found = []
    for path in house.files('.c', '.h', '.h.in', rooms=rooms):
        if allowed(house.name(path), taboo):
            continue
        for number, line in enumerate(house.code(path.read_text()).splitlines(), 1):
            match = re.search(pattern, line)
            if match:
                found.append(f'{house.name(path)}:{number}: {match.group()}; instead: {instead}')
    return found


def tabs():
    return [f'{house.name(path)}:{number}: a tab'
            for path in house.files('.c', '.h', '.h.in', '.py', '.vala', '.build')
            for number, line in enumerate(path.read_text().splitlines(), 1) if '\t' in line]


def headers():
    own = [house.ROOT / 'meson.build', house.ROOT / 'try', house.ROOT / '.ci' / 'run']
    tree = house.files('.c', '.h', '.h.in', '.py', '.sh', '.vala', '.build')
    return [f'{house.name(path)}: begins without the SPDX and the copyright line'
            for path in own + tree if not HEADER.match(path.read_text())]


def main():
    cases = {f'no {taboo}': complaints_about(taboo, *rule) for taboo, rule in TABOOS.items()}
    cases['no tabs'] = tabs()
    cases['every file begins with its licence'] = headers()
    house.finish(cases)


main()
