"""A watch before it is kept: all that it names is looked up, and what would never be seen is refused with what to type.

Where MLflow cannot be asked nothing is refused: the watch is as it was said, and `problem` says why.
"""

import difflib
import html
import re
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from comparison.channel_defaults import ChannelDefaults
from comparison.concurrency import Threads
from comparison.errors import (
    ExperimentNotFound,
    FilterRefused,
    NotUnderstood,
    RequestError,
    RunNotFound,
    TrackingUnavailable,
    spot_in,
)
from comparison.judgement.statistics import LEAST_NOISE_DF
from comparison.language.parser import watching_of
from comparison.language.quoting import complete_request
from comparison.language.tokens import split_words
from comparison.names import as_logged, nearest_names
from comparison.notifications.matching import is_watched, matches_run
from comparison.notifications.new_runs import CLOCK_SKEW_MS
from comparison.past_repeats import group_repeats
from comparison.request import WatchRequest
from comparison.resolve.runs import find_runs
from comparison.resolve.scope import ChosenRuns, find_experiment, plain_reference
from comparison.run_reference import Filtered, Linked, Named, Pinned, Registered, RunReference
from comparison.runs import Experiment, Goal, Run, milliseconds
from comparison.tracking.source import Ranking, RunSource, is_text
from comparison.watch import Watch, is_pattern

LOOKED = 100  # of the runs that ended last
PLACE, AGAINST, WHERE, METRICS, RULES = "place", "against", "where", "metrics", "rules"
_ONE_RUN = re.compile(r"attributes\.run_(?:name|id) (?:=|LIKE) (?P<name>'[^']*'|\"[^\"]*\")")
_SLACK = 60_000  # ms between being said and being kept, at most
_SUGGESTED = 5
_NEW = "Not logged yet? Put the name in quotes."
_COMMAS = "Several are said with commas."
_NAMED = Named | Linked | Registered | Filtered  # these are to be there now; what is told may come


@dataclass(frozen=True, slots=True)
class ValidatedWatch:
    """A watch with its names as MLflow has them. `refused`: what cannot be kept, by the part that says it."""

    watching: Watch
    covered: tuple[str, ...] = ()  # the names of the experiments that it covers now
    last: Run | None = None  # the last of its runs to end
    past: tuple[str, ...] | None = None  # ids of runs that are over already; None: it is not known
    warnings: tuple[str, ...] = ()
    refused: tuple[tuple[str, RequestError], ...] = ()
    problem: str = ""  # MLflow's, where it could not be asked
    experiment_id: str = ""  # of the one experiment that it names; "" for a pattern, or not known


def validate(
    request: WatchRequest,
    source: RunSource,
    *,
    now: datetime,
    defaults: ChannelDefaults | None = None,
    certain: Collection[str] = (),
) -> ValidatedWatch:
    """Raises nothing that can be said: what is wrong stands in `refused`.

    `certain`: metrics that are meant though nobody has logged them, beside those that were said in quotes.
    """
    agreed = defaults or ChannelDefaults()
    watching = request.watching
    one_run = _ONE_RUN.search(watching.where) if not watching.place else None
    if not watching.place and agreed.experiment and one_run is None:
        watching = replace(watching, place=agreed.experiment)
    request = replace(request, watching=watching)
    doubts: tuple[str, ...] = ()
    try:
        known = source.experiments()
    except TrackingUnavailable as error:
        missing = no_experiment(request, ()) if one_run is None else error
        refused = () if watching.place else ((PLACE, missing),)
        return ValidatedWatch(watching, problem=error.problem, refused=refused)
    try:
        if one_run is not None:
            watching, doubts = _tied_to_run(request, one_run, source, agreed)
            request = replace(request, watching=watching)
        own, covered = resolve_experiment(request, known, source)
    except RequestError as error:
        return ValidatedWatch(watching, refused=((PLACE, error),))
    sure = frozenset(certain) | quoted_in(request.text)
    if (unknown := _unknown_exception(own, known, sure)) is not None:
        return ValidatedWatch(watching, refused=((PLACE, unknown_exception(unknown, known, request.text)),))
    only = covered[0].experiment_id if covered and not own.is_pattern else ""
    vetted = ValidatedWatch(own, tuple(each.name for each in covered), experiment_id=only)
    if not covered:
        return replace(vetted, past=())
    ids = () if len(covered) == len(known) else tuple(each.experiment_id for each in covered)
    validator = _Validator(replace(request, watching=own), source, now, agreed, ids, sure, list(doubts))
    return validator.of(vetted)


