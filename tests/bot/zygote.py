"""`python -m bot` without its seconds of imports: a process that has imported them, and forks for each start.

What is forked is a process as any other: its own folder, environment, log, signals and end. Only what an import itself
would read of the environment is read once. Speaks JSON, a line each, with who started it.
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

IMPORTED = (
    *("bot.cli", "bot.serve", "bot.app", "bot.server.http", "bot.server.socket_mode", "bot.server.connections"),
    *("bot.notifier.notifier", "bot.store.connection", "bot.store.migrate", "bot.commands.notify", "handlers.home"),
    *("comparison.tracking.mlflow", "comparison.library", "dbos", "uvicorn", "pandas", "alembic.command", "tabulate"),
    *("scipy.stats", "scipy.integrate", "matplotlib.backends.backend_agg"),  # as bot.app.LIBRARIES
)


def main(descriptor: int) -> None:
    for name in IMPORTED:
        importlib.import_module(name)
    if threading.active_count() > 1:
        raise RuntimeError(f"It cannot fork with threads: {threading.enumerate()}")
    gc.collect()
    gc.freeze()
    control = socket.socket(fileno=descriptor)
    wake, woken = socket.socketpair()
    for each in (wake, woken):
        each.setblocking(False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(woken.fileno(), warn_on_full_buffer=False)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for who runs the tests
    lines = control.makefile("r", encoding="utf-8")
    control.sendall(b'{"ready": true}\n')
    while True:
        readable, _, _ = select.select([control, wake], [], [])
        if wake in readable:
            wake.recv(4096)
            _report_ended(control)
        if control in readable:
            line = lines.readline()
            if not line:
                return
            _start(json.loads(line), (control, wake, woken))


def _report_ended(control: socket.socket) -> None:
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if not pid:
            return
        control.sendall(json.dumps({"ended": pid, "code": os.waitstatus_to_exitcode(status)}).encode() + b"\n")


def _start(wanted: dict, sockets: tuple[socket.socket, ...]) -> None:
    pid = os.fork()
    if pid:
        sockets[0].sendall(json.dumps({"started": pid}).encode() + b"\n")
        return
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for each in sockets:
        each.close()
    os._exit(_run(wanted))


def _run(wanted: dict) -> int:
    log = os.open(wanted["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for stream in (1, 2):
        os.dup2(log, stream)
    os.close(log)
    os.chdir(wanted["cwd"])
    os.environ.clear()
    os.environ.update(wanted["env"])
    sys.argv = ["bot", *wanted["arguments"]]
    try:
        runpy.run_module("bot", run_name="__main__", alter_sys=True)
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:  # noqa: BLE001 -- as Python itself does at the end of a program
        traceback.print_exc()
        code = 1
    threading._shutdown()
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    return code


if __name__ == "__main__":
    main(int(sys.argv[1]))
