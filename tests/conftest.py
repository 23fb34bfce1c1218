"""Real parts that many tests use, and how the tests run wherever they are run."""

import os
import signal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests import shared
from tests.bot.process import FORKS, forking_python
from tests.endings import everything_ends
from tests.mlflow_proxy import mlflow_proxy
from tests.mlflow_server import mlflow_server
from tests.trained_demo import trained_demo

__all__ = ["everything_ends", "mlflow_proxy", "mlflow_server", "trained_demo"]

# What is true is true on a busy machine too: no example fails for the time it took.
# HYPOTHESIS_PROFILE=thorough looks for exceptions for longer.
_UNTIMED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("quick", _UNTIMED, max_examples=40)
settings.register_profile("thorough", _UNTIMED, max_examples=1_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))

# A shell starts what is to run in the background so that it ignores Ctrl-C, and what tests start would inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# What takes longest begins first, so that no worker is alone with it at the end. The first file trains the demo, which
# others wait for: they come later.
LONGEST = (
    *("bot/demo/test_command.py", "comparison/tracking/test_budgets.py", "bot/notifier/test_queue.py"),
    *("bot/server/test_serve.py", "bot/notifier/test_chaos.py", "bot/notifier/test_incidents.py"),
    *("docs/test_followed.py", "comparison/tracking/test_mlflow.py", "bot/store/test_store.py", "test_end_to_end.py"),
    *("bot/server/test_takeover.py", "bot/playground/test_playground_page.py", "handlers/test_sweeps.py"),
    *("docs/test_installer.py", "bot/server/test_socket_mode.py", "bot/server/test_fairness.py", "bot/test_cli.py"),
    *("comparison/queries/test_endings.py", "handlers/slack/test_delivery.py", "bot/workspaces/test_oauth.py"),
    *("bot/commands/test_compare_server.py", "bot/server/test_strangers.py", "docs/test_examples.py"),
)
_MOST_WORKERS = 8  # each starts servers of its own: with more they wait for memory


def pytest_configure(config: pytest.Config) -> None:
    shared.open_folder(config)
    measures = getattr(config.option, "cov_source", None)  # coverage wants to see the imports
    if FORKS and is_whole(config) and not measures and getattr(config.option, "tx", None):
        config.option.tx = [f"{spec}//python={forking_python()}" for spec in config.option.tx]


def is_whole(config: pytest.Config) -> bool:
    """Whether these are all tests. A few of them import less than the zygote does."""
    named = (argument.partition("::")[0] for argument in config.invocation_params.args)
    return not hasattr(config, "workerinput") and not any(Path(name).exists() for name in named)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    places = {here / name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.path, len(places)))


def pytest_xdist_auto_num_workers() -> int:
    """Two workers for each processor, and one more: most of the time a test waits for servers, deadlines and pages."""
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(2 * processors + 1, _MOST_WORKERS)
