# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright 2026 The Usher authors

"""Small functions are the whole trick: no long function, no long file, no long parameter list."""

import re

import house

FUNCTION_LINES = 60
FILE_LINES = 800
PARAMETERS = 4

# What GLib's conventions append to a parameter list says nothing about the function.
CONVENTION = re.compile(r'GError \*\*|GCancellable \*|GAsyncReadyCallback |GDestroyNotify '
                        r'|Usher\w+Func func$|gpointer user_data$|gpointer data$')

# Stand-ins for functions of the C library, which has its own taste.
STAND_INS = ('tests/support/fault.c', 'tests/system-calls.c')

DEFINITION = re.compile(r'^(?P<name>\w+) \((?P<parameters>(?:[^{};()]|\([^{};()]*\))*)\)\n'
                        r'\{\n(?P<body>.*?)^\}', re.MULTILINE | re.DOTALL)


def split(parameters):
    """Splits at the commas that are not inside parentheses."""
    parts, depth, part = [], 0, ''
    for char in parameters:
        depth += (char == '(') - (char == ')')
        if char == ',' and depth == 0:
            parts.append(part)
            part = ''
        else:
            part += char
    return [' '.join(part.split()) for part in [*parts, part]]


def functions(path):
    """(place, body lines, parameters) of every function that the file defines."""
    text = house.code(path.read_text())
    for match in DEFINITION.finditer(text):
        line = text.count('\n', 0, match.start()) + 1
        place = f"{house.name(path)}:{line}: {match['name']}"
        yield place, match['body'].count('\n'), split(match['parameters'])


def long_functions(found):
    return [f'{place} has {lines} lines; {FUNCTION_LINES} are allowed'
            for place, lines, _ in found if lines > FUNCTION_LINES]


def long_parameter_lists(found):
    complaints = []
    for place, _, parameters in found:
        own = [parameter for parameter in parameters if not CONVENTION.search(parameter)]
        if len(own) > PARAMETERS and not place.startswith(STAND_INS):
            complaints.append(f'{place} has {len(own)} parameters; {PARAMETERS} are allowed')
    return complaints


def long_files():
    counted = ((path, path.read_text().count('\n')) for path in house.files('.c', '.h', '.py', '.vala'))
    return [f'{house.name(path)} has {lines} lines; {FILE_LINES} are allowed'
            for path, lines in counted if lines > FILE_LINES]


def main():
    found = [function for path in house.files('.c', '.h') for function in functions(path)]
    house.finish({
        f'none of {len(found)} functions is longer than {FUNCTION_LINES} lines': long_functions(found),
        f'no function has more than {PARAMETERS} parameters': long_parameter_lists(found),
        f'no file is longer than {FILE_LINES} lines': long_files(),
    })


main()
