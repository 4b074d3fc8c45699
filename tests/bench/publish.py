#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright 2026 The Usher authors

"""Puts what compare.py has measured into the documentation: the tables of performance.md, each part
between two comments there, and all its drawings. A part of which nothing was measured stays as it is."""

import argparse
import json
import pathlib
import shutil
import subprocess
import sys

import figures
import workers

HERE = pathlib.Path(__file__).resolve().parent
YARDSTICK = 'epoll'
BEGIN = '<!-- What follows is written by tests/bench/publish.py{}. -->'
END = '<!-- Here it ends. -->'
# More than this share of clients without an answer is no way of serving them.
MOST_FAILED = 0.05
# Loads in which a client waits for nothing but its own answer.
WITH_LATENCIES = ('churn-', 'one-by-one', 'ping-pong-')


def has_failed(server):
    n = sum(sample['n'] + sample['failed'] for sample in server['samples'])
    return server['failed'] > n * MOST_FAILED


def median_cell(server):
    return figures.number(server['median'])


def cells(scenario, names, show):
    for name in names:
        server = scenario['servers'].get(name)
        yield '–' if server is None or not server['samples'] else 'fails' if has_failed(server) else show(server)


def ratios(scenarios, names):
    names = [name for name in names if name != YARDSTICK]
    return figures.markdown([f'against `{YARDSTICK}`', *(f'`{name}`' for name in names)],
                            [[scenario['title'], *cells(scenario, names, figures.ratio)] for scenario in scenarios])


def medians(scenarios, names):
    return figures.markdown(['', 'unit', *(f'`{name}`' for name in names)],
                            [[scenario['title'], scenario['unit'], *cells(scenario, names, median_cell)]
                             for scenario in scenarios])


def latencies(scenarios, names):
    return figures.markdown(['µs', *(f'`{name}`' for name in names)],
                            [[scenario['title'].removesuffix(': CPU of the server'),
                              *cells(scenario, names, figures.latencies)] for scenario in scenarios])


def noise(name, spreads):
    known = [spread for spread in spreads if spread is not None]
    return (f'; half of the measurements of {name} lay within {min(known):.0%} to {max(known):.0%} '
            'of their median') if known else ''


def conditions(machine, servers):
    """Under which all of these servers were measured."""
    return (f'Linux {machine["kernel"]}, {machine["cores"]} cores of {machine["processor"]}, '
            f'GLib {machine["glib"]}, load average {machine["load average"]} at the beginning. '
            f'{max(len(server["samples"]) for server in servers)} rounds')


def yardsticks(scenarios):
    return [scenario['servers'][YARDSTICK] for scenario in scenarios]


def in_order(scenarios):
    """Those of one kind together, as they differ only in how many others are idle."""
    kinds = list(dict.fromkeys(key.rpartition('-')[0] for key in scenarios))
    return [scenarios[key] for key in sorted(scenarios, key=lambda key: kinds.index(key.rpartition('-')[0]))]


def servers_in(scenarios):
    return list(dict.fromkeys(name for scenario in scenarios for name in scenario['servers']))


def costs_text(results):
    scenarios = in_order(results['scenarios'])
    names = servers_in(scenarios)
    measured = yardsticks(scenarios)
    spreads = [server['spread'] for server in measured]
    return '\n\n'.join([f'{conditions(results["machine"], measured)}{noise(f"`{YARDSTICK}`", spreads)}.',
                        'Ratios of the same round, their median and its 95 % interval:',
                        ratios(scenarios, names), 'The medians themselves:', medians(scenarios, names)])


def latencies_text(results):
    scenarios = in_order({name: scenario for name, scenario in results['scenarios'].items()
                          if name.startswith(WITH_LATENCIES)})
    if not scenarios:
        return ''
    return '\n\n'.join([f'{conditions(results["machine"], yardsticks(scenarios))}.',
                        latencies(scenarios, servers_in(scenarios))])


def workers_text(results):
    measured = [by_number[str(workers.YARDSTICK)] for result in results['workers'].values()
                for by_number in result['servers'].values()]
    spreads = [server['speed']['spread'] for server in measured]
    return '\n\n'.join([f'{conditions(results["machine"], measured)}{noise("the speed with one worker", spreads)}.',
                        workers.tables(results['workers']), workers.verdicts(results['workers'])])


def parts(results):
    """What is to be said, and the name of its place on the page."""
    if results['scenarios']:
        yield '', costs_text(results)
        yield ': latencies', latencies_text(results)
    if results['workers']:
        yield ': workers', workers_text(results)


def replace_in(page, place, text):
    opening = BEGIN.format(place)
    before, begin, rest = page.read_text().partition(opening)
    _, end, after = rest.partition(END)
    if not begin or not end:
        sys.exit(f'publish.py: {page} has no place for the tables; put these two lines there:\n{opening}\n{END}')
    page.write_text(f'{before}{opening}\n\n{text}\n\n{END}{after}')


def draw(options):
    subprocess.run([sys.executable, HERE / 'plot.py', options.json, options.docs / 'images'], check=True)
    if options.build and shutil.which('perf'):
        subprocess.run([sys.executable, HERE / 'flame.py', '--build', options.build, 'usher-fiber',
                        options.docs / 'images' / 'flame.svg'], check=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('json', type=pathlib.Path, help='what compare.py --json has written')
    parser.add_argument('docs', type=pathlib.Path, help='the directory of performance.md')
    parser.add_argument('--build', type=pathlib.Path, metavar='DIRECTORY',
                        help='where Usher is built; if it is given, and perf is there, the flame graph is drawn')
    options = parser.parse_args()

    results = json.loads(options.json.read_text())
    for place, text in parts(results):
        print(text, flush=True)
        if text:
            replace_in(options.docs / 'performance.md', place, text)
    if results['scenarios']:
        draw(options)


main()
