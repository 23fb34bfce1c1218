"""Help: lines that can be copied as they stand, with names of runs that are there."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from comparison.judgement.goals import goal_of
from comparison.language.correction import quote
from comparison.report import Line, Report, Section, Step
from comparison.reports.text import NAME_CHARS, display_name, one_line
from comparison.runs import Goal, Run, Status

WANTED = 3  # names used in the examples
_BARE = re.compile(r"[\w./@+-]+", re.ASCII)
_STAND_INS = ("run-a", "run-b", "run-c")
TOPICS = ("compare", "runs", "metrics", "goals", "standup", "channel", "watch", "digest")


@dataclass(frozen=True, slots=True)
class Examples:
    """What the lines to copy are made of: runs of one experiment and a metric that they share, each "" when unknown."""

    names: tuple[str, ...] = ()
    metric: str = ""
    experiment: str = ""


def examples_of(runs: Sequence[Run]) -> Examples:
    """Runs that make lines to copy, of these, newest first: of one experiment, with a metric that they share.

    Runs that finished come first; a metric whose goal is known is wanted.
    """
    finished = [run for run in runs if run.status is Status.FINISHED]
    for experiment in dict.fromkeys(run.experiment.experiment_id for run in finished):
        own = [run for run in finished if run.experiment.experiment_id == experiment]
        shared = [name for name in own[0].metrics if sum(name in run.metrics for run in own) > 1]
        known = [name for name in shared if goal_of(name) is not Goal.UNKNOWN and _BARE.fullmatch(name)]
        names = dict.fromkeys(run.name for run in own if known and known[0] in run.metrics)
        if known and len(names) > 1:
            primary = own[0].experiment.primary_metric
            metric = primary if primary in known else known[0]
            return Examples(tuple(names), metric, own[0].experiment.name)
    return Examples(tuple(dict.fromkeys(run.name for run in runs)))


def help_report(
    topic: str, examples: Examples | Sequence[str], command: str = "/mlcompare", *, only_comparisons: bool = False
) -> Report:
    """Four lines to copy, or the rest on one topic. `examples` are of real runs; names alone will do.

    `only_comparisons`: where nothing else can be asked, as on the command line.
    """
    given = examples if isinstance(examples, Examples) else Examples(tuple(examples))
    told = _HelpText(
        *_names(given.names), given.metric or "accuracy", quote(given.experiment or "my-experiment"), command
    )
    wanted = one_line(topic).casefold()
    on_topic = _TOPICS.get(wanted)
    if on_topic is not None:
        return on_topic(told)
    unknown = f"There is no help on {display_name(topic)}. " if wanted else ""
    if only_comparisons:
        return _alone(told, unknown, known=bool(given.names))
    return _overview(told, unknown, known=bool(given.names))


@dataclass(frozen=True, slots=True)
class _HelpText:
    """The words that examples are made of, each as it is typed."""

    a: str
    b: str
    c: str
    metric: str
    experiment: str
    command: str


def _names(examples: Sequence[str]) -> tuple[str, str, str]:
    plainly = [name for name in dict.fromkeys(examples) if name == one_line(name) and 0 < len(name) <= NAME_CHARS]
    plainly.sort(key=lambda name: not name.isascii())  # those that every keyboard has come first
    typed = [written for name in plainly if (written := quote(name))][:WANTED]
    first, second, third = (*typed, *_STAND_INS[len(typed) :])
    return first, second, third


def _report(headline: str, steps: Sequence[Step], *lines: str) -> Report:
    sections = (Section("Also", tuple(map(Line, lines)), last=True),) if lines else ()
    told = "\n".join(f"{step.text}: {step.command}" if step.command else step.text for step in steps)
    return Report(headline, "\n".join((headline, told, *lines)), sections=sections, steps=tuple(steps))


def _overview(told: _HelpText, unknown: str, *, known: bool) -> Report:
    steps = (
        Step("Is the second run better than the first", f"{told.command} {told.a} vs {told.b}"),
        Step("The same, by the metric that matters", f"{told.command} {told.a} vs {told.b} by {told.metric}"),
        Step("The latest run against the best", f"{told.command} latest vs best {told.metric} in {told.experiment}"),
        Step("What ended since the last working day", f"{told.command} standup"),
    )
    watched = f"Watch an experiment: {told.command} watch {told.experiment}"
    more = f"More: {', '.join(f'{told.command} help {topic}' for topic in TOPICS)}"
    missing = () if known else (f"{_STAND_INS[0]} and the others stand for names of your own runs.",)
    return _report(f"{unknown}Compare MLflow runs: the first one is the baseline", steps, *missing, watched, more)


def _alone(told: _HelpText, unknown: str, *, known: bool) -> Report:
    steps = (
        Step("Is the second run better than the first", f"{told.command} {told.a} vs {told.b}"),
        Step("The same, by the metric that matters", f"{told.command} {told.a} vs {told.b} by {told.metric}"),
        Step("Several runs against the first", f"{told.command} {told.a}, {told.b} and {told.c}"),
        Step("Also what is the same", f"{told.command} {told.a} vs {told.b} all"),
    )
    missing = () if known else (f"{_STAND_INS[0]} and the others stand for names of your own runs.",)
    return _report(f"{unknown}Compare MLflow runs: the first one is the baseline", steps, *missing)


def _compare(told: _HelpText) -> Report:
    steps = (
        Step("Two runs; the first is the baseline", f"{told.command} {told.a} vs {told.b}"),
        Step("As a question; the run after than is the baseline", f"{told.command} is {told.b} better than {told.a}"),
        Step("More than two, each against the first", f"{told.command} compare {told.a}, {told.b} and {told.c}"),
        Step("Also what is the same", f"{told.command} compare {told.a} with {told.b} all"),
        Step("What changed, before whether it helped", f"{told.command} what changed between {told.a} and {told.b}"),
    )
    return _report(
        "Ways to ask for a comparison",
        steps,
        "The buttons below an answer go on from it; so do words in its thread: swap, add latest, by loss, why.",
    )


def _runs(told: _HelpText) -> Report:
    steps = (
        Step("By name; names with spaces go in quotes", f"{told.command} {told.a} vs {told.b}"),
        Step("In one experiment", f"{told.command} {told.a} vs {told.b} in {told.experiment}"),
        Step("The latest to end, and the one before it", f"{told.command} previous vs latest in {told.experiment}"),
        Step("The best by a metric", f"{told.command} latest vs best {told.metric} in {told.experiment}"),
        Step("Several of the best", f"{told.command} compare top 3 by {told.metric} in {told.experiment}"),
    )
    return _report(
        "Ways to name a run",
        steps,
        "A run id, or its first four or more characters; experiment/name; a link copied from MLflow.",
        "latest~2, latest by maya, worst loss, running, yesterday's, where params.lr = '0.1', all in sweep <parent>.",
        "champion, models:/name@alias or models:/name/3: the run behind a version of a registered model.",
        "baseline: the run pinned for the channel. A run that is really called latest goes in quotes.",
        "Of several runs with one name you are asked which one is meant.",
    )


def _metrics(told: _HelpText) -> Report:
    steps = (
        Step("Judge by one metric", f"{told.command} {told.a} vs {told.b} by {told.metric}"),
        Step("By the best value over the steps, not the last", f"{told.command} {told.a} vs {told.b} best"),
        Step("By the value at one step", f"{told.command} {told.a} vs {told.b} by {told.metric} at step 10"),
    )
    return _report(
        "Which metrics count",
        steps,
        "Several, with commas: by val_loss, val_accuracy. The first of them decides.",
        "Without one named, every metric counts whose goal is known.",
        "Values are the last logged ones unless you say otherwise.",
    )


def _goals(told: _HelpText) -> Report:
    return _report(
        "Which way is better",
        (
            Step("Set it for this channel", f"{told.command} {_goal_line(told.metric)}"),
            Step("Assumed goals are said under the answer", f"{told.command} {told.a} vs {told.b}"),
        ),
        "For everybody: give the MLflow experiment the tag mlcompare.goal.<metric> with the value higher or lower.",
        "Else the name tells: accuracy, f1 and auc are better when higher, loss, error and latency when lower.",
        "Where the name tells nothing the goal is unknown, and the answer says neither better nor worse.",
    )


def _goal_line(metric: str) -> str:
    """How a goal is set, the way that the metric's name tells."""
    way = "lower" if goal_of(metric) is Goal.LOWER else "higher"
    return f"set goal {metric} {way}"


