"""The parts of a standup, worded: news and what went wrong stay open, the rest is folded."""

from collections import Counter

from comparison import digits
from comparison.quick import happening
from comparison.quick.primary import Primary, value_of
from comparison.quick.standup import Best, Digest, Group
from comparison.report import Line, Section
from comparison.runs import Goal, Run
from comparison.wording import plain, times
from comparison.wording import quick_words as words

NAMED = 3  # runs named of each experiment
_OPEN = 5  # lines of a part that stays open


def first(group: Group) -> Run | None:
    """The best of those fetched, where that can be told."""
    if group.by is None or group.by.goal is Goal.UNKNOWN:
        return None
    return next((run for run in group.finished if value_of(run, group.by.metric) is not None), None)


def new_bests(digest: Digest) -> Section:
    lines = tuple(
        Line(_new_best(group.best, group.by), plain.name(group.experiment.name))
        for group in digest.groups
        if group.best is not None and group.best.is_new and group.by is not None
    )
    return Section("New best", lines)


def _new_best(best: Best, by: Primary) -> str:
    """`run-b, auc 0.93 · was 0.90, run-a · by maya`; both values with the same decimals."""
    name = plain.name(best.run.name, words.LABEL)
    metric = plain.name(by.metric, words.LABEL)
    was = "the first" if best.is_first else ""
    if best.before is None:
        value = words.number(value_of(best.run, by.metric))
    else:
        old, value = digits.row(value_of(best.before, by.metric), value_of(best.run, by.metric)).values
        was = f"was {old}, {plain.name(best.before.name, words.LABEL)}"
    still = "" if best.run.is_over else "still running"
    return words.joined(f"{name}, {metric} {value}", was, still, _by(best.run))


def _by(run: Run) -> str:
    return f"by {words.user(run)}" if words.user(run) else ""


def best_so_far(digest: Digest) -> Section:
    """Of one experiment, where there is no table to say it."""
    if len(digest.groups) != 1 or digest.groups[0].best is None or digest.groups[0].best.is_new:
        return Section("Best so far", ())
    group = digest.groups[0]
    best = digest.groups[0].best
    told = words.joined(words.valued(best.run, group.by), _ended(best.run, digest), _by(best.run))
    return Section("Best so far", (Line(f"{told}, not changed"),))


def _ended(run: Run, digest: Digest) -> str:
    return words.when(run, digest.now) if run.is_over else ""


def ill(digest: Digest) -> Section:
    groups = {group.experiment.experiment_id: group for group in digest.groups}
    runs = happening.in_order(digest.failed)
    lines = [
        Line(
            words.joined(
                _in(run, digest),
                f"{words.ill(run)} {words.when(run, digest.now)}",
                f"after {words.length(run)}" if words.length(run) else "",
                words.last_value(run, groups[run.experiment.experiment_id].by),
                _by(run),
            ),
            label,
        )
        for run, label in zip(runs, words.labels(runs), strict=True)
    ]
    return Section("Failed", tuple(lines), folded=len(lines) > _OPEN)


def _in(run: Run, digest: Digest) -> str:
    return f"in {plain.name(run.experiment.name, words.LABEL)}" if len(digest.groups) > 1 else ""


def dead(digest: Digest) -> Section:
    runs = [run for run in digest.running if run.run_id in digest.silences]
    lines = [
        Line(
            words.joined(
                _in(run, digest),
                f"RUNNING, but silent for {times.duration(digest.silences[run.run_id])}",
                _by(run),
            ),
            label,
        )
        for run, label in zip(runs, words.labels(runs), strict=True)
    ]
    long_dead = f"{plain.counted(digest.stale, 'run')} seemed dead for more than a week" if digest.stale else ""
    if not lines and long_dead:
        return Section("Seems dead", (Line(long_dead),), folded=True)
    return Section("Seems dead", tuple(lines), f"{long_dead} besides" if long_dead else "", folded=len(lines) > _OPEN)


def running(digest: Digest) -> Section:
    groups = {group.experiment.experiment_id: group for group in digest.groups}
    runs = [run for run in digest.running if run.run_id not in digest.silences]
    runs.sort(key=lambda run: -(run.started_at or 0))
    lines = [
        Line(
            words.joined(
                _in(run, digest),
                f"for {words.age(run, digest.now)}" if words.age(run, digest.now) else "",
                words.last_value(run, groups[run.experiment.experiment_id].by),
                _by(run),
            ),
            label,
        )
        for run, label in zip(runs, words.labels(runs), strict=True)
    ]
    return Section("Running", tuple(lines), folded=True)


def finished(digest: Digest) -> Section:
    """The best few of each experiment, or the newest where none can be called best."""
    lines = []
    for group in digest.groups:
        if not group.finished:
            continue
        word = "best" if first(group) else "newest"
        named = "; ".join(words.valued(run, group.by) for run in group.finished[:NAMED])
        left = len(group.finished) - NAMED
        more = f"; {left:,}{'+' if 'finished' in digest.cut else ''} more" if left > 0 else ""
        told = f"{word} {named}" if len(group.finished) > 1 else named
        lines.append(Line(f"{told}{more}", plain.name(group.experiment.name)))
    return Section("Finished", tuple(lines), folded=len(digest.groups) > 1)


def who(digest: Digest) -> Section:
    """Who ran how many of what, most first."""
    runs = [*digest.finished, *digest.failed, *digest.pruned, *digest.running]
    counts = Counter(words.user(run) or "unknown" for run in runs)
    lines = []
    for name, count in sorted(counts.items(), key=lambda each: (-each[1], each[0])):
        own = [run for run in runs if (words.user(run) or "unknown") == name]
        where = [each for each, _ in Counter(run.experiment.name for run in own).most_common()]
        place = f" in {plain.listed(where, 3)}" if len(digest.groups) > 1 else ""
        more = " or more" if digest.cut else ""
        lines.append(Line(f"{plain.counted(count, 'run')}{more}{place}", name))
    return Section("Who ran what", tuple(lines), folded=True)
