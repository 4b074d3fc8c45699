#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright 2026 The Usher authors

"""Tests that a service is replaced by its next version, under the hands of its clients.

Usage: hand-over.py ECHO [--systemd]
"""

import contextlib
import os
import re
import signal
import socket
import sys
import tempfile
import threading

from server import PATIENCE, Server, expect, receive, run, wait_until

N_UPGRADES = 20
N_CLIENTS = 4


class Generations:
    """A server that is replaced: the program is a link, and may be another one the next time."""

    def __init__(self, echo, *arguments):
        self.echo = echo
        self.directory = tempfile.TemporaryDirectory()
        self.program = f'{self.directory.name}/echo'
        self.install(echo)
        self.server = Server(self.program, f'--hand-over={self.directory.name}/hand-over', *arguments)
        self.pid = self.server.process.pid
        self.said = []

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        self.server.__exit__(*exception)
        self.directory.cleanup()

    def install(self, program):
        os.symlink(program, f'{self.program}.new')
        os.rename(f'{self.program}.new', self.program)

    def install_script(self, text):
        path = f'{self.directory.name}/script'
        with open(path, 'w') as script:
            script.write(f'#!/bin/sh\n{text}\n')
        os.chmod(path, 0o755)
        self.install(path)

    def hear(self, pattern):
        """A line of the generations in which there is this. They share one pipe, and are not in step."""
        while True:
            for line in self.said:
                if match := re.search(pattern, line):
                    self.said.remove(line)
                    return match
            self.said.append(self.server.process.stdout.readline().decode())
            assert self.said[-1], self.server.stderr()

    def signal(self, number):
        os.kill(self.pid, number)

    def upgrade(self):
        self.signal(signal.SIGUSR2)
        new = int(self.hear(r'handed over to process (\d+)')[1])
        self.hear(rf'took over from process {self.pid}\b')
        self.hear('listening on')
        self.pid = new

    def stop(self):
        """The pipe ends when the last of them has ended."""
        self.signal(signal.SIGTERM)
        self.server.process.stdout.read()
        expect(self.server.wait(), 0)
        expect(os.path.exists(f'{self.directory.name}/hand-over'), False)

    def complains(self, text):
        wait_until(lambda: text in self.server.stderr())


def serves(generations):
    with generations.server.connect() as client:
        client.sendall(b'hello')
        expect(receive(client, 5), b'hello')


class Crowd:
    """Clients that connect, talk, and leave, all the time."""

    def __init__(self, server):
        self.server = server
        self.is_over = False
        self.failures = []
        self.n_served = 0
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self.work) for _ in range(N_CLIENTS)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *exception):
        self.is_over = True
        for thread in self.threads:
            thread.join()

    def work(self):
        while not self.is_over:
            try:
                self.talk()
            except Exception as error:  # pylint: disable=broad-except
                self.failures.append(repr(error))

    def talk(self):
        with self.server.connect() as client:
            client.sendall(b'ping')
            expect(receive(client, 4), b'ping')
            client.shutdown(socket.SHUT_WR)
            expect(receive(client, 1), b'')
        with self.lock:
            self.n_served += 1


def test_nobody_is_lost(echo):
    with Generations(echo) as generations:
        with Crowd(generations.server) as crowd:
            for _ in range(N_UPGRADES):
                before = crowd.n_served
                generations.upgrade()
                wait_until(lambda: crowd.n_served > before + N_CLIENTS or crowd.failures)  # pylint: disable=W0640
        expect(crowd.failures, [])
        generations.stop()


def test_those_who_are_there_finish(echo):
    with Generations(echo, '--grace', 'infinity') as generations, generations.server.connect() as client:
        client.setblocking(False)
        sent = 0
        # It is in the middle of something: what it was sent is not answered yet.
        with contextlib.suppress(BlockingIOError):
            while True:
                sent += client.send(b'x' * 65536)
        old = generations.pid
        generations.upgrade()
        serves(generations)
        os.kill(old, 0)
        client.settimeout(PATIENCE)
        client.shutdown(socket.SHUT_WR)
        expect(len(receive(client, sent)), sent)
        expect(generations.server.wait(), 0)
        generations.stop()


def test_a_successor_that_fails_is_reported(echo):
    with Generations(echo) as generations:
        generations.install_script('exit 3')
        generations.signal(signal.SIGUSR2)
        generations.complains('code 3')
        serves(generations)
        generations.install('/nonexistent')
        generations.signal(signal.SIGUSR2)
        generations.complains('Cannot start a successor')
        serves(generations)
        generations.install(echo)
        generations.upgrade()
        serves(generations)
        generations.stop()


def test_one_at_a_time(echo):
    with Generations(echo) as generations:
        generations.install_script(f'echo $$ > {generations.directory.name}/pid; exec sleep 1000')
        generations.signal(signal.SIGUSR2)
        path = f'{generations.directory.name}/pid'
        wait_until(lambda: os.path.exists(path) and os.path.getsize(path) > 1)
        generations.signal(signal.SIGUSR2)
        generations.complains('another hand-over is under way')
        serves(generations)
        with open(path) as file:
            os.kill(int(file.read()), signal.SIGTERM)
        generations.complains('signal 15')
        generations.install(echo)
        generations.upgrade()
        generations.stop()


def test_without_a_path_it_says_what_to_do(echo):
    with Server(echo) as server:
        server.signal(signal.SIGUSR2)
        wait_until(lambda: '--hand-over=PATH' in server.stderr())
        expect(server.stop(), 0)


def test_systemd_is_told_which_process_it_is(echo):
    with tempfile.TemporaryDirectory() as directory, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.settimeout(PATIENCE)
        manager.bind(f'{directory}/notify')
        os.environ['NOTIFY_SOCKET'] = f'{directory}/notify'
        told = []

        def hear(wanted):
            while not told or not re.search(wanted, told[-1]):
                told.append(manager.recv(1000).decode())

        try:
            with Generations(echo) as generations:
                hear('READY=1')
                generations.upgrade()
                hear('RELOADING=1\nMONOTONIC_USEC=')
                hear(f'READY=1\nMAINPID={generations.pid}')
                expect(generations.server.wait(), 0)
                generations.stop()
                hear('STATUS=down')
                expect([line for line in told if 'STOPPING' in line], ['STOPPING=1'])
        finally:
            del os.environ['NOTIFY_SOCKET']


TESTS = [
    test_nobody_is_lost,
    test_those_who_are_there_finish,
    test_a_successor_that_fails_is_reported,
    test_one_at_a_time,
    test_without_a_path_it_says_what_to_do,
]


if __name__ == '__main__':
    tests = TESTS + ([test_systemd_is_told_which_process_it_is] if '--systemd' in sys.argv else [])
    run(tests, os.path.abspath(sys.argv[1]))
