"""(f) How long `mlcompare --help` takes as a whole process."""

import statistics
import subprocess
import sys
import time
from pathlib import Path


def show_help(repeats: int = 9) -> tuple[float, float, float]:
    """Seconds: minimum, median, maximum."""
    command = Path(sys.executable).with_name("mlcompare")
    taken = []
    for _ in range(repeats):
        began = time.perf_counter()
        subprocess.run([command, "--help"], check=True, capture_output=True, timeout=30)
        taken.append(time.perf_counter() - began)
    return min(taken), statistics.median(taken), max(taken)
