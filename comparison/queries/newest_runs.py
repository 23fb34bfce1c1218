"""The newest runs of a place, and the experiments there are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from comparison.channel_defaults import ChannelDefaults
from comparison.errors import RunNotFound, spot_in
from comparison.judgement.primary_metric import PrimaryMetric, choose_primary
from comparison.names import as_logged, nearest_names
from comparison.queries.scope import Scope, find_scope
from comparison.request import Experiments, Runs
from comparison.resolve.scope import gather, narrow, took_of
from comparison.runs import Experiment, Run
from comparison.tracking.source import RunSource

LISTED = 20  # runs where nobody says how many
MOST_LISTED = 50
FIRST = 5  # of an order where nobody says how many


@dataclass(frozen=True, slots=True)
class NewestRuns:
    """The newest first. `words` say which are meant; `by` is the metric to show by experiment id, where none is named.

    `is_cut` when there may be more.
    """

    place: Scope
    now: datetime
    runs: tuple[Run, ...]
    is_cut: bool = False
    words: str = ""
    metrics: tuple[str, ...] = ()
    by: Mapping[str, PrimaryMetric | None] = field(default_factory=dict)
    order: str = ""  # longest, shortest or oldest first; "": the newest
    took: Mapping[str, int] = field(default_factory=dict)  # ms by run id, where it is asked for
    is_partial: bool = False  # only so many of the newest were looked at


def newest_runs(
    request: Runs, source: RunSource, *, now: datetime, defaults: ChannelDefaults | None = None
) -> NewestRuns:
    """The runs that are meant, in a few questions. Raises RequestError and what narrowing raises."""
    agreed = defaults or ChannelDefaults()
    where = find_scope(request.experiment, source, agreed, text=request.text, several=request.among.experiments)
    chosen = narrow(request.among, source, experiments=where.experiments, now=now, text=request.text)
    default = FIRST if request.among.order else LISTED
    limit = default if request.among.count is None else MOST_LISTED
    found = gather(chosen, source, limit=limit)
    by = {
        key: choose_primary([run for run in found.runs if run.experiment.experiment_id == key], [experiment], agreed)
        for key, experiment in {run.experiment.experiment_id: run.experiment for run in found.runs}.items()
    }
    metrics = logged_names(request.metrics, found.runs, text=request.text)
    lengths = {run.run_id: took_of(run, chosen.now) for run in found.runs} if chosen.is_sifted else {}
    took = {key: length for key, length in lengths.items() if length is not None}
    order, is_partial = request.among.order, found.is_partial
    return NewestRuns(where, now, found.runs, found.is_cut, chosen.words, metrics, by, order, took, is_partial)


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


@dataclass(frozen=True, slots=True)
class KnownExperiments:
    """Experiments of the server, the last changed first; `of_channel` is the name of the channel's own."""

    experiments: tuple[Experiment, ...]
    of_channel: str = ""


def known_experiments(
    _request: Experiments, source: RunSource, *, now: datetime, defaults: ChannelDefaults | None = None
) -> KnownExperiments:
    """Asks one question, or none where the answer is known. Raises TrackingUnavailable."""
    del now
    return KnownExperiments(source.experiments(), defaults.experiment if defaults else "")
