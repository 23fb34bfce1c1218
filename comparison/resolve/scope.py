"""The scope of a question: in which experiments runs are looked for, and which of many runs are meant."""

import fnmatch
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import partial
from typing import Any

from comparison.channel_defaults import ChannelDefaults
from comparison.concurrency import side_by_side
from comparison.errors import ExperimentNotFound, NotUnderstood, RequestError, RunNotFound, spot_in
from comparison.judgement.primary_metric import MetricSource, PrimaryMetric, rank, value_of
from comparison.judgement.result import GoalSource
from comparison.language.dates import since, until
from comparison.language.parser import line
from comparison.language.quoting import complete_request
from comparison.names import as_logged, nearest_names
from comparison.request import Failed, Standup
from comparison.run_reference import Among, Exclusion, Group, Latest, Leading, RunReference
from comparison.runs import GOING_ON, Experiment, Run, Side, Status, milliseconds
from comparison.tracking.source import Ranking, RunSource

# Where: the experiments that are named, the channel's own, and without which runs.


ID_PREFIX = 8  # characters of an id that people read
HALF = 0.5  # of the deadline, for what a few runs tell as well as many
LONGEST = 120  # characters of a name in a sentence
_ID_START = re.compile(r"[0-9a-f]{4,32}", re.IGNORECASE)
_LISTED = 5  # experiments that are named where none is nearly the wanted one


class ChosenRuns(StrEnum):
    """What becomes of a name that several runs have."""

    NEWEST = "newest"  # the newest is taken, and its side says so
    ASK = "ask"  # Ambiguous is raised with the runs, for a person to choose


@dataclass(frozen=True, slots=True)
class FoundGroup:
    """Runs, the newest first. `near` are names like the one that was asked for, where there are none."""

    label: str
    runs: tuple[Run, ...]
    notes: tuple[str, ...] = ()
    near: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SearchScope:
    """Where to look. No experiments: all of them. `metric` is what the request names first; `text` is for errors."""

    source: RunSource
    experiments: tuple[Experiment, ...] = ()
    text: str = ""
    metric: str = ""
    defaults: ChannelDefaults = field(default_factory=ChannelDefaults)
    now: datetime | None = None
    several: ChosenRuns = ChosenRuns.NEWEST
    excluded: tuple[str, ...] = ()  # names or ids of runs that are left out of what is not named
    groups: Mapping[Group, FoundGroup] = field(default_factory=dict)  # that were found already, in one go

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(each.experiment_id for each in self.experiments)

    @property
    def place(self) -> str:
        """` in fraud`, or nothing."""
        return f" in {self.experiments[0].name}" if len(self.experiments) == 1 else ""

    def refuse(self, problem: str, reference: RunReference, *, word: str = "", **more: Any) -> RunNotFound:
        """What to raise; `word` is what of the reference is wrong, where it was said."""
        at, end = spot_of(word, self.text, reference.at) if word else (reference.at, None)
        return RunNotFound(problem, text=self.text, at=at, end=end, **more)


def spot_of(word: str, text: str, behind: int = 0) -> tuple[int | None, int | None]:
    """Where a word stands in what was said, best behind a place; None and None where it was not said."""
    whole = re.compile(rf"(?<!\w){re.escape(word)}(?!\w)", re.IGNORECASE)
    found = whole.search(text, max(0, behind)) or whole.search(text)
    return (found.start(), found.end()) if found else (None, None)


def find_experiment(name: str, source: RunSource, *, text: str = "") -> Experiment:
    """The experiment of this name or id, whatever its case. Raises ExperimentNotFound with the nearest names."""
    known = source.experiments()
    wanted = name.strip().casefold()
    for fits in (
        [each for each in known if each.name == name],
        [each for each in known if each.name.casefold() == wanted],
        [each for each in known if each.experiment_id == name.strip()],
    ):
        if fits:
            return fits[0]
    alike, (at, end) = nearest_names(name, [each.name for each in known]), spot_in(text, name)
    there = ", ".join(each.name for each in known[:_LISTED])
    listed = "" if alike else f"The experiments are {there}{' …' if len(known) > _LISTED else ''}."
    example = "list experiments" if known else ""
    if alike:
        example = complete_request(text, at, end, alike[0])
    raise ExperimentNotFound(
        f"There is no experiment called {name}.",
        remedy=listed if known else "No experiment at all can be seen from here.",
        near=alike,
        example=example,
        text=text,
        at=at,
        end=end,
    )


