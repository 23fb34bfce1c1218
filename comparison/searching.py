"""Searches for runs through MLflow's client: its pages, and one question about many runs at once."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from comparison import pages, records
from comparison.catalogue import Catalogue
from comparison.errors import TrackingUnavailable
from comparison.runs import Run

LEAST = 50  # likewise, of a server that is too slow for more
CHUNK = 400  # runs that one question names
OVER = "attributes.status != 'RUNNING' AND attributes.status != 'SCHEDULED'"
LONGEST_ID = 256


def is_id(text: str) -> bool:
    """Whether MLflow may have such an id; its server fails on some others."""
    return text.isascii() and text.isalnum() and len(text) <= LONGEST_ID


def named(name: str) -> str:
    """The comparison that finds a name: MLflow's filters have no way to escape a quote within quotes."""
    if "'" not in name:
        return f"= '{name}'"
    if '"' not in name:
        return f'= "{name}"'
    return f"LIKE '{name.replace(chr(39), '_')}'"


def in_chunks(run_ids: Iterable[str]) -> Iterator[Sequence[str]]:
    """Each id once, as many at a time as one question may name."""
    known = [run_id for run_id in dict.fromkeys(run_ids) if is_id(run_id)]
    yield from (known[start : start + CHUNK] for start in range(0, len(known), CHUNK))


class Searches:
    """Asked in the thread of the caller, and for as long as it takes. `experiment_ids`: none mean all active ones."""

    def __init__(self, client: Any, catalogue: Catalogue) -> None:
        self._client = client
        self._catalogue = catalogue
        self._page = pages.SIZE

    def run(self, found: Any) -> Run:
        return records.run(found, self._catalogue.one(found.info.experiment_id))

    def search(
        self,
        where: str,
        experiment_ids: Sequence[str],
        limit: int,
        *,
        view: Any = None,
        order: Sequence[str] = (),
    ) -> list[Run]:
        """The newest first; `view` as MLflow's, None: those that are not deleted."""
        if experiment_ids:
            return self.pages(where, experiment_ids, limit, view=view, order=order)
        asked = [each.experiment_id for each in self._catalogue.active()]
        found = self.pages(where, asked, limit, view=view, order=order)
        if not found:  # perhaps in an experiment made since the list was
            found = self.pages(where, self._newer_than(asked), limit, view=view, order=order)
        return found

    def pages(
        self,
        where: str,
        experiment_ids: Sequence[str],
        limit: int,
        *,
        view: Any = None,
        order: Sequence[str] = (),
    ) -> list[Run]:
        """Likewise, of these experiments only."""
        found: list[Any] = []
        token = None
        while experiment_ids and len(found) < limit:
            page = self._ask(where, experiment_ids, min(pages.SIZE, limit - len(found)), token, view, order)
            found.extend(page)
            token = page.token
            if not token:
                break
        return sorted(map(self.run, found), key=lambda run: -(run.started_at or 0))

    def beginning_with(self, prefix: str, limit: int, view: Any, deleted: Callable[[], Iterable[str]]) -> list[Run]:
        """Runs whose id does; where there are none, those of the experiments that `deleted` tells."""
        where = f"attributes.run_id LIKE '{prefix}%'"
        found = self.search(where, (), limit, view=view)
        return found or self.pages(where, list(deleted()), limit, view=view)

    def ended_after(
        self, moment_ms: int, experiment_ids: Sequence[str], limit: int, in_time: Callable[[Callable[[], Any]], Any]
    ) -> list[Run]:
        """The first to end first. `in_time` asks within the deadline, which each page has for itself.

        The runs of a weekend take many pages: where a server cannot make one in time, the next try asks for less.
        """
        where = f"attributes.end_time > {int(moment_ms)} AND {OVER}"
        ids = experiment_ids or in_time(self._catalogue.known_ids)
        found: list[Run] = []
        size, token = self._page, None

        def ask() -> tuple[list[Run], Any]:
            page = self._ask(where, ids, min(size, limit - len(found)), token, None, ["attributes.end_time ASC"])
            return [self.run(each) for each in page], page.token

        try:
            while ids and len(found) < limit:
                runs, token = in_time(ask)
                found.extend(runs)
                if not token:
                    break
        except TrackingUnavailable:
            self._page = max(LEAST, size // 2)
            raise
        self._page = min(pages.SIZE, size * 2)
        return found

    def these(self, run_ids: Sequence[str], view: Any) -> list[Run]:
        """Those of them that are there; no more than one question may name."""
        where = _among(run_ids)
        asked = self._catalogue.known_ids()
        found = self.pages(where, asked, CHUNK, view=view)
        if len(found) < len(run_ids):
            found += self.pages(where, self._newer_than(asked), CHUNK, view=view)
        return found

    def fitting(self, where: str, run_ids: Sequence[str]) -> set[str]:
        """Those of them that fit a filter; no more than one question may name.

        Ours comes first: nothing that stands in the filter can take it back, and AND is all that MLflow knows.
        """
        known = self._catalogue.known_ids()
        ours = _among(run_ids)
        found = self.pages(f"{ours} AND {where}" if where.strip() else ours, known, CHUNK)
        return {run.run_id for run in found} & set(run_ids)

    def _newer_than(self, asked: Iterable[str]) -> list[str]:
        return sorted({each.experiment_id for each in self._catalogue.renewed()} - set(asked))

    def _ask(  # noqa: PLR0913, PLR0917 -- as MLflow asks it
        self, where: str, experiment_ids: Sequence[str], limit: int, token: Any, view: Any, order: Sequence[str]
    ) -> Any:
        options = {} if view is None else {"run_view_type": view}
        asked = {"max_results": limit, "order_by": list(order), "page_token": token}
        return self._client.search_runs(list(experiment_ids), where, **asked, **options)


def _among(run_ids: Sequence[str]) -> str:
    return f"attributes.run_id IN ({','.join(f'{chr(39)}{run_id}{chr(39)}' for run_id in run_ids)})"
