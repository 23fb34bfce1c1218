"""Help: lines that can be copied as they stand, asked for, or told where a request cannot be answered."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from comparison.errors import RequestError
from comparison.judgement.goals import goal_of
from comparison.judgement.numbers import format_row
from comparison.language.quoting import quoted
from comparison.report import Line, Report, Section, Step
from comparison.reports.headline import is_known, status_word
from comparison.reports.text import (
    NAME_CHARS,
    cut_end,
    cut_middle,
    display_name,
    isolate_direction,
    join_names,
    one_line,
    started_words,
)
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
    words = _HelpText(
        *_names(given.names), given.metric or "accuracy", quoted(given.experiment or "my-experiment"), command
    )
    wanted = one_line(topic).casefold()
    on_topic = _TOPICS.get(wanted)
    if on_topic is not None:
        return on_topic(words)
    unknown = f"There is no help on {display_name(topic)}. " if wanted else ""
    if only_comparisons:
        return _alone(words, unknown, known=bool(given.names))
    return _overview(words, unknown, known=bool(given.names))


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
    typed = [written for name in plainly if (written := quoted(name))][:WANTED]
    first, second, third = (*typed, *_STAND_INS[len(typed) :])
    return first, second, third


_MANY = 3  # lines beside those to copy, that are folded


def _report(headline: str, steps: Sequence[Step], *lines: str) -> Report:
    sections = (Section("Also", tuple(map(Line, lines)), folded=len(lines) >= _MANY, last=True),) if lines else ()
    summary = "\n".join(f"{step.text}: {step.command}" if step.command else step.text for step in steps)
    return Report(headline, "\n".join((headline, summary, *lines)), sections=sections, steps=tuple(steps))


def _overview(help_text: _HelpText, unknown: str, *, known: bool) -> Report:
    steps = (
        Step("Is the second run better than the first", f"{help_text.command} {help_text.a} vs {help_text.b}"),
        Step(
            "The same, by the metric that matters",
            f"{help_text.command} {help_text.a} vs {help_text.b} by {help_text.metric}",
        ),
        Step(
            "The latest run against the best",
            f"{help_text.command} latest vs best {help_text.metric} in {help_text.experiment}",
        ),
        Step("What ended since the last working day", f"{help_text.command} standup"),
    )
    watched = f"Watch an experiment: {help_text.command} watch {help_text.experiment}"
    more = f"More: {help_text.command} help {TOPICS[0]} (or {', '.join(TOPICS[1:])})"
    missing = () if known else (f"{_STAND_INS[0]} and the others stand for names of your own runs.",)
    return _report(f"{unknown}Compare MLflow runs: the first one is the baseline", steps, *missing, watched, more)


def _alone(help_text: _HelpText, unknown: str, *, known: bool) -> Report:
    steps = (
        Step("Is the second run better than the first", f"{help_text.command} {help_text.a} vs {help_text.b}"),
        Step(
            "The same, by the metric that matters",
            f"{help_text.command} {help_text.a} vs {help_text.b} by {help_text.metric}",
        ),
        Step("Several runs against the first", f"{help_text.command} {help_text.a}, {help_text.b} and {help_text.c}"),
        Step("Also what is the same", f"{help_text.command} {help_text.a} vs {help_text.b} all"),
    )
    missing = () if known else (f"{_STAND_INS[0]} and the others stand for names of your own runs.",)
    return _report(f"{unknown}Compare MLflow runs: the first one is the baseline", steps, *missing)


def _compare(help_text: _HelpText) -> Report:
    steps = (
        Step("Two runs; the first is the baseline", f"{help_text.command} {help_text.a} vs {help_text.b}"),
        Step(
            "As a question; the run after than is the baseline",
            f"{help_text.command} is {help_text.b} better than {help_text.a}",
        ),
        Step(
            "More than two, each against the first",
            f"{help_text.command} compare {help_text.a}, {help_text.b} and {help_text.c}",
        ),
        Step("Also what is the same", f"{help_text.command} compare {help_text.a} with {help_text.b} all"),
        Step(
            "What changed, before whether it helped",
            f"{help_text.command} what changed between {help_text.a} and {help_text.b}",
        ),
    )
    return _report(
        "Ways to ask for a comparison",
        steps,
        "The buttons below an answer go on from it; so do words in its thread: swap, add latest, by loss, why.",
    )


def _runs(help_text: _HelpText) -> Report:
    steps = (
        Step("By name; names with spaces go in quotes", f"{help_text.command} {help_text.a} vs {help_text.b}"),
        Step("In one experiment", f"{help_text.command} {help_text.a} vs {help_text.b} in {help_text.experiment}"),
        Step(
            "The latest to end, and the one before it",
            f"{help_text.command} previous vs latest in {help_text.experiment}",
        ),
        Step(
            "The best by a metric", f"{help_text.command} latest vs best {help_text.metric} in {help_text.experiment}"
        ),
        Step(
            "Several of the best", f"{help_text.command} compare top 3 by {help_text.metric} in {help_text.experiment}"
        ),
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


def _metrics(help_text: _HelpText) -> Report:
    steps = (
        Step("Judge by one metric", f"{help_text.command} {help_text.a} vs {help_text.b} by {help_text.metric}"),
        Step(
            "By the best value over the steps, not the last", f"{help_text.command} {help_text.a} vs {help_text.b} best"
        ),
        Step(
            "By the value at one step",
            f"{help_text.command} {help_text.a} vs {help_text.b} by {help_text.metric} at step 10",
        ),
    )
    return _report(
        "Which metrics count",
        steps,
        "Several, with commas: by val_loss, val_accuracy. The first of them decides.",
        "Without one named, every metric counts whose goal is known.",
        "Values are the last logged ones unless you say otherwise.",
    )


def _goals(help_text: _HelpText) -> Report:
    return _report(
        "Which way is better",
        (
            Step("Set it for this channel", f"{help_text.command} {_goal_line(help_text.metric)}"),
            Step("Assumed goals are said under the answer", f"{help_text.command} {help_text.a} vs {help_text.b}"),
        ),
        "For everybody: give the MLflow experiment the tag mlcompare.goal.<metric> with the value higher or lower.",
        "Else the name tells: accuracy, f1 and auc are better when higher, loss, error and latency when lower.",
        "Where the name tells nothing the goal is unknown, and the answer says neither better nor worse.",
    )


def _goal_line(metric: str) -> str:
    """How a goal is set, the way that the metric's name tells."""
    way = "lower" if goal_of(metric) is Goal.LOWER else "higher"
    return f"set goal {metric} {way}"