def _tied_to_run(
    request: WatchRequest, reference: re.Match[str], source: RunSource, defaults: ChannelDefaults
) -> tuple[Watch, tuple[str, ...]]:
    """A watch of one run, with the experiment that it is in, and what there is to doubt.

    Raises RunNotFound; Ambiguous where runs of several experiments are meant.
    """
    watching = request.watching
    runs = source.search(reference[0], limit=LOOKED)
    places = dict.fromkeys(run.experiment.name for run in runs)
    name = reference["name"][1:-1]
    if len(places) != 1 and defaults.experiment in places:
        runs = [run for run in runs if run.experiment.name == defaults.experiment]
    elif len(places) != 1 and "LIKE" in reference[0]:
        raise RunNotFound("Those runs are of no one experiment.", remedy="Name it.", text=request.text, at=request.at)
    elif len(places) != 1:
        options = {"text": request.text, "defaults": defaults, "several": ChosenRuns.ASK}
        (side,) = find_runs([Named(name, request.at, end=request.at + len(name))], source, **options)  # type: ignore[arg-type]
        runs = [side.runs[0]]
        field_ = "run_id" if "run_id" in reference[0] else "run_name"
        exact = is_text(f"attributes.{field_}", runs[0].run_id if field_ == "run_id" else runs[0].name)
        watching = replace(watching, where=watching.where.replace(reference[0], exact))
    over = all(run.ended_at or run.is_over for run in runs) if runs else False
    doubt = f"{plain_reference(runs[0].name)} is over already. I tell when a run of that name ends from now on."
    return replace(watching, place=runs[0].experiment.name), (doubt,) if over else ()


def _unknown_exception(watching: Watch, known: Sequence[Experiment], certain: Collection[str]) -> str | None:
    """The first name that is left out and is of no experiment: a slip of the pen would watch what is not wanted."""
    names = {each.name.casefold() for each in known}
    left_out = [each for each in watching.excepted if not is_pattern(each) and each not in certain]
    return next((each for each in left_out if each.casefold() not in names), None)


def unknown_exception(name: str, known: Sequence[Experiment], text: str) -> NotUnderstood:
    """What is left out is no experiment that is there."""
    at, end = spot_in(text, name, first=True)
    return NotUnderstood(
        f"There is no experiment called {name}, so it cannot be left out.",
        "Name one that is there; one that is still to come goes in quotes. For the night say quiet 20:00-8:00.",
        near=nearest_names(name, [each.name for each in known]),
        text=text,
        at=at,
        end=end,
    )


def quoted_in(text: str) -> frozenset[str]:
    """The names that were said in quotes: they are meant as they stand."""
    try:
        return frozenset(word.text for word in split_words(text) if word.is_quoted)
    except NotUnderstood:
        return frozenset()


