# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright 2026 The Usher authors

"""Acceptors and children written in Python, under a real supervisor, with real clients."""

import gc
import os
import socket
import ssl
import threading
import unittest
import weakref

import gi

gi.require_version('Usher', '1')
from gi.repository import Gio, GLib, GObject, Usher

import tap

ADDRESS = 'tcp://127.0.0.1:0'
ENOUGH_SECONDS = 30


def wait_until(condition):
    """Iterates the main context until the condition holds. Threads may be what makes it true, and
    they do not wake the context, so a tick does."""
    context = GLib.MainContext.default()
    tick = GLib.timeout_source_new(10)
    tick.set_callback(lambda *_: True)
    tick.attach(context)
    end = GLib.get_monotonic_time() + ENOUGH_SECONDS * GLib.USEC_PER_SEC
    while not condition():
        if GLib.get_monotonic_time() >= end:
            raise AssertionError('waited in vain')
        context.iteration(True)
    tick.destroy()


def answer_to(line):
    """What a line means to all acceptors here: an answer, or an exception."""
    if line == 'crash':
        raise GLib.Error('asked to crash', 'example', 42)
    if line == 'raise':
        raise ValueError('asked to raise')
    return line.upper().encode() + b'\n'


class Shouter(GObject.Object, Usher.Acceptor):
    """Blocking: runs in a thread of its own."""

    alive = weakref.WeakSet()
    calls = []

    def __init__(self):
        super().__init__()
        self.alive.add(self)

    def do_acceptor_init(self, listen_socket):
        self.calls.append(('init', threading.get_ident(), listen_socket.get_address()))
        return Usher.AcceptorInit.READY, -1

    def do_acceptor_continue(self, connection):
        self.calls.append(('continue', threading.get_ident(), connection.dup_peer_name()))
        lines = Gio.DataInputStream(base_stream=connection.get_input_stream())
        while True:
            line, _ = lines.read_line_utf8(None)
            if line is None:
                return True
            connection.get_output_stream().write_all(answer_to(line), None)

    def do_acceptor_terminate(self, reason):
        self.calls.append(('terminate', threading.get_ident(), reason.get_kind()))


class AsyncShouter(GObject.Object, Usher.Acceptor, Usher.AsyncAcceptor):
    """Asynchronous: runs in the pool's context."""

    alive = weakref.WeakSet()
    calls = []

    def __init__(self):
        super().__init__()
        self.alive.add(self)

    def do_acceptor_init(self, listen_socket):
        self.calls.append(('init', threading.get_ident(), listen_socket.get_address()))
        return Usher.AcceptorInit.READY, -1

    def do_acceptor_continue_async(self, connection, cancellable, callback, *_):
        self.calls.append(('continue', threading.get_ident(), connection.dup_peer_name()))
        task = Gio.Task.new(self, cancellable, lambda source, result, *_: callback(source, result))
        lines = Gio.DataInputStream(base_stream=connection.get_input_stream())

        def read(*_):
            lines.read_line_async(GLib.PRIORITY_DEFAULT, cancellable, answer)

        def answer(_, result):
            try:
                line, _ = lines.read_line_finish_utf8(result)
                if line is None:
                    task.return_boolean(True)
                    return
                shout = answer_to(line)
            except GLib.Error as error:
                task.return_error(error)
                return
            connection.get_output_stream().write_all_async(shout, GLib.PRIORITY_DEFAULT,
                                                           cancellable, read)

        read()

    def do_acceptor_continue_finish(self, result):
        return result.propagate_boolean()

    def do_acceptor_terminate(self, reason):
        self.calls.append(('terminate', threading.get_ident(), reason.get_kind()))


