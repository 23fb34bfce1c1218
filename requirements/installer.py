"""Installs a complete lock into the environment it runs in, and says how far it is: `installer.py [--editable] LOCK`.

Nothing is resolved: the lock names every package, and `pip check` says afterwards whether it was complete. Uses only
what a bare Python has; works with the pip that Python 3.11 brings.
"""

import os
import re
import subprocess
import sys
import sysconfig
import threading
import time
from collections.abc import Iterator
from pathlib import Path

PIP = (sys.executable, "-m", "pip")
PIN = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^]]*])?==([^\s;]+)")
HAVE = re.compile(r"^(?:Collecting|Requirement already satisfied:) ([A-Za-z0-9][A-Za-z0-9._-]*)")
PLAN = re.compile(r"^Installing collected packages: (.+)$")
SOME = 10  # packages between two lines of a log
SAID = 40  # lines of pip's that are shown when it fails


def pins(lock: str) -> list[str]:
    """Names in a lock, each once: some stand there twice, for one Python or another."""
    return list(dict.fromkeys(found[1] for line in lock.splitlines() if (found := PIN.match(line))))


class Progress:
    """One line that changes in a terminal; a line for every few packages in a log."""

    def __init__(self) -> None:
        self._terminal = sys.stdout.isatty()
        self._said = 0

    def show(self, text: str, count: int, *, is_last: bool = False) -> None:
        """In a log only when SOME more were counted since the last line."""
        if self._terminal:
            print(f"\r\033[K  {text[:76]}", end="", flush=True)
        elif is_last or abs(count - self._said) >= SOME:
            self._said = count
            print(f"  {text}", flush=True)

    def end(self) -> None:
        if self._terminal:
            print("\r\033[K", end="", flush=True)


def install(lock: Path) -> int:
    """The exit code of pip."""
    total = len(pins(lock.read_text(encoding="utf-8")))
    words = ["install", "--no-deps", "--require-hashes", "--progress-bar", "off", "-r", str(lock)]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    progress, have = Progress(), 0
    said: list[str] = []
    planned: list[str] = []
    pip = subprocess.Popen(
        [*PIP, *words], env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    )
    done = threading.Event()
    watcher = threading.Thread(target=watch, args=(planned, progress, done), daemon=True)
    for line in pip.stdout or ():
        said.append(line)
        if found := HAVE.match(line):
            have += 1
            progress.show(f"fetching {have} of at most {max(total, have)}: {found[1]}", have)
        elif found := PLAN.match(line):
            planned += found[1].split(", ")
            watcher.start()
    code = pip.wait()
    done.set()
    if planned:
        watcher.join()
    progress.end()
    if code:
        print("".join(said[-SAID:]), file=sys.stderr)
    return code


def watch(planned: list[str], progress: Progress, done: threading.Event) -> None:
    """Tells how many of these are in place: pip itself says nothing while it unpacks."""
    placed: set[str] = set()
    is_last = False
    while not is_last:
        is_last = done.wait(0.5)
        there = {normal(each.name.partition("-")[0]) for each in metadata_folders()}
        fresh = [name for name in planned if normal(name) in there and name not in placed]
        if fresh:
            placed.update(fresh)
            count = len(placed)
            progress.show(f"installed {count} of {len(planned)}: {fresh[-1]}", count, is_last=count == len(planned))


def metadata_folders() -> Iterator[Path]:
    folders = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    return (each for folder in folders for each in Path(folder).glob("*.dist-info"))


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def quietly(*words: str) -> int:
    """The exit code of pip; what it says is shown when it fails."""
    done = subprocess.run([*PIP, *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode:
        print(done.stdout, file=sys.stderr)
    return done.returncode


def main(words: list[str]) -> int:
    """0 when all is in place and fits together."""
    began = time.monotonic()
    locks = [Path(word) for word in words if word != "--editable"]
    where = os.path.relpath(sys.prefix)
    for lock in locks:
        total = len(pins(lock.read_text(encoding="utf-8")))
        print(f"Installing {lock}, at most {total} packages, into {where} (once; a minute or two)", flush=True)
        if code := install(lock):
            return code
    if "--editable" in words and (code := quietly("install", "--no-deps", "--no-build-isolation", "--editable", ".")):
        return code
    if code := quietly("check"):
        return code
    if locks:
        print(f"Installed in {time.monotonic() - began:.0f} s.", flush=True)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)  # pip has heard it, too
