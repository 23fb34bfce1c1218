"""Searches through MLflow's client, page by page and within a budget: runs, and registered models."""

import heapq
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from typing import Any

from cachetools import LRUCache, TTLCache

from comparison.errors import TrackingUnavailable
from comparison.runs import Run
from comparison.tracking.cache import ExperimentCache
from comparison.tracking.mlflow_answers import is_internal_error, to_model_version, to_run
from comparison.tracking.source import ModelVersion, is_text

# Budgets: what one question to MLflow may take, time and values; and whether anybody still waits for the answer.


ALL = 500_000  # metrics, parameters and tags that are read for one question: about 50 MB of MLflow's JSON
PAGE = 15_000  # of one page: a server takes 50 to 100 µs for each
FIRST = 10  # runs in the first page of runs that are not known yet; one may have logged thousands of metrics
GROWTH = 8  # times as many runs as the page before had, at most
MOST = 1_000  # runs in a page, however small they are
PAGE_SIZE = 1_000  # experiments or models in a page
MOST_PAGES = 200  # of experiments or of models: 200,000 things


class NobodyWaits(Exception):  # noqa: N818 -- named for what happened
    """The time is over, or who asked has gone: there is no use in reading on."""


class TooMuch(Exception):  # noqa: N818 -- likewise
    """The answer holds more than is read for one question."""


@dataclass
class Budget:
    """The budget of one question; `until` by `clock`, which counts seconds. Safe to use from any thread."""

    until: float
    clock: Callable[[], float]
    spent: int = 0
    _is_given_up: threading.Event = field(default_factory=threading.Event)

    @property
    def is_over(self) -> bool:
        return self._is_given_up.is_set() or self.clock() > self.until

    def give_up(self) -> None:
        """Nobody waits any more."""
        self._is_given_up.set()

    def check(self) -> None:
        """Raises NobodyWaits, or TooMuch where so much was read already."""
        if self.is_over:
            raise NobodyWaits
        if self.spent > ALL:
            raise TooMuch


def page_size(weight: float | None, before: int | None, most: int = MOST, values: float = PAGE) -> int:
    """Runs to ask for, so that they hold so many `values`. `weight` is what one is known to hold, None: nothing is.

    `before` is how many the page before asked for, None: this is the first.
    """
    if weight is None:
        return min(FIRST, most)
    fitting = int(min(PAGE, values) / max(weight, 1))
    grown = fitting if before is None else min(fitting, before * GROWTH)
    return max(1, min(grown, most))


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


# MLflow's client takes no budget along: its transport finds here the one of the question that its thread asks.
ASKING: ContextVar[Budget | None] = ContextVar("asking", default=None)
LARGEST = 16_000_000  # bytes of one answer of a server; reading its JSON takes ten times as much memory
_PIECE = 64 * 1024


def read_in_pieces(response: Any, **_options: Any) -> None:
    """A hook for responses of `requests`: the body is read here, and given up where it is too large or in vain.

    Its own way to read waits for a whole piece, however slowly that trickles in.
    """
    _acknowledge_at_once(response)
    budget = ASKING.get()
    if budget is None:
        return
    pieces, size = [], 0
    while piece := response.raw.read1(_PIECE, decode_content=True):
        size += len(piece)
        pieces.append(piece)
        if size > LARGEST or budget.is_over:
            response.close()
            raise TooMuch if size > LARGEST else NobodyWaits
    response._content = b"".join(pieces)  # noqa: SLF001 -- where requests itself keeps what was read
    response._content_consumed = True  # noqa: SLF001 -- likewise


def _acknowledge_at_once(response: Any) -> None:
    """Tells the server that the head of its answer has come, where the system can; the body may wait for that.

    `mlflow server` with several workers, as it starts by default, sends the two apart and the body only once the head
    is acknowledged; a Linux client puts that off by 40 ms.
    """
    quick = getattr(socket, "TCP_QUICKACK", None)
    sock = getattr(getattr(response.raw, "connection", None), "sock", None)
    if quick is not None and sock is not None:
        sock.setsockopt(socket.IPPROTO_TCP, quick, 1)


# Searches for runs through MLflow's client: its pages, and one question about many runs at once.


SHARE_OF_A_PAGE = 0.2  # of the deadline
LARGE = 2_000  # values in a page, of which the time that it took is told by them
LEAST = 50  # runs in a page, of a server that is too slow for more
CHUNK = 400  # runs that one question names
MAX_QUESTIONS = 1_000  # kinds of questions of which is kept how large their runs are
MAX_DATED = 5_000  # runs of which is kept that they tell when they ended
DATED_FOR = 600.0  # seconds; an end may be logged anew as a time that cannot be
OVER = "attributes.status != 'RUNNING' AND attributes.status != 'SCHEDULED'"
LONGEST_ID = 256


