"""Real parts that many tests use."""

import signal

from hypothesis import HealthCheck, settings

from tests.mlflow_proxy import mlflow_proxy
from tests.mlflow_server import mlflow_server

__all__ = ["mlflow_proxy", "mlflow_server"]

# What is true is true on a busy machine too: no example fails for the time it took.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")

# A shell starts what is to run in the background so that it ignores Ctrl-C, and what tests start would inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
