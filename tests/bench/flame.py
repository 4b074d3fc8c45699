#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright 2026 The Usher authors

"""Records with perf where a server spends its time under a load, and draws that as a flame graph.

Each box is a function; it is as wide as its share of all samples, and stands on who called it. In a
browser, a box that is pointed at says its name and share.
"""

import argparse
import collections
import html
import pathlib
import subprocess
import sys
import tempfile

import servers

ROOT = pathlib.Path(__file__).resolve().parents[2]
WIDTH = 1200
HEIGHT = 17        # of a box
LETTER = 6.3       # width
MARGIN = 10
NARROWEST = 0.002  # share of what is still drawn

# Whose code it is, by the name of the file, and its colour.
OWNERS = {
    'kernel': '#c9b8a8',
    'libusher': '#e8743b',
    'libgio': '#5899da',
    'libgobject': '#19a979',
    'libglib': '#13a4b4',
    'libc': '#ed4a7b',
    'server': '#f2c14e',
}


class Box:
    def __init__(self, name, owner):
        self.name = name
        self.owner = owner
        self.n = 0
        self.callees = {}

    def call(self, frame):
        return self.callees.setdefault(frame, Box(*frame))

    def depth(self, least):
        return 1 + max((box.depth(least) for box in self.callees.values() if box.n >= least), default=0)


def record(options, path):
    """What perf script says of the server under its load."""
    machine = servers.Machine(is_plain=False)
    directory = options.build / 'tests' / 'bench'
    with servers.Server(machine, directory, options.server) as server:
        server.load(options.load)
        perf = subprocess.Popen(['perf', 'record', '-q', '-F', '1999', '--call-graph', 'dwarf,16384', '-o', path,
                                 '-p', str(server.process.pid)], stderr=subprocess.DEVNULL)
        server.load(options.load)
        perf.terminate()
        perf.wait()
    return subprocess.run(['perf', 'script', '-i', path, '-F', 'ip,sym,dso'], stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, text=True, check=True).stdout


def owner_of(dso):
    name = pathlib.Path(dso).name
    if 'kernel' in dso or dso.startswith('[') or dso.endswith('.ko'):
        return 'kernel'
    return next((owner for owner in OWNERS if name.startswith(owner)), 'libc' if name.startswith('ld-') else 'server')


def parse(block):
    """The functions of one sample with their owners, the outermost one first."""
    owner = 'server'
    for line in reversed(block.splitlines()):
        words = line.split()
        # What was inlined is said to be in no file, but in the function round it.
        if words and words[-1] != '(inlined)':
            owner = owner_of(words[-1].strip('()'))
        if words:
            name = ' '.join(words[1:-1])
            yield (f'[{owner}]' if name in ('', '[unknown]') else name), owner


def stacks(text):
    """Frames of one function in a row are one."""
    for block in text.split('\n\n'):
        frames = list(parse(block))
        if frames:
            yield [frame for i, frame in enumerate(frames) if i == 0 or frame != frames[i - 1]]


def grow(text):
    root = Box('all', 'server')
    shares = collections.Counter()
    for frames in stacks(text):
        root.n += 1
        shares[frames[-1][1]] += 1
        box = root
        for frame in frames:
            box = box.call(frame)
            box.n += 1
    return root, shares


class Drawing:
    def __init__(self, root, shares, title):
        self.root = root
        self.least = max(1, root.n * NARROWEST)
        self.scale = (WIDTH - 2 * MARGIN) / root.n
        self.height = (root.depth(self.least) + 3) * HEIGHT + 2 * MARGIN
        self.lines = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {self.height}" '
                      'font-family="sans-serif" font-size="11">',
                      f'<rect width="{WIDTH}" height="{self.height}" fill="white"/>',
                      f'<text x="{MARGIN}" y="{MARGIN + 12}" font-size="14">{html.escape(title)}</text>']
        self.draw_legend(shares)
        self.draw(root, MARGIN, self.height - MARGIN - HEIGHT)
        self.lines.append('</svg>')

    def draw_legend(self, shares):
        x = MARGIN
        for owner, colour in OWNERS.items():
            text = f'{owner} {shares[owner] / self.root.n:.0%}'
            self.lines.append(f'<rect x="{x}" y="{MARGIN + 20}" width="12" height="12" fill="{colour}"/>'
                              f'<text x="{x + 16}" y="{MARGIN + 30}">{text}</text>')
            x += 130

    def draw(self, box, x, y):
        width = box.n * self.scale
        label = box.name[:max(0, int(width / LETTER))] if width > 3 * LETTER else ''
        self.lines.append(f'<g><title>{html.escape(box.name)} ({box.owner}): {box.n / self.root.n:.1%}</title>'
                          f'<rect x="{x:.1f}" y="{y}" width="{width:.1f}" height="{HEIGHT - 1}" '
                          f'fill="{OWNERS[box.owner]}" stroke="white" stroke-width="0.3"/>'
                          f'<text x="{x + 2:.1f}" y="{y + 12}">{html.escape(label)}</text></g>')
        for callee in sorted(box.callees.values(), key=lambda callee: (callee.owner, callee.name)):
            if callee.n >= self.least:
                self.draw(callee, x, y - HEIGHT)
            x += callee.n * self.scale


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--build', type=pathlib.Path, default=ROOT / '_build', metavar='DIRECTORY',
                        help='where Usher is built (_build)')
    parser.add_argument('server', help='of: ' + ', '.join(servers.SERVERS))
    parser.add_argument('svg', type=pathlib.Path, help='where the drawing goes')
    parser.add_argument('load', nargs='*', default=['churn', '-n', '20000', '-p', '16'],
                        help='after --: arguments of ./load (churn -n 20000 -p 16)')
    options = parser.parse_args()

    with tempfile.TemporaryDirectory() as folder:
        root, shares = grow(record(options, pathlib.Path(folder, 'perf.data')))
    if root.n == 0:
        sys.exit('flame.py: perf has recorded nothing; it may need sysctl kernel.perf_event_paranoid=1')

    drawing = Drawing(root, shares, f'{options.server}: ./load {" ".join(options.load)}, {root.n:,} samples')
    options.svg.write_text('\n'.join(drawing.lines) + '\n')
    print(options.svg, ', '.join(f'{owner} {n / root.n:.0%}' for owner, n in shares.most_common()))


main()