@dataclass(frozen=True, slots=True)
class Question:
    """Runs that fit a filter, as MLflow is asked for them. `view` as MLflow's, None: those that are not deleted."""

    where: str
    limit: int
    view: Any = None
    order: tuple[str, ...] = ()


def ended_question(where: str, limit: int) -> Question:
    return Question(" AND ".join(filter(None, [where, OVER])), limit, order=("attributes.end_time DESC",))


def newest_first(runs: Sequence[Run], *, ended: bool) -> list[Run]:
    return sorted(runs, key=lambda run: -((run.ended_at if ended else run.started_at) or 0))


def is_id(text: str) -> bool:
    """Whether MLflow may have such an id; its server fails on some others."""
    return text.isascii() and text.isalnum() and len(text) <= LONGEST_ID


def in_chunks(run_ids: Iterable[str]) -> Iterator[Sequence[str]]:
    """Chunks of the ids, each id once, as many in one as one question may name."""
    known = [run_id for run_id in dict.fromkeys(run_ids) if is_id(run_id)]
    yield from (known[start : start + CHUNK] for start in range(0, len(known), CHUNK))


@dataclass
class SearchResult:
    """What came so far, while pages still come: whoever stops waiting may use it. `has_more` when there is more."""

    runs: list[Run] = field(default_factory=list)
    has_more: bool = True


