#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright 2026 The Usher authors

"""Tests examples/telnet-echo with real clients.

Usage: telnet-echo.py TELNET-ECHO
"""

import subprocess
import sys

from server import PATIENCE, Server, expect, receive_line, reset, run, wait_until


def enter(server):
    client = server.connect()
    greeting = receive_line(client)
    assert greeting.startswith('welcome to '), greeting
    return client


def say(client, line):
    client.sendall(line.encode() + b'\r\n')


def test_echoes_lines_until_quit(program):
    with Server(program) as server:
        client = enter(server)
        for line in ('hello', 'a', '', 'x' * 500):
            say(client, line)
            expect(receive_line(client), line + '\r\n')
        say(client, 'quit')
        expect(receive_line(client), 'bye\r\n')
        expect(client.recv(1), b'')
        expect(server.stop(), 0)
        expect(server.stderr(), '')


def test_a_crash_is_reported_and_nobody_notices(program):
    with Server(program) as server:
        other = enter(server)
        for count in range(1, 6):
            client = enter(server)
            host, port = client.getsockname()
            say(client, 'crash')
            expect(client.recv(1), b'')
            client.close()
            say(other, 'still here')
            expect(receive_line(other), 'still here\r\n')
            wait_until(lambda: server.stderr().count('\n') == count)
            report = server.stderr().splitlines()[-1]
            assert f'{host}:{port}' in report and 'The client asked for a crash' in report, report
        other.close()
        expect(server.stop(), 0)


def test_the_fourth_crash_restarts_the_pool_and_nobody_is_refused(program):
    with Server(program, '--restart', 'transient', '--intensity', '3') as server:
        idle = enter(server)
        for _ in range(4):
            client = enter(server)
            say(client, 'crash')
            expect(client.recv(1), b'')
        late = server.connect()
        expect(receive_line(idle), 'goodbye, the server is going down\r\n')
        expect(idle.recv(1), b'')
        assert receive_line(late).startswith('welcome to ')
        say(late, 'hello')
        expect(receive_line(late), 'hello\r\n')
        expect(server.process.stdout.readline().decode(), f'listening on {server.address}\n')
        late.close()
        expect(server.stop(), 0)


def test_two_pools_in_a_row_end_the_program(program):
    with Server(program, '--restart', 'transient', '--intensity', '0', '--period', '60000') as server:
        for _ in range(2):
            client = enter(server)
            say(client, 'crash')
            expect(client.recv(1), b'')
        expect(server.wait(), 1)
        assert 'telnet-echo: ' in server.stderr(), server.stderr()


def test_resets_are_no_crashes(program):
    with Server(program, '--restart', 'transient', '--intensity', '0') as server:
        for _ in range(10_000):
            reset(enter(server))
        client = enter(server)
        say(client, 'hello')
        expect(receive_line(client), 'hello\r\n')
        client.close()
        expect(server.stop(), 0)
        expect(server.stderr(), '')


def test_drains_when_it_is_terminated(program):
    with Server(program) as server:
        idle = [enter(server) for _ in range(10)]
        busy = enter(server)
        busy.sendall(b'half a li')
        say(idle[0], 'hello')
        expect(receive_line(idle[0]), 'hello\r\n')
        server.signal()
        for client in idle:
            expect(receive_line(client), 'goodbye, the server is going down\r\n')
            expect(client.recv(1), b'')
        assert server.refuses(), 'it still accepts'
        say(busy, 'ne')
        expect(receive_line(busy), 'half a line\r\n')
        expect(receive_line(busy), 'goodbye, the server is going down\r\n')
        expect(server.wait(), 0)
        expect(server.stderr(), '')


def test_cuts_a_client_that_never_ends_and_names_it(program):
    with Server(program, '--grace', '200', '--shutdown', '200') as server:
        client = enter(server)
        client.sendall(b'half a li')
        host, port = client.getsockname()
        say_hello = enter(server)
        say(say_hello, 'hello')
        expect(receive_line(say_hello), 'hello\r\n')
        expect(server.stop(), 0)
        expect(client.recv(1), b'')
        report = server.stderr()
        expect(report.count('\n'), 1)
        assert f'{host}:{port}' in report, report


def test_refuses_bad_options(program):
    for option, value in (('--restart', 'permanent'), ('--intensity', '-1'), ('--acceptors', '0')):
        result = subprocess.run([program, option, value], capture_output=True, timeout=PATIENCE)
        expect(result.returncode, 1)
        assert result.stderr.startswith(b'telnet-echo: '), result.stderr


TESTS = [
    test_echoes_lines_until_quit,
    test_a_crash_is_reported_and_nobody_notices,
    test_the_fourth_crash_restarts_the_pool_and_nobody_is_refused,
    test_two_pools_in_a_row_end_the_program,
    test_resets_are_no_crashes,
    test_drains_when_it_is_terminated,
    test_cuts_a_client_that_never_ends_and_names_it,
    test_refuses_bad_options,
]

if __name__ == '__main__':
    run(TESTS, sys.argv[1])
