#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright 2026 The Usher authors

"""A generic echo server in Python: an acceptor on the main loop."""

import sys

import gi

gi.require_version('Usher', '1')
from gi.repository import Gio, GLib, GObject, Usher


class Echo(GObject.Object, Usher.Acceptor, Usher.AsyncAcceptor):
    def do_acceptor_continue_async(self, connection, cancellable, callback, user_data):
        self.task = Gio.Task.new(self, cancellable, callback)
        self.input = connection.get_input_stream()
        self.output = connection.get_output_stream()
        self.drain = connection.get_drain_cancellable()
        self.read()

    def read(self):
        self.input.read_bytes_async(4096, GLib.PRIORITY_DEFAULT, self.drain, self.on_read)

    def on_read(self, _, result):
        try:
            data = self.input.read_bytes_finish(result)
        except GLib.Error as error:
            self.task.return_error(error)
            return
        if data.get_size() > 0:
            self.output.write_all_async(data.get_data(), GLib.PRIORITY_DEFAULT, None, self.on_written)
        else:
            self.task.return_boolean(True)

    def on_written(self, _, result):
        try:
            self.output.write_all_finish(result)
        except GLib.Error as error:
            self.task.return_error(error)
            return
        self.read()


service = Usher.Service.new('echo')
service.add_pool(Usher.AcceptorPool.new('echo', Echo), 'tcp://127.0.0.1:7000', 10)
sys.exit(service.run(sys.argv))
