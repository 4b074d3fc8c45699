#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright 2026 The Usher authors

"""Compares echo servers: what a connection costs each of them, against hand-written epoll.

All servers run at the same time, and each round loads one after the other, in random order, so
that what disturbs the machine disturbs them all. A ratio is that of two measurements of the same
round; printed are the median of the ratios and its 95 % interval (bootstrap).

Then servers of Usher are compared without workers, with one, and with two; those loads are called
workers-….
"""

import argparse
import contextlib
import dataclasses
import fnmatch
import json
import pathlib
import signal
import subprocess
import sys

import figures
import rounds
import servers
import workers

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
YARDSTICK = 'epoll'


@dataclasses.dataclass
class Scenario:
    name: str
    title: str
    unit: str
    load: list            # arguments of ./load
    key: str              # of its answer: what is compared
    n_open: int           # connections at once
    scale: float = 1
    held: int = 0         # connections that are open all the time, and idle
    is_fresh: bool = False  # each measurement needs a server of its own
    is_of_memory: bool = False
    most_rounds: int = 1000


def among(held):
    return f'; {held:,} others are idle' if held else ''


def churn(held, number):
    return Scenario(f'churn-{held}',
                    f'Connect, echo, reset, 16 at a time{among(held)}: CPU of the server',
                    'µs a connection', ['churn', '-n', str(number), '-p', '16', '-s', '1'], 'cpu_usec',
                    held + 16, held=held)


def one_by_one(number):
    return Scenario('one-by-one', 'Connect, echo, reset, one by one: CPU of the server',
                    'µs a connection', ['churn', '-n', str(number), '-s', '1'], 'cpu_usec', 1)


def ping_pong(held, number):
    return Scenario(f'ping-pong-{held}',
                    f'Echo over 100 connections{among(held)}: CPU of the server',
                    'µs a message', ['ping-pong', '-n', str(number), '-s', '1'], 'cpu_usec',
                    held + 100, held=held)


def burst(number):
    return Scenario(f'burst-{number}',
                    f'{number:,} connections wait when the server comes back: CPU of the server',
                    'µs a connection', ['burst', '-n', str(number)], 'cpu_usec', number)


def storm(number):
    return Scenario(f'storm-{number}', f'{number:,} connections at once: time until all are answered',
                    'ms', ['storm', '-n', str(number), '-s', '60'], 'seconds', number,
                    scale=1000, is_fresh=True)


def memory(number):
    return Scenario(f'memory-{number}', f'{number:,} idle connections: resident memory of the server',
                    'bytes a connection', ['hold', '-n', str(number), '-p', '64', '-s', '60'],
                    'rss_bytes', number, is_fresh=True, is_of_memory=True, most_rounds=5)


def kernel_memory(number):
    return Scenario(f'kernel-memory-{number}',
                    f'{number:,} idle connections: memory of the kernel, for both ends',
                    'bytes a connection', ['hold', '-n', str(number), '-p', '64', '-s', '60'],
                    'kernel_bytes', number, is_fresh=True, is_of_memory=True, most_rounds=5)


def system_calls(number):
    return Scenario('system-calls', 'Connect, echo, reset, 16 at a time: system calls of the server',
                    'a connection', [number], 'calls', 1, is_fresh=True, most_rounds=3)


# The number of rounds, and what they measure.
FORMS = {
    'full': (15, [churn(0, 5000), one_by_one(5000), burst(3000), ping_pong(0, 50000),
                  churn(5000, 5000), ping_pong(5000, 50000), churn(15000, 5000),
                  ping_pong(15000, 50000), storm(15000), memory(5000), kernel_memory(5000),
                  system_calls(200)]),
    'quick': (5, [churn(0, 2000), one_by_one(2000), burst(2000), ping_pong(0, 20000),
                  churn(2000, 2000), ping_pong(2000, 20000), storm(2000), memory(2000),
                  kernel_memory(2000), system_calls(50)]),
    'smoke': (1, [churn(0, 30), one_by_one(10), burst(30), churn(20, 30), ping_pong(20, 200),
                  storm(30), memory(30)]),
}


def chosen(scenarios, patterns):
    return [scenario for scenario in scenarios
            if not patterns or any(fnmatch.fnmatch(scenario.name, pattern) for pattern in patterns)]


