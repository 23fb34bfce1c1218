"""`make test` needs a Chromium for the tests of the page: finds one, or gets one, and says in one line what is so."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from tests.chromium import installed

PATIENCE = 600  # seconds for an installation


def ready():
    """One line for the person; never a failure: without a browser the other tests still say something."""
    found = installed()
    if found:
        return f"Browser for the page tests: {found}"
    failures = []
    for what, commands in ways():
        print(f"No Chromium starts here: installing one with {what} (a minute or two)", flush=True)
        failed = next((words for words in map(run, commands) if words), "")
        found = installed()
        if found:
            return f"Browser for the page tests: {found} (installed with {what})"
        failures.append(f"{what}: {failed or 'it brought no browser'}")
    return f"No Chromium: the page tests will be skipped ({'; '.join(failures)}). Install chromium and run again."


def ways():
    apt = shutil.which("apt-get")
    root = [] if hasattr(os, "geteuid") and os.geteuid() == 0 else ["sudo", "-n"]
    if apt and (not root or (shutil.which("sudo") and not run(["sudo", "-n", "true"]))):
        name = "chromium"
        yield "apt-get", [[*root, apt, "update", "-qq"], [*root, apt, "install", "-y", "-qq", name]]
    yield "playwright", [[sys.executable, "-m", "playwright", "install", "chromium"]]


def run(command):
    """What went wrong, in a few words; "" when it went well."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, env=environment, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return type(error).__name__
    lines = (done.stderr or done.stdout).strip().splitlines()
    return "" if done.returncode == 0 else (lines[-1][:120] if lines else f"exit {done.returncode}")


if __name__ == "__main__":
    print(ready())
