#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright 2026 The Usher authors

"""Draws what compare.py and drain.py have measured, as SVG for the documentation: how the cost of a
connection grows with those that are idle, what each load costs against hand-written epoll, and when
the connections of a server that drains end."""

import argparse
import json
import pathlib
import sys

try:
    import matplotlib
except ImportError:
    sys.exit('plot.py: needs matplotlib; on Debian: apt install python3-matplotlib')

matplotlib.use('svg')
matplotlib.rcParams.update({
    'svg.fonttype': 'none',     # text stays text
    'svg.hashsalt': 'usher',    # the same file from the same figures
    'axes.spines.top': False,
    'axes.spines.right': False,
    'figure.figsize': (8, 4.5),
})

from matplotlib import pyplot, ticker  # noqa: E402

YARDSTICK = 'epoll'


def server_names(scenarios):
    """In the order in which they were compared."""
    return list(dict.fromkeys(name for scenario in scenarios.values() for name in scenario['servers']))


def style(name):
    if name == YARDSTICK:
        return {'color': 'black', 'linestyle': '--'}
    return {'linewidth': 2.5} if name.startswith('usher') else {'alpha': 0.7}


def growth(scenarios, kind):
    """For each server: pairs of idle connections and cost, with few idle ones first."""
    held = sorted((int(key.rpartition('-')[2]), scenario) for key, scenario in scenarios.items()
                  if key.rpartition('-')[0] == kind)
    return {name: [(number, scenario['servers'][name]['median']) for number, scenario in held
                   if name in scenario['servers']]
            for name in server_names(scenarios)}


def plot_growth(scenarios, kind, title, unit):
    figure, axes = pyplot.subplots()
    for name, points in growth(scenarios, kind).items():
        if points:
            axes.plot(*zip(*points), marker='o', label=name, **style(name))
    axes.set_yscale('log')
    axes.yaxis.set_major_formatter(ticker.StrMethodFormatter('{x:,.0f}'))
    axes.xaxis.set_major_formatter(ticker.StrMethodFormatter('{x:,.0f}'))
    axes.set(title=title, xlabel='idle connections', ylabel=f'CPU of the server, {unit}')
    axes.legend(loc='center left', bbox_to_anchor=(1, 0.5), frameon=False)
    return figure


def plot_ratios(scenarios):
    """One group of bars a load; who costs more than ten times as much is cut off."""
    wanted = {key: scenario for key, scenario in scenarios.items()
              if not key.startswith(('memory', 'kernel-memory', 'system-calls'))}
    names = [name for name in server_names(wanted) if name != YARDSTICK]
    figure, axes = pyplot.subplots(figsize=(8, 1 + 0.7 * len(wanted)))
    height = 0.8 / max(1, len(names))
    for row, name in enumerate(names):
        ratios = [scenario['servers'].get(name, {}).get('ratio') or 0 for scenario in wanted.values()]
        axes.barh([place + row * height for place in range(len(wanted))],
                  [min(ratio, 10) for ratio in ratios], height, label=name)
    axes.axvline(1, color='black', linestyle='--')
    axes.set_yticks([place + 0.4 - height / 2 for place in range(len(wanted))], wanted)
    axes.invert_yaxis()
    axes.set(title='Against hand-written epoll (bars end at 10)', xlabel='times as much')
    axes.legend(loc='center left', bbox_to_anchor=(1, 0.5), frameon=False)
    return figure


def plot_drains(drains):
    """How many connections end in each tenth of a second."""
    figure, axes = pyplot.subplots()
    n_tenths = 1 + int(10 * max(end for drain in drains for end in drain['ends']))
    for drain in drains:
        tenths = [0] * n_tenths
        for end in drain['ends']:
            tenths[int(10 * end)] += 1
        axes.bar([tenth / 10 for tenth in range(n_tenths)], tenths, width=0.1, align='edge', alpha=0.7,
                 label=f'drain-spread {drain["spread"]} s')
    axes.set_yscale('symlog', linthresh=100)
    axes.yaxis.set_major_formatter(ticker.StrMethodFormatter('{x:,.0f}'))
    axes.set(title=f'A server with {len(drains[0]["ends"]):,} connections drains', xlabel='seconds after SIGTERM',
             ylabel='connections that end within 100 ms')
    axes.legend(frameon=False)
    return figure


def save(figure, path):
    figure.savefig(path, bbox_inches='tight', metadata={'Date': None})
    pyplot.close(figure)
    print(path)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('json', type=pathlib.Path, help='what compare.py or drain.py has written with --json')
    parser.add_argument('directory', type=pathlib.Path, help='where the drawings go')
    options = parser.parse_args()

    measured = json.loads(options.json.read_text())
    options.directory.mkdir(parents=True, exist_ok=True)
    if 'drains' in measured:
        save(plot_drains(measured['drains']), options.directory / 'drain.svg')
        return

    scenarios = measured['scenarios']
    save(plot_growth(scenarios, 'churn', 'A new connection, among idle ones', 'µs a connection'),
         options.directory / 'churn.svg')
    save(plot_growth(scenarios, 'ping-pong', 'A message, among idle connections', 'µs a message'),
         options.directory / 'ping-pong.svg')
    save(plot_ratios(scenarios), options.directory / 'ratios.svg')


main()