def _standup(help_text: _HelpText) -> Report:
    steps = (
        Step("What ended since the last working day, and what it led to", f"{help_text.command} standup"),
        Step("Since another time", f"{help_text.command} standup since monday 9am"),
        Step("What failed", f"{help_text.command} failed since yesterday"),
        Step("What runs now", f"{help_text.command} running"),
        Step("The best so far", f"{help_text.command} top 5 by {help_text.metric} in {help_text.experiment}"),
        Step("One run", f"{help_text.command} show {help_text.a}"),
        Step("Whose it is", f"{help_text.command} who ran {help_text.a}"),
    )
    return _report("Quick answers", steps)


def _channel(help_text: _HelpText) -> Report:
    steps = (
        Step("The experiment this channel is about", f"{help_text.command} set experiment {help_text.experiment}"),
        Step("The metric that decides here", f"{help_text.command} set metric {help_text.metric}"),
        Step("Which way a metric is better", f"{help_text.command} {_goal_line(help_text.metric)}"),
        Step("The run that baseline stands for", f"{help_text.command} pin {help_text.a}"),
        Step("What is set", f"{help_text.command} settings"),
    )
    return _report("What a channel can agree on", steps, "unset metric and unpin take it back.")


def _watch(help_text: _HelpText) -> Report:
    watch = f"{help_text.command} watch {help_text.experiment}"
    steps = (
        Step("Watch an experiment", watch),
        Step("Only what went wrong", f"{watch} only failures"),
        Step("Only a new best, compared with the best before", f"{watch} only new best against best"),
        Step("When a metric crosses a line or moves", f"{watch} when {help_text.metric} drops by 2 %"),
        Step("Some experiments, and not at night", f"{help_text.command} watch team/* quiet 20:00-08:00 Europe/Berlin"),
        Step("What is watched, to change or pause it", f"{help_text.command} watches"),
        Step("Stop", f"{help_text.command} unwatch {help_text.experiment}"),
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


def _digest(help_text: _HelpText) -> Report:
    digest = f"{help_text.command} digest"
    steps = (
        Step("A standup that comes by itself", f"{digest} weekdays 9:30 Europe/Berlin"),
        Step("Of some experiments", f"{digest} daily 9am UTC {help_text.experiment}"),
        Step("On some days", f"{digest} mon, wed 14:00 America/New_York"),
        Step("Stop", f"{digest} off"),
        Step("The same now, once", f"{help_text.command} standup"),
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


# A request that cannot be answered: what was said with the spot marked, the nearest names, what to type.


AROUND = 60  # characters shown before and after the spot
NEAREST = 5
TYPED = "You typed"  # the title of the line with the spot
NEAR = "Did you mean"  # the title of the nearest names
SENTENCE = 600
_TOKEN = re.compile(r"\"[^\"]*\"?|“[^”]*”?|'[^']*'?|<[^>]*>?|\S+")
_TRAILING = ",;.?!"


def error_report(error: RequestError, command: str = "/mlcompare") -> Report:
    """The problem as headline; then the spot, the nearest names and a line to copy."""
    problem = cut_end(one_line(error.problem), SENTENCE)
    remedy = cut_end(one_line(error.remedy), SENTENCE)
    parts = []
    if error.text.strip():
        parts.append(Section(TYPED, (Line(spot(error.text, error.at)),)))
    if error.near:
        parts.append(Section(NEAR, (Line(join_names(error.near, NEAREST)),)))
    typed = _typed(error.example, command)
    steps = (Step(remedy, typed),) if remedy or typed else ()
    sentences = (problem, *(f"{part.title}: {part.lines[0].text}" for part in parts), remedy, typed)
    return Report(problem, "\n".join(filter(None, sentences)), sections=tuple(parts), steps=steps)


def is_quoted(error: RequestError) -> bool:
    """Whether the problem says the word at the spot, so that the line need not be shown again."""
    if error.at is None or not 0 <= error.at < len(error.text):
        return False
    end = error.end if error.end and error.end > error.at else None
    found = _TOKEN.match(error.text, error.at)
    word = error.text[error.at : end] if end else found.group() if found else ""
    word = one_line(word).strip("\"'“”`" + _TRAILING)
    return bool(word) and re.search(rf"(?<!\w){re.escape(word)}(?!\w)", one_line(error.problem)) is not None


def spot(text: str, at: int | None) -> str:
    """What was typed, on one line, with the word at `at` in «»; cut around it when it is long."""
    if at is None:
        return isolate_direction(cut_middle(one_line(text), 2 * AROUND))
    at = max(0, min(at, len(text)))
    found = _TOKEN.match(text, at)
    word = found.group().rstrip(_TRAILING) or found.group() if found else ""
    before, after = text[:at], text[at + len(word) :]
    if before and not word and not before[-1].isspace():
        before += " "
    started = ("…" if len(before) > AROUND else "") + _edges(before[-AROUND:])
    ended = _edges(after[:AROUND]) + ("…" if len(after) > AROUND else "")
    return isolate_direction(f"{started}«{cut_middle(one_line(word), AROUND) or '…'}»{ended}")


def _edges(text: str) -> str:
    """As `one_line`, keeping a blank at either end."""
    if not text.strip():
        return " " if text else ""
    left = " " if text[0].isspace() else ""
    return f"{left}{one_line(text)}{' ' if text[-1].isspace() else ''}"


def _typed(example: str, command: str) -> str:
    line = one_line(example)
    return line if not line or line.startswith(("/", "@", command)) else f"{command} {line}"


# A run among several of which one is meant: what tells it from the others, on one line.


SHORT = 8  # characters of an id that people read


def choice_report(run: Run, *, now: int | None, metrics: Sequence[str] = ()) -> str:
    """`train (1a2b3c4d) in fraud · started 2 h ago · by maya · finished · accuracy 0.92`."""
    facts = (
        f"{display_name(run.name)} ({run.run_id[:SHORT]}) in {display_name(run.experiment.name)}",
        "" if run.started_at is None else started_words(run.started_at, now),
        f"by {display_name(run.user)}" if is_known(run.user) else "",
        status_word(run),
        _metric(run, metrics),
    )
    return " · ".join(fact for fact in facts if fact)


def shown_metric(run: Run, metrics: Sequence[str] = ()) -> str:
    """The metric that was asked for, else the experiment's, else the first whose goal its name tells; "" : none."""
    named = [name for name in (*metrics, run.experiment.primary_metric) if name in run.metrics]
    plainly = sorted(run.metrics, key=lambda name: (goal_of(name) is Goal.UNKNOWN, len(name), name))
    return next(iter([*named, *plainly]), "")


def _metric(run: Run, named: Sequence[str]) -> str:
    name = shown_metric(run, named)
    return f"{display_name(name, 40)} {format_row(run.metrics[name].value).values[0]}" if name else ""
