"""What a channel agreed on, in words: what is set, was set before and was used, and who may see and change it."""

from collections.abc import Mapping, Sequence

from comparison.channel_defaults import (
    EXAMPLES,
    EXPERIMENT,
    GOAL,
    METRIC,
    ON,
    PINNED,
    TOLERANCE,
    ChannelDefaults,
    ChannelSetting,
)
from comparison.judgement.goals import goal_of, is_pattern
from comparison.judgement.result import Comparison, GoalSource
from comparison.language.quoting import quoted
from comparison.language.settings_command import access_words
from comparison.report import Line, Report, Section, Step
from comparison.reports.text import count_noun, display_name, join_names, started_words
from comparison.request import DIRECT, ELSEWHERE, AccessRequest, Compare, RestrictChanges
from comparison.run_reference import Filtered, Latest, Leading, OfDay, Registered, TopRuns, Unfinished
from comparison.runs import Goal, Run

SHORT = 8  # characters of an id that people read
NAMED = 6  # metrics named in one sentence
_TOLD = {Goal.HIGHER.value: "higher is better", Goal.LOWER.value: "lower is better"}
_LOOKED_FOR = (Latest, Leading, TopRuns, Registered, Unfinished, OfDay, Filtered)
_NEITHER = "neither way is better"


def used_settings(
    request: Compare, comparison: Comparison, defaults: ChannelDefaults, place: str = "this channel"
) -> tuple[str, ...]:
    """What the channel agreed on and this comparison used, for the small print."""
    return tuple(
        filter(
            None,
            (
                _metric_used(request, comparison, defaults, place),
                _goals_used(comparison, place),
                _experiment_used(request, defaults, place),
                _examples_used(comparison, defaults, place),
            ),
        )
    )


def changed_report(  # noqa: PLR0913 -- all but two are given by name
    after: ChannelSetting,
    before: ChannelSetting,
    *,
    now: int,
    run: Run | None = None,
    command: str = "/mlcompare",
    place: str = "this channel",
) -> Report:
    """One thing set or taken back, with what it was before. `now` is in ms since the epoch; `run` is the pinned one."""
    headline = _set(after, run, place) if after.value else _taken_back(after, before, place)
    former = _before(after, before, now)
    undo = _undone(after, before, command)
    steps = (Step("Undo", undo),) if undo else ()
    summary = "\n".join(filter(None, (headline, former)))
    return Report(headline, summary, steps=steps, footnotes=(former,) if former else ())


def goals_report(
    after: Sequence[ChannelSetting], before: Sequence[ChannelSetting], *, place: str = "this channel"
) -> Report:
    """Several goals set at once."""
    first, was = after[0], before[0]
    headline = _set(first, None, place) if first.value else _taken_back(first, was, place)
    if len(after) > 1:
        headline = f"{count_noun(len(after), 'goal')} set for {place}"
    lines = [
        f"{display_name(new.metric)}: {_goal(new)}. Before: {_goal(old)}"
        for new, old in zip(after, before, strict=True)
    ]
    return Report(headline, "\n".join((headline, *lines)), sections=(Section("Goals", tuple(map(Line, lines))),))


def settings_report(  # noqa: PLR0913 -- all but one are given by name
    agreed: Sequence[ChannelSetting],
    *,
    now: int,
    run: Run | None = None,
    command: str = "/mlcompare",
    place: str = "this channel",
    rules: Sequence[Line] = (),
    examples: Mapping[str, str] | None = None,
) -> Report:
    """What is set, each with its age, and how to set the rest. `rules` are those that admins made.

    `examples` are names that are there, of an experiment and of a metric: without one nothing is offered for it.
    """
    lines = [Line(_value(each, run) + _age(each, now), _NAMES[each.what]) for each in agreed]
    set_ = {each.what for each in agreed}
    named = {EXPERIMENT: "", METRIC: "", **(examples or {})}
    lacking = set_ | {what for what, name in named.items() if not name}
    steps = tuple(
        Step(text, f"{command} {_how(what, typed, named)}")
        for what, (text, typed) in _HOW.items()
        if what not in lacking
    )
    headline = f"What is set for {place}" if agreed else f"Nothing is set for {place}"
    texts = [f"{line.label}: {line.text}" for line in lines]
    texts += [f"{line.label}: {line.text}" for line in rules]
    parts = (Section("Set", tuple(lines)), Section("Set by admins", tuple(rules)))
    sections = tuple(each for each in parts if each.lines)
    return Report(headline, "\n".join((headline, *texts)), sections=sections, steps=steps)


def setting_lines(agreed: Sequence[ChannelSetting]) -> tuple[str, ...]:
    """Each thing that is set, in a few words."""
    return tuple(f"{_NAMES[each.what].lower()} {_value(each, None)}" for each in agreed)


