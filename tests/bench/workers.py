# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright 2026 The Usher authors

"""What a second worker gains and costs: servers of Usher without workers, with one, and with two.

Nothing is bound to a core: the server and the load share all that there are.
"""

import contextlib
import dataclasses
import itertools
import statistics

import figures
import rounds
import servers

PROGRAMS = ['usher-async', 'usher-fiber']
NUMBERS = [0, 1, 2]
YARDSTICK = 1
HEADS = ['no worker', '1 worker', '2 workers']


@dataclasses.dataclass
class Load:
    name: str
    title: str
    unit: str
    arguments: list         # of ./load
    n_open: int             # connections at once
    is_timed: bool = False  # what is of interest is when all are answered
    is_fresh: bool = False  # each measurement needs a server of its own


def churn(parallel, number):
    return Load(f'workers-churn-{parallel}',
                'Connect, echo, reset, ' + ('one by one' if parallel == 1 else f'{parallel} at a time'),
                'connections a second', ['churn', '-n', str(number), '-p', str(parallel), '-s', '1'], parallel)


def ping_pong(number):
    return Load('workers-ping-pong', 'Echo over 100 connections', 'messages a second',
                ['ping-pong', '-n', str(number), '-s', '1'], 100)


def burst(number):
    return Load('workers-burst', f'{number:,} connections wait when the server comes back', 'ms until all are answered',
                ['burst', '-n', str(number)], number, is_timed=True)


def storm(number):
    return Load('workers-storm', f'{number:,} connections at once', 'ms until all are answered',
                ['storm', '-n', str(number), '-s', '60'], number, is_timed=True, is_fresh=True)


FORMS = {
    'full': [churn(1, 4000), churn(16, 10000), churn(64, 10000), ping_pong(50000), burst(3000), storm(15000)],
    'quick': [churn(1, 1000), churn(16, 4000), churn(64, 4000), ping_pong(20000), burst(2000), storm(2000)],
    'smoke': [churn(1, 10), churn(16, 30), ping_pong(200), burst(30), storm(30)],
}


def command(program, number):
    return f'{program} --workers={number}'


def measure(server, load):
    sample = server.load(load.arguments)
    seconds = max(sample['seconds'], 1e-6)
    return {**sample, 'per_second': sample['n'] / seconds,
            'busy_cores': (sample['cpu_usec'] + sample['load_cpu_usec']) * sample['n'] / seconds / 1e6}


def measure_share(server, load):
    """The same, and what share of the connections the busier worker had."""
    before = server.count_served()
    sample = measure(server, load)
    # A worker that has served nobody yet is not named.
    served = [after - n for after, n in itertools.zip_longest(server.count_served(), before, fillvalue=0)]
    return {**sample, 'served': served, 'busiest_share': max(served, default=0) / max(1, sum(served))}


def summarize(samples, yardstick):
    def of(key, scale=1):
        return figures.compare(samples, yardstick, key, scale)

    return {'speed': of('per_second'), 'time': of('seconds', 1000), 'cpu': of('cpu_usec'),
            'busy_cores': statistics.median(sample['busy_cores'] for sample in samples),
            **figures.common(samples)}


class Workers:
    def __init__(self, machine, directory, wanted):
        self.machine = machine
        self.directory = directory
        self.programs = [program for program in PROGRAMS
                         if (directory / program).exists() and program in (wanted or PROGRAMS)]
        self.commands = [command(program, number) for program in self.programs for number in NUMBERS]
        self.shared = [command(program, max(NUMBERS)) for program in self.programs]
        self.results = {}

    def start(self, name):
        return servers.Server(self.machine, self.directory, name)

    def measure(self, load, name, running):
        run = measure_share if name in self.shared else measure
        if name in running:
            return run(running[name], load)
        with self.start(name) as server:
            return run(server, load)

    def run_load(self, load, n_rounds, running):
        samples = rounds.run(self.commands, n_rounds, lambda name: self.measure(load, name, running))
        self.results[load.name] = {
            'title': load.title,
            'unit': load.unit,
            'is_timed': load.is_timed,
            'servers': {program: {str(number): summarize(samples[command(program, number)],
                                                         samples[command(program, YARDSTICK)])
                                  for number in NUMBERS}
                        for program in self.programs},
        }

    def run(self, loads, n_rounds):
        if not loads or not self.commands:
            return
        with contextlib.ExitStack() as stack:
            running = {name: stack.enter_context(self.start(name)) for name in self.commands}
            for load in loads:
                if any(load.n_open > servers.capacity(program) for program in self.programs):
                    print(f'{load.name} is left out: there are too few descriptors')
                    continue
                print(f'{load.name}: {", ".join(self.commands)}', flush=True)
                self.run_load(load, n_rounds, {} if load.is_fresh else running)

    def failures(self):
        return sum(server['failed'] for result in self.results.values()
                   for program in result['servers'].values() for server in program.values())


# What it says, as Markdown.


def rows(results):
    """Each load with each program: its title, the program, and what was measured of it by number of workers."""
    for result in results.values():
        for program, by_number in result['servers'].items():
            yield result, [result['title'], f'`{program}`'], [by_number[str(number)] for number in NUMBERS]


def done(result, server):
    shown = figures.number(server['time' if result['is_timed'] else 'speed']['median'])
    return f'{shown}, {server["failed"]} failed' if server['failed'] else shown


def speed_table(results):
    return figures.markdown(
        ['', 'server', 'unit', *HEADS, '2 against 1, times as fast', 'cores busy with 1', 'with 2'],
        [[*names, result['unit'], *(done(result, server) for server in by_number),
          figures.ratio(by_number[2]['speed']), *(figures.number(server['busy_cores']) for server in by_number[1:])]
         for result, names, by_number in rows(results)])


def cpu_table(results):
    return figures.markdown(
        ['', 'server', *HEADS, '2 against 1'],
        [[*names, *(figures.number(server['cpu']['median']) for server in by_number),
          figures.ratio(by_number[2]['cpu'])]
         for _, names, by_number in rows(results)])


def latency_table(results):
    return figures.markdown(['', 'server', *HEADS],
                            [[*names, *map(figures.latencies, by_number)] for _, names, by_number in rows(results)])


def share_table(results):
    return figures.markdown(
        ['', 'server', 'of the busier worker', 'in the worst round'],
        [[*names, *(f'{of(sample["busiest_share"] for sample in by_number[2]["samples"]):.1%}'
                    for of in (statistics.median, max))]
         for _, names, by_number in rows(results)])


def tables(results):
    return '\n\n'.join([
        'How much is done. The ratio is that of speeds, also where times are shown:', speed_table(results),
        'Processor time of the server, µs a connection or a message:', cpu_table(results),
        'Latencies p50 / p99 / p99.9, µs:', latency_table(results),
        'How evenly the two workers share the connections:', share_table(results)])


def kind_of(speed):
    """What the interval of a ratio allows to be said."""
    low, high = speed.get('interval', (0, 2))
    return 'faster' if low > 1 else 'slower' if high < 1 else 'unclear'


def verdicts(results):
    said = {'faster': [], 'slower': [], 'unclear': []}
    for result, (title, program), by_number in rows(results):
        speed = by_number[2]['speed']
        said[kind_of(speed)].append(f'  - {title}, {program}: {figures.number(speed.get("ratio"))}')
    heads = {'faster': 'With two workers instead of one it was faster, so many times:',
             'slower': 'It was slower, so many times as fast:',
             'unclear': 'These rounds cannot tell, as the interval has 1 in it:'}
    return '\n'.join('\n'.join([f'- {head}', *said[kind]]) for kind, head in heads.items() if said[kind])
