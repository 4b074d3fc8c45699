# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright 2026 The Usher authors

"""The servers as processes, and the load on them."""

import ctypes
import json
import os
import pathlib
import platform
import resource
import shutil
import signal
import subprocess
import tempfile
import time

LIMIT = resource.getrlimit(resource.RLIMIT_NOFILE)[1]

# For all else that a process has open.
SPARE_DESCRIPTORS = 200
# More threads than that measure the machine's memory rather than the server.
MAX_THREADS = 6000

# What a connection takes of the server: descriptors, threads.
SERVERS = {
    'epoll': (1, 0),
    'usher-async': (1, 0),
    'usher-async-class': (1, 0),
    'usher-fiber': (1, 0),
    'usher-fiber-4k': (1, 0),
    'usher-thread': (2, 1),
    'gsocketservice': (1, 0),
    'gthreadedsocketservice': (1, 1),
    'libuv': (1, 0),
    'libevent': (1, 0),
    'erlang': (1, 0),
}

# They differ from others in nothing but the memory they need.
OF_MEMORY = ['usher-fiber-4k']


def capacity(name):
    """How many connections the server can hold here."""
    descriptors, threads = SERVERS[name]
    most = (LIMIT - SPARE_DESCRIPTORS) // descriptors
    return min(most, MAX_THREADS) if threads else most


def _processor():
    lines = pathlib.Path('/proc/cpuinfo').read_text().split('\n')
    names = [line.partition(':')[2].strip() for line in lines if line.startswith('model name')]
    return names[0] if names else platform.machine()


def _glib_version():
    glib = ctypes.CDLL('libglib-2.0.so.0')
    return '.'.join(str(ctypes.c_uint.in_dll(glib, f'glib_{part}_version').value)
                    for part in ('major', 'minor', 'micro'))


class Machine:
    """Servers and load on different cores, if there are two; or each of them on all."""

    def __init__(self, is_plain, is_pinned=True):
        cores = sorted(os.sched_getaffinity(0))
        self.n_cores = len(cores)
        self.load_cores = cores[:1] if is_pinned else cores
        self.server_cores = cores[-1:] if is_pinned else cores
        # Aids for finding faults cost time.
        aids = () if is_plain else ('G_DEBUG', 'G_SLICE', 'MALLOC_PERTURB_', 'MALLOC_CHECK_')
        self.environment = {name: value for name, value in os.environ.items() if name not in aids}

    def describe(self):
        return {'kernel': platform.release().partition('-')[0], 'processor': _processor(), 'glib': _glib_version(),
                'cores': self.n_cores, 'server cores': self.server_cores, 'load cores': self.load_cores,
                'descriptors': LIMIT, 'load average': round(os.getloadavg()[0], 2)}

    def spawn(self, command, cores):
        def prepare():
            resource.setrlimit(resource.RLIMIT_NOFILE, (LIMIT, LIMIT))
            os.sched_setaffinity(0, cores)

        return subprocess.Popen(command, preexec_fn=prepare, env=self.environment, text=True,
                                stdin=subprocess.PIPE, stdout=subprocess.PIPE)


class Server:
    """A process of one of them; the name is that of the program, and may go on with arguments."""

    def __init__(self, machine, directory, name, wrapper=()):
        self.machine = machine
        self.directory = directory
        self.holder = None
        program, *arguments = name.split()
        self.process = machine.spawn([*wrapper, directory / program, *arguments], machine.server_cores)
        self.port = self.process.stdout.readline().rpartition(':')[2].strip()
        if not self.port:
            self.stop()
            raise RuntimeError(f'{name} does not say where it listens')

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def _spawn_load(self, arguments):
        command = [self.directory / 'load', *arguments, self.port, str(self.process.pid)]
        return self.machine.spawn(command, self.machine.load_cores)

    def load(self, arguments):
        """What ./load says that this way of loading cost."""
        answer, _ = self._spawn_load(arguments).communicate()
        return json.loads(answer)

    def count_served(self):
        """How many connections each worker of a server of Usher has had."""
        self.process.send_signal(signal.SIGUSR1)
        _, *numbers = self.process.stdout.readline().split()
        return [int(number) for number in numbers]

    def hold(self, number):
        """Opens so many connections, and keeps them."""
        if number == 0:
            return
        self.holder = self._spawn_load(['hold', '-n', str(number), '-p', '256', '-s', '600'])
        answer = json.loads(self.holder.stdout.readline())
        if answer['n'] != number:
            raise RuntimeError(f'only {answer["n"]} of {number} connections could be opened')

    def stop(self):
        self.process.kill()
        self.process.communicate()
        if self.holder:
            self.holder.communicate()


def can_count_system_calls():
    return shutil.which('strace') is not None


def _read_total(path):
    """strace writes when the server has ended, and it is not our child."""
    for _ in range(100):
        lines = path.read_text().split('\n') if path.exists() else []
        totals = [line.split() for line in lines if line.endswith(' total')]
        if totals:
            return int(totals[0][3])
        time.sleep(0.05)
    raise RuntimeError('strace says nothing')


def _count_in_life(machine, directory, name, number):
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, 'counts')
        strace = ['strace', '-D', '-f', '-qq', '-c', '-o', path]
        with Server(machine, directory, name, strace) as server:
            server.load(['churn', '-n', str(number), '-p', '16'])
        return _read_total(path)


def count_system_calls(machine, directory, name, number):
    """System calls per connection, those of the start and the end excepted."""
    few, many = (_count_in_life(machine, directory, name, n) for n in (number, 3 * number))
    return {'n': 2 * number, 'failed': 0, 'calls': (many - few) / (2 * number)}