class DatedRuns:
    """Runs that are over and tell when they ended, as any search brought them: no run loses its end again.

    Safe to use from any thread.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._lock = threading.Lock()
        self._starts: TTLCache[tuple[str, str], int] = TTLCache(MAX_DATED, DATED_FOR, clock)

    def note(self, runs: Iterable[Run]) -> None:
        """Remembers those among these runs."""
        dated = {
            (run.experiment.experiment_id, run.run_id): run.started_at
            for run in runs
            if run.is_over and run.started_at and run.ended_at and not run.deleted
        }
        with self._lock:
            self._starts.update(dated)

    def leave_out(self, begun_after: int, experiment_ids: Sequence[str], limit: int) -> str:
        """The filter for runs that began after this (ms), without those that are known, if they are the newest.

        Where the newest `limit` are known, it fits none that began before those.
        """
        places = frozenset(experiment_ids)
        with self._lock:
            known = [
                (start, run_id)
                for (place, run_id), start in self._starts.items()
                if start > begun_after and place in places and is_id(run_id)
            ]
        newest = heapq.nlargest(limit, known)
        if not newest:
            return _begun_after(begun_after)
        floor = begun_after if len(newest) < limit else max(begun_after, newest[-1][0] - 1)
        return f"{_begun_after(floor)} AND {_not_among([run_id for _, run_id in newest])}"


class RunSearches:
    """Asked in the thread of the caller, within its budget. `experiment_ids`: none mean all active ones.

    `seconds` is the deadline; `clock` counts seconds.
    """

    def __init__(
        self, client: Any, catalogue: ExperimentCache, seconds: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._client = client
        self._page_seconds = seconds * SHARE_OF_A_PAGE
        self._pace = 0.0  # seconds for a value, as the last large page took them
        self._catalogue = catalogue
        self._page = PAGE_SIZE
        self._weights: LRUCache[tuple[str, ...], float] = LRUCache(MAX_QUESTIONS)
        self._dated = DatedRuns(clock)
        self._lock = threading.Lock()

    def run(self, found: Any) -> Run:
        return to_run(found, self._catalogue.one(found.info.experiment_id))

    def search(
        self, question: Question, experiment_ids: Sequence[str], budget: Budget, answer: SearchResult | None = None
    ) -> list[Run]:
        """The newest first. `answer` is filled while pages come."""
        if experiment_ids:
            return self.pages(question, experiment_ids, budget, answer)
        ids = [each.experiment_id for each in self._catalogue.active()]
        found = self.pages(question, ids, budget, answer)
        if not found:  # perhaps in an experiment made since the list was
            found = self.pages(question, self._newer_than(ids), budget, answer)
        return found

    def pages(
        self, question: Question, experiment_ids: Sequence[str], budget: Budget, answer: SearchResult | None = None
    ) -> list[Run]:
        """Searches these experiments only; otherwise like `search`."""
        result = answer if answer is not None else SearchResult()
        token, size = None, None
        while experiment_ids and len(result.runs) < question.limit:
            budget.check()
            size = self._size(experiment_ids, size, question.limit - len(result.runs))
            page, size = self._ask_for_less(question, experiment_ids, size, token)
            result.runs.extend(self._counted(page, experiment_ids, budget))
            token = page.token
            if not token:
                break
        result.has_more = bool(token)
        return sorted(result.runs, key=lambda run: -(run.started_at or 0))

    def everywhere(self, question: Question, deleted: Callable[[], Iterable[str]], budget: Budget) -> list[Run]:
        """Searches all experiments; where nothing is found, those that `deleted` tells."""
        found = self.search(question, (), budget)
        return found or self.pages(question, list(deleted()), budget)

    def ended_after(
        self,
        moment_ms: int,
        experiment_ids: Sequence[str],
        limit: int,
        in_time: Callable[[Callable[[Budget], Any]], Any],
    ) -> SearchResult:
        """The first to end first. `in_time` asks within the deadline, which each page has for itself.

        The runs of a weekend take many pages: where a server cannot make one in time, the next try asks for less.
        Where they hold more than is read at once, there are fewer, and the answer says so.
        """
        where = f"attributes.end_time > {int(moment_ms)} AND {OVER}"
        question = Question(where, limit, order=("attributes.end_time ASC",))
        ids = experiment_ids or in_time(lambda _budget: self._catalogue.known_ids())
        result, spent = SearchResult(), 0
        size, token, before = self._page, None, None

        def ask(budget: Budget) -> tuple[list[Run], Any, int, int]:
            wanted = self._size(ids, before, min(size, limit - len(result.runs)))
            page, page_runs = self._ask_for_less(question, ids, wanted, token)
            return self._counted(page, ids, budget), page.token, budget.spent, page_runs

        try:
            while ids and len(result.runs) < limit and spent <= ALL:
                runs, token, values, before = in_time(ask)
                result.runs.extend(runs)
                spent += values
                if not token:
                    break
        except TrackingUnavailable:
            self._page = max(LEAST, size // 2)
            raise
        self._page = min(PAGE_SIZE, size * 2)
        result.has_more = bool(token)
        return result

    def without_dated(self, begun_after: int, experiment_ids: Sequence[str], limit: int) -> tuple[str, ...]:
        """Filters for runs that are over and began after this (ms), of which those that tell no end are wanted.

        The first leaves out runs that are known to tell it; the last is for servers that refuse that.
        """
        wheres = (self._dated.leave_out(begun_after, experiment_ids, limit), _begun_after(begun_after))
        return tuple(f"{where} AND {OVER}" for where in dict.fromkeys(wheres))

    def these(self, run_ids: Sequence[str], view: Any, budget: Budget) -> list[Run]:
        """Runs of these ids that are there; no more ids than one question may name."""
        question = Question(_among(run_ids), CHUNK, view)
        ids = self._catalogue.known_ids()
        found = self.pages(question, ids, budget)
        if len(found) < len(run_ids):
            found += self.pages(question, self._newer_than(ids), budget)
        return found

    def fitting(self, where: str, run_ids: Sequence[str], budget: Budget) -> set[str]:
        """Ids of those runs that fit a filter; no more ids than one question may name.

        Ours comes first: nothing that stands in the filter can take it back, and AND is all that MLflow knows.
        """
        known = self._catalogue.known_ids()
        ours = _among(run_ids)
        found = self.pages(Question(f"{ours} AND {where}" if where.strip() else ours, CHUNK), known, budget)
        return {run.run_id for run in found} & set(run_ids)

    def _newer_than(self, known_ids: Iterable[str]) -> list[str]:
        return sorted({each.experiment_id for each in self._catalogue.renewed()} - set(known_ids))

    def _size(self, experiment_ids: Sequence[str], before: int | None, most: int) -> int:
        values = self._page_seconds / self._pace if self._pace else PAGE
        return page_size(self._weight(experiment_ids), before, min(most, MOST), values)

    def _weight(self, experiment_ids: Sequence[str]) -> float | None:
        """Values of a run of these experiments, as they were asked for together, else of the heaviest of them.

        None where nothing is known of one of them.
        """
        with self._lock:
            together = self._weights.get(tuple(experiment_ids))
            each = [self._weights.get((key,)) for key in experiment_ids] if together is None else []
        known = [weight for weight in each if weight is not None]
        return together if together is not None or len(known) < len(each) else max(known, default=None)

    def _counted(self, page: Iterable[Any], experiment_ids: Sequence[str], budget: Budget) -> list[Run]:
        """The runs of a page, paid for; remembered is how large such runs are."""
        runs = [self.run(each) for each in page]
        sizes = [len(run.metrics) + len(run.parameters) + len(run.tags) for run in runs]
        values = sum(sizes)
        budget.spent += values
        by_experiment: dict[str, list[int]] = {}
        for run, size in zip(runs, sizes, strict=True):
            by_experiment.setdefault(run.experiment.experiment_id, []).append(size)
        self._dated.note(runs)
        if runs:
            with self._lock:
                self._weights.update({(key,): sum(own) / len(own) for key, own in by_experiment.items()})
                self._weights[tuple(experiment_ids)] = values / len(runs)
        return runs

    def _ask_for_less(
        self, question: Question, experiment_ids: Sequence[str], size: int, token: Any
    ) -> tuple[Any, int]:
        """The page, and how many runs were asked for; fewer where so many make an answer that is too large."""
        while True:
            try:
                began = time.monotonic()
                page = self._ask(question, experiment_ids, size, token)
            except Exception as error:
                if size <= 1 or not is_too_much(error):
                    raise
                size = max(1, size // 8)
            else:
                self._keep_pace(page, time.monotonic() - began)
                return page, size

    def _keep_pace(self, page: Iterable[Any], took: float) -> None:
        """A large page tells what a value costs; a small one costs what any question does."""
        values = sum(len(each.data.metrics) + len(each.data.params) + len(each.data.tags) for each in page)
        if values >= LARGE:
            self._pace = took / values

    def _ask(self, question: Question, experiment_ids: Sequence[str], limit: int, token: Any) -> Any:
        options = {} if question.view is None else {"run_view_type": question.view}
        paging = {"max_results": limit, "order_by": list(question.order), "page_token": token}
        search = partial(self._client.search_runs, list(experiment_ids), question.where, **paging, **options)
        try:
            return search()
        except Exception as error:
            if not is_internal_error(error):
                raise
            return search()  # a server, too, loses the race that `retry_on_race` tells of: once more, and it answers


def is_too_much(error: BaseException | None) -> bool:
    """Whether an answer was left unread for its size: MLflow's client wraps what its transport raises."""
    while error is not None and not isinstance(error, TooMuch):
        error = error.__cause__ or error.__context__
    return error is not None