def find_experiments(names: Iterable[str], source: RunSource, *, text: str = "") -> tuple[Experiment, ...]:
    """All experiments of these names, each once. Raises ExperimentNotFound for the first that is not there."""
    found = [find_experiment(name, source, text=text) for name in names]
    return tuple({each.experiment_id: each for each in found}.values())


def with_default(scope: SearchScope) -> SearchScope:
    """What is told and not named is looked for in the channel's experiment, where the request names none."""
    if scope.experiments or not scope.defaults.experiment:
        return scope
    try:
        return replace(scope, experiments=(find_experiment(scope.defaults.experiment, scope.source),))
    except ExperimentNotFound as error:
        raise ExperimentNotFound(
            f"{plain_reference(scope.defaults.experiment)}, "
            "the experiment set for this channel, is not there any more.",
            remedy="Set another one, or take it back.",
            example="unset experiment",
            near=error.near,
        ) from error


def with_own_experiment(reference: Latest | Leading, scope: SearchScope) -> SearchScope:
    """Where this one is looked for: its own experiment, where it names one."""
    if not reference.experiment:
        return scope
    return replace(scope, experiments=(find_experiment(reference.experiment, scope.source, text=scope.text),))


def is_called(name: str, run: Run) -> bool:
    """By name in any case, with stars, as `experiment/name`, or by the start of the id."""
    wanted, own = name.casefold(), run.name.casefold()
    if wanted in (own, f"{run.experiment.name.casefold()}/{own}"):
        return True
    if set("*?") & set(wanted) and fnmatch.fnmatchcase(own, wanted):
        return True
    return bool(_ID_START.fullmatch(name)) and run.run_id.startswith(wanted)


def no_such_among(name: str, runs: Iterable[Run], *, text: str = "") -> RunNotFound:
    """A run that is left out of those that are meant and is none of them."""
    at, end = spot_in(text, name, first=True)
    return RunNotFound(
        f"There is no run called {name} among these, so it cannot be left out.",
        "Name one of them.",
        near=nearest_names(name, [run.name for run in runs]),
        text=text,
        at=at,
        end=end,
    )


def without_excluded(runs: Sequence[Run], scope: SearchScope, *, is_whole: bool = True) -> list[Run]:
    """The runs but for those left out. Raises RunNotFound for one that is none of them, where these are all."""
    for name in scope.excluded:
        if is_whole and runs and not any(is_called(name, run) for run in runs):
            raise no_such_among(name, runs, text=scope.text)
    return [run for run in runs if not any(is_called(name, run) for name in scope.excluded)]


def side_of(run: Run, *notes: str) -> Side:
    """A side of one run, with notes on how it was chosen."""
    return Side(run.name, (run,), notes)


def plain_reference(name: str) -> str:
    """A name for a sentence, however long it is."""
    return name if len(name) <= LONGEST else f"{name[:LONGEST]}…"


# Which: many runs are narrowed to those meant, by person, status, time, filter, exclusion; few questions, bounded.


PEOPLE = 200  # runs among which a person's name is looked for
BEGUN_BEFORE = 7 * 86_400_000  # ms before a moment that a run which does not tell its end may have begun
MOST_NEWEST = 200  # runs among which the best is looked for, where so many of the newest are meant
SPARE = 20  # runs asked for beyond those wanted, where some are left out by what MLflow cannot filter by
MOST_SIFTED = 1_000  # of the newest runs that are looked at for how long each took
_BY_LENGTH = ("longest", "shortest")
_ROUNDS = 3
_BEGINS = re.compile(r"attributes\.run_name ILIKE '([^'%]+)%'")
_EQUALS = re.compile(r"params\.`([^`]+)` = '([^']*)'")
_MOST_RANKED = 1_000
_STATUSES: dict[str, tuple[str, frozenset[Status]]] = {
    "running": ("attributes.status = 'RUNNING'", frozenset({Status.RUNNING})),
    "failed": (
        "attributes.status != 'FINISHED' AND attributes.status != 'RUNNING' AND attributes.status != 'SCHEDULED'",
        frozenset({Status.FAILED, Status.KILLED, Status.UNKNOWN}),
    ),
    "finished": ("attributes.status = 'FINISHED'", frozenset({Status.FINISHED})),
}