@dataclass
class _Validator:
    """What can be asked of MLflow about a watch whose experiments are known."""

    request: WatchRequest
    source: RunSource
    now: datetime
    defaults: ChannelDefaults
    ids: tuple[str, ...]
    certain: frozenset[str]
    warnings: list[str] = field(default_factory=list)
    refused: list[tuple[str, RequestError]] = field(default_factory=list)

    def of(self, vetted: ValidatedWatch) -> ValidatedWatch:
        watching = vetted.watching
        try:
            recent, past = self._ended()
            last = next((run for run in recent if matches_run(watching, run)), None)
            vetted = replace(vetted, last=last, past=past)
            self._try(AGAINST, self._look_at_baseline)
            watching = self._with_metrics(watching, recent)
            self._doubt_user(watching, recent)
            self._doubt_noise(watching, recent)
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
        where, floor = self.request.watching.where, milliseconds(self.now) - CLOCK_SKEW_MS - _SLACK
        with Threads(2) as threads:
            undated = threads.submit(self.source.undated, floor, experiment_ids=self.ids)
            all_ = threads.submit(self.source.ended_after, floor, experiment_ids=self.ids) if where else None
            recent = self.source.ended(where, experiment_ids=self.ids, limit=LOOKED)
            over: Sequence[Run] = all_.result().runs if all_ else recent
        if all_ is None and len(recent) >= LOOKED and (recent[-1].ended_at or 0) > floor:
            over = self.source.ended_after(floor, experiment_ids=self.ids).runs
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
            warning = "No baseline is pinned yet. Until one is, runs are held against the one before."
            self.warnings.append(warning)

    def _find(self, reference: RunReference) -> None:
        """Finds the baseline in the watched experiment, else anywhere. A name that several have is asked about."""
        text, where = self.request.text, replace(self.defaults, experiment="")
        experiments = self._experiments()
        within = experiments[0].name if len(experiments) == 1 else ""
        options = {"text": text, "defaults": where, "now": self.now, "several": ChosenRuns.ASK}
        try:
            (side,) = find_runs([reference], self.source, experiment=within, **options)  # type: ignore[arg-type]
        except RunNotFound:
            if not within or not isinstance(reference, _NAMED):
                raise
            (side,) = find_runs([reference], self.source, **options)  # type: ignore[arg-type]
        if side.runs[0].deleted:
            at = getattr(reference, "at", None)
            raise RunNotFound(
                f"{side.label} was deleted in MLflow.", remedy="Name one that is there.", text=text, at=at
            )

    def _experiments(self) -> list[Experiment]:
        watching = self.request.watching
        return [each for each in self.source.experiments() if is_watched(watching, each)]

    def _with_metrics(self, watching: Watch, recent: Sequence[Run]) -> Watch:
        """The watch with each metric as logged. One that nobody logged is refused where another is called alike."""
        names = dict.fromkeys([*watching.metrics, *(rule.metric for rule in watching.rules)])
        if not names:
            return watching
        known = self._logged(names, recent)
        found = {name: logged for name in names if (logged := self._known(name, known))}
        for name in names:
            if name not in found:
                self._miss(name, known, METRICS if name in watching.metrics else RULES)
        rules = tuple(replace(rule, metric=found.get(rule.metric, rule.metric)) for rule in watching.rules)
        metrics = tuple(dict.fromkeys(found.get(name, name) for name in watching.metrics))
        return replace(watching, rules=rules, metrics=metrics)

    def _logged(self, names: Iterable[str], recent: Sequence[Run]) -> list[str]:
        """Names logged by the last runs to end; where one is not among those, by the last to begin too."""
        known = _metrics_of(recent)
        if all(as_logged(name, known) for name in names):
            return known
        begun = self.source.newest(experiment_ids=self.ids, limit=LOOKED)
        return list(dict.fromkeys([*known, *_metrics_of(begun)]))

    def _known(self, name: str, known: Sequence[str]) -> str:
        if found := as_logged(name, known):
            return found
        try:
            return name if self.source.leaders(Ranking(name, Goal.HIGHER, self.ids)) else ""
        except FilterRefused:
            return ""  # no metric can be called so

    def _miss(self, name: str, known: Sequence[str], part: str) -> None:
        alike = () if name in self.certain else nearest_names(name, known)
        if not alike:
            others = f" They log {', '.join(map(plain_reference, known[:_SUGGESTED]))}." if known else ""
            self.warnings.append(f"No run there has logged {plain_reference(name)} yet.{others}")
            return
        text = self.request.text
        at, end = spot_in(text, name)
        problem, remedy = f"No run there has logged a metric called {plain_reference(name)}.", _NEW
        example = complete_request(text, at, end, alike[0])
        parts = name.split()
        if len(parts) > 1 and all(as_logged(each, known) for each in parts):
            problem, remedy, alike = f"{problem} There are {' and '.join(map(plain_reference, parts))}.", _COMMAS, ()
            example = f"{text[:at]}{', '.join(parts)}{text[end:]}" if end else ""
        error = NotUnderstood(problem, remedy=remedy, near=alike, example=example, text=text, at=at, end=end)
        self.refused.append((part, error))

    def _doubt_user(self, watching: Watch, recent: Sequence[Run]) -> None:
        users = list(dict.fromkeys(run.user for run in recent if run.user))
        if not watching.user or watching.user.casefold() in {each.casefold() for each in users}:
            return
        alike = nearest_names(watching.user, users) or tuple(users[:_SUGGESTED])
        hint = f" MLflow knows {', '.join(map(plain_reference, alike))}." if alike else ""
        self.warnings.append(f"None of the last runs to end there is by {plain_reference(watching.user)}.{hint}")

    def _doubt_noise(self, watching: Watch, recent: Sequence[Run]) -> None:
        """Says where nothing would be told for want of repeats that tell what is clear."""
        if not watching.only_clear or watching.seeds is not None:
            return
        df = sum(len(group) - 1 for group in group_repeats(recent).values())
        if df < LEAST_NOISE_DF:
            self.warnings.append(
                "Too few repeats are known there to tell what is clear, so nothing is told until one configuration "
                "was run with 5 seeds."
            )


def _spotted(error: FilterRefused, text: str, where: str) -> RequestError:
    at, end = spot_in(text, where)
    return replace(error, text=text, at=at, end=end)


def _metrics_of(runs: Iterable[Run]) -> list[str]:
    return list(dict.fromkeys(name for run in runs for name in run.metrics))


# The experiment that a watch names: found, or not with what was meant, before anything else is looked up.


