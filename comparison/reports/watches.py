"""Watches and digests in words: what is watched from now on, what no longer, and what cannot be."""

import re
from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from comparison.errors import NotUnderstood, RequestError, spot_in
from comparison.language.digest_command import when
from comparison.language.quoting import reference
from comparison.language.watch_command import watch_words
from comparison.language.watch_options import OPTIONS, quiet_words
from comparison.names import nearest_names
from comparison.notifications.validation import ValidatedWatch
from comparison.report import Line, Report, Section, Step
from comparison.reports.text import count_noun, cut_end, display_name, display_value, join_names, one_line
from comparison.run_reference import Leading, Linked, Named
from comparison.watch import Digest, MetricRule, Watch

MOST_WORDS = 300  # characters of a watch in a sentence
NAMED = 5
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def watching_report(
    words: str, vetted: ValidatedWatch, *, also: Sequence[str] = (), command: str, place: str
) -> Report:
    """What is watched from now on. `words` are its own, `also` those of other watches of the same experiment."""
    headline = f"Watching {cut_end(one_line(words), 120)}"
    lines = [Line(_promise(vetted, place)), *map(Line, _covered(vetted))]
    doubts = [*vetted.warnings, *_unasked(vetted), *_doubled(also)]
    is_one_run = _ONE_RUN.fullmatch(vetted.watching.where) is not None
    ended = watch_words(vetted.watching) if is_one_run else _typed(vetted.watching.place)
    steps = [Step("To stop", f"{command} unwatch {ended}")]
    if vetted.last is None and not vetted.problem and not vetted.refused:
        lines.append(Line("No run of it has ended yet: the first one will show what a notification looks like."))
    texts = [
        headline,
        *(line.text for line in lines),
        *doubts,
        *(f"{step.text}: {step.command}" for step in steps),
    ]
    sections = (Section("From now on", tuple(lines)),)
    return Report(headline, "\n".join(texts), sections=sections, warnings=tuple(doubts), steps=tuple(steps))


def _typed(place: str) -> str:
    """A place as it can be typed behind `watch` and `unwatch`."""
    return watch_words(Watch(place))


def _promise(vetted: ValidatedWatch, place: str) -> str:
    if vetted.watching.only is not None or vetted.watching.rules or vetted.watching.where:
        return f"I'll post in {place} when a run that fits ends."
    return f"I'll post in {place} when a run ends."


def _covered(vetted: ValidatedWatch) -> list[str]:
    if not vetted.watching.is_pattern or vetted.problem:
        return []
    if not vetted.covered:
        return ["No experiment is called so yet; those to come will be watched."]
    return [f"That is {count_noun(len(vetted.covered), 'experiment')} now: {join_names(vetted.covered, NAMED)}."]


def _unasked(vetted: ValidatedWatch) -> list[str]:
    if not vetted.problem:
        return []
    consequence = "so I could not look up what it names; it begins all the same, once MLflow answers"
    return [f"MLflow cannot be asked right now ({one_line(vetted.problem).rstrip('.')}), {consequence}."]


def _doubled(also: Sequence[str]) -> list[str]:
    if not also:
        return []
    others = "; ".join(cut_end(one_line(each), MOST_WORDS) for each in also[:NAMED])
    return [f"It is watched here in another way too: {others}. Both hold, and a run is announced once."]


def same_report(words: str, *, command: str, place: str, paused: bool = False) -> Report:
    """Asked for what is watched already."""
    state = ", but it is paused" if paused else ""
    headline = f"{place[:1].upper()}{place[1:]} watches that already{state}"
    steps = (Step("To resume it" if paused else "To change it", f"{command} watches"),)
    summary = f"{headline}: {cut_end(one_line(words), MOST_WORDS)}"
    return Report(headline, summary, sections=(Section("Watched", (Line(words),)),), steps=steps)


def removed_report(removed: Sequence[str], *, command: str, place: str) -> Report:
    """Watches taken away; `removed` are the words behind the command, to have them back."""
    shown = [cut_end(one_line(each), MOST_WORDS) for each in removed]
    if len(removed) == 1:
        headline = f"No longer watched in {place}: {cut_end(shown[0], 100)}"
    else:
        headline = f"{count_noun(len(removed), 'watch').replace('watchs', 'watches')} removed from {place}"
    steps = tuple(Step("To have it back", f"{command} watch {words}") for words in map(one_line, removed[:NAMED]))
    lines = [headline, *shown] if len(shown) > 1 else [headline]
    sections = (Section("Removed", tuple(map(Line, shown))),) if len(shown) > 1 else ()
    return Report(headline, "\n".join([*lines, *(step.command for step in steps)]), sections=sections, steps=steps)