@dataclass(frozen=True, slots=True)
class Chosen:
    """Runs that are meant together, the newest first, and whether there may be more."""

    runs: tuple[Run, ...]
    is_cut: bool = False
    is_partial: bool = False  # more runs were there than were looked at for how long each took


@dataclass(frozen=True, slots=True)
class Narrowing:
    """`Among` with its names and moments found. `where` is what MLflow can filter by, `words` says all of it.

    MLflow has no "or": runs of several people are asked for person by person.

    `begin` and `end` in ms since the epoch: a run counts by its end, one that has none by its start.
    """

    among: Among = field(default_factory=Among)
    experiments: tuple[Experiment, ...] = ()
    where: str = ""
    people: tuple[str, ...] = ()
    begin: int | None = None
    end: int | None = None
    words: str = ""
    now: int = 0  # ms since the epoch: how long what still runs has taken
    longer: int | None = None  # ms that a run took at least
    shorter: int | None = None

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(each.experiment_id for each in self.experiments)

    @property
    def user(self) -> str:
        """Whose runs are meant, as it is said."""
        return " and ".join(self.people)

    @property
    def meaning(self) -> str:
        """Words for the runs that are meant, and for the experiments where several are named."""
        place = f" in {' and '.join(each.name for each in self.experiments)}" if len(self.among.experiments) > 1 else ""
        return f"{place}{self.words}"

    def by_person(self) -> "list[Narrowing]":
        """The same for each of several people."""
        return [
            replace(self, people=(each,), where=_joined(self.where, _is_by(each)), among=replace(self.among, others=()))
            for each in self.people
        ]

    def fits(self, run: Run) -> bool:
        """Whether the run is meant, as far as the run itself tells: what a filter says only MLflow knows."""
        if self.people and run.user.casefold() not in {each.casefold() for each in self.people}:
            return False
        if self.among.status and run.status not in _STATUSES[self.among.status][1]:
            return False
        at = run.over_at if run.is_over else run.started_at or 0
        if (self.begin is not None and at < self.begin) or (self.end is not None and at >= self.end):
            return False
        if not self._fits_length(run):
            return False
        return not any(leaves_out(each, run) for each in self.among.excluded)

    def _fits_length(self, run: Run) -> bool:
        """Whether it took as long as is meant; what still runs is no short run, and what tells no start is neither."""
        if self.longer is None and self.shorter is None and self.among.order not in _BY_LENGTH:
            return True
        took = took_of(run, self.now)
        if took is None or (run.status in GOING_ON and (self.shorter is not None or self.among.order == "shortest")):
            return False
        if self.among.order == "shortest" and not self.among.status and run.status is not Status.FINISHED:
            return False  # what failed at once is not meant by the fastest
        return not (
            (self.longer is not None and took <= self.longer) or (self.shorter is not None and took >= self.shorter)
        )

    def in_order(self, runs: Iterable[Run]) -> list[Run]:
        """The newest first, or as is asked."""
        match self.among.order:
            case "oldest":
                return sorted(runs, key=lambda run: run.started_at or self.now)
            case "longest" | "shortest":
                sign = -1 if self.among.order == "longest" else 1
                return sorted(runs, key=lambda run: sign * (took_of(run, self.now) or 0))
        return sorted(runs, key=lambda run: -(run.started_at or 0))

    @property
    def is_sifted(self) -> bool:
        """Whether MLflow cannot tell which are meant, or cannot sort so, so that many have to be looked at."""
        return self.longer is not None or self.shorter is not None or bool(self.among.order)

    @property
    def filters(self) -> tuple[str, ...]:
        """What runs that are left out fit."""
        return tuple(each.name for each in self.among.excluded if each.kind == "filter")