class Tree:
    """A pool and its listen socket under a supervisor, running."""

    def __init__(self, pool):
        self.reports = []
        self.exits = []
        self.pool = pool
        self.socket = Usher.ListenSocket.new_for_address(ADDRESS)
        self.supervisor = Usher.Supervisor.new(Usher.Strategy.REST_FOR_ONE)
        self.pool.accept_socket(self.socket, 2)
        self.pool.connect('report', lambda _, report: self.reports.append(report))
        self.supervisor.add_child(Usher.ChildSpec.new('pool', self.pool))
        self.supervisor.add_child(Usher.ChildSpec.new('socket', self.socket))
        self.supervisor.connect('exited', lambda _, serial, why: self.exits.append(why))
        self.start()

    def start(self):
        results = []
        self.supervisor.start_async(None, lambda _, result: results.append(result))
        wait_until(lambda: results)
        assert self.supervisor.start_finish(results[0]) == Usher.StartResult.STARTED
        self.wait_until_ready()

    def wait_until_ready(self):
        wait_until(lambda: self.pool.get_n_waiting() == 2)

    def connect(self):
        port = int(self.socket.dup_local_address().rpartition(':')[2])
        return socket.create_connection(('127.0.0.1', port), ENOUGH_SECONDS)

    def talk(self, sent):
        """Sends it all, and gives all that comes back until the server closes."""
        received = []

        def client():
            with self.connect() as peer:
                peer.sendall(sent)
                peer.shutdown(socket.SHUT_WR)
                received.append(b''.join(iter(lambda: peer.recv(4096), b'')))

        thread = threading.Thread(target=client)
        thread.start()
        wait_until(lambda: not thread.is_alive())
        return received[0]

    def stop(self):
        self.wait_until_ready()
        self.supervisor.shutdown(Usher.Stop.FINAL)
        wait_until(lambda: self.exits)
        return self.exits[0]


class AcceptorCase:
    """What an acceptor in Python does, whichever way it runs."""

    def setUp(self):
        self.acceptor.calls.clear()
        self.tree = Tree(Usher.AcceptorPool.new('shout', self.acceptor))

    def tearDown(self):
        if not self.tree.exits:
            self.tree.stop()

    def calls(self, name):
        return [call for call in self.acceptor.calls if call[0] == name]

    def test_serves_a_client(self):
        self.assertEqual(self.tree.talk(b'hello\nworld\n'), b'HELLO\nWORLD\n')
        self.assertEqual(self.tree.talk(b'again\n'), b'AGAIN\n')
        self.assertEqual(len(self.calls('continue')), 2)
        self.assertEqual({address for _, _, address in self.calls('init')}, {ADDRESS})
        self.assertEqual(self.tree.reports, [])

    def test_an_error_raised_in_python_is_the_reported_reason(self):
        self.assertEqual(self.tree.talk(b'hello\ncrash\n'), b'HELLO\n')
        wait_until(lambda: self.tree.reports)
        reason = self.tree.reports[0].get_reason()
        self.assertEqual(reason.get_kind(), Usher.ExitKind.ERROR)
        self.assertEqual(reason.get_error().message, 'asked to crash')
        self.assertTrue(reason.get_error().matches(GLib.quark_from_string('example'), 42))
        self.assertEqual(self.tree.talk(b'still here\n'), b'STILL HERE\n')

    def test_those_without_a_connection_are_terminated(self):
        self.assertEqual(self.tree.stop().get_kind(), Usher.ExitKind.SHUTDOWN)
        self.assertEqual([kind for _, _, kind in self.calls('terminate')],
                         [Usher.ExitKind.SHUTDOWN] * 2)

    def test_nothing_of_it_stays(self):
        self.tree.talk(b'hello\n')
        self.tree.stop()
        wait_until(lambda: gc.collect() == 0 and len(self.acceptor.alive) == 0)


class ThreadTest(AcceptorCase, unittest.TestCase):
    acceptor = Shouter

    def test_runs_in_a_thread_of_its_own(self):
        self.tree.talk(b'hello\n')
        inits = {thread for _, thread, _ in self.calls('init')}
        self.assertNotIn(threading.get_ident(), inits)
        self.assertIn(self.calls('continue')[0][1], inits)

    def test_any_other_exception_is_an_error_too(self):
        self.assertEqual(self.tree.talk(b'raise\n'), b'')
        wait_until(lambda: self.tree.reports)
        self.assertEqual(self.tree.reports[0].get_reason().get_kind(), Usher.ExitKind.ERROR)
        self.assertEqual(self.tree.talk(b'still here\n'), b'STILL HERE\n')


class AsyncTest(AcceptorCase, unittest.TestCase):
    acceptor = AsyncShouter

    def test_runs_in_the_context_of_the_pool(self):
        self.tree.talk(b'hello\n')
        self.assertEqual({thread for _, thread, _ in self.acceptor.calls}, {threading.get_ident()})


