#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright 2026 The Usher authors

"""Makes a page of docs/ one of the reference: its heading becomes the title, and of the links only
those stay that lead to other such pages.

Usage: page.py PAGE OUTPUT PAGE-OF-THE-REFERENCE...
"""

import pathlib
import re
import sys

GIVEN = re.compile(r'^<!--.*?^-->\n', re.MULTILINE | re.DOTALL)
LINK = re.compile(r'\[([^]]*)\]\(([^)#\s]*)(#[^)\s]*)?\)')


def convert(text, names):
    def link(match):
        label, path, fragment = match[1], match[2], match[3] or ''
        if path in names:
            return f'[{label}]({path.removesuffix(".md")}.html{fragment})'
        return match[0] if path == '' or re.match('https?:', path) else label

    heading, body = text.split('\n', 1)
    return f'Title: {heading.removeprefix("# ")}\n' + LINK.sub(link, GIVEN.sub('', body))


def main():
    page, output, *names = sys.argv[1:]
    pathlib.Path(output).write_text(convert(pathlib.Path(page).read_text(), names))


main()
