"""Pieces that quick answers share: moments, ages, a run with its last value, where runs are from."""

from collections.abc import Sequence
from datetime import datetime

from comparison import digits
from comparison.outcome import GoalSource
from comparison.quick.place import Place
from comparison.quick.primary import Chosen, Primary, value_of
from comparison.runs import Goal, Run, Status
from comparison.wording import plain, times
from comparison.wording.cards import is_known

SHORT = 8  # characters of an id that people read
LABEL = 40  # characters of a run's name in a line
OPENED = 5  # runs with a button of their own


def milliseconds(now: datetime) -> int:
    return int(now.timestamp() * 1000)


def clock(moment: datetime) -> str:
    """`Friday 20 November, 12:00 UTC`."""
    zone = moment.tzname() or "UTC"
    return f"{moment:%A} {moment.day} {moment:%B}, {moment:%H:%M} {zone}"


def ago(at: int | None, now: datetime) -> str:
    """`2 h ago`, `just now`; the date where that is long ago, or still to come by the clock of its machine."""
    if at is None:
        return ""
    told = times.started(at, milliseconds(now)).removeprefix("started ")
    return f"{told} by a clock that is ahead" if at - milliseconds(now) > times.AHEAD else told


def when(run: Run, now: datetime) -> str:
    """When a run that is over ended; else when it was heard of last."""
    if run.ended_at is not None:
        return ago(run.ended_at, now)
    heard = ago(run.over_at or None, now)
    return f"at a time it does not tell, last heard of {heard}" if heard else "at a time it does not tell"


def length(run: Run) -> str:
    """`34 min`; "" where it is not known."""
    if run.started_at is None or run.ended_at is None or run.ended_at < run.started_at:
        return ""
    return times.duration(run.ended_at - run.started_at)


def age(run: Run, now: datetime) -> str:
    """For how long it has been running."""
    if run.started_at is None or run.started_at - milliseconds(now) > times.AHEAD:
        return ""
    return times.duration(max(0, milliseconds(now) - run.started_at))


def where(place: Place) -> str:
    """` in fraud`, ` in fraud, the channel's experiment`, or nothing."""
    if not place.experiments:
        return ""
    names = [plain.name(each.name, LABEL) for each in place.experiments]
    told = f" in {plain.listed(names, 3)}"
    return f"{told}, the channel's experiment" if place.of_channel else told


def user(run: Run) -> str:
    return plain.name(run.user, LABEL) if is_known(run.user) else ""


def number(value: float | None) -> str:
    return digits.row(value).values[0]


def last_value(run: Run, by: Primary | None) -> str:
    """`loss 0.41 at step 120`: of the metric that counts, else of the last one logged; "" when there is none."""
    name = by.metric if by and by.metric in run.metrics else _last_logged(run)
    if not name:
        return ""
    held = run.metrics[name]
    step = f" at step {held.step:,}" if held.step else ""
    return f"{plain.name(name, LABEL)} {number(held.value)}{step}"


def _last_logged(run: Run) -> str:
    own = {name: held for name, held in run.metrics.items() if not name.startswith("system/")}
    return max(own, key=lambda name: (own[name].logged_at, own[name].step, name), default="")


def ill(run: Run) -> str:
    return {Status.KILLED: "was killed", Status.PRUNED: "was pruned"}.get(run.status, "failed")


def labels(runs: Sequence[Run], limit: int = LABEL) -> tuple[str, ...]:
    """What each run is called, no two alike."""
    return plain.distinct([run.name for run in runs], [run.run_id for run in runs], limit)


def valued(run: Run, by: Primary | None) -> str:
    """`run-a, accuracy 0.97`, as far as it logged that."""
    name = plain.name(run.name, LABEL)
    value = value_of(run, by.metric) if by else None
    return f"{name}, {plain.name(by.metric, LABEL)} {number(value)}" if by and value is not None else name


def short_ids(runs: Sequence[Run]) -> tuple[str, ...]:
    """As much of each id as can be typed for it, no two alike."""
    size = next((n for n in range(SHORT, 32) if len({run.run_id[:n] for run in runs}) == len(runs)), 64)
    return tuple(run.run_id[:size] for run in runs)


def joined(*facts: str) -> str:
    return " · ".join(fact for fact in facts if fact)


def spanning(runs: Sequence[Run]) -> bool:
    """Whether they are of several experiments, so that each has to say which."""
    return len({run.experiment.experiment_id for run in runs}) > 1


def of_one(runs: Sequence[Run], place: Place) -> str:
    """In which experiment all of them are, where neither the place nor their rows say it."""
    if place.experiments or not runs or spanning(runs):
        return ""
    return f"{'It is' if len(runs) == 1 else 'All are'} in {plain.name(runs[0].experiment.name, LABEL)}."


def chosen(by: Primary) -> str:
    """Why this metric, and why this way round: for the small print; "" when the request said all of it."""
    name = plain.name(by.metric, LABEL)
    why = {
        Chosen.REQUEST: "",
        Chosen.CHANNEL: f"Judged by {name}, the channel's metric.",
        Chosen.EXPERIMENT: f"Judged by {name}, as the experiment's tag says.",
        Chosen.RUNS: f"Judged by {name}, as most runs logged it; name another with by, or set metric for the channel.",
    }[by.chosen]
    goal = f"Assumed from its name: {by.goal.value} is better for {name}." if by.goal_source is GoalSource.NAME else ""
    unknown = f"No goal is known for {name}: set goal {name} higher, or lower." if by.goal is Goal.UNKNOWN else ""
    return " ".join(filter(None, (why, goal, unknown)))