class FunctionTest(unittest.TestCase):
    def test_one_function_is_a_server(self):
        def greet(connection, *_):
            connection.get_output_stream().write_all(b'hello\n', None)
            return True

        tree = Tree(Usher.AcceptorPool.new_for_func('greet', greet))
        self.assertEqual(tree.talk(b''), b'hello\n')
        tree.stop()


class AsyncFunctionTest(unittest.TestCase):
    def test_one_function_on_the_loop_is_a_server(self):
        def greet(connection, *_):
            connection.get_output_stream().write_all_async(b'hello\n', 0, None, on_written, connection)

        def on_written(out, result, connection):
            threads.append(threading.get_ident())
            out.write_all_finish(result)
            connection.complete()

        threads = []
        tree = Tree(Usher.AcceptorPool.new_for_async_func('greet', greet))
        self.assertEqual(tree.talk(b''), b'hello\n')
        self.assertEqual(threads, [threading.get_ident()])
        tree.stop()

    def test_it_fails_with_an_error(self):
        def fail(connection, *_):
            connection.fail(GLib.Error.new_literal(Gio.io_error_quark(), 'asked to crash', Gio.IOErrorEnum.FAILED))

        tree = Tree(Usher.AcceptorPool.new_for_async_func('fail', fail))
        self.assertEqual(tree.talk(b''), b'')
        self.assertEqual(tree.reports[0].get_reason().get_error().message, 'asked to crash')
        tree.stop()


class ServiceTest(unittest.TestCase):
    def call(self, begin, *arguments):
        """Makes an asynchronous call, and gives what it is answered with."""
        results = []
        begin(*arguments, lambda _, result: results.append(result))
        wait_until(lambda: results)
        return results[0]

    def test_addresses_come_and_go(self):
        pool = Usher.AcceptorPool.new_for_func('greet', lambda *_: True)
        service = Usher.Service(name='greeter', version='1.4.2')
        exits = []
        service.connect('exited', lambda _, why: exits.append(why))
        service.add_pool(pool, ADDRESS, 1)
        self.assertTrue(service.start_finish(self.call(service.start_async, None)))

        added = service.listen_finish(self.call(service.listen_async, pool, 'tcp://[::1]:0', 1, None))
        self.assertEqual([listener.get_address() for listener in added], ['tcp://[::1]:0'])
        self.assertTrue(added[0].is_up())
        self.assertTrue(service.stop_listening_finish(self.call(service.stop_listening_async, 'tcp://[::1]:0')))
        self.assertFalse(added[0].is_up())
        service.drain()
        wait_until(lambda: exits)


@unittest.skipUnless(Gio.TlsBackend.get_default().supports_tls(), 'GIO has no TLS: install glib-networking')
class TlsTest(unittest.TestCase):
    def test_python_chooses_the_certificate(self):
        certificates = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'support', 'tls')
        asked_for = []

        def choose(_, connection, server_name):
            asked_for.append((connection.is_tls(), server_name))
            return Gio.TlsCertificate.new_from_file(os.path.join(certificates, 'other.pem'))

        def greet(connection, *_):
            connection.start_tls(settings, None)
            connection.get_output_stream().write_all(connection.dup_tls_server_name().encode(), None)
            return True

        def hear():
            context = ssl.create_default_context(cafile=os.path.join(certificates, 'ca.pem'))
            with context.wrap_socket(tree.connect(), server_hostname='other.example') as client:
                heard.append(client.recv(100))

        settings = Usher.TlsSettings()
        settings.connect('choose-certificate', choose)
        tree = Tree(Usher.AcceptorPool.new_for_func('greet', greet))
        heard = []
        thread = threading.Thread(target=hear)
        thread.start()
        wait_until(lambda: not thread.is_alive())
        self.assertEqual(heard, [b'other.example'])
        self.assertEqual(asked_for, [(True, 'other.example')])
        tree.stop()


class ExitTest(unittest.TestCase):
    def test_a_shutdown_needs_no_error_and_may_have_one(self):
        error = GLib.Error.new_literal(Usher.Error.quark(), 'switched off', Usher.Error.CLOSED)
        self.assertEqual(Usher.Exit.new_shutdown().to_string(), 'shutdown')
        self.assertEqual(Usher.Exit.new_shutdown_with_error(error).to_string(),
                         'shutdown: switched off')


