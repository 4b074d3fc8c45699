/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

/* A generic echo server in Vala: an acceptor on the main loop. */

class Echo : Object, Usher.Acceptor, Usher.AsyncAcceptor
{
  public async bool acceptor_continue_async (Usher.Connection connection,
                                             Cancellable? cancellable) throws Error
  {
    var drain = connection.get_drain_cancellable ();
    var buffer = new uint8[4096];
    ssize_t n;

    while ((n = yield connection.input_stream.read_async (buffer, Priority.DEFAULT, drain)) > 0)
      yield connection.output_stream.write_all_async (buffer[0:n], Priority.DEFAULT, null, null);
    return true;
  }
}

int main (string[] args)
{
  var service = new Usher.Service ("echo");

  service.add_pool (new Usher.AcceptorPool ("echo", typeof (Echo)), "tcp://127.0.0.1:7000", 10);
  return service.run (args);
}
