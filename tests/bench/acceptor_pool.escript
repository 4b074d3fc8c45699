#!/usr/bin/env escript
%% SPDX-License-Identifier: LGPL-2.1-or-later
%% Copyright 2026 The Usher authors
%%
%% An echo server that accepts as Erlang's servers do: a pool keeps so many processes waiting in
%% accept, and whoever has got a connection serves it, while the pool starts the next one.
%%! +Q 65536 +P 65536

-mode(compile).

-define(ACCEPTORS, 100).

main(_) ->
    process_flag(trap_exit, true),
    Options = [binary, {ip, {127, 0, 0, 1}}, {active, false}, {reuseaddr, true}, {backlog, 4096}],
    {ok, Listener} = gen_tcp:listen(0, Options),
    {ok, Port} = inet:port(Listener),
    io:format("listening on tcp://127.0.0.1:~b~n", [Port]),
    [start(Listener) || _ <- lists:seq(1, ?ACCEPTORS)],
    pool(Listener).

start(Listener) ->
    Pool = self(),
    spawn_link(fun() -> acceptor(Pool, Listener) end).

pool(Listener) ->
    receive
        accepted -> start(Listener);
        {'EXIT', _, _} -> ok
    end,
    pool(Listener).

acceptor(Pool, Listener) ->
    case gen_tcp:accept(Listener) of
        {ok, Socket} ->
            Pool ! accepted,
            echo(Socket);
        {error, Reason} ->
            Pool ! accepted,
            exit(Reason)
    end.

echo(Socket) ->
    case gen_tcp:recv(Socket, 0) of
        {ok, Data} ->
            gen_tcp:send(Socket, Data),
            echo(Socket);
        {error, _} ->
            gen_tcp:close(Socket)
    end.