def narrow(
    among: Among,
    source: RunSource,
    *,
    experiments: Sequence[Experiment] = (),
    now: datetime | None = None,
    text: str = "",
) -> Narrowing:
    """What `among` says, with its person and its experiments found. No experiments: all.

    Raises RunNotFound for a person nobody knows, NotUnderstood for a moment, ExperimentNotFound.
    """
    if not among:
        return Narrowing(among, tuple(experiments))
    if among.experiments:
        experiments = find_experiments(among.experiments, source, text=text)
    moment = now or datetime.now(UTC)  # only where nobody gave a clock: a library's user at a keyboard
    places = _experiments(among, source, experiments, text)
    ids = [each.experiment_id for each in places]
    named = dict.fromkeys(filter(None, (among.user, *among.others)))
    people = tuple(dict.fromkeys(side_by_side([partial(find_user, each, source, ids, text=text) for each in named])))
    begin, end = _moment(among.since, since, moment, text), _moment(among.until, until, moment, text)
    if begin is not None and end is not None and begin >= end:
        raise RequestError(
            f"Since {among.since} until {among.until} is no time at all.", "Say the earlier one first.", text=text
        )
    status = _STATUSES.get(among.status, ("", None))[0]
    person = _is_by(people[0]) if len(people) == 1 else ""
    where = " AND ".join(part for part in (among.where, person, status) if part)
    words = narrowing_words(among, " and ".join(people))
    longer, shorter = _length(among.longer, moment, text), _length(among.shorter, moment, text)
    at = milliseconds(moment)
    return Narrowing(among, places, where, people, begin, end, words, at, longer, shorter)


def _is_by(user: str) -> str:
    return f"tags.mlflow.user ILIKE '{pattern_of(user)}'"


def _experiments(
    among: Among, source: RunSource, experiments: Sequence[Experiment], text: str
) -> tuple[Experiment, ...]:
    """Experiments to look in; without those that are left out, which have to exist."""
    left_out = [find_experiment(each.name, source, text=text) for each in among.excluded if each.kind == "experiment"]
    if not left_out:
        return tuple(experiments)
    gone = {each.experiment_id for each in left_out}
    places = [each for each in experiments or source.experiments() if each.experiment_id not in gone]
    if not places:
        raise RequestError(
            f"Without {', '.join(each.name for each in left_out)} no experiment is left to look in.",
            "Name the one you mean.",
            text=text,
        )
    return tuple(places)


def _moment(words: str, read: Callable[[str, datetime], datetime], now: datetime, text: str) -> int | None:
    if not words:
        return None
    try:
        return milliseconds(read(words, now))
    except NotUnderstood as error:
        at, _end = spot_in(text, words.removeprefix("before "), first=True)
        raise replace(error, text=text or words, at=at) from error


def _length(words: str, now: datetime, text: str) -> int | None:
    """In ms; None where none is said."""
    begun = _moment(words, since, now, text)
    return None if begun is None else milliseconds(now) - begun


def took_of(run: Run, now: int) -> int | None:
    """How long a run took, or has taken until now where it still runs, in ms; None where it does not tell."""
    end = now if run.status in GOING_ON else run.ended_at
    return None if run.started_at is None or end is None else max(0, end - run.started_at)


def find_user(name: str, source: RunSource, experiment_ids: Sequence[str], *, text: str = "") -> str:
    """The person called exactly so, else the only one whose name holds it. Raises RunNotFound with those there are."""
    pattern, ids = pattern_of(name), tuple(experiment_ids)
    exact = source.search(f"tags.mlflow.user ILIKE '{pattern}'", experiment_ids=ids, limit=1)
    if exact and exact[0].user.casefold() == name.casefold():
        return exact[0].user
    like = source.search(f"tags.mlflow.user ILIKE '%{pattern}%'", experiment_ids=ids, limit=PEOPLE)
    users = sorted({run.user for run in like if name.casefold() in run.user.casefold()})
    if len(users) == 1:
        return users[0]
    at, _end = spot_in(text, name, first=True)
    if users:
        raise RunNotFound(
            f"Several users are called like {name}.", "Say which.", near=tuple(users[:5]), text=text, at=at
        )
    recent = source.newest(experiment_ids=ids, limit=PEOPLE)
    known = tuple(dict.fromkeys(run.user for run in recent if run.user))
    raise RunNotFound(
        f"No run here is by {name}.",
        "" if known else "The runs do not say whose they are.",
        near=nearest_names(name, known) or known[:5],
        text=text,
        at=at,
    )


def pattern_of(name: str) -> str:
    """A name within a pattern of MLflow's, which has no way to escape a sign: any sign stands for those."""
    return "".join("_" if sign in "'\"%\\" else sign for sign in name)


