# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright 2026 The Usher authors

"""The C on the pages of docs/ compiles, and their links lead somewhere.

The blocks of a page are one file, in their order. A block that is indented is the inside of a
function. What a page takes for granted stands in comments of the form `<!-- given: ... -->`.

Usage: pages.py SOURCE-INCLUDE BUILD-INCLUDE -- C-COMPILER...
"""

import re
import shlex
import subprocess
import sys

import house

WARNINGS = ['-Wall', '-Wextra', '-Werror', '-Wno-unused', '-Wno-unused-parameter', '-Wno-return-type']

BLOCK = re.compile(r'^(?:```c|<!-- given:)\n(.*?)^(?:```|-->)$', re.MULTILINE | re.DOTALL)
LISTING = re.compile(r'^```.*?^```$', re.MULTILINE | re.DOTALL)
LINK = re.compile(r'\]\(([^)\s]+)\)')
HEADING = re.compile(r'^#+ (.*)$', re.MULTILINE)


def pages():
    return sorted((house.ROOT / 'docs').rglob('*.md'))


def unit(page):
    """The C of a page as one file; None if it has none."""
    text = page.read_text()
    parts = []
    for match in BLOCK.finditer(text):
        line = text.count('\n', 0, match.start(1)) + 1
        block = f'#line {line} "{house.name(page)}"\n{match[1]}'
        parts.append(f'static int inside_{line} (void)\n{{\n{block}}}\n' if match[1].startswith(' ') else block)
    return '#include <usher/usher.h>\n' + ''.join(parts) if parts else None


def compile_page(page, compiler):
    source = unit(page)
    if source is None:
        return []
    run = subprocess.run(compiler, input=source, capture_output=True, text=True)
    return [] if run.returncode == 0 else [run.stderr.rstrip()]


def anchor(heading):
    """The anchor that GitHub gives a heading."""
    return re.sub(r'[^\w\- ]', '', re.sub(r'\[([^]]*)\]\([^)]*\)', r'\1', heading).lower()).replace(' ', '-')


def is_broken(page, link):
    path, _, fragment = link.partition('#')
    target = (page.parent / path).resolve() if path else page
    if not target.exists():
        return True
    return bool(fragment) and fragment not in map(anchor, HEADING.findall(LISTING.sub('', target.read_text())))


def broken_links(page):
    links = LINK.findall(LISTING.sub('', page.read_text()))
    return [f'{house.name(page)}: {link} leads nowhere' for link in links
            if not re.match(r'https?:', link) and is_broken(page, link)]


def main():
    separator = sys.argv.index('--')
    flags = shlex.split(subprocess.check_output(['pkg-config', '--cflags', 'gio-unix-2.0'], text=True))
    includes = ['-I' + folder for folder in sys.argv[1:separator]]
    compiler = [*sys.argv[separator + 1:], '-xc', '-std=gnu11', *WARNINGS, *includes, *flags, '-fsyntax-only', '-']

    cases = {f'the C in {house.name(page)} compiles': compile_page(page, compiler) for page in pages() if unit(page)}
    linking = [house.ROOT / 'README.md', house.ROOT / 'CONTRIBUTING.md', *pages()]
    cases['all links lead somewhere'] = [complaint for page in linking for complaint in broken_links(page)]
    house.finish(cases)


main()
