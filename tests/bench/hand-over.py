#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright 2026 The Usher authors

"""Hands a service over to its next version, again and again, while clients connect as fast as they can,
and counts those who noticed.

Usage: hand-over.py --build DIRECTORY [--smoke] [-n HAND_OVERS] [-p PARALLEL] [-e SECONDS]
"""

import argparse
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time

# Whoever hangs is a bug.
PATIENCE = 3600


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--build', type=pathlib.Path, required=True)
    parser.add_argument('--smoke', action='store_true', help='a few, to see that it works')
    parser.add_argument('-n', '--number', type=int, help='hand-overs (1000; 20 with --smoke)')
    parser.add_argument('-p', '--parallel', type=int, default=32, help='clients at a time (32)')
    parser.add_argument('-e', '--every', type=float, default=0.1,
                        help='seconds from one hand-over to the next, so that there is load (0.1)')
    arguments = parser.parse_args()
    arguments.number = arguments.number or (20 if arguments.smoke else 1000)
    return arguments


class Service:
    """The generations of one service, which share standard output."""

    def __init__(self, program, directory):
        self.process = subprocess.Popen([program, '--listen=tcp://127.0.0.1:0', f'--hand-over={directory}/hand-over'],
                                        stdout=subprocess.PIPE, text=True)
        self.pid = self.process.pid
        self.port = self.hear(r'listening on .*:(\d+)$')

    def hear(self, pattern):
        for line in self.process.stdout:
            if match := re.search(pattern, line):
                return int(match[1])
        raise RuntimeError('the service has ended')

    def hand_over(self):
        os.kill(self.pid, signal.SIGUSR2)
        self.pid = self.hear(r'handed over to process (\d+)')

    def stop(self):
        os.kill(self.pid, signal.SIGTERM)
        self.process.stdout.read()
        self.process.wait(PATIENCE)


def measure(arguments, directory):
    service = Service(arguments.build / 'examples' / 'echo', directory)
    load = [arguments.build / 'tests' / 'bench' / 'load', 'press', str(service.port), str(service.pid),
            '-n', str(2**31 - 1), '-p', str(arguments.parallel), '-s', str(PATIENCE)]
    with subprocess.Popen(load, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        began = time.monotonic()
        for i in range(arguments.number):
            time.sleep(max(0, began + i * arguments.every - time.monotonic()))
            service.hand_over()
        seconds = time.monotonic() - began
        figures = json.loads(process.communicate(timeout=PATIENCE)[0])
    service.stop()
    return figures, seconds


def main():
    arguments = parse()
    with tempfile.TemporaryDirectory() as directory:
        figures, seconds = measure(arguments, directory)
    unanswered = figures['failed'] - figures['refused'] - figures['reset']
    print(f'# {arguments.number} hand-overs in {seconds:.1f} s, {figures["n"]} connections, '
          f'{figures["n"] / figures["seconds"]:.0f} a second')
    print(f'# refused {figures["refused"]}, reset {figures["reset"]}, unanswered {unanswered}')
    print(f'# latency: p50 {figures["p50_usec"] / 1000:.2f} ms, p99 {figures["p99_usec"] / 1000:.2f} ms, '
          f'max {figures["max_usec"] / 1000:.2f} ms')
    sys.exit(figures['failed'] != 0)


if __name__ == '__main__':
    main()
