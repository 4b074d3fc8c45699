#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright 2026 The Usher authors

"""Tests a service that is started by the real systemd-socket-activate.

Usage: activation.py ECHO
"""

import os
import shutil
import signal
import socket
import sys
import tempfile

from server import PATIENCE, Program, expect, run, wait_until

ACTIVATE = shutil.which('systemd-socket-activate')


class Activated(Program):
    """A program whose sockets, named as said, are at the paths `directory/NAME`. It starts with the first client."""

    def __init__(self, directory, names, *command):
        self.paths = {name: f'{directory}/{name}' for name in names}
        listen = [argument for path in self.paths.values() for argument in ('-l', path)]
        super().__init__(ACTIVATE, '-E', 'LC_ALL=C.UTF-8', *listen, '--fdname=' + ':'.join(names), *command)
        # It says so of each, when it does.
        wait_until(lambda: self.stderr().count('Listening on ') == len(names))

    def connect(self, name):
        client = socket.socket(socket.AF_UNIX)
        client.settimeout(PATIENCE)
        client.connect(self.paths[name])
        return client

    def flags(self, number):
        lines = open(f'/proc/{self.process.pid}/fdinfo/{number}').read().splitlines()
        return int(next(line.split()[1] for line in lines if line.startswith('flags:')), 8)


def talk(client):
    client.sendall(b'hello')
    expect(client.recv(100), b'hello')


def complaint(names, *command):
    """The exit code of a program that does not start, and what it says."""
    with tempfile.TemporaryDirectory() as directory, Activated(directory, names, *command) as program:
        with program.connect(names[0]):
            return program.wait(), program.stderr()


def test_serves_sockets_by_name(echo):
    with tempfile.TemporaryDirectory() as directory:
        arguments = ['--listen', 'systemd:public', '--listen', 'systemd:admin', '--health', 'systemd:health']
        with Activated(directory, ['admin', 'health', 'public'], echo, *arguments) as server:
            with server.connect('public') as first, server.connect('admin') as second:
                talk(first)
                talk(second)
            news = [server.process.stdout.readline().decode() for _ in range(3)]
            expect(news, [f'listening on unix:{server.paths["public"]}\n',
                          f'listening on unix:{server.paths["admin"]}\n',
                          f'readiness on unix:{server.paths["health"]}\n'])
            with server.connect('health') as client:
                client.sendall(b'\n')
                expect(client.recv(100), b'ready\n')


def test_one_name_may_have_several_sockets(echo):
    with tempfile.TemporaryDirectory() as directory:
        with Activated(directory, ['a', 'b'], 'env', 'LISTEN_FDNAMES=echo:echo', echo, '--listen', 'systemd:echo') as server:
            with server.connect('a') as first, server.connect('b') as second:
                talk(first)
                talk(second)


def test_children_inherit_none_of_them_and_paths_stay(echo):
    with tempfile.TemporaryDirectory() as directory:
        with Activated(directory, ['echo'], echo, '--listen', 'systemd:echo') as server:
            with server.connect('echo') as client:
                talk(client)
                assert server.flags(3) & os.O_CLOEXEC
            expect(server.stop(), 0)
            assert os.path.exists(server.paths['echo'])


def test_its_sockets_are_handed_over(echo):
    with tempfile.TemporaryDirectory() as directory:
        arguments = ['--listen', 'systemd:echo', '--hand-over', f'{directory}/hand-over']
        with Activated(directory, ['echo'], echo, *arguments) as server:
            with server.connect('echo') as client:
                talk(client)
            server.hear('listening on')
            server.signal(signal.SIGUSR2)
            successor = int(server.hear('handed over to process'))
            with server.connect('echo') as client:
                talk(client)
            expect(server.wait(), 0)
            os.kill(successor, signal.SIGTERM)
            # It ends when both have ended.
            server.process.stdout.read()
            assert os.path.exists(server.paths['echo'])


def test_sockets_of_another_process_are_none(echo):
    code, text = complaint(['echo'], 'sh', '-c', f'{echo} --listen systemd:echo; exit $?')
    expect(code, 1)
    assert 'systemd has passed its sockets to process' in text and 'with exec' in text, text


def test_says_which_names_there_are(echo):
    code, text = complaint(['http', 'admin'], echo, '--listen', 'systemd:echo')
    expect(code, 1)
    assert 'no socket named “echo”, but “http”, “admin”' in text, text


def test_refuses_to_leave_a_passed_socket_to_nobody(echo):
    code, text = complaint(['echo'], echo, '--listen', 'tcp://127.0.0.1:0')
    expect(code, 1)
    assert 'systemd has passed a socket named “echo”' in text and 'say systemd:echo there' in text, text


TESTS = [
    test_serves_sockets_by_name,
    test_one_name_may_have_several_sockets,
    test_children_inherit_none_of_them_and_paths_stay,
    test_its_sockets_are_handed_over,
    test_sockets_of_another_process_are_none,
    test_says_which_names_there_are,
    test_refuses_to_leave_a_passed_socket_to_nobody,
]


if __name__ == '__main__':
    if ACTIVATE is None:
        print('1..0 # SKIP there is no systemd-socket-activate; ./try --install installs it')
        sys.exit(0)
    run(TESTS, sys.argv[1])
