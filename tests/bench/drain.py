#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright 2026 The Usher authors

"""Drains a server that has many idle connections, and looks when each of them ends."""

import argparse
import json
import pathlib
import resource
import select
import signal
import socket
import subprocess
import sys
import time

WINDOW = 0.1


def connect(address, number):
    """Clients that have been served once, and wait."""
    clients = {}
    for _ in range(number):
        client = socket.create_connection(address)
        client.sendall(b'hello')
        clients[client.fileno()] = client
    for client in clients.values():
        assert client.recv(5) == b'hello'
    return clients


def wait_for_ends(clients):
    """When the server has closed each of them, on the monotonic clock."""
    poll = select.epoll()
    for number in clients:
        poll.register(number, select.EPOLLIN)
    ends = []
    while clients:
        for number, _ in poll.poll():
            poll.unregister(number)
            clients.pop(number).close()
            ends.append(time.monotonic())
    return ends


def most_in_a_window(ends):
    """However the window lies, that begins with an end."""
    most = last = 0
    for first, begin in enumerate(ends):
        while last < len(ends) and ends[last] < begin + WINDOW:
            last += 1
        most = max(most, last - first)
    return most


def drain(program, spread, number):
    command = [program, '--listen', 'tcp://127.0.0.1:0', '--grace', f'{spread + 1}s', '--drain-spread', f'{spread}s']
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        port = int(server.stdout.readline().rsplit(':', 1)[1])
        clients = connect(('127.0.0.1', port), number)
        began = time.monotonic()
        server.send_signal(signal.SIGTERM)
        ends = [end - began for end in wait_for_ends(clients)]
        code = server.wait()
    return {'spread': spread, 'ends': ends, 'code': code, 'share': most_in_a_window(ends) / number,
            'exited': time.monotonic() - began}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--build', type=pathlib.Path, default='_build', help='where Usher was built')
    parser.add_argument('--connections', type=int, default=5000)
    parser.add_argument('--spread', type=int, default=5, help='in seconds; it is compared with none')
    parser.add_argument('--json', type=pathlib.Path, help='where the figures go, for plot.py')
    parser.add_argument('--smoke', action='store_true', help='only see that it works')
    options = parser.parse_args()
    if options.smoke:
        options.connections, options.spread = 50, 1

    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    drains = [drain(options.build / 'examples' / 'echo', spread, options.connections)
              for spread in (0, options.spread)]

    for result in drains:
        print(f'{options.connections:,} connections, drain-spread {result["spread"]} s: the last ended after '
              f'{result["ends"][-1]:.2f} s, at most {result["share"]:.1%} of them within 100 ms; '
              f'the server exited after {result["exited"]:.2f} s with {result["code"]}')
    if options.json:
        options.json.write_text(json.dumps({'drains': drains}))
    return any(result['code'] != 0 for result in drains)


sys.exit(main())
