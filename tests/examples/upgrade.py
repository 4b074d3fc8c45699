#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright 2026 The Usher authors

"""Runs the script of examples/deploy that upgrades a service under load, and asks such a service how it is.

Usage: upgrade.py VERSIONED-ECHO DIRECTORY, that of the script
"""

import collections
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading

from server import PATIENCE, Server, expect, receive_line, run, wait_until

ROW = re.compile(r' *(\d+)  +(\d+) → (\d+)  +([\d,]+)  +(\d+)  +(\d+)  +(\d+)  +\d+ ms')


def test_ten_upgrades_lose_nobody(program, directory):
    result = subprocess.run([sys.executable, f'{directory}/upgrade.py', program, '--clients', '4', '--pause', '0.2'],
                            capture_output=True, text=True, timeout=PATIENCE)
    print('# ' + result.stdout.rstrip().replace('\n', '\n# '))
    expect((result.returncode, result.stderr), (0, ''))
    rows = [match.groups() for line in result.stdout.splitlines() if (match := ROW.fullmatch(line))]
    expect([(number, old, new) for number, old, new, *_ in rows],
           [(str(number), str(number), str(number + 1)) for number in range(1, 11)])
    expect([losses for *_, refused, reset, unanswered in rows for losses in (refused, reset, unanswered)], ['0'] * 30)


class Prober:
    """Asks a service whether it is ready, all the time. Use it in a with statement."""

    def __init__(self, port):
        self.address = '127.0.0.1', int(port)
        self.answers = collections.Counter()
        self.is_over = False
        self.thread = threading.Thread(target=self._run)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *exception):
        self.is_over = True
        self.thread.join()

    def _run(self):
        while not self.is_over:
            try:
                with socket.create_connection(self.address, timeout=PATIENCE) as client:
                    client.sendall(b'\n')
                    self.answers[receive_line(client)] += 1
            except OSError as error:
                self.answers[repr(error)] += 1


def test_load_balancers_notice_nothing(program, _):
    with tempfile.TemporaryDirectory() as directory:
        with Server(program, '--health', 'tcp://127.0.0.1:0', '--hand-over', f'{directory}/hand-over') as server:
            port = server.hear('readiness on').rsplit(':', 1)[1]
            pid = server.process.pid
            with Prober(port) as prober:
                for _ in range(5):
                    before = prober.answers.total()
                    os.kill(pid, signal.SIGUSR2)
                    pid = int(server.hear('handed over to process'))
                    wait_until(lambda: prober.answers.total() > before + 10)  # pylint: disable=W0640
            os.kill(pid, signal.SIGTERM)
            # It ends when all of them have ended.
            server.process.stdout.read()
        expect(list(prober.answers), ['ready\n'])


TESTS = [
    test_load_balancers_notice_nothing,
    test_ten_upgrades_lose_nobody,
]


if __name__ == '__main__':
    run(TESTS, sys.argv[1], sys.argv[2])
