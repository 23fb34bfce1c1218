"""What a message shows of a run, as one short text: when it differs, the message may have to."""

from collections.abc import Iterable
from hashlib import sha256

from comparison.runs import Run
from comparison.source import ModelVersion


def look_of(run: Run, versions: Iterable[ModelVersion] = ()) -> str:
    """16 hexadecimal digits, of all that people can still change of it; in whatever order MLflow tells it."""
    facts = (run.name, run.status.value, run.started_at, run.ended_at, run.user, run.deleted, run.parent_id)
    metrics = sorted((name, repr(metric.value), metric.step) for name, metric in run.metrics.items())
    datasets = sorted((each.name, each.digest, each.context) for each in run.datasets)
    registered = sorted((each.model, each.version) for each in versions)
    code = (run.commit, run.source)
    told = (facts, code, metrics, sorted(run.parameters.items()), sorted(run.tags.items()), datasets, registered)
    return sha256(repr(told).encode("utf-8", "backslashreplace")).hexdigest()[:16]
