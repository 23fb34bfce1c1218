"""A warm start: what the first answer would have to wait for is done before the bot says that it is ready."""

import logging
import threading
from importlib import import_module

from comparison.errors import RequestError
from comparison.language.parser import read
from comparison.request import Compare
from handlers.compare.message import draw_comparison, fetch_and_compare
from handlers.lookup_cache import read_with_names
from handlers.services import Services
from handlers.slack.fallback import BlockLevel

log = logging.getLogger(__name__)

LIBRARIES = ("pandas", "scipy.stats", "scipy.integrate", "matplotlib.backends.backend_agg")
PATIENCE = 10.0  # seconds for MLflow; where it takes longer, the bot is ready without


def load_libraries() -> None:
    """Imports what the first answer would have to wait for: statistics and pictures take seconds to import."""
    for each in LIBRARIES:
        import_module(each)


def warm_up(services: Services) -> None:
    """Imports what takes long, reads the names that MLflow has, and compares its two newest runs for nobody.

    Whatever goes wrong with the runs is no reason not to be ready.
    """
    load_libraries()
    trial = threading.Thread(target=compare_newest, args=(services,), name="warm-up", daemon=True)
    trial.start()
    trial.join(PATIENCE)


def compare_newest(services: Services) -> bool:
    """Whether two runs could be compared and the message drawn, as for a command. It goes nowhere."""
    try:
        newest = services.shelf.runs(services.runs, "", (), PATIENCE).runs
        words = " vs ".join(run.run_id for run in newest[:2])
        request = read_with_names(
            lambda names: read(words, names, command=services.command), services.shelf, services.runs, PATIENCE
        )
        if not isinstance(request, Compare):
            return False
        comparison = fetch_and_compare(request, services)
        draw_comparison(request, comparison, services, asked_by="")(BlockLevel.ALL)
    except RequestError as error:
        log.debug("nothing was compared at the start: %s", error.problem)
        return False
    except Exception:
        log.exception("two runs could not be compared at the start")
        return False
    return True