def leaves_out(exclusion: Exclusion, run: Run) -> bool:
    """Whether the run is left out by this. A filter is MLflow's to answer, and an experiment has been left out."""
    if exclusion.kind == "run":
        return is_called(exclusion.name, run)
    if exclusion.kind == "user":
        return exclusion.name.casefold() == run.user.casefold()
    return exclusion.kind == "status" and run.status in _STATUSES[exclusion.name][1]


def gather(chosen: Narrowing, source: RunSource, *, limit: int) -> Chosen:
    """At most `limit` of the runs that are meant, the newest first; two to five questions, however many there are.

    Raises FilterRefused, RunNotFound where a run is left out that is none of them.
    """
    wanted = min(limit, chosen.among.count) if chosen.among.count is not None else limit
    if len(chosen.people) > 1:
        return _gathered_by_person(chosen, source, wanted, limit)
    most = wanted + 1 + (SPARE * 5 if chosen.among.excluded else 0)
    most = MOST_SIFTED if chosen.is_sifted else most
    if chosen.begin is None and chosen.end is None:
        found = source.search(chosen.where, experiment_ids=chosen.ids, limit=most)
        is_full = len(found) >= most
    else:
        pages = side_by_side([partial(ask, chosen, source, most) for ask in (_over, _going_on, _undated)])
        found = [run for page in pages for run in page]
        is_full = any(len(page) >= most for page in pages)
    known = {run.run_id: run for run in found}
    fitting = [run for run in known.values() if chosen.fits(run)]
    left = _without_filtered(chosen, fitting, source)
    check_left_out(chosen, found, is_full=is_full)
    ordered = chosen.in_order(left)
    is_cut = len(ordered) > wanted or is_full
    return Chosen(tuple(ordered[:wanted]), is_cut and wanted == limit, chosen.is_sifted and is_full)


def _gathered_by_person(chosen: Narrowing, source: RunSource, wanted: int, limit: int) -> Chosen:
    """The newest runs of several people, left out only where they are all there to be seen."""
    others = tuple(each for each in chosen.among.excluded if each.kind != "run")
    lenient = replace(chosen, among=replace(chosen.among, excluded=others, count=None))
    limited = MOST_SIFTED if chosen.is_sifted else limit
    parts = side_by_side([partial(gather, each, source, limit=limited) for each in lenient.by_person()])
    found = [run for part in parts for run in part.runs]
    is_full = any(part.is_cut for part in parts)
    check_left_out(chosen, found, is_full=is_full)
    fitting = chosen.in_order(run for run in found if chosen.fits(run))
    is_partial = any(part.is_partial for part in parts)
    return Chosen(tuple(fitting[:wanted]), (is_full or len(fitting) > wanted) and wanted == limit, is_partial)


def _over(chosen: Narrowing, source: RunSource, limit: int) -> list[Run]:
    """Runs that ended within the time that is meant."""
    if chosen.among.status == "running":
        return []
    return source.ended(_joined(chosen.where, *ended_within(chosen)), experiment_ids=chosen.ids, limit=limit)


def ended_within(chosen: Narrowing) -> tuple[str, ...]:
    """The time that is meant, as filters by when a run ended."""
    begin = (f"attributes.end_time >= {chosen.begin}",) if chosen.begin is not None else ()
    return (*begin, *((f"attributes.end_time < {chosen.end}",) if chosen.end is not None else ()))


def _going_on(chosen: Narrowing, source: RunSource, limit: int) -> list[Run]:
    """Runs that began within the time that is meant and still run."""
    if chosen.among.status not in ("", "running"):
        return []
    begin = f"attributes.start_time >= {chosen.begin}" if chosen.begin is not None else ""
    end = f"attributes.start_time < {chosen.end}" if chosen.end is not None else ""
    status = "" if chosen.among.status else "attributes.status = 'RUNNING'"
    return source.search(_joined(chosen.where, status, begin, end), experiment_ids=chosen.ids, limit=limit)


def _undated(chosen: Narrowing, source: RunSource, limit: int) -> list[Run]:
    """Runs that are over and do not tell since when: they count by their last sign of life."""
    if chosen.among.status == "running":
        return []
    begun = max(0, (chosen.begin or 0) - BEGUN_BEFORE)
    found = [
        run for run in source.undated(begun, experiment_ids=chosen.ids, limit=limit) if run.over_at and chosen.fits(run)
    ]
    if not found or not chosen.among.where:
        return found
    fitting = source.fitting(chosen.among.where, [run.run_id for run in found])
    return [run for run in found if run.run_id in fitting]


