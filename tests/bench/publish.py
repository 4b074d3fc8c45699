#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright 2026 The Usher authors

"""Puts what compare.py has measured into the documentation: the tables of performance.md, between two
comments there, and all its drawings."""

import argparse
import json
import pathlib
import shutil
import subprocess
import sys

import figures

HERE = pathlib.Path(__file__).resolve().parent
YARDSTICK = 'epoll'
BEGIN = '<!-- What follows is written by tests/bench/publish.py. -->'
END = '<!-- Here it ends. -->'
# More than this share of clients without an answer is no way of serving them.
MOST_FAILED = 0.05


def has_failed(server):
    n = sum(sample['n'] + sample['failed'] for sample in server['samples'])
    return server['failed'] > n * MOST_FAILED


def ratio_cell(server):
    if 'ratio' not in server:
        return '–'
    low, high = server['interval']
    return f'{figures.number(server["ratio"])} ({figures.number(low)}–{figures.number(high)})'


def median_cell(server):
    return figures.number(server['median'])


def cells(scenario, names, show):
    for name in names:
        server = scenario['servers'].get(name)
        yield '–' if server is None or not server['samples'] else 'fails' if has_failed(server) else show(server)


def table(head, rows):
    return '\n'.join('| ' + ' | '.join(row) + ' |' for row in [head, ['---', *['---:'] * (len(head) - 1)], *rows])


def ratios(scenarios, names):
    names = [name for name in names if name != YARDSTICK]
    return table([f'against `{YARDSTICK}`', *(f'`{name}`' for name in names)],
                 [[scenario['title'], *cells(scenario, names, ratio_cell)] for scenario in scenarios])


def medians(scenarios, names):
    return table(['', 'unit', *(f'`{name}`' for name in names)],
                 [[scenario['title'], scenario['unit'], *cells(scenario, names, median_cell)]
                  for scenario in scenarios])


def conditions(machine, scenarios):
    servers = [scenario['servers'][YARDSTICK] for scenario in scenarios]
    spreads = [server['spread'] for server in servers if server['spread'] is not None]
    rounds = max(len(server['samples']) for server in servers)
    noise = (f'; half of the measurements of `{YARDSTICK}` lay within {min(spreads):.0%} to {max(spreads):.0%} '
             'of their median') if spreads else ''
    return (f'Linux {machine["kernel"]}, {machine["cores"]} cores of {machine["processor"]}, '
            f'GLib {machine["glib"]}, load average {machine["load average"]} at the beginning. '
            f'{rounds} rounds{noise}.')


def in_order(scenarios):
    """Those of one kind together, as they differ only in how many others are idle."""
    kinds = list(dict.fromkeys(key.rpartition('-')[0] for key in scenarios))
    return [scenarios[key] for key in sorted(scenarios, key=lambda key: kinds.index(key.rpartition('-')[0]))]


def text_of(results):
    scenarios = in_order(results['scenarios'])
    names = list(dict.fromkeys(name for scenario in scenarios for name in scenario['servers']))
    return '\n\n'.join([conditions(results['machine'], scenarios),
                        'Ratios of the same round, their median and its 95 % interval:',
                        ratios(scenarios, names), 'The medians themselves:', medians(scenarios, names)])


def replace_in(page, text):
    before, begin, rest = page.read_text().partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        sys.exit(f'publish.py: {page} has no place for the tables; put these two lines there:\n{BEGIN}\n{END}')
    page.write_text(f'{before}{BEGIN}\n\n{text}\n\n{END}{after}')


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('json', type=pathlib.Path, help='what compare.py --json has written')
    parser.add_argument('docs', type=pathlib.Path, help='the directory of performance.md')
    parser.add_argument('--build', type=pathlib.Path, metavar='DIRECTORY',
                        help='where Usher is built; if it is given, and perf is there, the flame graph is drawn')
    options = parser.parse_args()

    text = text_of(json.loads(options.json.read_text()))
    print(text, flush=True)
    replace_in(options.docs / 'performance.md', text)
    subprocess.run([sys.executable, HERE / 'plot.py', options.json, options.docs / 'images'], check=True)
    if options.build and shutil.which('perf'):
        subprocess.run([sys.executable, HERE / 'flame.py', '--build', options.build, 'usher-fiber',
                        options.docs / 'images' / 'flame.svg'], check=True)


main()
