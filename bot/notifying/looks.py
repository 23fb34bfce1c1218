"""What a message shows of a run, as one short text: when it differs, the message may have to."""

from collections.abc import Iterable
from hashlib import sha256

from comparison.runs import Run
from comparison.source import ModelVersion


def look_of(run: Run, versions: Iterable[ModelVersion] = ()) -> str:
    """Everything of a run that a person can change later: metrics, parameters, tags, status, name, versions."""
    metrics = sorted((name, repr(metric.value), metric.step) for name, metric in run.metrics.items())
    registered = sorted((each.model, each.version) for each in versions)
    facts = (run.name, run.status.value, run.started_at, run.ended_at, run.user, run.deleted, run.parent_id)
    told = (facts, metrics, sorted(run.parameters.items()), sorted(run.tags.items()), registered)
    return sha256(repr(told).encode("utf-8", "backslashreplace")).hexdigest()[:24]