class Lamp(GObject.Object, Usher.Child):
    """A child that only remembers what became of it."""

    def __init__(self):
        super().__init__()
        self.calls = []

    def do_start_async(self, cancellable, callback, *_):
        self.calls.append('start')
        task = Gio.Task.new(self, cancellable, lambda source, result, *_: callback(source, result))
        task.return_int(int(Usher.StartResult.STARTED))

    def do_start_finish(self, result):
        self.calls.append('started')
        return Usher.StartResult(result.propagate_int())

    def do_shutdown(self, why):
        self.calls.append(why)
        self.emit_exited(self.get_serial(), Usher.Exit.new_shutdown())

    def do_kill(self):
        self.calls.append('kill')
        self.emit_exited(self.get_serial(), Usher.Exit.new_killed())

    def burn_out(self):
        error = GLib.Error('burnt out', 'example', 1)
        self.emit_exited(self.get_serial(), Usher.Exit.new_error(error))


class ChildTest(unittest.TestCase):
    def test_a_child_in_python_is_supervised(self):
        lamp, exits, started = Lamp(), [], []
        supervisor = Usher.Supervisor.new(Usher.Strategy.ONE_FOR_ONE)
        supervisor.add_child(Usher.ChildSpec.new('lamp', lamp))
        supervisor.connect('exited', lambda _, serial, why: exits.append(why))
        supervisor.start_async(None, lambda child, result: started.append(child.start_finish(result)))
        wait_until(lambda: started)
        self.assertEqual(started, [Usher.StartResult.STARTED])

        lamp.burn_out()
        wait_until(lambda: lamp.calls == ['start', 'started'] * 2)
        self.assertEqual(lamp.get_serial(), 2)

        supervisor.shutdown(Usher.Stop.FINAL)
        wait_until(lambda: exits)
        self.assertEqual(lamp.calls[4:], [Usher.Stop.FINAL])
        self.assertEqual(exits[0].get_kind(), Usher.ExitKind.SHUTDOWN)


class TaskTest(unittest.TestCase):
    def test_a_task_in_python_works_until_it_is_told_to_end(self):
        turns, exits = [], []

        def take_turns(cancellable):
            while Usher.sleep_msec(1, cancellable):
                turns.append(threading.get_ident())

        task = Usher.Task.new_for_thread('turns', take_turns)
        task.connect('exited', lambda _, serial, why: exits.append(why))
        task.start_async(None, lambda *_: None)
        wait_until(lambda: len(turns) > 2)
        self.assertNotIn(threading.get_ident(), turns)
        task.shutdown(Usher.Stop.FINAL)
        wait_until(lambda: exits)
        self.assertEqual(exits[0].to_string(), 'shutdown')


class FactoryTest(unittest.TestCase):
    def setUp(self):
        self.lamps, self.exits, started = [], [], []
        self.supervisor = Usher.Supervisor.new(Usher.Strategy.SIMPLE_ONE_FOR_ONE)
        self.supervisor.add_child(Usher.ChildSpec.new_with_factory('lamp', self.make))
        self.supervisor.connect('exited', lambda _, serial, why: self.exits.append(why))
        self.supervisor.start_async(None, lambda child, result: started.append(child.start_finish(result)))
        wait_until(lambda: started)

    def make(self, colour):
        if colour is None:
            raise GLib.Error('of which colour?', 'example', 42)
        lamp = Lamp()
        self.lamps.append((colour.get_string(), lamp))
        return lamp

    def start(self, argument):
        answers = []
        self.supervisor.start_child_with_argument_async(
            argument, None, lambda _, result: answers.append(result))
        wait_until(lambda: answers)
        return self.supervisor.start_child_with_argument_finish(answers[0])

    def test_a_factory_in_python_makes_children(self):
        self.assertEqual(self.start(GLib.Variant('s', 'red')),
                         (Usher.StartResult.STARTED, self.lamps[0][1]))
        self.lamps[0][1].burn_out()
        wait_until(lambda: len(self.lamps) == 2 and self.lamps[1][1].calls == ['start', 'started'])
        self.assertEqual([colour for colour, _ in self.lamps], ['red', 'red'])

        with self.assertRaises(GLib.Error) as caught:
            self.start(None)
        self.assertTrue(caught.exception.matches(GLib.quark_from_string('example'), 42))

        self.supervisor.shutdown(Usher.Stop.FINAL)
        wait_until(lambda: self.exits)
        self.assertEqual(self.lamps[1][1].calls[2:], [Usher.Stop.FINAL])


tap.main()
