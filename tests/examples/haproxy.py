#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright 2026 The Usher authors

"""Restarts two instances behind a real HAProxy, one after the other, under load.

Usage: haproxy.py VERSIONED-ECHO DIRECTORY, that of haproxy.cfg
"""

import csv
import os
import shutil
import socket
import sys
import tempfile

from server import PATIENCE, Program, expect, run, wait_until

sys.path.insert(0, sys.argv[2])

from load import Load, release  # noqa: E402

HAPROXY = shutil.which('haproxy', path=os.environ['PATH'] + ':/usr/sbin')
INSTANCES = {'one': 1, 'two': 2}

# What a request can meet on its way to an instance, and HAProxy would hide.
TROUBLES = ('econ', 'eresp', 'wretr', 'wredis')


def own_host():
    """A loopback address that other tests of this machine do not use, for ports that have to be known."""
    pid = os.getpid()
    return f'127.{64 + (pid >> 16) % 64}.{pid >> 8 & 255}.{pid & 255}'


class Cluster:
    """HAProxy, and the instances behind it."""

    def __init__(self, program, configuration):
        self.program = program
        self.configuration = configuration
        self.host = own_host()
        self.instances = {}

    def __enter__(self):
        self.directory = tempfile.TemporaryDirectory()
        for name in INSTANCES:
            self.start(name, '1')
        os.environ.update(HOST=self.host, RUN_DIRECTORY=self.directory.name)
        self.haproxy = Program(HAPROXY, '-db', '-f', self.configuration).__enter__()
        wait_until(lambda: os.path.exists(self.control) and all(map(self.is_up, INSTANCES)))
        return self

    def __exit__(self, *exception):
        for instance in [self.haproxy, *self.instances.values()]:
            instance.__exit__(*exception)
        self.directory.cleanup()

    @property
    def address(self):
        return self.host, 7000

    @property
    def control(self):
        return f'{self.directory.name}/versioned-echo.sock'

    def start(self, name, version):
        path = f'{self.directory.name}/{version}/versioned-echo'
        if not os.path.exists(path):
            release(self.directory.name, self.program, version)
        number = INSTANCES[name]
        self.instances[name] = Program(path, '--listen', f'tcp://{self.host}:700{number}',
                                       '--health', f'tcp://{self.host}:800{number}', '--lame-duck', '1500ms').__enter__()

    def figures(self, name):
        """What HAProxy says of an instance."""
        with socket.socket(socket.AF_UNIX) as control:
            control.settimeout(PATIENCE)
            control.connect(self.control)
            control.sendall(b'show stat\n')
            with control.makefile('r') as lines:
                rows = csv.DictReader(line.removeprefix('# ') for line in lines.read().splitlines() if line)
                return next(row for row in rows if row['pxname'] == 'instances' and row['svname'] == name)

    def is_up(self, name):
        return self.figures(name)['status'] == 'UP'

    def restart(self, name, version):
        instance = self.instances[name]
        instance.signal()
        wait_until(lambda: self.figures(name)['status'].startswith('DRAIN'))
        expect(instance.wait(), 0)
        instance.__exit__(None)
        self.start(name, version)
        wait_until(lambda: self.is_up(name))


def test_no_request_fails_while_instances_restart(program, directory):
    with Cluster(program, f'{directory}/haproxy.cfg') as cluster:
        with Load(cluster.address, 4) as load:
            for version in ('2', '3'):
                for name in INSTANCES:
                    cluster.restart(name, version)
                wait_until(lambda: load.figures.served[version] > 100)
        troubles = {name: {trouble: cluster.figures(name)[trouble] for trouble in TROUBLES} for name in INSTANCES}
    figures = load.take()
    print(f'# served by version: {dict(figures.served)}; slowest {figures.slowest_msec:.0f} ms')
    expect(dict(figures.lost), {})
    expect(troubles, {name: dict.fromkeys(TROUBLES, '0') for name in INSTANCES})
    expect(sorted(figures.served), ['1', '2', '3'])


TESTS = [
    test_no_request_fails_while_instances_restart,
]


if __name__ == '__main__':
    if HAPROXY is None:
        print('1..0 # SKIP there is no haproxy; ./try --install installs it')
        sys.exit(0)
    run(TESTS, sys.argv[1], sys.argv[2])
