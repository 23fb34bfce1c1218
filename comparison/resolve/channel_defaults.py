"""What a channel can agree on: names that are there, found before they are set."""

from datetime import datetime

from comparison.channel_defaults import ChannelDefaults
from comparison.errors import ExperimentNotFound, FilterRefused, NotUnderstood, RequestError, RunNotFound, spot_in
from comparison.judgement.goals import fits, is_pattern
from comparison.language.quoting import complete_request
from comparison.names import as_logged, nearest_names
from comparison.request import Pin
from comparison.resolve.runs import find_runs
from comparison.resolve.scope import HALF, ChosenRuns, find_experiment
from comparison.runs import Goal, Run
from comparison.tracking.source import Ranking, RunSource

SEEN = 100  # newest runs whose metrics are known by name
_SUGGESTED = 5


def known_metric(name: str, source: RunSource, defaults: ChannelDefaults, *, text: str = "") -> str:
    """The metric as it was logged, whatever its case, in the channel's experiment if it has one, else anywhere.

    Raises NotUnderstood with the nearest names when nobody logged it.
    """
    logged: list[str] = []
    for ids in dict.fromkeys((_experiment(source, defaults), ())):
        recent = source.part(experiment_ids=ids, limit=SEEN, share=HALF)
        logged = list(dict.fromkeys([*logged, *(each for run in recent.runs for each in run.metrics)]))
        found = as_logged(name, logged)
        if found:
            return found
    if _is_logged(name, source):
        return name
    alike = nearest_names(name, logged) or tuple(logged[:_SUGGESTED])
    raise _unknown(f"No run logged a metric called {name[:120]}.", name, alike, text)


def known_goal(name: str, source: RunSource, defaults: ChannelDefaults, *, text: str = "") -> str:
    """The metric to set a goal for as it was logged, or a pattern such as `score_*` that one of the newest runs fits.

    Raises NotUnderstood when nobody logged it.
    """
    if not is_pattern(name):
        return known_metric(name, source, defaults, text=text)
    for ids in dict.fromkeys((_experiment(source, defaults), ())):
        recent = source.newest(experiment_ids=ids, limit=SEEN)
        if any(fits(each, name) for run in recent for each in run.metrics):
            return name
    raise _unknown(f"None of the newest {SEEN} runs logged a metric like {name[:120]}.", name, (), text)


def known_run(request: Pin, source: RunSource, defaults: ChannelDefaults, *, now: datetime | None = None) -> Run:
    """The run to pin. Raises what finding raises, Ambiguous for a name that several runs have too."""
    if request.run is None:
        raise NotUnderstood("Which run is the baseline?", remedy="Name it.", example="pin latest", text=request.text)
    sides = find_runs(
        [request.run],
        source,
        experiment=request.experiment,
        text=request.text,
        defaults=defaults,
        now=now,
        several=ChosenRuns.ASK,
    )
    run = sides[0].runs[0]
    if run.deleted:
        problem = f"{run.name} was deleted in MLflow."
        raise RunNotFound(problem, remedy="Pin one that is there.", example="pin latest", text=request.text)
    return run


def stated_goal(name: str, defaults: ChannelDefaults, *, text: str = "") -> str:
    """The metric that has a goal in this channel; the name itself when none has one like it."""
    found = as_logged(name, defaults.goals)
    if found or not (alike := nearest_names(name, defaults.goals)):
        return found or name
    raise _unknown(f"No goal is set here for {name[:120]}.", name, alike, text)


def agreed_tolerance(name: str, defaults: ChannelDefaults, *, text: str = "") -> str:
    """The metric that has a tolerance of its own in this channel, as `agreed_goal`; "" is every metric."""
    if not name:
        return ""
    found = as_logged(name, defaults.tolerances)
    if found or not (alike := nearest_names(name, defaults.tolerances)):
        return found or name
    raise _unknown(f"No tolerance is set here for {name[:120]}.", name, alike, text)


def _experiment(source: RunSource, defaults: ChannelDefaults) -> tuple[str, ...]:
    """The channel's experiment by id; none where it has none or it is gone."""
    try:
        return (find_experiment(defaults.experiment, source).experiment_id,) if defaults.experiment else ()
    except ExperimentNotFound:
        return ()


def _is_logged(name: str, source: RunSource) -> bool:
    try:
        return bool(source.leaders(Ranking(name, Goal.HIGHER, ())))
    except FilterRefused:
        return False  # no metric can be called so


def _unknown(problem: str, name: str, alike: tuple[str, ...], text: str) -> RequestError:
    at, end = spot_in(text, name)
    example = complete_request(text, at, end, alike[0]) if alike else ""
    return NotUnderstood(problem, near=alike, example=example, text=text, at=at, end=end)
