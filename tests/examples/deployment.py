# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright 2026 The Usher authors

"""Releases of versioned-echo, and clients that count what they lose."""

import os
import socket
import threading
import time

from server import PATIENCE


def own_host():
    """A loopback address that other tests of this machine do not use, for ports that have to be known."""
    pid = os.getpid()
    return f'127.{64 + (pid >> 16) % 64}.{pid >> 8 & 255}.{pid & 255}'


def release(directory, program, version):
    """Installs a version of the program, and returns the path to run it by."""
    path = f'{directory}/{version}'
    os.makedirs(path)
    os.symlink(os.path.abspath(program), f'{path}/versioned-echo')
    with open(f'{path}/version', 'w') as file:
        file.write(f'{version}\n')
    return f'{path}/versioned-echo'


class Load:
    """Clients that connect, say one line, and expect it back, again and again. Use it in a with statement."""

    def __init__(self, address, n_clients=4):
        self.address = address
        self.served = {}
        self.losses = []
        self.slowest = 0
        self.lock = threading.Lock()
        self.is_over = False
        self.threads = [threading.Thread(target=self._run) for _ in range(n_clients)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *exception):
        self.is_over = True
        for thread in self.threads:
            thread.join()

    def _ask(self):
        with socket.create_connection(self.address, timeout=PATIENCE) as client:
            client.sendall(b'hello\n')
            with client.makefile('r') as lines:
                version, _, text = lines.readline().partition(': ')
        if text != 'hello\n':
            raise ConnectionError(f'unanswered: “{version}{text}”')
        return version

    def _run(self):
        while not self.is_over:
            began = time.monotonic()
            try:
                version = self._ask()
            except OSError as error:
                with self.lock:
                    self.losses.append(f'{type(error).__name__}: {error}')
                continue
            with self.lock:
                self.served[version] = self.served.get(version, 0) + 1
                self.slowest = max(self.slowest, time.monotonic() - began)