def which_report(there: Sequence[str], *, command: str, verb: str = "unwatch") -> Report:
    """No watch has the options that were said; `there` are the words of those of the place, or of the channel."""
    done, to_do = {"pause": ("paused", "pause"), "resume": ("resumed", "resume")}.get(verb, ("removed", "remove"))
    headline = f"No watch here has these options, so none was {done}"
    shown = [one_line(words) for words in there[:NAMED]]
    steps = [Step(f"To {to_do} {cut_end(words, MOST_WORDS)}", f"{command} {verb} {words}") for words in shown]
    if len(there) > NAMED:
        steps.append(Step(f"For the other {len(there) - NAMED}", f"{command} watches"))
    lines = [headline, *(f"{step.text}: {step.command}" for step in steps)]
    return Report(headline, "\n".join(lines), steps=tuple(steps))


def nothing_report(*, command: str, place: str, experiment: str = "") -> Report:
    """Says that there are no watches, and what to type for one."""
    headline = f"Nothing is watched in {place}"
    name = _typed(experiment) or "*"
    steps = (
        Step("To hear when runs of an experiment end", f"{command} watch {name}"),
        Step("Only what matters", f"{command} watch {name} only failures"),
        Step("A standup that comes by itself", f"{command} digest weekdays 9:30 Europe/Berlin"),
    )
    lines = "\n".join(f"{step.text}: {step.command}" for step in steps)
    return Report(headline, f"{headline}\n{lines}", steps=steps)


def not_watched(
    place: str, watched: Sequence[str], *, text: str, covered_by: str = "", verb: str = "unwatch"
) -> RequestError:
    """What is to be unwatched, or changed by `verb`, is not watched; `covered_by` is a pattern that covers it."""
    at, end = spot_in(text, place)
    name = display_name(place)
    if covered_by:
        return NotUnderstood(
            f"{name} is watched by the pattern {display_name(covered_by)}, not by itself.",
            remedy="Say that of the pattern, or press Edit in watches and leave this experiment out.",
            example=f"{verb} {_typed(covered_by)}",
            text=text,
            at=at,
            end=end,
        )
    alike = nearest_names(place, watched) or tuple(dict.fromkeys(watched))[:NAMED]
    example = f"{verb} {_typed(alike[0])}" if alike else "watches"
    remedy = "" if watched else "Nothing is watched here at all."
    return NotUnderstood(
        f"{name} is not watched here.",
        remedy=remedy,
        example=example,
        near=alike,
        text=text,
        at=at,
        end=end,
    )


def too_many(most: int, *, text: str) -> RequestError:
    return RequestError(
        f"This channel has {most} watches and digests, and that is the most it can have.",
        remedy="Watch several experiments with one pattern, such as watch team/*, or remove some in the list.",
        example="watches",
        text=text,
    )


def cannot_post(code: str, *, words: str) -> RequestError:
    """Nothing can be said in the channel, so nothing is watched; `code` is Slack's."""
    problem, remedy = _CANNOT.get(code, _NOT_NOW)
    problem = problem.format(code=code)
    return RequestError(f"{problem} Nothing is watched.", remedy=remedy, example=words)


_INVITE = ("I am not in this channel, so I could not tell it when runs end.", "Type /invite in it, choose me, and say:")
_RESTRICTED = ("Posting is restricted here, also for me.", "Ask an administrator, or watch from another channel:")
_NOT_NOW = ("Slack did not let me post here ({code}).", "Try again in a minute:")
_CANNOT = {
    "not_in_channel": _INVITE,
    "channel_not_found": _INVITE,
    "user_not_in_channel": _INVITE,
    "is_archived": ("This channel is archived.", "Take it out of the archive, then say:"),
    "restricted_action": _RESTRICTED,
    "restricted_action_read_only_channel": _RESTRICTED,
}


def digest_report(
    words: str, following: datetime, *, command: str, doubts: Sequence[str] = (), replaced: str = ""
) -> Report:
    """A digest that comes from now on, in its words; `following` is the next time, in the digest's own zone."""
    when = next_time_words(following)
    headline = f"The next digest comes on {when}"
    sentences = [f"It says what ended, what failed and what runs: {cut_end(one_line(words), MOST_WORDS)}."]
    if replaced:
        sentences.append(f"It takes the place of the digest before: {cut_end(one_line(replaced), MOST_WORDS)}.")
    steps = (Step("To stop it", f"{command} digest off"),)
    summary = "\n".join([headline, *sentences, *doubts, f"{steps[0].text}: {steps[0].command}"])
    return Report(
        headline,
        summary,
        sections=(Section("From now on", tuple(map(Line, sentences))),),
        warnings=tuple(doubts),
        steps=steps,
    )


def next_time_words(at: datetime) -> str:
    """`Tuesday 24 November at 09:30 (Europe/Berlin)`."""
    zone = at.tzinfo.key if isinstance(at.tzinfo, ZoneInfo) else "UTC"
    return f"{_DAYS[at.weekday()]} {at.day} {at.strftime('%B')} at {at.strftime('%H:%M')} ({zone})"


def digest_off_report(words: str, *, command: str, place: str) -> Report:
    """A digest that comes no more; "" : there was none."""
    if not words:
        headline = f"There is no digest in {place}"
        steps = (Step("To have one", f"{command} digest weekdays 9:30 Europe/Berlin"),)
    else:
        headline = f"No more digests in {place}"
        steps = (Step("To have it back", f"{command} digest {one_line(words)}"),)
    return Report(headline, f"{headline}. {steps[0].text}: {steps[0].command}", steps=steps)


