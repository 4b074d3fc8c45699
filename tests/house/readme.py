# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright 2026 The Usher authors

"""README shows examples/echo.c whole, and keeps showing it."""

import house

HEADER_LINES = 2


def main():
    program = (house.ROOT / 'examples' / 'echo.c').read_text().split('\n', HEADER_LINES)[HEADER_LINES]
    shown = f'```c\n{program}```\n' in (house.ROOT / 'README.md').read_text()
    house.finish({
        'README shows examples/echo.c as it is':
            [] if shown else ['replace the program in README.md by examples/echo.c without its header'],
        'examples/echo.c has less than 60 lines':
            [] if program.count('\n') + HEADER_LINES < 60 else ['it has more'],
    })


main()
