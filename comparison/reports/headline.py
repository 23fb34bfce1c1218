"""The first line of every message: the verdict; of several candidates the best one, or that none is."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from comparison.judgement.numbers import NOTHING, format_row
from comparison.judgement.result import Comparison, MetricComparison, Verdict, VerdictKind
from comparison.judgement.verdict import holders, judge, tally_of_best, values_of
from comparison.report import RunCard
from comparison.reports.text import (
    TITLE_CHARS,
    count_noun,
    date_words,
    display_name,
    distinct_labels,
    duration_words,
    impossible,
    join_names,
    started_words,
)
from comparison.runs import Goal, Run, Side, Status

FIT = 30  # characters of a name within a headline, so that two of them fit


def verdict_lines(comparison: Comparison, labels: Sequence[str]) -> tuple[Verdict, ...]:
    """The verdict on each candidate, with names that can be read on one line and told apart."""
    metrics = [
        replace(metric, name=display_name(metric.name)) if metric.primary else metric for metric in comparison.metrics
    ]
    twice = comparison.not_counted
    return tuple(
        judge(metrics, number, labels=labels, twice=twice, is_one_run=comparison.is_one_run(number))
        for number in range(len(comparison.candidates))
    )


def comparison_headline(comparison: Comparison, judged: Sequence[Verdict], labels: Sequence[str]) -> str:
    """One sentence. Of several candidates the best by the primary metric, else the one that is better."""
    if len(judged) == 1:
        return judged[0].text
    primary = next((metric for metric in comparison.metrics if metric.primary), None)
    if primary is not None and primary.goal is not Goal.UNKNOWN:
        return _best_by(primary, labels)
    return _best_of(comparison, judged, labels)


def _best_by(primary: MetricComparison, labels: Sequence[str]) -> str:
    values = values_of(primary)
    shown = format_row(*values)
    name = display_name(primary.name)
    best = holders(primary)
    if not best:
        return f"Cannot say which is best: no run logged a finite {name}"
    if len(best) == len(labels):
        return f"No difference in {name}: {shown.values[0]} in all {len(labels)}"
    told = f"Best {name}: {shown.values[best[0]]} in {join_names([labels[number] for number in best], limit=3)}"
    if best == [0]:
        return f"{told}, the baseline; no candidate is better"
    change = shown.changes[best[0] - 1] if best[0] else NOTHING
    return f"{told} ({change} against {labels[0]})" if best[0] and change[0] in "+-" else told


def _best_of(comparison: Comparison, judged: Sequence[Verdict], labels: Sequence[str]) -> str:
    baseline = labels[0]
    better = [number for number, verdict in enumerate(judged) if verdict.standing is VerdictKind.BETTER]
    if len(better) == 1:
        others = _tally([verdict for number, verdict in enumerate(judged) if number not in better])
        return f"{judged[better[0]].text} (others: {others})"
    if better:
        return f"{len(better)} of {len(judged)} candidates are better than {baseline}; {_leading(comparison, labels)}"
    found = {verdict.standing for verdict in judged}
    if VerdictKind.MIXED in found:
        mixed = sum(verdict.standing is VerdictKind.MIXED for verdict in judged)
        return f"Mixed: none of {len(judged)} candidates is better than {baseline} throughout, {mixed} in part"
    if VerdictKind.WORSE in found:
        return f"No candidate is better than {baseline}: {_tally(judged)}"
    return {
        frozenset({VerdictKind.SAME}): f"No difference: the {len(judged)} candidates are the same as {baseline}",
        frozenset({VerdictKind.NOTHING}): f"Nothing to compare: no candidate shares a metric with {baseline}",
        frozenset(
            {VerdictKind.UNKNOWN}
        ): f"Cannot say which is better: none of the {len(judged)} candidates can be judged",
    }.get(frozenset(found), f"Cannot say which is better: {_tally(judged)}")


def _leading(comparison: Comparison, labels: Sequence[str]) -> str:
    """Which sides hold the best value of the most metrics, the baseline and candidates that are worse elsewhere too."""
    wins, counted = tally_of_best(comparison.metrics, comparison.not_counted)
    most = max(wins.values())
    leaders = [labels[number] for number in sorted(wins) if wins[number] == most]
    verb, each = ("is", "") if len(leaders) == 1 else ("are", " each")
    return f"{join_names(leaders, limit=3)} {verb} best on {most} of {count_noun(counted, 'metric')}{each}"


def _tally(judged: Sequence[Verdict]) -> str:
    words = {
        VerdictKind.BETTER: "better",
        VerdictKind.WORSE: "worse",
        VerdictKind.MIXED: "mixed",
        VerdictKind.SAME: "the same",
        VerdictKind.UNKNOWN: "cannot be judged",
        VerdictKind.NOTHING: "with no metric in common",
    }
    standings = [verdict.standing for verdict in judged]
    return ", ".join(f"{count} {word}" for standing, word in words.items() if (count := standings.count(standing)))


# The sides, introduced: what each is called here, how it stands, and how it was chosen.


_STATUS = {
    Status.RUNNING: "running",
    Status.SCHEDULED: "scheduled",
    Status.FINISHED: "finished",
    Status.FAILED: "failed",
    Status.KILLED: "killed",
    Status.PRUNED: "pruned",
    Status.UNKNOWN: "status unknown",
}


def side_labels(comparison: Comparison, limit: int = TITLE_CHARS) -> tuple[str, ...]:
    """What each side is called in this report, baseline first; no two alike."""
    ids = [side.runs[0].run_id if side.runs else "" for side in comparison.sides]
    return distinct_labels([side.label for side in comparison.sides], ids, limit)


def run_card(side: Side, role: str, label: str, *, url: str = "", now: int | None = None) -> RunCard:
    """One side with short facts: status, experiment, start, duration, user, how it was chosen."""
    facts = _facts_of_one(side.runs[0], now) if len(side.runs) == 1 else _facts_of_several(side.runs)
    notes = tuple(display_name(note, 200) for note in side.notes)
    return RunCard(role, label, url, facts + notes)


def _facts_of_one(run: Run, now: int | None) -> tuple[str, ...]:
    facts = (
        _STATUS[run.status],
        "deleted" if run.deleted else "",
        f"in {display_name(run.experiment.name)}" if run.experiment.name else "",
        "" if run.started_at is None else started_words(run.started_at, now),
        _length(run, now),
        *(f"impossible {told}" for told in impossible(run)),
        f"by {display_name(run.user)}" if is_known(run.user) else "",
    )
    return tuple(fact for fact in facts if fact)


def status_word(run: Run) -> str:
    """`finished`, `running`, `failed`; `deleted` beside it where it was."""
    return f"{_STATUS[run.status]}, deleted" if run.deleted else _STATUS[run.status]


def is_known(user: str) -> bool:
    """MLflow writes "unknown" where nobody said who it was."""
    return user not in ("", "unknown")


def _length(run: Run, now: int | None) -> str:
    if run.former_end is not None:
        return f"resumed, had ended {date_words(run.former_end)}"
    if run.started_at is None:
        return ""
    if run.is_over and run.ended_at is None and not run.odd_times:
        return "end not logged"
    if run.ended_at is not None:
        return f"took {duration_words(run.ended_at - run.started_at)}" if run.ended_at >= run.started_at else ""
    if run.status is Status.RUNNING and now is not None and now >= run.started_at:
        return f"no end yet after {duration_words(now - run.started_at)}"
    return ""


def _facts_of_several(runs: tuple[Run, ...]) -> tuple[str, ...]:
    counts = Counter(run.status for run in runs)
    statuses = ", ".join(f"{counts[status]} {word}" for status, word in _STATUS.items() if counts[status])
    experiments = list(dict.fromkeys(run.experiment.name for run in runs if run.experiment.name))
    deleted = sum(run.deleted for run in runs)
    facts = (
        count_noun(len(runs), "run"),
        statuses,
        f"{deleted} deleted" if deleted else "",
        f"in {join_names(experiments)}" if experiments else "",
    )
    return tuple(fact for fact in facts if fact)