def _standup(told: _HelpText) -> Report:
    steps = (
        Step("What ended since the last working day, and what it led to", f"{told.command} standup"),
        Step("Since another time", f"{told.command} standup since monday 9am"),
        Step("What failed", f"{told.command} failed since yesterday"),
        Step("What runs now", f"{told.command} running"),
        Step("The best so far", f"{told.command} top 5 by {told.metric} in {told.experiment}"),
        Step("One run", f"{told.command} show {told.a}"),
        Step("Whose it is", f"{told.command} who ran {told.a}"),
    )
    return _report("Quick answers", steps)


def _channel(told: _HelpText) -> Report:
    steps = (
        Step("The experiment this channel is about", f"{told.command} set experiment {told.experiment}"),
        Step("The metric that decides here", f"{told.command} set metric {told.metric}"),
        Step("Which way a metric is better", f"{told.command} {_goal_line(told.metric)}"),
        Step("The run that baseline stands for", f"{told.command} pin {told.a}"),
        Step("What is set", f"{told.command} settings"),
    )
    return _report("What a channel can agree on", steps, "unset metric and unpin take it back.")


def _watch(told: _HelpText) -> Report:
    watch = f"{told.command} watch {told.experiment}"
    steps = (
        Step("Watch an experiment", watch),
        Step("Only what went wrong", f"{watch} only failures"),
        Step("Only a new best, compared with the best before", f"{watch} only new best against best"),
        Step("When a metric crosses a line or moves", f"{watch} when {told.metric} drops by 2 %"),
        Step("Some experiments, and not at night", f"{told.command} watch team/* quiet 20:00-08:00 Europe/Berlin"),
        Step("What is watched, to change or pause it", f"{told.command} watches"),
        Step("Stop", f"{told.command} unwatch {told.experiment}"),
    )
    return _report(
        "Notifications",
        steps,
        "A name, a pattern such as team/*, or everything; except leaves some out: watch team/* except team/test.",
        "Options, in any order: against previous, best, baseline, @champion or a run; by maya; metrics acc, loss; "
        "where params.model = 'xgb'; only failures, better, worse or new best; mention owner; broadcast new best.",
        "Several rules must all hold: when val_loss < 0.2 and accuracy rises by 1 %. Moves are against the baseline.",
        "Quiet hours without a time zone are in UTC. What ends in them comes in one message when they are over.",
    )


def _digest(told: _HelpText) -> Report:
    digest = f"{told.command} digest"
    steps = (
        Step("A standup that comes by itself", f"{digest} weekdays 9:30 Europe/Berlin"),
        Step("Of some experiments", f"{digest} daily 9am UTC {told.experiment}"),
        Step("On some days", f"{digest} mon, wed 14:00 America/New_York"),
        Step("Stop", f"{digest} off"),
        Step("The same now, once", f"{told.command} standup"),
    )
    return _report(
        "A digest in this channel",
        steps,
        "Days are daily, weekdays, weekends, mon, tue …; without a time zone the hour is in UTC.",
        "A channel has one digest: a new one takes its place. On nights when clocks change it comes once too.",
    )


_TOPICS: dict[str, Callable[[_HelpText], Report]] = {
    "compare": _compare,
    "runs": _runs,
    "metrics": _metrics,
    **dict.fromkeys(("goals", "goal"), _goals),
    **dict.fromkeys(("standup", "quick"), _standup),
    **dict.fromkeys(("channel", "settings", "set", "unset", "pin", "unpin"), _channel),
    **dict.fromkeys(("watch", "watches", "unwatch", "watching", "notifications"), _watch),
    **dict.fromkeys(("digest", "digests"), _digest),
}