def _joined(*parts: str) -> str:
    return " AND ".join(part for part in parts if part)


def _without_filtered(chosen: Narrowing, runs: Sequence[Run], source: RunSource) -> list[Run]:
    ids = [run.run_id for run in runs]
    asks = [partial(source.fitting, where, ids) for where in chosen.filters] if ids else []
    gone: set[str] = set().union(*side_by_side(asks)) if asks else set()
    return [run for run in runs if run.run_id not in gone]


def check_left_out(chosen: Narrowing, found: Iterable[Run], *, is_full: bool) -> None:
    """Raises RunNotFound where a run is left out that is none of them: a slip of the pen would leave it in."""
    runs = list(found)
    if is_full or not runs:
        return
    for each in chosen.among.excluded:
        if each.kind == "run" and not any(is_called(each.name, run) for run in runs):
            raise no_such_among(each.name, runs)


def lead(ranking: Ranking, count: int, chosen: Narrowing, source: RunSource) -> tuple[Run, ...]:
    """The best of those that are meant, the best first; by time, those that ended within it."""
    if chosen.among.newest is not None:
        return _lead_of_newest(ranking, count, chosen, source)
    if len(chosen.people) > 1:
        parts = side_by_side([partial(lead, ranking, count, each, source) for each in chosen.by_person()])
        return _ordered([run for part in parts for run in part], ranking)[:count]
    where = _joined(ranking.where, chosen.where, *ended_within(chosen))
    narrowed = replace(ranking, where=where)
    some = count
    for _ in range(_ROUNDS):
        some += SPARE if chosen.among else 0
        found = source.leaders(narrowed, count=min(some, _MOST_RANKED))
        left = _without_filtered(chosen, [run for run in found if chosen.fits(run)], source)
        if len(left) >= count or len(found) < some:
            break
        some *= 5
    _check_known(chosen, found, source)
    return tuple(left[:count])


def _check_known(chosen: Narrowing, found: Sequence[Run], source: RunSource) -> None:
    """Raises RunNotFound where a run is left out that is nowhere: a slip of the pen would leave it in."""
    named = [each.name for each in chosen.among.excluded if each.kind == "run"]
    missing = [name for name in named if not any(is_called(name, run) for run in found)]
    newest = source.newest(experiment_ids=chosen.ids, limit=PEOPLE) if missing else []
    for name in missing:
        if not any(is_called(name, run) for run in newest) and not source.called(name, limit=1):
            raise no_such_among(name, [*found, *newest])


def _ordered(runs: Sequence[Run], ranking: Ranking) -> tuple[Run, ...]:
    """Runs that logged the metric, in the order of a ranking."""
    by = PrimaryMetric(ranking.metric, ranking.goal, GoalSource.REQUEST, MetricSource.REQUEST)
    valued = [run for run in rank(runs, by) if value_of(run, ranking.metric) is not None]
    return tuple(valued[::-1] if ranking.worst else valued)


def _lead_of_newest(ranking: Ranking, count: int, chosen: Narrowing, source: RunSource) -> tuple[Run, ...]:
    """The best among so many of the newest: MLflow does only one of the two, so that they are ranked here."""
    meant = replace(chosen, where=_joined(ranking.where, chosen.where))
    found = gather(meant, source, limit=min(chosen.among.newest or MOST_NEWEST, MOST_NEWEST)).runs
    return _ordered(found, ranking)[:count]


def narrowing_words(among: Among, user: str) -> str:
    """` by maya that failed since monday`, to be put behind `runs`."""
    status = {"running": "that still run", "failed": "that failed", "finished": "that finished"}.get(among.status, "")
    is_before = among.until.startswith("before ")
    span = "" if not among.until else among.until if is_before else f"until {among.until}"
    span = f"older than {among.until}" if among.until[:1].isdigit() and not among.until[:4].isdigit() else span
    phrases = (
        f"by {user}" if user else "",
        status,
        f"since {among.since}" if among.since and among.since != among.until else "",
        f"of {among.since}" if among.since and among.since == among.until else span,
        filter_words(among.where),
        f"without {', '.join(map(_left_out_words, among.excluded))}" if among.excluded else "",
        f"among the newest {among.newest}" if among.newest is not None else "",
        f"that took longer than {among.longer}" if among.longer else "",
        f"that took less than {among.shorter}" if among.shorter else "",
    )
    return "".join(f" {part}" for part in phrases if part)