def changed_report(  # noqa: PLR0913 -- what is said, in its parts
    what: str, changed: Sequence[str], *, command: str, place: str, back: Sequence[str] = (), doubts: Sequence[str] = ()
) -> Report:
    """Watches paused, resumed or changed: `what` says which; `back` are lines that take it back."""
    shown = [cut_end(one_line(each), MOST_WORDS) for each in changed]
    count = shown[0] if len(shown) == 1 else count_noun(len(shown), "watch").replace("watchs", "watches")
    headline = f"{what} in {place}: {cut_end(count, 120)}"
    steps = tuple(Step("To take it back", f"{command} {line}") for line in back[:NAMED])
    sections = (Section(what, tuple(map(Line, shown))),) if len(shown) > 1 else ()
    texts = [headline, *(shown if sections else ()), *doubts, *(f"{step.text}: {step.command}" for step in steps)]
    return Report(headline, "\n".join(texts), sections=sections, steps=steps, warnings=tuple(doubts))


def muted_report(experiment: str, *, paused: int, excepted: int, place: str) -> Report:
    """One experiment muted: watches of it alone are paused, patterns leave it out."""
    headline = f"{display_name(experiment)} is muted in {place}"
    sentences = []
    if paused:
        sentences.append("Its watch is paused." if paused == 1 else f"Its {paused} watches are paused.")
    if excepted:
        sentences.append("The pattern leaves it out." if excepted == 1 else f"{excepted} patterns leave it out.")
    return Report(
        headline, " ".join([f"{headline}.", *sentences]), sections=(Section("Done", (Line(" ".join(sentences)),)),)
    )


# A watch or a digest in words: those that people read, and those that are kept, which read again mean the same.


_ONE_RUN = re.compile(r"attributes\.run_(?:name|id) = (?P<name>'[^']*'|\"[^\"]*\")")
_FILTER = 80  # characters of a filter that people read
_LISTED = 5
_WORDED = frozenset(  # options that read otherwise than they are typed
    {"except", "against", "by", "only", "only_clear", "when", "metrics", "quiet", "mention", "broadcast", "where"}
)


def watch_sentence(watching: Watch) -> str:
    """For people: `fraud, only failures, against best, quiet 20:00–08:00 Europe/Berlin`."""
    place = {"*": "every experiment", "": "the channel's experiment"}.get(watching.place) or display_name(
        watching.place
    )
    if watching.excepted:
        place += f" except {join_names(watching.excepted, _LISTED)}"
    parts = [
        place,
        f"only {_ONLY[watching.only.value]}" if watching.only else "",
        "only clear differences" if watching.only_clear else "",
        f"when {watching.seeds} seeds of a configuration are in" if watching.seeds is not None else "",
        f"by {display_name(watching.user)}" if watching.user else "",
        f"against {_baseline_said(watching)}" if watching.against else "",
        f"when {' and '.join(map(_rule_said, watching.rules))}" if watching.rules else "",
        _filter_said(watching.where),
        f"metrics {join_names(watching.metrics, _LISTED)}" if watching.metrics else "",
        quiet_words(watching).replace("-", "–", 1),
        "mentions the owner" if watching.mentions_owner else "",
        "broadcasts a new best" if watching.broadcasts else "",
        *(option.write(watching) for option in OPTIONS if _WORDED.isdisjoint(option.keys)),
    ]
    return ", ".join(part for part in parts if part)


def _filter_said(where: str) -> str:
    """A filter as it is typed; what `no failures` becomes is said so."""
    if where == "attributes.status = 'FINISHED'":
        return "no failures"
    if found := _ONE_RUN.fullmatch(where):
        return f"only the run {display_name(found['name'][1:-1])}"
    return f"where {display_value(where, _FILTER)}" if where else ""


def digest_sentence(digest: Digest) -> str:
    """For people: `weekdays 9:30 Europe/Berlin, fraud and iris`."""
    return f"{when(digest)}, {join_names(digest.experiments, _LISTED) if digest.experiments else 'all experiments'}"


_ONLY = {"failures": "failures", "better": "better runs", "worse": "worse runs", "new best": "a new best"}


def _baseline_said(watching: Watch) -> str:
    baseline = watching.baseline
    if watching.against != "run" or baseline is None:
        return {"previous": "the previous run", "best": "the best"}.get(watching.against, f"the {watching.against}")
    if isinstance(baseline, Linked):
        return f"{baseline.run_id[:8]}…"
    if isinstance(baseline, Leading):
        return f"the {'worst' if baseline.worst else 'best'} {display_name(baseline.metric)}"
    return display_name(baseline.text if isinstance(baseline, Named) else reference(baseline))


def _rule_said(rule: MetricRule) -> str:
    condition = rule.condition.removesuffix(" by 0")
    return f"{display_name(rule.metric)} {condition}"