class Comparison:
    def __init__(self, options):
        self.is_smoke = options.form == 'smoke'
        n_rounds, scenarios = FORMS[options.form]
        self.n_rounds = options.rounds or n_rounds
        self.scenarios = chosen(scenarios, options.scenarios)
        self.directory = options.build / 'tests' / 'bench'
        self.machine = servers.Machine(is_plain=self.is_smoke)
        self.names = [name for name in servers.SERVERS
                      if (name in options.servers or name == YARDSTICK or not options.servers)
                      and (self.directory / name).exists()]
        self.results = {}

    def start(self, name):
        return servers.Server(self.machine, self.directory, name)

    def measure(self, scenario, name, running):
        if scenario.key == 'calls':
            return servers.count_system_calls(self.machine, self.directory, name, *scenario.load)
        if name in running:
            return running[name].load(scenario.load)
        with self.start(name) as server:
            # What comes with the first connections alone is not a connection's memory.
            if scenario.is_of_memory:
                server.load(['churn', '-n', '200', '-p', '16'])
            return server.load(scenario.load)

    def run_scenario(self, scenario, running):
        names = [name for name in self.names if scenario.n_open <= servers.capacity(name)
                 and (scenario.is_of_memory or name not in servers.OF_MEMORY)]
        samples = rounds.run(names, min(self.n_rounds, scenario.most_rounds),
                             lambda name: self.measure(scenario, name, running))
        self.results[scenario.name] = {
            'title': scenario.title,
            'unit': scenario.unit,
            'servers': {name: figures.summarize(samples[name], samples[YARDSTICK], scenario.key,
                                                scenario.scale)
                        for name in names},
            'left out': {name: f'holds {servers.capacity(name):,} at most'
                         for name in self.names if scenario.n_open > servers.capacity(name)},
        }
        self.show(scenario.name)

    def show(self, name):
        result = self.results[name]
        if self.is_smoke:
            print(f"{name}: {', '.join(result['servers'])}", flush=True)
            return

        noise = result['servers'][YARDSTICK]['spread']
        print(f"\n### {result['title']}\n")
        print(figures.table(result['unit'], result['servers'], result['left out']), flush=True)
        if noise is not None:
            print(f'\nHalf of the measurements of {YARDSTICK} lie within {noise:.0%} of their median.')

    def run_held(self, held):
        """All scenarios with so many idle connections, on the same servers."""
        scenarios = [scenario for scenario in self.scenarios
                     if scenario.held == held and not scenario.is_fresh]
        names = [name for name in self.names if held <= servers.capacity(name)
                 and name not in servers.OF_MEMORY] if scenarios else []
        with contextlib.ExitStack() as stack:
            running = {name: stack.enter_context(self.start(name)) for name in names}
            for server in running.values():
                server.hold(held)
            for scenario in scenarios:
                self.run_scenario(scenario, running)

    def run(self):
        for held in sorted({scenario.held for scenario in self.scenarios}):
            self.run_held(held)
        for scenario in self.scenarios:
            if scenario.key == 'calls' and not servers.can_count_system_calls():
                print('\nstrace is not installed, so that system calls are not counted.')
            elif scenario.is_fresh:
                self.run_scenario(scenario, {})

    def failures(self):
        return sum(server['failed'] for result in self.results.values()
                   for server in result['servers'].values())


def names_in(text):
    return [name for name in text.split(',') if name]


def parse():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    form = parser.add_mutually_exclusive_group()
    form.add_argument('--quick', dest='form', action='store_const', const='quick', default='full',
                      help='smaller numbers and 5 rounds: some minutes')
    form.add_argument('--smoke', dest='form', action='store_const', const='smoke',
                      help='only see that everything works: a few seconds')
    parser.add_argument('--build', type=pathlib.Path, default=ROOT / '_build', metavar='DIRECTORY',
                        help='where Usher is built (_build)')
    parser.add_argument('--json', type=pathlib.Path, metavar='FILE', help='write all measurements')
    parser.add_argument('--publish', type=pathlib.Path, metavar='DIRECTORY',
                        help='refresh the tables and drawings of performance.md there')
    parser.add_argument('--rounds', type=int, metavar='N', help='instead of what the form says')
    parser.add_argument('--servers', type=names_in, default=[], metavar='NAME,…',
                        help='only these, and ' + YARDSTICK + '; of: ' + ', '.join(servers.SERVERS))
    parser.add_argument('--scenarios', type=names_in, default=[], metavar='NAME,…',
                        help='only these; the full form has: '
                        + ', '.join(scenario.name for scenario in FORMS['full'][1] + workers.FORMS['full'])
                        + "; 'workers-*' is all that have workers")
    options = parser.parse_args()
    options.json = options.json or (options.publish and options.build / 'tests' / 'bench' / 'compare.json')
    return options


def compare_workers(options):
    is_smoke = options.form == 'smoke'
    machine = servers.Machine(is_plain=is_smoke, is_pinned=False)
    comparison = workers.Workers(machine, options.build / 'tests' / 'bench', options.servers)
    comparison.run(chosen(workers.FORMS[options.form], options.scenarios), options.rounds or FORMS[options.form][0])
    if comparison.results and not is_smoke:
        print(f'\n{workers.tables(comparison.results)}\n\n{workers.verdicts(comparison.results)}')
    return comparison


def main():
    options = parse()
    # Servers are stopped on the way out.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    comparison = Comparison(options)
    if YARDSTICK not in comparison.names:
        sys.exit(f'compare.py: nothing is built in {options.build}; say --build DIRECTORY')

    machine = comparison.machine.describe()
    print(', '.join(f'{name} {value}' for name, value in machine.items()))
    comparison.run()
    with_workers = compare_workers(options)
    if options.json:
        options.json.write_text(json.dumps({'machine': machine, 'form': options.form,
                                            'scenarios': comparison.results,
                                            'workers': with_workers.results}, indent=1) + '\n')
    if options.publish:
        subprocess.run([sys.executable, HERE / 'publish.py', '--build', options.build, options.json,
                        options.publish], check=True)
    # Elsewhere the tables tell: some peers do not answer everybody in time.
    n_failed = comparison.failures() + with_workers.failures()
    if comparison.is_smoke and n_failed:
        sys.exit(f'compare.py: {n_failed} connections failed')


main()
