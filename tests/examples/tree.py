#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright 2026 The Usher authors

"""Tests examples/tree, by what it shows of itself.

Usage: tree.py TREE
"""

import os
import pty
import re
import signal
import subprocess
import sys
import tempfile
from collections import defaultdict

from server import PATIENCE, Program, expect, run

ROW = re.compile(r'(?P<indent> *)(?P<id>\S+) +(?P<state>\w+) +starts: (?P<starts>\d+)(\tlast exit: (?P<exit>.*))?\n')
NAMES = ['screen', 'config', 'workers', 'worker-1', 'worker-2', 'worker-3']
QUIET = ('--rate', '0')


def rows(tree):
    """The rows it prints, until it ends."""
    for line in tree.process.stdout:
        match = ROW.fullmatch(line.decode())
        assert match, line
        yield match


def wait_for(tree, name, state, starts):
    for row in rows(tree):
        if (row['id'], row['state'], int(row['starts'])) == (name, state, starts):
            return
    assert False, f'{name} was never {state} with {starts} starts'


def test_shows_every_child(program):
    with Program(program, *QUIET) as tree:
        shown = rows(tree)
        for name in NAMES:
            row = next(shown)
            expect((row['id'], row['state'], row['starts'], row['exit']), (name, 'running', '1', None))
            expect(row['indent'], '  ' if name.startswith('worker-') else '')
        expect(tree.stop(), 0)


def failures(program, seed, count):
    """How the workers failed: {id: [reason, ...]}."""
    found = defaultdict(list)
    with Program(program, '--seed', str(seed), '--failures', str(count), '--rate', '0.2', '--job', '1',
                 '--intensity', '1000') as tree:
        for row in rows(tree):
            if row['state'] == 'exited' and row['exit'].startswith('error: '):
                found[row['id']].append(row['exit'])
        expect(tree.wait(), 0)
    assert sum(map(len, found.values())) >= count, found  # Others may fail while it ends.
    return found


def test_a_seed_fails_as_it_did_before_and_another_one_does_not(program):
    first, again, other = failures(program, 1, 60), failures(program, 1, 60), failures(program, 2, 60)
    for name in NAMES[3:]:
        common = min(len(first[name]), len(again[name]), len(other[name]))
        assert common >= 5, f'{name} failed {common} times'
        expect(again[name][:common], first[name][:common])
    assert any(other[name][:5] != first[name][:5] for name in NAMES[3:]), other


def test_workers_that_fail_too_often_are_restarted_together_and_then_end_the_tree(program):
    with Program(program, '--rate', '1', '--job', '50', '--workers', '1', '--intensity', '3') as tree:
        ends = [(row['id'], row['starts'], row['exit']) for row in rows(tree) if row['state'] == 'exited']
        expect(tree.wait(), 1)
        report = tree.stderr()
    worker = [('worker-1', str(n), f'error: job {n} failed') for n in range(1, 9)]
    blame = [f'supervisor “workers”: more than 3 restarts within 5 s; the latest failure: child “worker-1”: job {n} failed'
             for n in (4, 8)]
    below = [('config', '1', 'shutdown'), ('screen', '1', 'shutdown')]
    expect(ends, [*worker[:4], ('workers', '1', f'shutdown: {blame[0]}'),
                  *worker[4:], ('workers', '2', f'shutdown: {blame[1]}'), *below])
    last = f'tree: supervisor “tree”: more than 1 restart within 5 s; the latest failure: {blame[1]}\n'
    assert report.endswith(last) and 'workers terminated' not in report, report


def test_stops_in_reverse_order(program):
    for number in (signal.SIGTERM, signal.SIGINT):
        with Program(program, *QUIET, '--duration', str(1000 * PATIENCE)) as tree:
            wait_for(tree, 'worker-3', 'running', 1)
            tree.signal(number)
            ends = [row['id'] for row in rows(tree) if row['state'] == 'exited']
            expect(ends, ['worker-3', 'worker-2', 'worker-1', 'workers', 'config', 'timer', 'screen'])
            expect(tree.wait(), 0)
            expect(tree.stderr(), '')


def test_ends_by_itself_when_the_time_is_over(program):
    with Program(program, *QUIET, '--duration', '200') as tree:
        ends = {row['id']: row['exit'] for row in rows(tree) if row['state'] == 'exited'}
        expect(ends, {'timer': 'normal', **dict.fromkeys(NAMES, 'shutdown')})
        expect(tree.wait(), 0)
        expect(tree.stderr(), '')


def test_a_new_configuration_restarts_those_that_depend_on_it(program):
    with tempfile.NamedTemporaryFile('w') as config:
        config.write('[workers]\nrate=0\n')
        config.flush()
        with Program(program, '--config', config.name, '--job', '10', '--failures', '1') as tree:
            wait_for(tree, 'worker-3', 'running', 1)
            config.write('rate=1\n')
            config.flush()
            tree.signal(signal.SIGHUP)
            ends = [(row['id'], row['exit']) for row in rows(tree) if row['state'] == 'exited']
            expect(tree.wait(), 0)
    expect(ends[:5], [('config', 'normal'), *((name, 'shutdown') for name in reversed(NAMES[2:]))][:5])
    assert any(re.fullmatch(r'error: job \d+ failed', exit) for _, exit in ends[5:]), ends
    expect([exit for name, exit in ends if name == 'screen'], ['shutdown'])


def test_draws_over_itself_on_a_terminal(program):
    terminal, its_end = pty.openpty()
    with Program(program, *QUIET, '--duration', '300', stdout=its_end) as tree:
        os.close(its_end)
        shown = b''
        try:
            while chunk := os.read(terminal, 4096):
                shown += chunk
        except OSError:  # This is how a terminal says that nobody is left.
            pass
        expect(tree.wait(), 0)
    os.close(terminal)
    pictures = shown.split(b'\x1b[7A')
    assert len(pictures) > 2, shown
    for picture in pictures:
        expect(picture.count(b'\n'), 7)
        assert picture.startswith(b'\x1b[?7lscreen '), picture


def test_refuses_bad_options(program):
    for arguments in (('--workers', '-1'), ('--period', '0'), ('--rate', 'often'), ('--config', '/nowhere')):
        result = subprocess.run([program, *arguments], capture_output=True, timeout=PATIENCE)
        expect(result.returncode, 1)
        assert b'\ntree: ' in b'\n' + result.stderr, result.stderr


TESTS = [
    test_shows_every_child,
    test_a_seed_fails_as_it_did_before_and_another_one_does_not,
    test_workers_that_fail_too_often_are_restarted_together_and_then_end_the_tree,
    test_stops_in_reverse_order,
    test_ends_by_itself_when_the_time_is_over,
    test_a_new_configuration_restarts_those_that_depend_on_it,
    test_draws_over_itself_on_a_terminal,
    test_refuses_bad_options,
]

if __name__ == '__main__':
    os.environ['LC_ALL'] = 'C.UTF-8'
    run(TESTS, sys.argv[1])