_LEADS = re.compile(r"(?:(?:for|just|with|on|any|all|the) )+", re.IGNORECASE)
_HELD = re.compile(r"(?:compared?|relative|in comparison|as opposed) (?:to|with) |baseline (?:is )?", re.IGNORECASE)
_NEARLY = 0.8  # two names that are one misspelt, rather than one and words behind it
_OPTIONS = "Behind an experiment I understand against, where, by, only, when, metrics, quiet, except, mention owner."


def resolve_experiment(
    request: WatchRequest, known: Sequence[Experiment], source: RunSource
) -> tuple[Watch, tuple[Experiment, ...]]:
    """The watch with the experiment's own name, and all that it covers. Raises ExperimentNotFound, or what to type."""
    watching = request.watching
    if not watching.place:
        raise no_experiment(request, known)
    try:
        name = find_experiment(watching.place, source).name
    except ExperimentNotFound as error:
        if not watching.is_pattern:
            raise _gone_on(request, known, error.near) or _unknown(request, error) from error
    else:
        watching = replace(watching, place=name)
    covered = tuple(each for each in known if is_watched(watching, each))
    if not covered and watching.is_pattern and (trailing := _gone_on(request, known, ())):
        raise trailing
    return watching, covered


def no_experiment(request: WatchRequest, known: Sequence[Experiment]) -> RequestError:
    names = tuple(each.name for each in known)[:_SUGGESTED]
    return NotUnderstood(
        "Which experiment shall I watch?",
        remedy="Name it, or a pattern such as team/*; or set one for this channel with set experiment.",
        example="watch *",
        near=names,
        text=request.text,
    )


def _unknown(request: WatchRequest, error: ExperimentNotFound) -> RequestError:
    """The error with the spot where the place was named, not another word like it."""
    text, place, at = request.text, request.watching.place, request.at
    if not text[at:].startswith(place) and (found := text.find(place, at)) >= 0:
        at = found
    end = at + len(place) if text[at:].startswith(place) else None
    spot = at if text else None
    example = complete_request(text, spot, end, error.near[0]) if error.near else ""
    hint = "" if error.near else "For those that are still to come say a pattern, such as team/*."
    remedy = error.remedy or hint
    problem = f"There is no experiment called {plain_reference(place)}."
    return replace(error, problem=problem, remedy=remedy, example=example, text=text, at=spot, end=end)


def _gone_on(request: WatchRequest, known: Sequence[Experiment], near: Sequence[str]) -> RequestError | None:
    """`watch fraud but quickly`: an experiment with words behind it that say nothing; None where none begins it."""
    place, text = request.watching.place, request.text
    written = place if place in text else html.escape(place, quote=False)
    at = text.find(written, request.at)
    name = _begun(place, [each.name for each in known])
    if not name or at < 0 or _is_quoted(text, at) or (near and _is_nearly(place, near[0])):
        return None
    rest = written[len(html.escape(name, quote=False) if written != place else name) :].strip()
    spot = at + len(written) - len(rest)
    is_listed = rest.split()[0].casefold() in ("and", "or", "&", "+")
    problem = (
        f"{plain_reference(name)} is watched by itself."
        if is_listed
        else f"I do not understand {plain_reference(html.unescape(rest))}."
    )
    remedy = "For the other set up a second watch, or watch both with a pattern such as team/*."
    return NotUnderstood(
        problem,
        remedy=remedy if is_listed else _OPTIONS,
        example=f"{text[:spot]}{_as_option(rest)}{text[spot + len(rest) :]}".replace("  ", " ").strip(),
        text=text,
        at=spot,
        end=spot + len(rest),
    )


def _begun(place: str, names: Sequence[str]) -> str:
    """The longest name, or the pattern, with which the place begins and goes on; "" for none."""
    begun = [name for name in names if place.casefold().startswith(f"{name} ".casefold())]
    first = place.split(maxsplit=1)[0]
    return max(begun, key=len, default=first if is_pattern(first) and first != place else "")


def _is_quoted(text: str, at: int) -> bool:
    return any(word.is_quoted and word.at <= at < word.end for word in split_words(text))


def _as_option(words: str) -> str:
    """The option that these words nearly are: `only failures`, `when loss < 1`; "" for none."""
    lead = _HELD.match(words)
    core = words[lead.end() :] if lead else _LEADS.sub("", words)
    for option in ("against",) if lead else ("only", "when"):
        try:
            found = watching_of(f"x {option} {core}")
        except NotUnderstood:
            continue
        if found.place == "x":
            return f"{option} {core}"
    return ""


def _is_nearly(name: str, other: str) -> bool:
    return difflib.SequenceMatcher(None, name.casefold()[:200], other.casefold()[:200]).ratio() > _NEARLY
