"""`mlcompare` and `mlflow server` without their seconds of imports: a process that has imported them, and forks.

What is forked is a process as any other: its own session, folder, environment, streams, signals and end. Only what an
import itself would read of the environment is read once. `tests/bot/forked.py` asks for a start.

One start is one connection to a socket of the file system: a line of JSON with the module, the arguments, the folder
and the environment, and beside it the descriptors of standard input, output and error. The answers are the process's
number and, once it ended, its exit code. Whoever hangs up before is gone, and the process is killed.

A connection that says "stays" keeps the zygote: it ends with the last of them.
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
import types
import warnings
from contextlib import suppress

IMPORTED = (
    *("bot.cli", "bot.serve", "bot.app", "bot.server.http", "bot.server.socket_mode", "bot.server.connections"),
    *("bot.notifier.notifier", "psycopg", "bot.store.migrate", "handlers.home"),
    *("bot.commands.compare", "bot.commands.ask", "bot.commands.check"),
    *("bot.demo.command", "bot.playground.command", "comparison.formats.png", "matplotlib.figure"),
    *("comparison.tracking.mlflow", "comparison.library", "dbos", "uvicorn", "pandas", "alembic.command", "tabulate"),
    *("mlflow.store.tracking.sqlalchemy_store", "mlflow.store.model_registry.sqlalchemy_store", "sklearn.ensemble"),
    *("scipy.stats", "scipy.integrate", "matplotlib.backends.backend_agg"),  # as bot.server.health.LIBRARIES
    *("httpx", "playwright.sync_api", "psutil"),  # of tests
)
SERVER = ("mlflow.cli", "fastapi", "yaml", "mlflow.gateway.providers.openai_compatible", "mlflow.metrics.genai")
READS_ENVIRONMENT = "mlflow.server"  # as it is imported
LINE = 1 << 16
STREAMS = 3
STAYS = b"stays\n"
PROGRAMS = {"bot": "mlcompare"}  # by module, where their names are others


def main(path: str, python: str, ready: int) -> None:
    """Listens at `path`, and says so to the descriptor `ready`. What it forks starts `python` where it needs one."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # as where tests import it, with what pyproject.toml lets pass
        warnings.filterwarnings("ignore", "The ``noload`` loader strategy is deprecated")
        for name in IMPORTED:
            importlib.import_module(name)
        warnings.simplefilter("ignore")  # what a server says while it starts
        for name in SERVER:
            importlib.import_module(name)
    if threading.active_count() > 1:
        raise RuntimeError(f"It cannot fork with threads: {threading.enumerate()}")
    gc.collect()
    gc.freeze()
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen(64)
    wake, woken = socket.socketpair()
    for each in (wake, woken):
        each.setblocking(False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(woken.fileno(), warn_on_full_buffer=False)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for who runs the tests
    os.write(ready, b"ready\n")
    os.close(ready)
    Zygote(python, listener, wake, woken).serve()


class Zygote:
    """Its sockets: `stays` of those who keep it, `running` of those who wait for the end of a process."""

    def __init__(self, python: str, listener: socket.socket, wake: socket.socket, woken: socket.socket) -> None:
        self._python, self._listener, self._wake, self._woken = python, listener, wake, woken
        self._stays: set[socket.socket] = set()
        self._running: dict[int, socket.socket] = {}
        self._gone: set[int] = set()  # processes whose starter hung up

    def serve(self) -> None:
        was_kept = False
        while self._stays or not was_kept:
            was_kept = was_kept or bool(self._stays)
            waiting = {asking: pid for pid, asking in self._running.items() if pid not in self._gone}
            readable, _, _ = select.select([self._listener, self._wake, *self._stays, *waiting], [], [])
            for each in readable:
                if each in self._stays:
                    self._stays.remove(each)
                    each.close()
                elif each in waiting:
                    self._gone.add(waiting[each])
                    os.kill(waiting[each], signal.SIGKILL)
            if self._wake in readable:
                self._wake.recv(4096)
                self._report_ended()
            if self._listener in readable:
                self._answer(self._listener.accept()[0])
        for pid in self._running:
            os.kill(pid, signal.SIGKILL)

    def _report_ended(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if not pid:
                return
            self._gone.discard(pid)
            with self._running.pop(pid) as asking:
                _say(asking, os.waitstatus_to_exitcode(status))

    def _answer(self, asking: socket.socket) -> None:
        line, streams, _, _ = socket.recv_fds(asking, LINE, STREAMS)
        while line and not line.endswith(b"\n"):
            line += asking.recv(LINE)
        if line == STAYS:
            self._stays.add(asking)
            _say(asking, os.getpid())
            return
        if len(streams) < STREAMS or not line:
            asking.close()
            return
        pid = os.fork()
        if pid:
            for each in streams:
                os.close(each)
            self._running[pid] = asking
            _say(asking, pid)
            return
        os.setsid()
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        for each in (self._listener, self._wake, self._woken, asking, *self._stays, *self._running.values()):
            each.close()
        os._exit(_run(json.loads(line), streams, self._python))


def _say(asking: socket.socket, number: int) -> None:
    with suppress(OSError):  # whoever asked may be gone
        asking.sendall(b"%d\n" % number)


def _run(wanted: dict, streams: list[int], python: str) -> int:
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
    try:
        _run_main(wanted["module"], wanted["arguments"], python)
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


def _run_main(module: str, arguments: list[str], python: str) -> None:
    """As `python -m module`; `python -c` where the module is called so: a worker, whose tests start a real Python."""
    if module == "-c":
        sys.argv = ["-c", *arguments[1:]]
        main = sys.modules["__main__"] = types.ModuleType("__main__")
        exec(compile(arguments[0], "<string>", "exec"), vars(main))  # noqa: S102 -- as Python does
        return
    sys.executable = python
    sys.argv = [PROGRAMS.get(module, module), *arguments]
    if module == "uvicorn":
        importlib.reload(sys.modules[READS_ENVIRONMENT])
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