def filter_words(where: str) -> str:
    """A filter as people say it, to be put behind `runs`: `called xgb…`, `with depth = 10`, else as it stands."""
    if found := _BEGINS.fullmatch(where):
        return f"called {found[1]}…"
    if found := _EQUALS.fullmatch(where):
        return f"with {found[1]} = {found[2]}"
    return f"where {where}" if where else ""


def _left_out_words(exclusion: Exclusion) -> str:
    return {
        "user": f"those by {exclusion.name}",
        "status": {"running": "those that run", "failed": "failed ones", "finished": "finished ones"}.get(
            exclusion.name, exclusion.name
        ),
        "filter": f"those where {exclusion.name}",
        "experiment": f"experiment {exclusion.name}",
    }.get(exclusion.kind, exclusion.name)


# Where and since when: the experiment that was named, else the channel's, else all of them.


_EVERYWHERE = re.compile(r"\b(?:in |across |on )?(?:everywhere|anywhere|(?:all|every) experiments?)\s*$", re.IGNORECASE)
_ANYWHERE = frozenset({"everywhere", "anywhere", "*"})


@dataclass(frozen=True, slots=True)
class Place:
    """No experiments: all. `of_channel` when nobody named it in the request."""

    experiments: tuple[Experiment, ...] = ()
    of_channel: bool = False

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(each.experiment_id for each in self.experiments)


def find_place(  # noqa: PLR0913 -- a place is named in several ways
    name: str,
    source: RunSource,
    defaults: ChannelDefaults,
    *,
    text: str,
    everywhere: bool = False,
    several: Sequence[str] = (),
) -> Place:
    """The place that was named, or `several`. Raises ExperimentNotFound; of a channel's that is gone it says so."""
    if several:
        return Place(find_experiments(several, source, text=text))
    if name:
        try:
            return Place((find_experiment(name, source, text=text),))
        except ExperimentNotFound:
            if name.strip().casefold() in _ANYWHERE:
                return Place()
            raise
    if everywhere or not defaults.experiment:
        return Place()
    try:
        return Place((find_experiment(defaults.experiment, source),), of_channel=True)
    except ExperimentNotFound as error:
        raise replace(
            error,
            problem=f"The channel's experiment {defaults.experiment} is not there any more.",
            remedy="Set another, or name one with in.",
            example="unset experiment",
            text=text,
            at=None,
            end=None,
        ) from error


def further_back(request: Failed | Standup, begin: datetime, now: datetime) -> str:
    """The line that asks the same of a longer time; "" where it is as long as can be asked for."""
    wider = next((days for days in (7, 30, 90, 365) if timedelta(days=days - 1) > now - begin), None)
    if wider is None:
        return ""
    is_everywhere = not request.experiment and bool(_EVERYWHERE.search(request.since))
    place = "*" if is_everywhere else request.experiment
    return line(replace(request, since=f"{wider}d", experiment=place))


def since_moment(words: str, now: datetime, *, text: str, command: str) -> tuple[datetime, bool]:
    """Moment since when, and whether all experiments are meant. Raises NotUnderstood with the spot."""
    time_words = _EVERYWHERE.sub("", words).strip()
    try:
        return since(time_words, now), time_words != words.strip()
    except NotUnderstood as error:
        at, _end = spot_in(text, time_words.removeprefix("since ").strip(), first=True)
        raise replace(error, text=text or words, at=at, example=f"{command} since monday") from error


def logged_names(names: Sequence[str], runs: Sequence[Run], *, text: str = "") -> tuple[str, ...]:
    """The metrics that are named as they were logged. Raises RunNotFound for one that none of these runs logged."""
    logged = dict.fromkeys(name for run in runs for name in run.metrics)
    found = []
    for name in names:
        known = as_logged(name, logged)
        if not known and runs:
            at, end = spot_in(text, name)
            people = nearest_names(name, [run.user for run in runs if run.user])
            raise RunNotFound(
                f"None of these runs logged a metric called {name}.",
                "" if logged else "They logged no metrics at all.",
                near=nearest_names(name, logged) or people or tuple(logged)[:5],
                text=text,
                at=at,
                end=end,
            )
        found.append(known or name)
    return tuple(dict.fromkeys(found))
