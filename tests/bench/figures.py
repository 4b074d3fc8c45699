# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright 2026 The Usher authors

"""Medians, ratios and their intervals; and how they are shown."""

import random
import statistics

N_RESAMPLES = 4000
LATENCIES = ['p50_usec', 'p99_usec', 'p999_usec']


def interval(values):
    """The 95 % interval of the median, by bootstrap. It is repeatable: the seed is fixed."""
    dice = random.Random(1)
    medians = sorted(statistics.median(dice.choices(values, k=len(values)))
                     for _ in range(N_RESAMPLES))
    return medians[int(0.025 * N_RESAMPLES)], medians[int(0.975 * N_RESAMPLES) - 1]


def spread(values):
    """Half of all values are no farther apart than this share of their median."""
    if len(values) < 4:
        return None
    low, middle, high = statistics.quantiles(values, n=4)
    return (high - low) / middle if middle else None


def compare(samples, yardstick, key, scale):
    """One figure of a server, and that against the yardstick in the same round."""
    values = [sample[key] * scale for sample in samples]
    figures = {'median': statistics.median(values), 'spread': spread(values)}
    ratios = [value / (other[key] * scale) for value, other in zip(values, yardstick) if other[key] > 0]
    if ratios:
        figures['ratio'] = statistics.median(ratios)
        figures['interval'] = interval(ratios)
    return figures


def common(samples):
    """What is of interest of every server, whatever is compared."""
    figures = {'failed': sum(sample['failed'] for sample in samples), 'samples': samples}
    for name in LATENCIES:
        if name in samples[0]:
            figures[name] = statistics.median(sample[name] for sample in samples)
    return figures


def summarize(samples, yardstick, key, scale):
    """Of one server: what it costs, and that against the yardstick in the same round."""
    return {**compare(samples, yardstick, key, scale), **common(samples)}


def number(value, digits=3):
    if value is None:
        return ''
    whole = len(str(int(abs(value))))
    return f'{value:,.{max(0, digits - whole)}f}'


def ratio(figures):
    if 'ratio' not in figures:
        return '–'
    low, high = figures['interval']
    return f'{number(figures["ratio"])} ({number(low)}–{number(high)})'


def latencies(figures):
    return ' / '.join(number(figures[key]) for key in LATENCIES)


def markdown(head, rows):
    return '\n'.join('| ' + ' | '.join(row) + ' |' for row in [head, ['---', *['---:'] * (len(head) - 1)], *rows])


def _row(name, figures):
    low, high = figures.get('interval', (None, None))
    return [name, number(figures['median']), number(figures.get('ratio')),
            f'{number(low)}–{number(high)}' if low is not None else '',
            *(number(figures.get(key)) for key in LATENCIES),
            str(len(figures['samples'])), str(figures['failed'] or '')]


def table(unit, servers, left_out):
    """One scenario, as Markdown."""
    head = ['server', unit, '× epoll', '95 %', 'p50 µs', 'p99 µs', 'p99.9 µs', 'rounds', 'failed']
    rows = [_row(name, figures) for name, figures in servers.items()]
    rows += [[name, reason, *[''] * 7] for name, reason in left_out.items()]
    widths = [max(len(row[i]) for row in [head, *rows]) for i in range(len(head))]

    def line(row):
        cells = [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:]))]
        return '| ' + ' | '.join(cells) + ' |'

    rule = '|' + '|'.join('-' * (width + 1) + (':' if i else '-') for i, width in enumerate(widths)) + '|'
    return '\n'.join([line(head), rule, *map(line, rows)])
