"""A watch before it is kept: all that it names is looked up, and what would never be seen is refused with what to type.

Where MLflow cannot be asked nothing is refused: the watch is as it was said, and `problem` says why.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime

from comparison.choosing import Several
from comparison.completing import completed
from comparison.defaults import Defaults
from comparison.errors import (
    FilterRefused,
    NotUnderstood,
    RequestError,
    RunNotFound,
    TrackingUnavailable,
)
from comparison.finding import find_all, plain
from comparison.leading import Ranking
from comparison.naming import folded, near
from comparison.request import Filtered, Linked, Named, Pinned, Registered, RunReference, Watch
from comparison.runs import Experiment, Goal, Run
from comparison.source import RunSource
from comparison.watching.fitting import fits, is_watched
from comparison.watching.placing import nowhere, placed
from comparison.watching.stepping import OVERLAP
from comparison.watching.watch import Watching
from comparison.words import split

LOOKED = 100  # of the runs that ended last
PLACE, AGAINST, WHERE, METRICS, RULES = "place", "against", "where", "metrics", "rules"
_SLACK = 60_000  # ms between being said and being kept, at most
_SUGGESTED = 5
_NEW = "A metric that is still to come goes in quotes: I take it as it is, and say that nobody has logged it yet."
_COMMAS = "Several are said with commas."
_NAMED = Named | Linked | Registered | Filtered  # these are to be there now; what is told may come


@dataclass(frozen=True, slots=True)
class Vetted:
    """A watch with its names as MLflow has them. `refused`: what cannot be kept, by the part that says it."""

    watching: Watching
    covered: tuple[str, ...] = ()  # the names of the experiments that it covers now
    last: Run | None = None  # the last of its runs to end
    past: tuple[str, ...] | None = None  # ids of runs that are over already; None: it is not known
    warnings: tuple[str, ...] = ()
    refused: tuple[tuple[str, RequestError], ...] = ()
    problem: str = ""  # MLflow's, where it could not be asked
    experiment_id: str = ""  # of the one experiment that it names; "" for a pattern, or not known


def vet(
    request: Watch,
    source: RunSource,
    *,
    now: datetime,
    defaults: Defaults | None = None,
    certain: Collection[str] = (),
) -> Vetted:
    """Raises nothing that can be said: what is wrong stands in `refused`.

    `certain`: metrics that are meant though nobody has logged them, beside those that were said in quotes.
    """
    agreed = defaults or Defaults()
    watching = request.watching
    if not watching.place and agreed.experiment:
        watching = replace(watching, place=agreed.experiment)
    request = replace(request, watching=watching)
    try:
        known = source.experiments()
    except TrackingUnavailable as error:
        refused = () if watching.place else ((PLACE, nowhere(request, ())),)
        return Vetted(watching, problem=error.problem, refused=refused)
    try:
        own, covered = placed(request, known, source)
    except RequestError as error:
        return Vetted(watching, refused=((PLACE, error),))
    only = covered[0].experiment_id if covered and not own.is_pattern else ""
    vetted = Vetted(own, tuple(each.name for each in covered), experiment_id=only)
    if not covered:
        return replace(vetted, past=())
    ids = () if len(covered) == len(known) else tuple(each.experiment_id for each in covered)
    sure = frozenset(certain) | quoted_in(request.text)
    return _Vetting(replace(request, watching=own), source, now, agreed, ids, sure).of(vetted)


def quoted_in(text: str) -> frozenset[str]:
    """The names that were said in quotes: they are meant as they stand."""
    try:
        return frozenset(word.text for word in split(text) if word.is_quoted)
    except NotUnderstood:
        return frozenset()


@dataclass
class _Vetting:
    """What can be asked of MLflow about a watch whose experiments are known."""

    request: Watch
    source: RunSource
    now: datetime
    defaults: Defaults
    ids: tuple[str, ...]
    certain: frozenset[str]
    warnings: list[str] = field(default_factory=list)
    refused: list[tuple[str, RequestError]] = field(default_factory=list)

    def of(self, vetted: Vetted) -> Vetted:
        watching = vetted.watching
        try:
            recent, past = self._ended()
            last = next((run for run in recent if fits(watching, run)), None)
            vetted = replace(vetted, last=last, past=past)
            self._try(AGAINST, self._look_at_baseline)
            watching = self._with_metrics(watching, recent)
            self._doubt_user(watching, recent)
        except FilterRefused as error:
            self.refused.append((WHERE, _spotted(error, self.request.text, watching.where)))
        except TrackingUnavailable as error:
            vetted = replace(vetted, problem=error.problem)
        return replace(vetted, watching=watching, warnings=tuple(self.warnings), refused=tuple(self.refused))

    def _try(self, part: str, look: Callable[[], None]) -> None:
        try:
            look()
        except TrackingUnavailable:
            raise
        except RequestError as error:
            self.refused.append((part, error))

    def _ended(self) -> tuple[list[Run], tuple[str, ...]]:
        """The last to end, and the ids of all that are over already: one request where there are few of those."""
        where, floor = self.request.watching.where, int(self.now.timestamp() * 1000) - OVERLAP - _SLACK
        with ThreadPoolExecutor(2) as threads:
            undated = threads.submit(self.source.undated, floor, experiment_ids=self.ids)
            all_ = threads.submit(self.source.ended_after, floor, experiment_ids=self.ids) if where else None
            recent = self.source.ended(where, experiment_ids=self.ids, limit=LOOKED)
            over = all_.result() if all_ else recent
        if all_ is None and len(recent) >= LOOKED and (recent[-1].ended_at or 0) > floor:
            over = self.source.ended_after(floor, experiment_ids=self.ids)
        past = [*(run for run in over if run.over_at > floor), *undated.result()]
        return recent, tuple(dict.fromkeys(run.run_id for run in past))

    def _look_at_baseline(self) -> None:
        """Raises what finding raises for a run that is named; that another is not there yet is only said."""
        watching, reference = self.request.watching, self.request.watching.baseline
        if watching.against == "baseline" or isinstance(reference, Pinned):
            self._look_for_pinned()
        elif watching.against == "run" and reference is not None:
            try:
                self._find(reference)
            except TrackingUnavailable:
                raise
            except RunNotFound as error:
                if isinstance(reference, _NAMED):
                    raise
                self.warnings.append(f"{error.problem} Until there is one, runs are held against the one before.")

    def _look_for_pinned(self) -> None:
        if not self.defaults.pinned and not any(each.baseline for each in self._experiments()):
            told = "No baseline is pinned yet. Until one is, runs are held against the one before."
            self.warnings.append(told)

    def _find(self, reference: RunReference) -> None:
        """In the experiment that is watched, else anywhere. A name that several have is asked about."""
        text, where = self.request.text, replace(self.defaults, experiment="")
        experiments = self._experiments()
        within = experiments[0].name if len(experiments) == 1 else ""
        options = {"text": text, "defaults": where, "now": self.now, "several": Several.ASK}
        try:
            (side,) = find_all([reference], self.source, experiment=within, **options)  # type: ignore[arg-type]
        except RunNotFound:
            if not within or not isinstance(reference, _NAMED):
                raise
            (side,) = find_all([reference], self.source, **options)  # type: ignore[arg-type]
        if side.runs[0].deleted:
            at = getattr(reference, "at", None)
            raise RunNotFound(
                f"{side.label} was deleted in MLflow.", remedy="Name one that is there.", text=text, at=at
            )

    def _experiments(self) -> list[Experiment]:
        watching = self.request.watching
        return [each for each in self.source.experiments() if is_watched(watching, each)]

    def _with_metrics(self, watching: Watching, recent: Sequence[Run]) -> Watching:
        """Each metric as it was logged. One that nobody logged is refused where another is called alike."""
        names = dict.fromkeys([*watching.metrics, *(rule.metric for rule in watching.rules)])
        if not names:
            return watching
        known = self._logged(names, recent)
        found = {name: told for name in names if (told := self._known(name, known))}
        for name in names:
            if name not in found:
                self._miss(name, known, METRICS if name in watching.metrics else RULES)
        rules = tuple(replace(rule, metric=found.get(rule.metric, rule.metric)) for rule in watching.rules)
        metrics = tuple(dict.fromkeys(found.get(name, name) for name in watching.metrics))
        return replace(watching, rules=rules, metrics=metrics)

    def _logged(self, names: Iterable[str], recent: Sequence[Run]) -> list[str]:
        """By the last to end; where one is not among those, by the last to begin too."""
        known = _metrics_of(recent)
        if all(_alike(name, known) for name in names):
            return known
        begun = self.source.newest(experiment_ids=self.ids, limit=LOOKED)
        return list(dict.fromkeys([*known, *_metrics_of(begun)]))

    def _known(self, name: str, known: Sequence[str]) -> str:
        if found := _alike(name, known):
            return found
        try:
            return name if self.source.leaders(Ranking(name, Goal.HIGHER, self.ids)) else ""
        except FilterRefused:
            return ""  # no metric can be called so

    def _miss(self, name: str, known: Sequence[str], part: str) -> None:
        alike = () if name in self.certain else near(name, known)
        if not alike:
            others = f" They log {', '.join(map(plain, known[:_SUGGESTED]))}." if known else ""
            self.warnings.append(f"No run there has logged {plain(name)} yet.{others}")
            return
        text = self.request.text
        spot = text.rfind(name)
        at, end = (spot, spot + len(name)) if spot >= 0 else (None, None)
        problem, remedy = f"No run there has logged a metric called {plain(name)}.", _NEW
        example = completed(text, at, end, alike[0])
        parts = name.split()
        if len(parts) > 1 and all(_alike(each, known) for each in parts):
            problem, remedy, alike = f"{problem} There are {' and '.join(map(plain, parts))}.", _COMMAS, ()
            example = f"{text[:at]}{', '.join(parts)}{text[end:]}" if end else ""
        error = NotUnderstood(problem, remedy=remedy, near=alike, example=example, text=text, at=at, end=end)
        self.refused.append((part, error))

    def _doubt_user(self, watching: Watching, recent: Sequence[Run]) -> None:
        users = list(dict.fromkeys(run.user for run in recent if run.user))
        if not watching.user or watching.user.casefold() in {each.casefold() for each in users}:
            return
        alike = near(watching.user, users) or tuple(users[:_SUGGESTED])
        told = f" MLflow knows {', '.join(map(plain, alike))}." if alike else ""
        self.warnings.append(f"None of the last runs to end there is by {plain(watching.user)}.{told}")


def _spotted(error: FilterRefused, text: str, where: str) -> RequestError:
    spot = text.rfind(where) if where else -1
    at, end = (spot, spot + len(where)) if spot >= 0 else (None, None)
    return replace(error, text=text, at=at, end=end)


def _metrics_of(runs: Iterable[Run]) -> list[str]:
    return list(dict.fromkeys(name for run in runs for name in run.metrics))


def _alike(name: str, known: Iterable[str]) -> str:
    names = list(known)
    alike = {folded(each): each for each in reversed(names)}
    return name if name in names else alike.get(folded(name), "")
