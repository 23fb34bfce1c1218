"""Programs that start by a fork of a process that has imported them (`tests/bot/zygote.py`): the same, sooner.

Run as a program of its own it is such a program, for a shell; it imports little, so that it starts at once.
"""

import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path


class ForkedProcess:
    """What subprocess.Popen offers, of `python -m module` as the zygote at `path` starts it.

    `streams`: three descriptors. The process leads a session of its own.
    """

    def __init__(self, path, module, arguments, *, cwd, env, streams):
        self._asked = socket.socket(socket.AF_UNIX)
        self._reading = threading.Lock()
        self._module = module
        self.returncode = None
        self._asked.connect(path)
        line = (
            json.dumps({"module": module, "arguments": [*arguments], "cwd": str(cwd), "env": dict(env)}).encode()
            + b"\n"
        )
        sent = socket.send_fds(self._asked, [line], streams)
        self._asked.sendall(line[sent:])
        self._answers = self._asked.makefile("rb")
        self.pid = int(self._answers.readline())

    def poll(self):
        return self._code(0)

    def wait(self, timeout=600.0):
        code = self._code(timeout)
        if code is None:
            raise subprocess.TimeoutExpired(self._module, timeout)
        return code

    def _code(self, seconds):
        if self.returncode is not None or not select.select([self._asked], [], [], seconds)[0]:
            return self.returncode
        with self._reading:
            if self.returncode is None:
                line = self._answers.readline()
                self.returncode = int(line) if line else -signal.SIGKILL  # the zygote itself was ended
                self._answers.close()
                self._asked.close()
            return self.returncode

    def send_signal(self, number):
        if self.poll() is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def terminate(self):
        self.send_signal(signal.SIGTERM)

    def kill(self):
        self.send_signal(signal.SIGKILL)


def main(path, module, arguments):
    started = []
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda which, _frame: started[0].send_signal(which))
    started.append(ForkedProcess(path, module, arguments, cwd=Path.cwd(), env=os.environ, streams=(0, 1, 2)))
    code = started[0].wait()
    if code < 0:  # ended as a shell expects of what a signal ends
        signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], sys.argv[3:]))
