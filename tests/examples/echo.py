#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright 2026 The Usher authors

"""Tests examples/echo, and its twin on the loop, with real clients.

Usage: echo.py ECHO
"""

import os
import selectors
import socket
import subprocess
import sys
import tempfile
import time

from server import PATIENCE, Server, expect, receive, reset, run, wait_until

N_CLIENTS = 1000
N_MESSAGES = 100


def test_echoes_what_it_gets(program):
    with Server(program) as server:
        client = server.connect()
        for message in (b'hello', b'x' * 100_000, b'bye'):
            client.sendall(message)
            expect(receive(client, len(message)), message)
        client.shutdown(socket.SHUT_WR)
        expect(client.recv(1), b'')
        expect(server.stop(), 0)


def test_serves_a_thousand_clients_with_a_hundred_messages_each(program):
    with Server(program) as server:
        echo_once(server)  # The first client makes what is made once.
        wait_until(server.is_alone)
        before = len(server.files())
        selector = selectors.DefaultSelector()
        left = {}
        for number in range(N_CLIENTS):
            client = server.connect()
            left[client] = [N_MESSAGES, b'']
            client.sendall(message_of(number, 0))
            selector.register(client, selectors.EVENT_READ, number)

        while left:
            ready = selector.select(PATIENCE)
            assert ready, f'{len(left)} clients wait in vain'
            for key, _ in ready:
                advance(key.fileobj, key.data, left, selector)

        wait_until(lambda: len(server.files()) <= before)
        expect(server.stop(), 0)
        expect(server.stderr(), '')


def echo_once(server):
    client = server.connect()
    client.sendall(b'hello')
    expect(receive(client, 5), b'hello')
    client.close()


def message_of(client, number):
    return f'client {client} says {number};'.encode()


def advance(client, number, left, selector):
    state = left[client]
    state[1] += client.recv(4096)
    message = message_of(number, N_MESSAGES - state[0])
    if len(state[1]) < len(message):
        return
    expect(state[1], message)
    state[0] -= 1
    state[1] = b''
    if state[0] > 0:
        client.sendall(message_of(number, N_MESSAGES - state[0]))
        return
    selector.unregister(client)
    client.close()
    del left[client]


def test_resets_charge_nothing(program):
    with Server(program) as server:
        for number in range(1000):
            client = server.connect()
            if number % 2:
                client.sendall(b'x')
            reset(client)
        echo_once(server)
        expect(server.stop(), 0)
        expect(server.stderr(), '')


def test_idle_clients_do_not_hold_up_the_end(program):
    with Server(program) as server:
        clients = [server.connect() for _ in range(11)]
        for client in clients[1:]:
            client.sendall(b'hello')
            expect(receive(client, 5), b'hello')
        began = time.monotonic()
        expect(server.stop(), 0)
        assert time.monotonic() - began < 4, 'it waited for its grace to be over'
        for client in clients:
            expect(client.recv(1), b'')
        expect(server.stderr(), '')


def test_waits_when_descriptors_run_out(program):
    with Server(program, max_files=64) as server:
        clients = [server.connect() for _ in range(100)]
        for client in clients:
            client.sendall(b'hello')
        reset(clients.pop(90))
        began = server.cpu_seconds()
        time.sleep(3)
        used = server.cpu_seconds() - began
        assert used < 0.15, f'it used {used} s of CPU in 3 s'
        expect(server.stderr().count('\n'), 1)
        assert 'Too many open files' in server.stderr(), server.stderr()

        for client in clients:
            expect(receive(client, 5), b'hello')
            client.close()
        echo_once(server)
        expect(server.stop(), 0)


def test_listens_on_several_addresses(program):
    with tempfile.TemporaryDirectory() as directory:
        path = f'{directory}/echo.sock'
        with Server(program, '--listen', f'unix:{path}') as server:
            expect(server.process.stdout.readline().decode(), f'listening on unix:{path}\n')
            client = socket.socket(socket.AF_UNIX)
            client.settimeout(PATIENCE)
            client.connect(path)
            client.sendall(b'hello')
            expect(receive(client, 5), b'hello')
            client.close()
            expect(server.stop(), 0)
            assert not os.path.exists(path), 'it left its path behind'


def test_reclaims_a_stale_unix_path(program):
    with tempfile.TemporaryDirectory() as directory:
        path = f'{directory}/echo.sock'
        stale = socket.socket(socket.AF_UNIX)
        stale.bind(path)
        stale.close()
        with Server(program, listen=f'unix:{path}') as server:
            echo_once(server)
            expect(server.stop(), 0)


def complaint_about(program, address, wrapper=()):
    result = subprocess.run([*wrapper, program, '--listen', address], capture_output=True, timeout=PATIENCE)
    expect(result.returncode, 1)
    expect(result.stdout, b'')
    complaint = result.stderr.decode()
    assert address in complaint and complaint.count('\n') == 1, complaint
    return complaint


def test_says_what_is_wrong_with_an_address(program):
    with Server(program) as server:
        assert 'choose another port' in complaint_about(program, server.address)
        expect(server.stop(), 0)
    for address, remedy in (('tcp://127.0.0.1', 'port'),
                            ('http://127.0.0.1:80', 'tcp://'),
                            ('tcp://127.0.0.1:70000', '65535'),
                            ('unix:', 'path'),
                            ('unix:/no/such/directory/echo.sock', 'directory'),
                            ('tcp://192.0.2.1:7000', 'address')):
        complaint = complaint_about(program, address)
        assert remedy in complaint, f'{remedy} is not in: {complaint}'


def test_leaves_the_path_of_a_live_server_alone(program):
    with tempfile.TemporaryDirectory() as directory:
        with Server(program, listen=f'unix:{directory}/echo.sock') as server:
            complaint_about(program, server.address)
            echo_once(server)
            expect(server.stop(), 0)


def test_has_help(program):
    result = subprocess.run([program, '--help'], capture_output=True, timeout=PATIENCE)
    expect(result.returncode, 0)
    assert b'--listen' in result.stdout
    assert b'\n  echo=tcp://127.0.0.1:7000\n' in result.stdout, result.stdout


FOR_EVERY_FORM = [
    test_echoes_what_it_gets,
    test_serves_a_thousand_clients_with_a_hundred_messages_each,
    test_resets_charge_nothing,
    test_idle_clients_do_not_hold_up_the_end,
    test_waits_when_descriptors_run_out,
]

FOR_THE_EXAMPLE = [
    test_listens_on_several_addresses,
    test_reclaims_a_stale_unix_path,
    test_says_what_is_wrong_with_an_address,
    test_leaves_the_path_of_a_live_server_alone,
    test_has_help,
]

if __name__ == '__main__':
    twin = '--twin' in sys.argv
    run(FOR_EVERY_FORM + ([] if twin else FOR_THE_EXAMPLE), sys.argv[1])
