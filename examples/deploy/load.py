# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright 2026 The Usher authors

"""Releases of versioned-echo, and clients that count what they lose."""

import collections
import os
import socket
import threading
import time

PATIENCE = 60


def release(directory, program, version):
    """Installs a version of the program, and returns where."""
    path = f'{directory}/{version}'
    os.makedirs(path)
    os.symlink(os.path.abspath(program), f'{path}/versioned-echo')
    with open(f'{path}/version', 'w') as file:
        file.write(f'{version}\n')
    return path


class Figures:
    """What clients have met: how many were served by which version, and how many were not, by reason."""

    def __init__(self):
        self.served = collections.Counter()
        self.lost = collections.Counter()
        self.slowest_msec = 0


class Load:
    """Clients that connect, say one line, expect it back, and leave, again and again. Use it in a with statement."""

    def __init__(self, address, n_clients):
        self.address = address
        self.figures = Figures()
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

    def take(self):
        """The figures since the last time."""
        with self.lock:
            figures, self.figures = self.figures, Figures()
        return figures

    def _ask(self):
        """The version that has answered, or why none has."""
        try:
            with socket.create_connection(self.address, timeout=PATIENCE) as client:
                client.sendall(b'hello\n')
                with client.makefile('r') as lines:
                    version, _, text = lines.readline().partition(': ')
        except ConnectionRefusedError:
            return None, 'refused'
        except (ConnectionResetError, BrokenPipeError):
            return None, 'reset'
        except OSError:
            return None, 'unanswered'
        return (version, None) if text == 'hello\n' else (None, 'unanswered')

    def _run(self):
        while not self.is_over:
            began = time.monotonic()
            version, loss = self._ask()
            elapsed_msec = (time.monotonic() - began) * 1000
            with self.lock:
                if loss is None:
                    self.figures.served[version] += 1
                else:
                    self.figures.lost[loss] += 1
                self.figures.slowest_msec = max(self.figures.slowest_msec, elapsed_msec)