_NAMES = {
    EXPERIMENT: "Experiment",
    METRIC: "Metric",
    GOAL: "Goal",
    TOLERANCE: "Tolerance",
    EXAMPLES: "Same examples",
    PINNED: "Baseline",
}
_HOW = {
    EXPERIMENT: ("Default experiment", "set experiment"),
    METRIC: ("The metric that decides", "set metric"),
    GOAL: ("Which way a metric is better", "set goal cost lower"),
    TOLERANCE: ("Within how much values are the same", "set tolerance 0.1 %"),
    EXAMPLES: ("Whether runs are compared on the same examples", "set examples on"),
    PINNED: ("Baseline run", "pin latest"),
}


def _how(what: str, typed: str, named: Mapping[str, str]) -> str:
    """What to type to set it, with a name that is there."""
    if what == GOAL and named.get(METRIC):
        return f"set goal {quoted(named[METRIC])} {'lower' if goal_of(named[METRIC]) is Goal.LOWER else 'higher'}"
    return f"{typed} {quoted(named[what])}" if what in named else typed


def _set(after: ChannelSetting, run: Run | None, place: str) -> str:
    match after.what:
        case "goal":
            return f"For {display_name(after.metric)}, {_goal(after)} in {place}"
        case "tolerance":
            of = f" of {display_name(after.metric)}" if after.metric else ""
            return f"Values{of} within {after.value} of the baseline count as the same in {place}"
        case "examples":
            return f"Single runs are {'' if after.value == ON else 'not '}compared on the same examples in {place}"
        case "pinned":
            return f"The baseline of {place} is now {_run(run) or after.value[:SHORT]}"
    return f"The {after.what} of {place} is now {display_name(after.value)}"


def _taken_back(after: ChannelSetting, before: ChannelSetting, place: str) -> str:
    if after.what == GOAL:
        name = display_name(after.metric)
        return f"No goal is set for {name} in {place} {'any more' if before.value else 'anyway'}"
    if after.what == TOLERANCE and after.metric:
        name = display_name(after.metric)
        return f"No tolerance is set for {name} in {place} {'any more' if before.value else 'anyway'}"
    if after.what == EXAMPLES:
        return f"Nothing is set for examples in {place} {'any more' if before.value else 'anyway'}"
    what = "baseline" if after.what == PINNED else after.what
    return f"{place[:1].upper()}{place[1:]} has no {what} of its own{' any more' if before.value else ' anyway'}"


def _before(after: ChannelSetting, before: ChannelSetting, now: int) -> str:
    if after.what == GOAL and not before.value:
        goal = _guessed_goal(after.metric)
        return f"Not set before; {goal}." if after.value else f"Now {goal}."
    if before.value and before.value == after.value:
        return f"It was so before{_age(before, now)}."
    if not before.value:
        return "Not set before." if after.value else ""
    return f"Before: {_value(before, None) if before.what != GOAL else _goal(before)}{_age(before, now)}."


def _undone(after: ChannelSetting, before: ChannelSetting, command: str) -> str:
    """What to type to have it as it was."""
    if after.value == before.value:
        return ""
    if after.what == PINNED:
        return f"{command} pin {before.value}" if before.value else f"{command} unpin"
    words = [command, "set" if before.value else "unset", after.what]
    words += [quoted(after.metric)] if after.what == GOAL or (after.what == TOLERANCE and after.metric) else []
    if before.value:
        words.append(before.value if after.what in (GOAL, TOLERANCE, EXAMPLES) else quoted(before.value))
    return " ".join(words) if all(words) else ""


def _guessed_goal(metric: str) -> str:
    if is_pattern(metric):
        return "each name tells for itself"
    goal = goal_of(metric)
    return "its name tells nothing" if goal is Goal.UNKNOWN else f"its name tells that {goal.value} is better"


def _goal(agreed: ChannelSetting) -> str:
    return _TOLD.get(agreed.value, _NEITHER) if agreed.value else _guessed_goal(agreed.metric)


def _value(agreed: ChannelSetting, run: Run | None) -> str:
    match agreed.what:
        case "goal":
            return f"{_goal(agreed)} for {display_name(agreed.metric)}"
        case "tolerance":
            return f"{agreed.value} for {display_name(agreed.metric)}" if agreed.metric else agreed.value
        case "pinned":
            return _run(run) or f"run {agreed.value[:SHORT]}"
    return display_name(agreed.value)


def _run(run: Run | None) -> str:
    if run is None:
        return ""
    gone = ", which was deleted in MLflow" if run.deleted else ""
    return f"{display_name(run.name)} ({run.run_id[:SHORT]}) in {display_name(run.experiment.name)}{gone}"


def _age(agreed: ChannelSetting, now: int) -> str:
    return f", set {started_words(agreed.at * 1000, now).removeprefix('started ')}" if agreed.at else ""


def _metric_used(request: Compare, comparison: Comparison, defaults: ChannelDefaults, place: str) -> str:
    if request.metrics or not defaults.metric:
        return ""
    name = display_name(defaults.metric)
    if any(each.primary and each.name == defaults.metric for each in comparison.metrics):
        return f"Metric {name} is {place}'s default."
    return f"None of these runs logged {name}, {place}'s metric."


