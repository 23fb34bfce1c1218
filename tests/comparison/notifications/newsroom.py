"""Runs that ended in an experiment, and what a channel is told of them."""

from comparison.channel_defaults import ChannelDefaults
from comparison.notifications.message import MessageKind
from comparison.notifications.news import find_news
from comparison.runs import Status
from comparison.watch import Watch
from tests.comparison.queries.team import HOUR, MINUTE, NOW, a_run
from tests.fakes.runs import FakeRuns


def forest(number, ended, auc=None, **facts):
    """A run of the experiment fraud, `ended` ms before noon."""
    metrics = {"val_auc": (auc, 100), "val_loss": (1.0, 100)} if auc is not None else {}
    facts.setdefault("parameters", {"depth": str(number), "seed": "1"})
    return a_run(f"rf-{number}", ended=ended, metrics=facts.pop("metrics", metrics), **facts)


PAST = [forest(number, (12 - number) * HOUR, 0.90 + number / 1000) for number in range(1, 9)]
BEST = forest(12, MINUTE, 0.934)
POOR = forest(13, MINUTE, 0.85)
BROKE = forest(14, MINUTE, status=Status.FAILED, ran=12 * MINUTE, metrics={"val_loss": (0.7, 34)})


def told(*runs, watch=None, kind=MessageKind.RUN, ids=None, source=None, defaults=None, **more):
    """What is told of the last of these runs."""
    watches = [("w", watch or Watch("fraud"))] if not isinstance(watch, list) else watch
    known = source or FakeRuns(list(runs))
    run_ids = ids if ids is not None else [runs[-1].run_id]
    return find_news(kind, run_ids, watches, known, now=NOW, defaults=defaults or ChannelDefaults(), **more)


def news(*runs, **more):
    return told(*runs, **more).news


def baseline(*runs, **more):
    """What the last run is held against, and how that was chosen."""
    side = news(*runs, **more).comparison.baseline
    return side.label, *side.notes
