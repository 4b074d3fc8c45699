#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright 2026 The Usher authors

"""Tests examples/tls-echo with real clients: OpenSSL, curl, and Python's own.

Usage: tls-echo.py TLS-ECHO CERTIFICATES
"""

import os
import select
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time

from server import PATIENCE, Server, expect, receive, run, wait_until

N_SILENT = 200


def certificate(name):
    return os.path.join(sys.argv[2], name + '.pem')


def serve(program, *arguments):
    return Server(program, '--certificate', certificate('server'),
                  '--name', 'other.example=' + certificate('other'), *arguments)


def port_of(server):
    return int(server.address.rsplit(':', 1)[1])


def connect(server, name='localhost', client=None, version=None):
    context = ssl.create_default_context(cafile=certificate('ca'))
    if client is not None:
        context.load_cert_chain(certificate(client))
    if version is not None:
        context.maximum_version = version
    return context.wrap_socket(server.connect(), server_hostname=name, suppress_ragged_eofs=False)


def echo_once(client, message=b'hello'):
    client.sendall(message)
    expect(receive(client, len(message)), message)


def s_client(server, *arguments):
    """OpenSSL's own client."""
    return subprocess.Popen(['openssl', 's_client', '-connect', f'127.0.0.1:{port_of(server)}', '-servername', 'localhost',
                             '-CAfile', certificate('ca'), '-verify_return_error', *arguments],
                            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, bufsize=0)


def read_until(client, wanted):
    line = client.stdout.readline()
    while wanted not in line:
        assert line, f'it ended without having said {wanted}'
        line = client.stdout.readline()


def finish(client):
    client.stdin.close()
    status = client.wait(PATIENCE)
    client.stdout.close()
    return status


def test_openssl_talks_to_it(program):
    with serve(program) as server:
        for version in ('-tls1_2', '-tls1_3'):
            client = s_client(server, version, '-quiet', '-no_ign_eof')
            client.stdin.write(b'hello\n')
            read_until(client, b'hello')
            expect(finish(client), 0)
        expect(server.stop(), 0)
        expect(server.stderr(), '')


def curl(server, host, *arguments):
    port = port_of(server)
    return subprocess.run(['curl', '--silent', '--show-error', '--noproxy', '*', '--cacert', certificate('ca'), '--resolve',
                           f'{host}:{port}:127.0.0.1', *arguments, f'https://{host}:{port}/'],
                          capture_output=True, text=True, timeout=PATIENCE)


def test_curl_talks_to_it(program):
    with serve(program) as server:
        for host in ('localhost', 'other.example'):
            result = curl(server, host, '--fail')
            expect(result.returncode, 0)
            assert result.stdout.startswith(f'You are unknown, asked for {host}, and we talk TLS'), result.stdout
        expect(curl(server, 'unknown.example').returncode, 60)
        expect(server.stop(), 0)
        expect(server.stderr(), '')


def test_clients_may_need_a_certificate(program):
    with serve(program, '--client-ca', certificate('ca')) as server:
        result = curl(server, 'localhost', '--cert', certificate('client'))
        expect(result.returncode, 0)
        assert result.stdout.startswith('You are CN=Test client, '), result.stdout
        for arguments in ([], ['--cert', certificate('stranger')]):
            assert curl(server, 'localhost', *arguments).returncode != 0
        expect(server.stop(), 0)
        expect(server.stderr(), '')


def attempt(operation):
    """What an operation on a TLS client that does not block returns; None if it would."""
    try:
        return operation()
    except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
        return None


def exchange(client, message):
    """Sends and receives at the same time, but in one thread: OpenSSL could not do it in two."""
    received = bytearray()
    n_sent = 0
    client.setblocking(False)
    while len(received) < len(message):
        sent = attempt(lambda: client.send(message[n_sent:n_sent + 16384])) if n_sent < len(message) else None
        chunk = attempt(lambda: client.recv(65536))
        assert chunk != b'', 'it ended'
        n_sent += sent or 0
        received += chunk or b''
        if sent is None and chunk is None:
            assert any(select.select([client], [client] if n_sent < len(message) else [], [], PATIENCE)), 'it hangs'
    return received