def beginning_with(prefix: str) -> str:
    """The filter that runs fit whose id begins so."""
    return f"attributes.run_id LIKE '{prefix}%'"


def _begun_after(moment_ms: int) -> str:
    return f"attributes.start_time > {int(moment_ms)}"


def _among(run_ids: Sequence[str]) -> str:
    return f"attributes.run_id IN ({_listed(run_ids)})"


def _not_among(run_ids: Sequence[str]) -> str:
    return f"attributes.run_id NOT IN ({_listed(run_ids)})"


def _listed(run_ids: Sequence[str]) -> str:
    return ",".join(f"'{run_id}'" for run_id in run_ids)


# Registered models, as MLflow's registry knows them.


MODELS = 20  # models with one alias that are looked at
_CLOSED = frozenset({"PERMISSION_DENIED", "ENDPOINT_NOT_FOUND", "FEATURE_DISABLED", "NOT_IMPLEMENTED"})


class Registry:
    """Asked through MLflow's client. `is_unknown`: whether an error of it says that there is no such thing."""

    def __init__(self, client: Any, is_unknown: Callable[[Exception], bool]) -> None:
        self._client = client
        self._is_unknown = is_unknown

    def versions(self, model: str, alias: str, version: str, budget: Budget) -> list[ModelVersion]:
        """Model versions of a run, like RunSource.versions."""
        try:
            if model and version:
                return self._at(model, version)
            if model and alias:
                return [to_model_version(self._client.get_model_version_by_alias(model, alias))]
            if model:
                logged = self._client.get_logged_model(model)
                return [ModelVersion(logged.name, "", logged.source_run_id or "")]
        except Exception as error:
            if self._is_unknown(error):
                return []
            raise
        registered = every_page(self._client.search_registered_models, budget=budget)
        aliased = [(each.name, each.aliases[alias]) for each in registered if alias in (each.aliases or {})]
        return [
            to_model_version(self._client.get_model_version(name, str(number))) for name, number in aliased[:MODELS]
        ]

    def _at(self, model: str, version: str) -> list[ModelVersion]:
        """The version of this number; the newest of all, or of those at a stage."""
        if version.isdecimal():
            return [to_model_version(self._client.get_model_version(model, version))]
        called, newest_first = is_text("name", model), ["version_number DESC"]
        found = self._client.search_model_versions(called, max_results=PAGE_SIZE, order_by=newest_first)
        wanted = version.casefold()
        fitting = (
            each
            for each in found
            if each.name == model and wanted in ("latest", str(each.current_stage or "").casefold())
        )
        return [to_model_version(each) for each in islice(fitting, 1)]

    def made_by(self, run_ids: Sequence[str], budget: Budget) -> list[ModelVersion]:
        """The versions that these runs made; none where the registry cannot be searched, or not by us."""
        quoted = ",".join(f"'{run_id}'" for run_id in run_ids)
        try:
            found = every_page(self._client.search_model_versions, f"run_id IN ({quoted})", budget=budget)
        except Exception as error:
            if self._is_unknown(error) or getattr(error, "error_code", "") in _CLOSED:
                return []
            raise
        return [to_model_version(each) for each in found]
