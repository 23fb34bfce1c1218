"""A comparison, worded as a whole."""

from collections.abc import Sequence
from dataclasses import replace

from comparison import links
from comparison.completing import quoted
from comparison.goals import EITHER
from comparison.outcome import Comparison, GoalSource, MetricComparison, Outcome, Verdict
from comparison.report import Line, Link, Report, RunCard, Section, Step
from comparison.runs import Goal, Run
from comparison.tolerance import write_tolerance
from comparison.verdict import repeated
from comparison.wording import cards, plain
from comparison.wording.headline import FIT, headline, verdicts
from comparison.wording.sections import sections
from comparison.wording.summary import summary
from comparison.wording.table import table

SENTENCE = 600  # characters of a warning; names in it can be as long as MLflow lets them be
GOALS_NAMED = 6
_SAID_BY = {
    GoalSource.REQUEST: "as asked",
    GoalSource.CHANNEL: "set for this channel",
    GoalSource.EXPERIMENT: "the experiment's tag",
}


def word(  # noqa: PLR0913 -- all but the comparison have defaults and are given by name
    comparison: Comparison,
    *,
    ui_url: str = "",
    now: int | None = None,
    everything: bool = False,
    differing: bool = False,
    rules_url: str = "",
    command: str = "/mlcompare",
    in_channel: bool = False,
) -> Report:
    """The comparison in words: verdict, table, why, doubts, what to do next, links. `now` is in ms since the epoch.

    `everything` shows also what is the same; `differing` nothing that is; `in_channel`: goals can be set by typing.
    """
    labels = cards.labels(comparison)
    short = cards.labels(comparison, FIT)
    judged = verdicts(comparison, short)
    metrics = table(comparison, labels, everything=everything, differing=differing)
    rules = (Link("How this is judged", rules_url, "rules"),) if rules_url else ()
    report = Report(
        headline=headline(comparison, judged, short),
        summary="",
        sides=_sides(comparison, labels, ui_url=ui_url, now=now),
        table=metrics,
        sections=(*_each(judged), *sections(comparison, short, everything=everything)),
        warnings=tuple(_sentence(warning.text, comparison) for warning in comparison.warnings),
        steps=_steps(comparison, command, folded=bool(metrics and metrics.note), in_channel=in_channel),
        links=(*_links(comparison, labels, ui_url), *rules),
        footnotes=_footnotes(comparison, command if in_channel else ""),
    )
    return replace(report, summary=summary(report, comparison, short))


def _sides(comparison: Comparison, labels: Sequence[str], *, ui_url: str, now: int | None) -> tuple[RunCard, ...]:
    several = len(comparison.candidates) > 1
    roles = ("Baseline", *(f"Candidate {number}" if several else "Candidate" for number in range(1, len(labels))))
    return tuple(
        cards.card(side, role, label, url=_url(side.runs, ui_url), now=now)
        for side, role, label in zip(comparison.sides, roles, labels, strict=True)
    )


def _url(runs: Sequence[Run], ui_url: str) -> str:
    return links.run_url(ui_url, runs[0]) if ui_url and len(runs) == 1 else ""


def _each(judged: Sequence[Verdict]) -> tuple[Section, ...]:
    if len(judged) == 1:
        return ()
    return (Section("Verdicts", tuple(Line(verdict.text) for verdict in judged)),)


def _links(comparison: Comparison, labels: Sequence[str], ui_url: str) -> tuple[Link, ...]:
    if not ui_url:
        return ()
    runs = list({run.run_id: run for side in comparison.sides for run in side.runs}.values())
    own = {
        side.runs[0].run_id: Link(f"Open {label}", links.run_url(ui_url, side.runs[0]), f"run:{number}")
        for number, (side, label) in reversed(list(enumerate(zip(comparison.sides, labels, strict=True))))
        if len(side.runs) == 1
    }
    opened = sorted(own.values(), key=lambda link: int(link.key.removeprefix("run:")))
    both = (Link("Compare in MLflow", links.compare_url(ui_url, runs), "compare"),) if len(runs) > 1 else ()
    return (*opened, *both)


