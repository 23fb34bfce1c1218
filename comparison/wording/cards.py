"""The sides, introduced: what each is called here, how it stands, and how it was chosen."""

from collections import Counter

from comparison.outcome import Comparison
from comparison.report import RunCard
from comparison.runs import Run, Side, Status
from comparison.wording import plain, times

_STATUS = {
    Status.RUNNING: "running",
    Status.SCHEDULED: "scheduled",
    Status.FINISHED: "finished",
    Status.FAILED: "failed",
    Status.KILLED: "killed",
    Status.PRUNED: "pruned",
    Status.UNKNOWN: "status unknown",
}


def labels(comparison: Comparison, limit: int = plain.TITLE) -> tuple[str, ...]:
    """What each side is called in this report, baseline first; no two alike."""
    ids = [side.runs[0].run_id if side.runs else "" for side in comparison.sides]
    return plain.distinct([side.label for side in comparison.sides], ids, limit)


def card(side: Side, role: str, label: str, *, url: str = "", now: int | None = None) -> RunCard:
    """One side with short facts: status, experiment, start, duration, user, how it was chosen."""
    facts = _facts_of_one(side.runs[0], now) if len(side.runs) == 1 else _facts_of_several(side.runs)
    notes = tuple(plain.name(note, 200) for note in side.notes)
    return RunCard(role, label, url, facts + notes)


def _facts_of_one(run: Run, now: int | None) -> tuple[str, ...]:
    facts = (
        _STATUS[run.status],
        "deleted" if run.deleted else "",
        f"in {plain.name(run.experiment.name)}" if run.experiment.name else "",
        "" if run.started_at is None else times.started(run.started_at, now),
        _length(run, now),
        *(f"impossible {told}" for told in times.impossible(run)),
        f"by {plain.name(run.user)}" if is_known(run.user) else "",
    )
    return tuple(fact for fact in facts if fact)


def standing(run: Run) -> str:
    """`finished`, `running`, `failed`; `deleted` beside it where it was."""
    return f"{_STATUS[run.status]}, deleted" if run.deleted else _STATUS[run.status]


def is_known(user: str) -> bool:
    """MLflow writes "unknown" where nobody said who it was."""
    return user not in ("", "unknown")


def _length(run: Run, now: int | None) -> str:
    if run.former_end is not None:
        return f"resumed, had ended {times.date(run.former_end)}"
    if run.started_at is None:
        return ""
    if run.is_over and run.ended_at is None and not run.odd_times:
        return "end not logged"
    if run.ended_at is not None:
        return f"took {times.duration(run.ended_at - run.started_at)}" if run.ended_at >= run.started_at else ""
    if run.status is Status.RUNNING and now is not None and now >= run.started_at:
        return f"no end yet after {times.duration(now - run.started_at)}"
    return ""


def _facts_of_several(runs: tuple[Run, ...]) -> tuple[str, ...]:
    counts = Counter(run.status for run in runs)
    statuses = ", ".join(f"{counts[status]} {word}" for status, word in _STATUS.items() if counts[status])
    experiments = list(dict.fromkeys(run.experiment.name for run in runs if run.experiment.name))
    deleted = sum(run.deleted for run in runs)
    facts = (
        plain.counted(len(runs), "run"),
        statuses,
        f"{deleted} deleted" if deleted else "",
        f"in {plain.listed(experiments)}" if experiments else "",
    )
    return tuple(fact for fact in facts if fact)