def test_carries_much(program):
    message = os.urandom(5_000_000)
    with serve(program) as server:
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            client = connect(server, version=version)
            assert exchange(client, message) == message, 'what came back is something else'
            client.close()
        expect(server.stop(), 0)
        expect(server.stderr(), '')


def test_serves_many_at_once(program):
    with serve(program) as server:
        clients = [connect(server) for _ in range(100)]
        for client in clients:
            echo_once(client)
        for client in clients:
            client.close()
        expect(server.stop(), 0)
        expect(server.stderr(), '')


def test_has_no_time_for_those_without_tls(program):
    with serve(program) as server:
        for words in (b'GET / HTTP/1.1\r\n\r\n', b'\x16\x03\x01\x00\x00', b'\x00'):
            client = server.connect()
            client.sendall(words)
            try:
                expect(client.recv(100), b'')
            except ConnectionResetError:
                pass
        echo_once(connect(server))
        expect(server.stop(), 0)
        expect(server.stderr(), '')


def test_the_silent_are_in_nobodys_way_and_end(program):
    with serve(program, '--handshake-timeout', '3000') as server:
        began = time.monotonic()
        silent = [server.connect() for _ in range(N_SILENT)]
        for client in silent:
            client.sendall(b'\x16')
        good = connect(server)
        echo_once(good)
        assert time.monotonic() - began < 3, 'it waited for the silent ones'
        for client in silent:
            try:
                expect(client.recv(1), b'')
            except ConnectionResetError:
                pass
        assert time.monotonic() - began >= 3, 'they ended before their time'
        echo_once(good)
        expect(server.stop(), 0)
        expect(server.stderr(), '')


def test_says_goodbye_when_it_is_terminated(program):
    with serve(program) as server:
        idle = [connect(server) for _ in range(10)]
        silent = server.connect()
        for client in idle[1:]:
            echo_once(client)
        server.signal()
        for client in idle:
            expect(client.recv(1), b'')  # Without a goodbye, this is an ssl.SSLEOFError.
        expect(silent.recv(1), b'')
        expect(server.wait(), 0)
        expect(server.stderr(), '')


def test_takes_renewed_certificates(program):
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, 'current.pem')
        shutil.copy(certificate('server'), path)
        with Server(program, '--certificate', path) as server:
            old = connect(server, 'localhost')
            shutil.copy(certificate('other'), path)
            server.signal(signal.SIGHUP)
            wait_until(lambda: shows(server, 'other.example'))
            echo_once(old)

            with open(path, 'w') as file:
                file.write('nonsense')
            server.signal(signal.SIGHUP)
            wait_until(lambda: 'stay as they are' in server.stderr())
            assert shows(server, 'other.example')
            expect(server.stop(), 0)


def shows(server, name):
    try:
        client = connect(server, name)
    except ssl.SSLCertVerificationError:
        return False
    client.close()
    return True


def test_grants_no_second_handshake(program):
    with serve(program) as server:
        for _ in range(20):
            client = s_client(server, '-tls1_2')
            read_until(client, b'Extended master secret')
            client.stdin.write(b'R\n')
            assert client.wait(PATIENCE) != 0, 'it was granted'
            finish(client)
        echo_once(connect(server))
        expect(server.stop(), 0)
        expect(server.stderr(), '')


def test_refuses_bad_options(program):
    for arguments in ([], ['--certificate', '/nowhere'], ['--certificate', certificate('server'), '--name', 'x'],
                      ['--certificate', certificate('server'), '--handshake-timeout', '0']):
        result = subprocess.run([program, *arguments], capture_output=True, timeout=PATIENCE)
        expect(result.returncode, 1)
        assert result.stderr.startswith(b'tls-echo: '), result.stderr


TESTS = [
    test_openssl_talks_to_it,
    test_curl_talks_to_it,
    test_clients_may_need_a_certificate,
    test_carries_much,
    test_serves_many_at_once,
    test_has_no_time_for_those_without_tls,
    test_the_silent_are_in_nobodys_way_and_end,
    test_says_goodbye_when_it_is_terminated,
    test_takes_renewed_certificates,
    test_grants_no_second_handshake,
    test_refuses_bad_options,
]

if __name__ == '__main__':
    run(TESTS, sys.argv[1])
