#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright 2026 The Usher authors

"""Replaces versioned-echo by its next version, ten times, while clients ask, and shows what they lose.

What is installed is a link, “current”. Each upgrade lets it point to the next release and sends
SIGUSR2, and the process that serves hands its sockets over to what it finds there now.
"""

import argparse
import os
import re
import signal
import subprocess
import sys
import tempfile
import time

from load import PATIENCE, Load, release

LOSSES = ('refused', 'reset', 'unanswered')
ROW = '{:>7}  {:>9}  {:>8}  {:>7}  {:>5}  {:>10}  {:>7}'


class Deployment:
    """All generations of a server: they share one standard output. Use it in a with statement."""

    def __init__(self, program):
        self.program = program

    def __enter__(self):
        self.directory = tempfile.TemporaryDirectory()
        self.install(1)
        self.first = subprocess.Popen(
            [f'{self.directory.name}/current/versioned-echo', '--listen', 'tcp://127.0.0.1:0',
             '--hand-over', f'{self.directory.name}/hand-over'], stdout=subprocess.PIPE, text=True)
        self.pid = self.first.pid
        self.address = '127.0.0.1', int(self.hear(r'listening on .*:(\d+)'))
        return self

    def __exit__(self, kind, *exception):
        try:
            os.kill(self.pid, signal.SIGTERM if kind is None else signal.SIGKILL)
        except ProcessLookupError:
            pass
        # It ends when the last of them has ended.
        self.first.stdout.read()
        self.first.wait(PATIENCE)
        self.first.stdout.close()
        self.directory.cleanup()

    def install(self, version):
        link = f'{self.directory.name}/current'
        os.symlink(release(self.directory.name, self.program, version), f'{link}.new')
        os.rename(f'{link}.new', link)

    def hear(self, pattern):
        for line in self.first.stdout:
            if match := re.match(pattern, line):
                return match[1]
        sys.exit('upgrade.py: the program has ended')

    def upgrade(self, version):
        self.install(version)
        os.kill(self.pid, signal.SIGUSR2)
        self.pid = int(self.hear(r'handed over to process (\d+)'))


def wait_for(load, version):
    """Until the version has answered somebody."""
    deadline = time.monotonic() + PATIENCE
    while load.figures.served[str(version)] == 0:
        if time.monotonic() > deadline:
            sys.exit(f'upgrade.py: version {version} does not answer')
        time.sleep(0.01)


def show(number, figures):
    print(ROW.format(number, f'{number} → {number + 1}', f'{figures.served.total():,}', *(figures.lost[loss] for loss in LOSSES),
                     f'{figures.slowest_msec:.0f} ms'), flush=True)


def upgrade_under_load(deployment, options):
    n_lost = 0
    print(ROW.format('upgrade', 'versions', 'served', *LOSSES, 'slowest'))
    with Load(deployment.address, options.clients) as load:
        for number in range(1, options.upgrades + 1):
            load.take()
            time.sleep(options.pause / 2)
            deployment.upgrade(number + 1)
            wait_for(load, number + 1)
            time.sleep(options.pause / 2)
            figures = load.take()
            show(number, figures)
            n_lost += figures.lost.total()
    return n_lost


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition('\n')[0])
    parser.add_argument('program', help='versioned-echo')
    parser.add_argument('--upgrades', type=int, default=10)
    parser.add_argument('--clients', type=int, default=8)
    parser.add_argument('--pause', type=float, default=0.5, metavar='SECONDS', help='from one upgrade to the next')
    options = parser.parse_args()

    with Deployment(options.program) as deployment:
        n_lost = upgrade_under_load(deployment, options)
    print(f'lost: {n_lost}')
    return n_lost > 0


if __name__ == '__main__':
    sys.exit(main())
