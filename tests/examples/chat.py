#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright 2026 The Usher authors

"""Tests examples/chat with real clients.

Usage: chat.py CHAT
"""

import sys
import tempfile
import time

from server import Server, expect, receive_line, reset, run

MAX_BEHIND = 64 * 1024
GOODBYE = '* goodbye, the server is going down\n'


def enter(server, name, room='lobby'):
    """A client with this name, who has read all that was said to it so far."""
    client = server.connect()
    say(client, f'/name {name}')
    say(client, f'/join {room}')
    while receive_line(client) != f'* {name} comes in\n':
        pass
    return client


def say(client, line):
    client.sendall(line.encode() + b'\n')


def hear_until(client, last):
    lines = []
    while not lines or lines[-1] != last:
        line = receive_line(client)
        assert line, f'{last!r} was never said: {lines[-3:]}'
        lines.append(line)
    return lines


def test_those_in_a_room_hear_each_other(program):
    with Server(program) as server:
        anna, bert = enter(server, 'anna', 'tea'), enter(server, 'bert', 'tea')
        carl = enter(server, 'carl', 'coffee')
        expect(receive_line(anna), '* bert comes in\n')
        say(anna, 'hello')
        for client in (anna, bert):
            expect(receive_line(client), 'anna: hello\n')
        say(carl, 'nobody here?')
        expect(receive_line(carl), 'carl: nobody here?\n')
        say(bert, '/who')
        expect(receive_line(bert), '* anna bert\n')
        say(bert, '/join coffee')
        expect(receive_line(anna), '* bert leaves\n')
        expect(receive_line(carl), '* bert comes in\n')
        expect(server.stop(), 0)


def test_names_are_unique_and_leaving_is_told(program):
    with Server(program) as server:
        anna, bert = enter(server, 'anna', 'tea'), enter(server, 'bert', 'tea')
        expect(receive_line(anna), '* bert comes in\n')
        say(bert, '/name anna')
        expect(receive_line(bert), '* somebody else has that name\n')
        say(bert, '/name carl')
        expect(receive_line(anna), '* bert is carl from now on\n')
        reset(bert)
        expect(receive_line(anna), '* carl has left\n')
        say(anna, '/quit')
        expect(anna.recv(1), b'')
        expect(server.stop(), 0)
        expect(server.stderr(), '')


def test_a_line_without_an_end_is_cut(program):
    with Server(program) as server:
        anna = enter(server, 'anna')
        anna.sendall(b'x' * 1500 + b'\n')
        for length in (512, 512, 476):
            expect(receive_line(anna), 'anna: ' + 'x' * length + '\n')
        expect(server.stop(), 0)


def test_all_hear_everything_in_the_same_order(program):
    with Server(program) as server:
        clients = [enter(server, f'member-{number}', 'tea') for number in range(20)]
        for count in range(10):
            for number, client in enumerate(clients):
                say(client, f'{number} says {count}')
        for client in clients:
            say(client, 'done')
        heard = [[line for line in hear(client, 20) if ' says ' in line] for client in clients]
        for lines in heard:
            expect(len(lines), 200)
            expect(lines, heard[0])
        for client in clients:
            client.close()
        expect(server.stop(), 0)


def hear(client, n_done):
    lines = []
    while n_done > 0:
        lines.append(receive_line(client))
        n_done -= lines[-1].endswith(': done\n')
    return lines


def test_a_slow_reader_ends_at_its_bound_and_delays_nobody(program):
    # A Unix socket, because its buffers are small.
    with tempfile.TemporaryDirectory() as folder, Server(program, listen=f'unix:{folder}/chat') as server:
        anna, bert = enter(server, 'anna', 'tea'), enter(server, 'bert', 'tea')
        slow = enter(server, 'slow', 'tea')
        expect(receive_line(anna), '* bert comes in\n')
        expect(receive_line(anna), '* slow comes in\n')
        expect(receive_line(bert), '* slow comes in\n')
        longest, count, heard = 0, 0, ''
        while heard != '* slow has left\n':
            count += 1
            text = f'anna: {count} {"x" * 490}\n'
            began = time.monotonic()
            say(anna, text[len('anna: '):-1])
            hear_until(anna, text)
            heard = hear_until(bert, text)[0]
            longest = max(longest, time.monotonic() - began)
        assert longest < 5, f'somebody waited for {longest} s'
        assert count * 500 > MAX_BEHIND, f'it ended after {count} lines'
        say(bert, '/who')
        expect(receive_line(bert), '* anna bert\n')
        while slow.recv(1 << 16):
            pass
        expect(server.stop(), 0)
        expect(server.stderr(), '')


def test_says_goodbye_when_it_is_terminated(program):
    with Server(program) as server:
        idle = [enter(server, f'idle-{number}', f'room-{number}') for number in range(20)]
        began = time.monotonic()
        server.signal()
        for client in idle:
            expect(receive_line(client), GOODBYE)
            expect(client.recv(1), b'')
        expect(server.wait(), 0)
        assert time.monotonic() - began < 4, 'it waited for its grace to be over'
        expect(server.stderr(), '')


TESTS = [
    test_those_in_a_room_hear_each_other,
    test_names_are_unique_and_leaving_is_told,
    test_a_line_without_an_end_is_cut,
    test_all_hear_everything_in_the_same_order,
    test_a_slow_reader_ends_at_its_bound_and_delays_nobody,
    test_says_goodbye_when_it_is_terminated,
]

if __name__ == '__main__':
    run(TESTS, sys.argv[1])