def _sentence(text: str, comparison: Comparison) -> str:
    """A sentence that holds names: on one line, long ones cut, their direction kept to themselves."""
    shown = plain.one_line(text)
    for label in {plain.one_line(side.label) for side in comparison.sides}:
        if label and plain.name(label) != label:
            shown = shown.replace(label, plain.name(label, FIT) if len(label) > plain.NAME else plain.isolate(label))
    return plain.shorten(shown, SENTENCE)


def _steps(comparison: Comparison, command: str, *, folded: bool, in_channel: bool) -> tuple[Step, ...]:
    steps = []
    unknown = list(dict.fromkeys(metric.logged_as for metric in comparison.metrics if _moves_without_goal(metric)))
    if unknown and in_channel:
        typed = f"{command} set goal {quoted(unknown[0])} {EITHER}" if quoted(unknown[0]) else ""
        steps.append(Step(f"No goal is known for {plain.listed(unknown)}. Set goals, or type", typed))
    elif unknown:
        tag = f"mlcompare.goal.{plain.one_line(unknown[0])}"
        steps.append(
            Step(
                f"No goal is known for {plain.listed(unknown)}. "
                f"To set one, give the experiment the tag {plain.isolate(tag)} with the value higher or lower."
            )
        )
    ids = list(dict.fromkeys(run.run_id for side in comparison.sides for run in side.runs))
    if folded and 1 < len(ids) == len(comparison.sides):
        steps.append(Step("See what is the same as well", f"{command} {' '.join(each[:8] for each in ids)} all"))
    return tuple(steps)


def _moves_without_goal(metric: MetricComparison) -> bool:
    return metric.goal is Goal.UNKNOWN and any(change.outcome is Outcome.CHANGED for change in metric.changes)


def _footnotes(comparison: Comparison, command: str) -> tuple[str, ...]:
    return tuple(
        filter(
            None,
            (
                _reading(comparison.reading),
                _within(comparison.metrics),
                _counted_once(comparison.metrics),
                _assumed(comparison, command),
            ),
        )
    )


def _within(metrics: Sequence[MetricComparison]) -> str:
    """Within what values are the same, where that was said, and by whom."""
    said: dict[tuple[GoalSource, float], list[str]] = {}
    for metric in metrics:
        if metric.tolerance is not None:
            said.setdefault((metric.tolerance_source, metric.tolerance), []).append(metric.name)
    told = [
        f"{write_tolerance(fraction)}{'' if len(names) == len(metrics) else f' for {plain.listed(names, GOALS_NAMED)}'}"
        f" ({_SAID_BY[source]})"
        for (source, fraction), names in said.items()
    ]
    return f"Values count as the same within this share of the baseline: {'; '.join(told)}." if told else ""


def _counted_once(metrics: Sequence[MetricComparison]) -> str:
    told = [plain.listed(names) for names in repeated(metrics)]
    return f"Counted once, as their values are equal: {'; '.join(told)}." if told else ""


def _reading(reading: str) -> str:
    """What the values are, where they are not simply the last ones."""
    if reading == "last":
        return ""
    told = "the best over the steps, by each metric's goal" if reading == "best" else f"those {reading}"
    return f"The values are {told}."


def _assumed(comparison: Comparison, command: str) -> str:
    """Goals taken from names, said once, with the way to set them: by the command, or "" in MLflow."""
    assumed = [metric for metric in comparison.metrics if metric.goal_source is GoalSource.NAME]
    groups = [
        (goal, list(dict.fromkeys(metric.logged_as for metric in assumed if metric.goal is goal)))
        for goal in (Goal.HIGHER, Goal.LOWER)
    ]
    told = [f"{goal.value} is better for {plain.listed(names, GOALS_NAMED)}" for goal, names in groups if names]
    if not told:
        return ""
    stated = f"Assumed from the names: {'; '.join(told)}."
    first = next((each for each in assumed if len(each.logged_as) <= plain.NAME and quoted(each.logged_as)), None)
    if command and first:
        opposite = Goal.LOWER if first.goal is Goal.HIGHER else Goal.HIGHER
        return f"{stated} To say otherwise: {command} set goal {quoted(first.logged_as)} {opposite.value}."
    tag = plain.isolate(f"mlcompare.goal.{plain.shorten(plain.one_line(assumed[0].logged_as), plain.NAME)}")
    return f"{stated} To say otherwise, set the experiment tag {tag}."
