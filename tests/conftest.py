"""Real parts that many tests use."""

import signal

from tests.mlflow_proxy import mlflow_proxy
from tests.mlflow_server import mlflow_server

__all__ = ["mlflow_proxy", "mlflow_server"]

# A shell starts what is to run in the background so that it ignores Ctrl-C, and what tests start would inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
