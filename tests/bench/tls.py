#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright 2026 The Usher authors

"""What a TLS handshake takes while other clients say one byte and stop, against a quiet server.

Usage: tls.py TLS-ECHO CERTIFICATES [--smoke]

Rounds with and without the silent clients take turns. It fails if the 99th percentile with them is more
than LIMIT times that without; with --smoke, only if something does not work.
"""

import os
import pathlib
import socket
import ssl
import statistics
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / 'examples'))

from server import Server, receive  # pylint: disable=wrong-import-position

LIMIT = 3
TIMEOUT_MSEC = 60_000  # So that the silent ones stay for their round.


def shake_hands(server, context):
    """How long it takes from the connection to the first answer, in milliseconds."""
    began = time.perf_counter()
    plain = server.connect()
    plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with context.wrap_socket(plain, server_hostname='localhost') as client:
        client.sendall(b'x')
        assert receive(client, 1) == b'x', 'it does not echo'
        return (time.perf_counter() - began) * 1000


def silence(server, count):
    clients = [server.connect() for _ in range(count)]
    for client in clients:
        client.sendall(b'\x16')
    return clients


def measure(server, context, n_rounds, n_handshakes, n_silent):
    """Of a quiet server, and with the silent ones: what each handshake took."""
    results = ([], [])
    for number in range(2 * n_rounds):
        clients = silence(server, n_silent if number % 2 else 0)
        shake_hands(server, context)  # The first one after a change is nobody's.
        results[number % 2].extend(shake_hands(server, context) for _ in range(n_handshakes))
        for client in clients:
            client.close()
    return results


def percentile(values, percent):
    return statistics.quantiles(values, n=100, method='inclusive')[percent - 1]


def main():
    program, certificates = sys.argv[1:3]
    is_smoke = '--smoke' in sys.argv[3:]
    n_rounds, n_handshakes, n_silent = (1, 10, 20) if is_smoke else (20, 100, 200)
    context = ssl.create_default_context(cafile=os.path.join(certificates, 'ca.pem'))

    with Server(program, '--certificate', os.path.join(certificates, 'server.pem'),
                '--handshake-timeout', str(TIMEOUT_MSEC)) as server:
        quiet, busy = measure(server, context, n_rounds, n_handshakes, n_silent)

    for name, values in (('quiet', quiet), (f'{n_silent} silent', busy)):
        print(f'{name}: {len(values)} handshakes, p50 {percentile(values, 50):.2f} ms, p99 {percentile(values, 99):.2f} ms')
    ratio = percentile(busy, 99) / percentile(quiet, 99)
    print(f'p99 with the silent clients is {ratio:.2f} times that without')
    return 0 if is_smoke or ratio <= LIMIT else 1


if __name__ == '__main__':
    sys.exit(main())
