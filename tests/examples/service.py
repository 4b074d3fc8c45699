#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright 2026 The Usher authors

"""Tests what a service says to whoever has started it: exit codes, the terminal, systemd.

Usage: service.py ECHO BLOCKER [--systemd]
"""

import contextlib
import fcntl
import os
import pty
import signal
import socket
import subprocess
import sys
import tempfile
import termios

from server import PATIENCE, Server, expect, run, wait_until


def complaint(program, *arguments):
    result = subprocess.run([program, *arguments], capture_output=True, text=True, timeout=PATIENCE)
    expect(result.stdout, '')
    return result.returncode, result.stderr


def test_bad_usage_is_explained(echo, _):
    for arguments, remedy in ((['--grace', 'soon'], 'write it as 5s'),
                              (['--no-such-option'], 'Unknown option'),
                              (['more'], '--help'),
                              (['--listen', 'nobody=unix:/x'], 'the pools are: echo')):
        code, text = complaint(echo, *arguments)
        expect(code, 2)
        assert remedy in text, text


def test_a_failed_start_is_explained(echo, _):
    code, text = complaint(echo, '--listen', 'tcp://127.0.0.1:0', '--drain-deadline', '9s')
    expect(code, 1)
    assert 'grace 5000 ms + shutdown 5000 ms' in text and '= 10000 ms' in text, text


def fill(client):
    """Sends until nothing more fits, and says how much of it the server has not read."""
    with contextlib.suppress(BlockingIOError):
        while True:
            client.send(b'x' * 65536)
    unread = fcntl.ioctl(client, termios.TIOCOUTQ, bytes(4))
    return int.from_bytes(unread, sys.byteorder)


@contextlib.contextmanager
def stubborn_client(server):
    """One whose handler waits for it to read what it was sent, so that it is no idle one."""
    with server.connect() as client:
        client.setblocking(False)
        # Whoever sleeps although there is something to read waits for room to write.
        for _ in range(5):
            wait_until(lambda: fill(client) > 0 and server.is_asleep())
        yield client


def test_a_second_signal_ends_at_once(echo, _):
    with Server(echo, '--grace', 'infinity') as server, stubborn_client(server):
        server.signal()
        wait_until(server.refuses)
        server.signal()
        expect(server.wait(), 4)


def test_a_blocked_loop_is_ended_after_its_deadline(_, blocker):
    with Server(blocker, '--grace', '50ms', '--shutdown', '50ms') as server:
        client = server.connect()
        expect(client.recv(1), b'!')
        server.signal(signal.SIGINT)
        expect(server.wait(), 5)
        assert 'something blocks the main loop' in server.stderr(), server.stderr()
        assert 'the last it said is: up' in server.stderr(), server.stderr()


def read_to_end(terminal):
    """A terminal that nobody writes to any more fails instead of ending."""
    shown = b''
    with contextlib.suppress(OSError):
        while chunk := os.read(terminal, 1000):
            shown += chunk
    return shown


def test_a_terminal_shows_the_drain(echo, _):
    ours, theirs = pty.openpty()
    with subprocess.Popen([echo, '--listen', 'tcp://127.0.0.1:0'], stdout=subprocess.PIPE, stderr=theirs) as process:
        os.close(theirs)
        process.stdout.readline()
        process.terminate()
        expect(process.wait(PATIENCE), 0)
    shown = read_to_end(ours)
    os.close(ours)
    assert b'\r\x1b[Kdraining for 00:00 of at most 00:10: 0 of 0 connections left' in shown and shown.endswith(b'\n'), shown


def test_systemd_is_told(echo, _):
    with tempfile.TemporaryDirectory() as directory, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.settimeout(PATIENCE)
        manager.bind(f'{directory}/notify')
        environment = {**os.environ, 'NOTIFY_SOCKET': f'{directory}/notify', 'WATCHDOG_USEC': '20000'}
        with subprocess.Popen([echo, '--listen', 'tcp://127.0.0.1:0'], stdout=subprocess.DEVNULL,
                              env=environment) as process:
            told = []

            def hear(wanted):
                while not told or told[-1] != wanted:
                    told.append(manager.recv(1000).decode())

            hear('READY=1')
            told.clear()
            hear('STATUS=up')
            hear('WATCHDOG=1')
            hear('WATCHDOG=1')
            process.terminate()
            hear('STOPPING=1')
            hear('STATUS=draining for 00:00 of at most 00:10: 0 of 0 connections left')
            hear('STATUS=down')
            expect(process.wait(PATIENCE), 0)


TESTS = [
    test_bad_usage_is_explained,
    test_a_failed_start_is_explained,
    test_a_second_signal_ends_at_once,
    test_a_blocked_loop_is_ended_after_its_deadline,
    test_a_terminal_shows_the_drain,
]


if __name__ == '__main__':
    tests = TESTS + ([test_systemd_is_told] if '--systemd' in sys.argv else [])
    run(tests, sys.argv[1], sys.argv[2])
