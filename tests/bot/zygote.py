"""`mlcompare` without its seconds of imports: a process that has imported them, and forks for each start.

What is forked is a process as any other: its own folder, environment, streams, signals and end. Only what an import
itself would read of the environment is read once. `tests/bot/forked.py` asks for a start.

One start is one connection to a socket of the file system: a line of JSON with the arguments, the folder and the
environment, and beside it the descriptors of standard input, output and error. The answers are the process's number
and, once it ended, its exit code.
"""

import atexit
import gc
import importlib
import json
import os
import runpy
import select
import signal
import socket
import sys
import threading
import traceback
from contextlib import suppress

IMPORTED = (
    *("bot.cli", "bot.serve", "bot.app", "bot.server.http", "bot.server.socket_mode", "bot.server.connections"),
    *("bot.notifier.notifier", "psycopg", "bot.store.migrate", "handlers.home"),
    *("bot.commands.compare", "bot.commands.ask", "bot.commands.check"),
    *("bot.demo.command", "bot.playground.command", "comparison.formats.png", "matplotlib.figure"),
    *("comparison.tracking.mlflow", "comparison.library", "dbos", "uvicorn", "pandas", "alembic.command", "tabulate"),
    *("mlflow.store.tracking.sqlalchemy_store", "mlflow.store.model_registry.sqlalchemy_store", "sklearn.ensemble"),
    *("scipy.stats", "scipy.integrate", "matplotlib.backends.backend_agg"),  # as bot.server.health.LIBRARIES
)
LINE = 1 << 16
STREAMS = 3


def main(path: str, lifeline: int) -> None:
    """Listens at `path`, until whoever holds the other end of `lifeline` is gone."""
    for name in IMPORTED:
        importlib.import_module(name)
    if threading.active_count() > 1:
        raise RuntimeError(f"It cannot fork with threads: {threading.enumerate()}")
    gc.collect()
    gc.freeze()
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen(64)
    life = socket.socket(fileno=lifeline)
    wake, woken = socket.socketpair()
    for each in (wake, woken):
        each.setblocking(False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(woken.fileno(), warn_on_full_buffer=False)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for who runs the tests
    life.sendall(b"ready\n")
    running: dict[int, socket.socket] = {}
    while True:
        readable, _, _ = select.select([listener, life, wake], [], [])
        if life in readable:
            return
        if wake in readable:
            wake.recv(4096)
            _report_ended(running)
        if listener in readable:
            asking, _ = listener.accept()
            _start(asking, running, (listener, life, wake, woken))


def _report_ended(running: dict[int, socket.socket]) -> None:
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if not pid:
            return
        with running.pop(pid) as asking:
            _say(asking, os.waitstatus_to_exitcode(status))


def _say(asking: socket.socket, number: int) -> None:
    with suppress(OSError):  # whoever asked may be gone
        asking.sendall(b"%d\n" % number)


def _start(asking: socket.socket, running: dict[int, socket.socket], others: tuple[socket.socket, ...]) -> None:
    line, streams, _, _ = socket.recv_fds(asking, LINE, STREAMS)
    while line and not line.endswith(b"\n"):
        line += asking.recv(LINE)
    if len(streams) < STREAMS or not line:
        asking.close()
        return
    pid = os.fork()
    if pid:
        for each in streams:
            os.close(each)
        running[pid] = asking
        _say(asking, pid)
        return
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for each in (*others, asking, *running.values()):
        each.close()
    os._exit(_run(json.loads(line), streams))


def _run(wanted: dict, streams: list[int]) -> int:
    for ours, given in enumerate(streams):
        os.dup2(given, ours)
        os.close(given)
    # What they led to when Python started may have been a file, and now be a pipe.
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", buffering=1, encoding="utf-8", errors="backslashreplace", closefd=False)  # noqa: SIM115
    os.chdir(wanted["cwd"])
    os.environ.clear()
    os.environ.update(wanted["env"])
    sys.argv = ["mlcompare", *wanted["arguments"]]
    try:
        runpy.run_module("bot", run_name="__main__", alter_sys=True)
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except KeyboardInterrupt:
        code = 128 + signal.SIGINT
    except BaseException:  # noqa: BLE001 -- as Python itself does at the end of a program
        traceback.print_exc()
        code = 1
    threading._shutdown()
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with suppress(BrokenPipeError):
            stream.flush()
    return code


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
