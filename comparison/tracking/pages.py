"""MLflow's answers come in pages."""

from collections.abc import Callable
from typing import Any

from comparison.tracking.budgets import Budget, TooMuch

PAGE_SIZE = 1_000
MOST_PAGES = 200  # of experiments or of models: 200,000 things


def every_page(search: Callable[..., Any], *words: Any, budget: Budget) -> list[Any]:
    """What is on all of them. Raises NobodyWaits, or TooMuch where there are more pages than anybody needs."""
    found: list[Any] = []
    token = None
    for _ in range(MOST_PAGES):
        budget.check()
        page = search(*words, max_results=PAGE_SIZE, page_token=token)
        found.extend(page)
        token = page.token
        if not token:
            return found
    raise TooMuch