def _goals_used(comparison: Comparison, place: str) -> str:
    ours = [each for each in comparison.metrics if each.goal_source is GoalSource.CHANNEL]
    phrases = []
    for goal in Goal:
        names = [each.name for each in ours if each.goal is goal]
        phrases += [f"{_TOLD.get(goal.value, _NEITHER)} for {join_names(names, NAMED)}"] if names else []
    return f"Set for {place}: {'; '.join(phrases)}." if phrases else ""


def _examples_used(comparison: Comparison, defaults: ChannelDefaults, place: str) -> str:
    is_used = bool(comparison.examples and defaults.examples)
    return f"Compared on the same examples, too: set for {place}." if is_used else ""


def _experiment_used(request: Compare, defaults: ChannelDefaults, place: str) -> str:
    looked_for = any(isinstance(each, _LOOKED_FOR) for each in request.runs)
    if request.experiment or not defaults.experiment or not looked_for:
        return ""
    return f"Looked in {display_name(defaults.experiment)}, {place}'s experiment."


# Who may see and change what: what a rule says, what it was before, how it is changed.


_PATTERNS_NAMED = 20  # patterns named in one sentence
_EVERY_EXPERIMENT = ("*",)


def place_of(scope: str, *, is_direct: bool = False) -> str:
    """Where a rule holds, as the beginning of a sentence."""
    if scope == ELSEWHERE:
        return "Every channel without a rule of its own"
    return "Whoever writes to me directly" if scope == DIRECT or is_direct else "This channel"


def visible_words(patterns: Sequence[str] | None) -> str:
    """What may be seen, as the end of a sentence; None is everything."""
    if patterns is None or "*" in patterns:
        return "may see every experiment"
    return (
        f"may see {join_names([display_name(each) for each in patterns], _PATTERNS_NAMED)}"
        if patterns
        else "may see no experiment"
    )


def rule_lines(patterns: Sequence[str] | None, *, for_admins: bool) -> tuple[Line, ...]:
    """The rules that hold in a channel, for the list of its settings; none where all is as without rules."""
    seen = [] if patterns is None else [Line(visible_words(patterns).removeprefix("may see "), "May be seen")]
    return (*seen, *([Line("by admins only", "Changes")] if for_admins else []))


def access_report(  # noqa: PLR0913 -- given by name
    patterns: Sequence[str] | None,
    *,
    place: str,
    is_own: bool,
    is_for_admins: bool,
    may_change: bool,
    command: str = "/mlcompare",
) -> Report:
    """What may be seen somewhere, by which rule, and how that is changed."""
    headline = f"{place} {visible_words(patterns)}"
    lines = ["It has a rule of its own." if is_own else "It has no rule of its own."]
    lines.append(f"{'Only admins' if is_for_admins else 'All its members'} change what is set and watched.")
    steps = (
        Step("To choose experiments", f"{command} access fraud*, churn"),
        Step("For every channel without a rule", f"{command} access everywhere none"),
        Step("For direct messages and the Home tab", f"{command} access direct all"),
        Step("To let only admins change what is set and watched", f"{command} access changes admins"),
    )
    lines += [] if may_change else ["Admins of this Slack workspace can change it."]
    return Report(headline, "\n".join((headline, *lines)), steps=steps if may_change else (), footnotes=tuple(lines))


def changed_access_report(  # noqa: PLR0913 -- given by name
    request: AccessRequest | RestrictChanges,
    *,
    place: str,
    was: Sequence[str] | None = None,
    fitting: int | None = None,
    command: str = "/mlcompare",
    is_public: bool = False,
) -> Report:
    """A rule that was set or taken back; `was`: its patterns before, None where there was none.

    What a channel might see before is not said where all read it.
    """
    if isinstance(request, RestrictChanges):
        where = "here" if not request.scope else f"for {place[:1].lower()}{place[1:]}"
        who = "Only admins" if request.is_for_admins else "All members of a channel"
        headline = f"{who} change what is set and watched {where}"
        return Report(headline, headline)
    if request.patterns is None:
        headline = f"{place} has no rule of its own {'any more' if was is not None else 'anyway'}"
    else:
        headline = f"{place} {visible_words(request.patterns)}"
    notes = []
    if request.patterns and tuple(request.patterns) != _EVERY_EXPERIMENT and fitting is not None:
        notes.append(f"{count_noun(fitting, 'experiment')} {'fits' if fitting == 1 else 'fit'} that now.")
    if was is not None and was != request.patterns and not is_public:
        notes.append(f"Before: {visible_words(was)}.")
    before = AccessRequest(tuple(was) if was is not None else None, request.scope)
    undo = f"{command} {access_words(before)}" if was != request.patterns and not is_public else ""
    steps = (Step("Undo", undo),) if undo else ()
    return Report(headline, "\n".join((headline, *notes)), steps=steps, footnotes=tuple(notes))
