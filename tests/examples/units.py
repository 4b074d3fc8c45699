#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright 2026 The Usher authors

"""Checks the unit files of examples/deploy: systemd understands them, and so does the program.

Usage: units.py VERSIONED-ECHO DIRECTORY, that of the units
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

from activation import ACTIVATE, Activated
from server import PATIENCE, expect, run

ANALYZE = shutil.which('systemd-analyze')
UNITS = ('versioned-echo.service', 'versioned-echo.socket')
INSTALLED = '/opt/versioned-echo/current/versioned-echo'


def read(directory, unit):
    """The settings of a unit; of those that are repeated, the last."""
    text = open(f'{directory}/{unit}').read().replace('\\\n', ' ')
    return dict(re.findall(r'^(\w+)=(.*)$', text, re.MULTILINE))


def seconds(text):
    return int(re.fullmatch(r'(\d+)s', text)[1])


def option(command, name):
    return seconds(command[command.index(name) + 1])


def test_systemd_finds_nothing_wrong_with_them(program, directory):
    with tempfile.TemporaryDirectory() as copies:
        for unit in UNITS:
            text = open(f'{directory}/{unit}').read().replace(INSTALLED, os.path.abspath(program))
            with open(f'{copies}/{unit}', 'w') as file:
                file.write(text)
        result = subprocess.run([ANALYZE, 'verify', *(f'{copies}/{unit}' for unit in UNITS)],
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=PATIENCE)
    # Other units of the machine are not our business.
    expect([line for line in result.stdout.splitlines() if 'versioned-echo' in line], [])
    expect(result.returncode, 0)


def test_the_program_runs_as_they_say(program, directory):
    service = read(directory, UNITS[0])
    command = shlex.split(service['ExecStart'].replace(INSTALLED, os.path.abspath(program)))
    command[command.index('--health') + 1] = 'tcp://127.0.0.1:0'
    command[command.index('--lame-duck') + 1] = '0'
    name = read(directory, UNITS[1])['FileDescriptorName']
    with tempfile.TemporaryDirectory() as sockets:
        command[command.index('--hand-over') + 1] = f'{sockets}/hand-over'
        with Activated(sockets, [name], *command) as process:
            with process.connect(name) as client:
                client.sendall(b'hello\n')
                expect(client.recv(100), b'unversioned: hello\n')
            expect(process.stop(), 0)


def test_systemd_waits_longer_than_a_drain_takes(_, directory):
    service = read(directory, UNITS[0])
    command = shlex.split(service['ExecStart'])
    deadline = option(command, '--drain-deadline')
    assert option(command, '--lame-duck') + option(command, '--grace') + option(command, '--shutdown') <= deadline
    assert seconds(service['TimeoutStopSec']) > deadline + 1
    expect(service['NotifyAccess'], 'all')


def test_says_its_version(program, _):
    with tempfile.TemporaryDirectory() as directory:
        path = f'{directory}/versioned-echo'
        os.symlink(os.path.abspath(program), path)
        with open(f'{directory}/version', 'w', encoding='utf-8') as file:
            file.write('1.4.2\n')
        result = subprocess.run([path, '--version'], capture_output=True, text=True, timeout=PATIENCE)
        expect((result.returncode, result.stdout, result.stderr), (0, 'versioned-echo 1.4.2\n', ''))


TESTS = [
    test_says_its_version,
    test_systemd_finds_nothing_wrong_with_them,
    test_the_program_runs_as_they_say,
    test_systemd_waits_longer_than_a_drain_takes,
]


if __name__ == '__main__':
    if None in (ANALYZE, ACTIVATE):
        print('1..0 # SKIP there is no systemd; ./try --install installs its package')
        sys.exit(0)
    run(TESTS, sys.argv[1], sys.argv[2])
