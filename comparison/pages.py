"""MLflow's answers come in pages."""

from collections.abc import Callable
from typing import Any

SIZE = 1_000


def every(search: Callable[..., Any], *words: Any) -> list[Any]:
    """What is on all of them."""
    found: list[Any] = []
    token = None
    while True:
        page = search(*words, max_results=SIZE, page_token=token)
        found.extend(page)
        token = page.token
        if not token:
            return found
