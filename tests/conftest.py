"""Real parts that many tests use, and how the tests run wherever they are run."""

import os
import signal

from hypothesis import HealthCheck, settings

from tests.mlflow_proxy import mlflow_proxy
from tests.mlflow_server import mlflow_server
from tests.trained_demo import trained_demo

__all__ = ["mlflow_proxy", "mlflow_server", "trained_demo"]

# What is true is true on a busy machine too: no example fails for the time it took.
# HYPOTHESIS_PROFILE=thorough looks for exceptions for longer.
_UNTIMED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("quick", _UNTIMED, max_examples=40)
settings.register_profile("thorough", _UNTIMED, max_examples=1_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))

# A shell starts what is to run in the background so that it ignores Ctrl-C, and what tests start would inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

_MOST_WORKERS = 6  # each starts servers of its own: with more they wait for memory


def pytest_xdist_auto_num_workers() -> int:
    """One worker more than there are processors, since tests also wait for servers and pages."""
    return (
        min(
            len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1, _MOST_WORKERS - 1
        )
        + 1
    )
