# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright 2026 The Usher authors

"""An example under test, its clients, and TAP."""

import contextlib
import os
import re
import resource
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import traceback

# Long enough that only a server that hangs meets it.
PATIENCE = 60


class Program:
    """A running example. Use it in a with statement: it is killed if its test fails, with those it has
    handed over to."""

    def __init__(self, program, *arguments, stdout=subprocess.PIPE, max_files=None):
        def limit():
            if max_files is not None:
                resource.setrlimit(resource.RLIMIT_NOFILE, (max_files, max_files))

        self.log = tempfile.TemporaryFile()
        self.process = subprocess.Popen([program, *arguments], stdout=stdout, stderr=self.log, preexec_fn=limit,
                                        start_new_session=True)

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()
        if exception[0] is not None:
            print('# the program said:', self.stderr().replace('\n', '\n# '))
        self.log.close()

    def stderr(self):
        return os.pread(self.log.fileno(), 1 << 20, 0).decode()

    def hear(self, beginning):
        """The word behind that in the next line that begins so. Several processes may speak."""
        while not (line := self.process.stdout.readline().decode()).startswith(beginning):
            assert line, self.stderr()
        return line.removeprefix(beginning).split()[0].rstrip(',')

    def signal(self, number=signal.SIGTERM):
        self.process.send_signal(number)

    def wait(self):
        return self.process.wait(PATIENCE)

    def stop(self):
        self.signal()
        return self.wait()


class Server(Program):
    """An example that listens."""

    def __init__(self, program, *arguments, listen='tcp://127.0.0.1:0', max_files=None):
        super().__init__(program, '--listen', listen, *arguments, max_files=max_files)
        line = self.process.stdout.readline().decode()
        match = re.fullmatch(r'listening on (.*)\n', line)
        assert match, f'expected “listening on ADDRESS”, got “{line}” and {self.stderr()}'
        self.address = match[1]

    def connect(self):
        if self.address.startswith('unix:'):
            client = socket.socket(socket.AF_UNIX)
            client.settimeout(PATIENCE)
            client.connect(self.address[len('unix:'):])
            return client
        port = int(self.address.rsplit(':', 1)[1])
        return socket.create_connection(('127.0.0.1', port), timeout=PATIENCE)

    def refuses(self):
        try:
            self.connect().close()
        except ConnectionRefusedError:
            return True
        return False

    def files(self):
        """What its descriptors are, such as `socket:[123]`."""
        directory = f'/proc/{self.process.pid}/fd'
        found = []
        for name in os.listdir(directory):
            try:
                found.append(os.readlink(f'{directory}/{name}'))
            except FileNotFoundError:
                pass
        return found

    def is_alone(self):
        """Whether it has no socket but the one that it listens on."""
        return sum(1 for file in self.files() if file.startswith('socket:')) == 1

    def stat(self):
        """What /proc says of it, from its state on."""
        return open(f'/proc/{self.process.pid}/stat').read().rsplit(')', 1)[1].split()

    def is_asleep(self):
        return self.stat()[0] == 'S'

    def cpu_seconds(self):
        fields = self.stat()
        return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')


def receive(client, count):
    """Exactly `count` bytes, or fewer if the server ends the connection."""
    data = b''
    while len(data) < count:
        chunk = client.recv(count - len(data))
        if not chunk:
            break
        data += chunk
    return data


def receive_line(client):
    line = b''
    while not line.endswith(b'\n'):
        byte = client.recv(1)
        if not byte:
            break
        line += byte
    return line.decode()


def reset(client):
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
    client.close()


def wait_until(condition):
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, 'it never happened'
        time.sleep(0.01)


def expect(got, wanted):
    assert got == wanted, f'expected {wanted!r}, got {got!r}'


def run(tests, *arguments):
    """Runs the functions `tests` with these arguments, as TAP, and ends the program."""
    print(f'1..{len(tests)}', flush=True)
    failed = False
    for number, test in enumerate(tests, 1):
        title = test.__name__.removeprefix('test_').replace('_', '-')
        try:
            test(*arguments)
            print(f'ok {number} {title}', flush=True)
        except Exception:  # pylint: disable=broad-except
            failed = True
            print(f'not ok {number} {title}')
            print('# ' + traceback.format_exc().replace('\n', '\n# '), flush=True)
    sys.exit(failed)
