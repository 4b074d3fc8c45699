/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

/* Acceptors and a child written in Vala, under a real supervisor, with real clients. */

errordomain ExampleError
{
  CRASHED
}

string answer_to (string line) throws Error
{
  if (line == "crash")
    throw new ExampleError.CRASHED ("asked to crash");
  return line.up () + "\n";
}

/* Blocking: runs in a thread of its own. */
class Shouter : Object, Usher.Acceptor
{
  public static int n_terminated;

  public Usher.AcceptorInit acceptor_init (Usher.ListenSocket listen_socket,
                                           out int accept_timeout_msec) throws Error
  {
    accept_timeout_msec = -1;
    return Usher.AcceptorInit.READY;
  }

  public bool acceptor_continue (Usher.Connection connection) throws Error
  {
    var lines = new DataInputStream (connection.input_stream);
    string? line;

    while ((line = lines.read_line ()) != null)
      connection.output_stream.write_all (answer_to (line).data, null);
    return true;
  }

  public void acceptor_terminate (Usher.Exit reason)
  {
    AtomicInt.inc (ref n_terminated);
  }
}

/* Asynchronous: runs in the pool's context. */
class AsyncShouter : Object, Usher.Acceptor, Usher.AsyncAcceptor
{
  public async bool acceptor_continue_async (Usher.Connection connection,
                                             Cancellable? cancellable) throws Error
  {
    var lines = new DataInputStream (connection.input_stream);
    string? line;

    while ((line = yield lines.read_line_async (Priority.DEFAULT, cancellable)) != null)
      yield connection.output_stream.write_all_async (answer_to (line).data, Priority.DEFAULT,
                                                      cancellable, null);
    return true;
  }
}

/* A child that counts its starts. */
class Lamp : Object, Usher.Child
{
  public int n_starts;

  public async Usher.StartResult start_async (Cancellable? cancellable) throws Error
  {
    n_starts++;
    return Usher.StartResult.STARTED;
  }

  public void shutdown (Usher.Stop why)
  {
    emit_exited (get_serial (), new Usher.Exit.shutdown ());
  }

  public void kill ()
  {
    emit_exited (get_serial (), new Usher.Exit.killed ());
  }

  public void burn_out ()
  {
    emit_exited (get_serial (), new Usher.Exit.error (new ExampleError.CRASHED ("burnt out")));
  }
}

delegate bool Condition ();

void wait_until (Condition condition)
{
  var limit = new TimeoutSource.seconds (30);

  limit.set_callback (() => { assert_not_reached (); });
  limit.attach ();
  while (!condition ())
    MainContext.default ().iteration (true);
  limit.destroy ();
}

void start (Usher.Supervisor supervisor)
{
  AsyncResult? result = null;

  supervisor.start_async.begin (null, (child, answer) => result = answer);
  wait_until (() => result != null);
  try
    {
      assert_true (supervisor.start_async.end (result) == Usher.StartResult.STARTED);
    }
  catch (Error error)
    {
      assert_no_error (error);
    }
}

void stop (Usher.Supervisor supervisor)
{
  bool exited = false;

  supervisor.exited.connect ((serial, exit) => exited = true);
  supervisor.shutdown (Usher.Stop.FINAL);
  wait_until (() => exited);
}

async string talk (Usher.ListenSocket listen_socket, string sent) throws Error
{
  var address = listen_socket.dup_local_address ().replace ("tcp://", "");
  var client = yield new SocketClient ().connect_to_host_async (address, 0);
  var received = new MemoryOutputStream.resizable ();

  yield client.output_stream.write_all_async (sent.data, Priority.DEFAULT, null, null);
  client.socket.shutdown (false, true);
  yield received.splice_async (client.input_stream, OutputStreamSpliceFlags.CLOSE_SOURCE);
  received.write_all ({ 0 }, null);
  received.close ();
  return (string) received.steal_data ();
}

void assert_answer (Usher.ListenSocket listen_socket, string sent, string expected)
{
  AsyncResult? result = null;

  talk.begin (listen_socket, sent, (source, answer) => result = answer);
  wait_until (() => result != null);
  try
    {
      assert_cmpstr (talk.end (result), CompareOperator.EQ, expected);
    }
  catch (Error error)
    {
      assert_no_error (error);
    }
}

/* Serves two clients, one of which makes its acceptor crash. */
void assert_serves (Type acceptor) throws Error
{
  var supervisor = new Usher.Supervisor (Usher.Strategy.REST_FOR_ONE);
  var pool = new Usher.AcceptorPool ("shout", acceptor);
  var listen_socket = new Usher.ListenSocket.for_address ("tcp://127.0.0.1:0");
  string? reason = null;

  pool.report.connect ((report) => reason = report.get_reason ().get_error ().message);
  pool.accept_socket (listen_socket, 2);
  supervisor.add_child (new Usher.ChildSpec ("pool", pool));
  supervisor.add_child (new Usher.ChildSpec ("socket", listen_socket));
  start (supervisor);

  assert_answer (listen_socket, "hello\nworld\n", "HELLO\nWORLD\n");
  assert_null (reason);
  assert_answer (listen_socket, "hello\ncrash\n", "HELLO\n");
  wait_until (() => reason != null);
  assert_cmpstr (reason, CompareOperator.EQ, "asked to crash");
  assert_answer (listen_socket, "still here\n", "STILL HERE\n");

  wait_until (() => pool.n_waiting == 2);
  stop (supervisor);
}

void test_thread ()
{
  try
    {
      assert_serves (typeof (Shouter));
    }
  catch (Error error)
    {
      assert_no_error (error);
    }
  assert_cmpint (AtomicInt.get (ref Shouter.n_terminated), CompareOperator.EQ, 2);
}

void test_async ()
{
  try
    {
      assert_serves (typeof (AsyncShouter));
    }
  catch (Error error)
    {
      assert_no_error (error);
    }
}

void test_child ()
{
  var supervisor = new Usher.Supervisor (Usher.Strategy.ONE_FOR_ONE);
  var lamp = new Lamp ();

  try
    {
      supervisor.add_child (new Usher.ChildSpec ("lamp", lamp));
    }
  catch (Error error)
    {
      assert_no_error (error);
    }
  start (supervisor);
  lamp.burn_out ();
  wait_until (() => lamp.n_starts == 2);
  stop (supervisor);
}

int main (string[] args)
{
  Test.init (ref args);
  Test.add_func ("/vala/acceptor-serves-from-a-thread", test_thread);
  Test.add_func ("/vala/async-acceptor-serves-from-the-loop", test_async);
  Test.add_func ("/vala/child-is-supervised", test_child);
  return Test.run ();
}
