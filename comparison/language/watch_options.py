"""What of an experiment is watched: a row an option, with the words that begin it, its reader and its writer.

`WatchDraft` is a watch as far as it is read, its place first.
"""

# ruff: noqa: PLR0911 -- a grammar is a list of cases, each in its place

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import time

from comparison.errors import NotUnderstood
from comparison.judgement.goals import goal_of
from comparison.language.atoms import Atom, is_silent
from comparison.language.dates import DAYS, TIME, read_clock, read_days, read_quiet, zone_words
from comparison.language.draft import WatchDraft
from comparison.language.intents import TELLING
from comparison.language.lexicon import Role
from comparison.language.names import Kind
from comparison.language.quoting import joined, listed, place_words, quoted, reference, whose
from comparison.language.run_names import read_side
from comparison.language.tokens import Word
from comparison.language.watch_rules import ONLY, read_when
from comparison.run_reference import AllRuns, Group, Latest, Leading, Pinned, SweepRuns, TopRuns
from comparison.runs import Goal
from comparison.watch import OnlyRuns, QuietHours, Watch

_NIGHT = "quiet 20:00-08:00 Europe/Berlin"
_SPAN_NEEDED = "Say from when to when, and in which time zone; without one it is UTC."
_PARTS_OF_DAY = {  # the hours that each may mean
    **dict.fromkeys(("day", "daytime", "the day", "daylight", "daily"), "08:00-20:00"),
    **dict.fromkeys(("business hours", "working hours", "office hours", "work hours", "work"), "09:00-18:00"),
    **dict.fromkeys(("night", "nights", "overnight", "the night", "sleep"), "22:00-07:00"),
}
_HALF = re.compile(r"[ap]\.?m|:\d\d")
_CLOCK_SPAN = re.compile(rf"(?:from |between )?{TIME} ?(?:--?|–|to|until|till|and) ?{TIME}")
MOST_NAMED = 50
MESSAGES = frozenset(  # what a watch sends
    {"updates", "update", "news", "alerts", "notifications", "messages", "posts", "pings", "spam", "notices"}
)
_WINNING = ("better", "beat", "outperform", "win", "improve", "ahead")
_ORDINAL = re.compile(r"\d+(?:st|nd|rd|th)?|other|second|third|fourth|fifth|tenth|few|couple")
_UNITS = frozenset({"run", "runs", "minute", "minutes", "hour", "hours", "day", "days", "week", "weeks", "month"})
_UNITS |= {"morning", "evening", "night", "one", "time"}
_RATES = frozenset({"hourly", "weekly", "monthly", "daily", "twice", "max", "maximum"})


def _read_only_clear(draft: WatchDraft, atom: Atom, place: int) -> int:
    draft.once("only clear", atom)
    draft.put(only_clear=True)
    return place


def _read_of(draft: WatchDraft, atom: Atom, place: int) -> int:
    at = draft.skip(place)
    if at < len(draft.atoms) and Kind.USER in draft.atoms[at].kinds and Kind.EXPERIMENT not in draft.atoms[at].kinds:
        return _read_by(draft, atom, place)
    return at


def _read_against(draft: WatchDraft, atom: Atom, place: int) -> int:
    draft.once("against", atom)
    last = draft.until_option(place)
    if last < len(draft.atoms) and draft.atoms[last].spelling == "metric" and last > place:
        last = draft.until_option(last + 1)  # `against best metric f1`
    while (
        last < len(draft.atoms)
        and draft.atoms[last].key in ("by", "where")
        and last == place + ({"by": 1, "where": 0}[draft.atoms[last].key])
    ):
        is_metric = draft.atoms[last].key == "where" or (
            last + 1 < len(draft.atoms) and bool(draft.atoms[last + 1].metric)
        )
        if not is_metric:
            break
        last = draft.until_option(last + 1)
    group = [
        _baseline_atom(draft, at)
        for at, each in enumerate(draft.atoms[place:last], place)
        if each.key not in ("by", "and", "mention", "metrics", "each_new")
    ]
    while group and group[-1].key == ",":
        group = group[:-1]
    side = read_side(group, draft.names, draft.text, is_parted=True, is_led=True) if group else None
    if side is None or not (side.runs or side.left):
        raise draft.refused(
            "Against what?", "Say previous, best, baseline, or name a run.", [atom], options="against best"
        )
    if len(side.runs) != 1 or side.left or isinstance(side.runs[0], TopRuns | AllRuns | SweepRuns | Group):
        raise draft.refused("A watch has one baseline.", "Name one run.", group, options="against best")
    draft.guesses += side.guesses
    match side.runs[0]:
        case Latest(back=0 | 1, user=""):
            draft.put(against="previous")
        case Leading(metric="", worst=False, user=""):
            draft.put(against="best")
        case Pinned():
            draft.put(against="baseline")
        case run:
            draft.put(against="run", baseline=run)
    return last


def _baseline_atom(draft: WatchDraft, place: int) -> Atom:
    """An atom as it is meant behind `against`: the metric of `best metric f1`, `the baseline`."""
    atom = draft.atoms[place]
    if _is_metric_of(draft, place):
        return replace(atom, kinds={Kind.METRIC: atom.text}, key="", quoted=False)
    return replace(atom, key="baseline", text="baseline") if atom.key == "baseline_role" else atom


def _is_metric_of(draft: WatchDraft, place: int) -> bool:
    """Whether it stands behind `best metric`."""
    return place > 1 and draft.atoms[place - 1].spelling == "metric"


def _read_where(draft: WatchDraft, atom: Atom, place: int) -> int:
    draft.once("where", atom)
    place = draft.skip(place)
    if place < len(draft.atoms) and (tagged := _equation(atom, draft.atoms[place])):
        draft.put_filter(tagged)
        return place + 1
    if place == len(draft.atoms) or draft.atoms[place].key != "filter":
        raise draft.refused(
            "That is no filter of MLflow's.",
            "Write it as in MLflow's search box.",
            [atom],
            options="where params.model = 'xgb'",
        )
    draft.put_filter(draft.atoms[place].text)
    return place + 1


def _equation(lead: Atom, atom: Atom) -> str:
    """`tagged stage=prod` as a filter; "" for what is none."""
    name, sign, value = atom.text.partition("=")
    is_tag, is_parameter = "tag" in lead.spelling, "param" in lead.spelling
    if not (name and sign and value and set("'`").isdisjoint(atom.text)) or not (is_tag or is_parameter):
        return ""
    return f"{'tags' if is_tag else 'params'}.`{name}` = '{value}'"


def _read_by(draft: WatchDraft, atom: Atom, place: int) -> int:
    draft.once("by", atom)
    place = draft.skip(place)
    follows = draft.atom(place)
    remedy = "Name the user as MLflow knows them."
    if follows is None or follows.key in draft.option_keys:
        raise draft.refused("Whose runs?", remedy, [atom])
    if follows.spelling in ("me", "myself") or (
        draft.text.startswith("<@", follows.at) and "|" not in draft.text[follows.at : follows.end]
    ):
        raise draft.refused("I do not know what MLflow calls that person.", remedy, [follows])
    typed_at = follows.text.startswith("@")
    if (
        not follows.quoted
        and not typed_at
        and atom.key != "user"
        and Kind.USER not in follows.kinds
        and (Kind.METRIC in follows.kinds or goal_of(follows.text) is not Goal.UNKNOWN)
    ):
        raise draft.refused(
            f"By names a person here, and {follows.text[:60]} looks like a metric.",
            "Say metrics for what is shown; quotes make it a person's name.",
            [follows],
            options=f"metrics {follows.text}",
        )
    words, last = ([follows], place + 1) if follows.quoted or follows.kinds or typed_at else draft.unknown_words(place)
    name = follows.kinds.get(Kind.USER) or " ".join(each.text for each in words or [follows])
    if Kind.USER not in follows.kinds:
        draft.guesses.append((Kind.USER, name))
    if (
        last < len(draft.atoms) - 1
        and draft.atoms[last].key in (",", "and")
        and Kind.USER in draft.atoms[last + 1].kinds
    ):
        raise draft.refused(
            "A watch is of the runs of one person, or of all.", remedy, [follows, draft.atoms[last + 1]]
        )
    draft.put(user=name if follows.quoted else name.lstrip("@"))
    return max(last, place + 1)


def _read_only(draft: WatchDraft, atom: Atom, place: int) -> int:
    at = draft.skip(place)
    while at < len(draft.atoms) and (draft.atoms[at].key == "of" or draft.atoms[at].spelling in TELLING):
        at = draft.skip(at + 1)
    if (found := read_hours(draft, at, is_quiet=False)) is not None:
        return found
    follows = draft.atom(at)
    before = next((each for each in reversed(draft.atoms[: place - 1]) if not is_silent(each)), None)
    if (
        (follows is None or follows.key in draft.option_keys - {"when", "by", "in"} or follows.key == ",")
        and before
        and before.key in ONLY
    ):
        return place  # `failures only`
    if follows is not None and follows.key in ("when", "watch_when"):
        return read_when(draft, follows, at + 1)
    if follows is not None and follows.key in ("by", "in"):
        return at
    if follows is not None and Kind.USER in follows.kinds and Kind.EXPERIMENT not in follows.kinds:
        return _read_by(draft, atom, at)
    if follows is not None and follows.key in ONLY:
        for_two = (
            at + 2 < len(draft.atoms)
            and draft.atoms[at + 1].key in ("or", "and", ",")
            and draft.atoms[at + 2].key in ONLY
        )
        if for_two:
            raise draft.refused(
                "Only one of these can be chosen.",
                "Choose one of failures, better, worse and new best; for two, set up two watches.",
                [follows, draft.atoms[at + 2]],
                options=f"only {ONLY[follows.key].value}",
            )
        draft.choose(ONLY[follows.key], atom)
        return at + 1
    if draft.is_place(follows):
        return at
    raise draft.refused(
        "Only what?", "Say failures, better, worse or new best.", [follows or atom], options="only failures"
    )


def _read_than(draft: WatchDraft, atom: Atom, place: int) -> int:
    """`compared with best`, `better than the champion`, `beats xgb-v2`."""
    spelling = atom.spelling
    if "worse" in spelling:
        draft.choose(OnlyRuns.WORSE, atom)
    elif any(word in spelling for word in _WINNING):
        draft.choose(OnlyRuns.BETTER, atom)
    return _read_against(draft, atom, place)


def _read_unless(draft: WatchDraft, atom: Atom, place: int) -> int:
    """`silent unless better` wants what follows; `watch fraud unless it fails` does not."""
    return read_when(draft, atom, place) if draft.is_silent else _read_except(draft, atom, place)


def read_rate(draft: WatchDraft, place: int) -> int | None:
    """Raises NotUnderstood for `every 5th run`, `at most once an hour`; None where nothing such is said."""
    atom = draft.atoms[place]
    behind = [each.spelling.rpartition(" ")[2] for each in draft.atoms[place + 1 : place + 5]]
    if atom.key == "every" and behind and not (_ORDINAL.fullmatch(behind[0]) or behind[0] in _UNITS):
        return None
    is_once = atom.spelling == "once" and behind[:1] != [] and behind[0] in _UNITS
    if atom.key not in ("every", "bound", "daily") and atom.spelling not in _RATES and not is_once:
        return None
    sizes = [at for at, word in enumerate(behind, 1) if word in _UNITS]
    size = (sizes or [0])[0 if atom.key == "every" else -1]  # `max one message per day`
    if not size and atom.key != "daily" and atom.spelling not in _RATES:
        return None
    spot = draft.atoms[place : place + 1 + size]
    phrase = draft.text[spot[0].at : spot[-1].end]
    remedy = "A watch tells of each run that ends and fits; runs that end together share a message."
    raise draft.refused(f"I cannot watch “{phrase[:60]}”.", remedy, spot)


def read_end(draft: WatchDraft, _atom: Atom, place: int) -> int:
    """Refuses `until friday`, `for 2 hours`: a watch does not end by itself."""
    last = place
    while last < len(draft.atoms) and draft.atoms[last].key not in (*draft.option_keys, ",", "and"):
        last += 1
    spot = draft.atoms[place - 1 : last]
    clock = read_clock(spot[-1].spelling.rpartition(" ")[2])
    if clock is not None:
        is_until = spot[0].key == "until" or spot[0].spelling.startswith(("before", "until", "till"))
        is_quiet, draft.intent = draft.ends_all, "watch"
        hours = f"22:00-{_clock(clock)}" if is_until is is_quiet else f"{_clock(clock)}-08:00"
        raise draft.refused("Quiet when?", _SPAN_NEEDED, spot, options=f"quiet {hours}")
    remedy = "A watch goes on until it is ended: say unwatch then."
    raise draft.refused(f"I cannot watch “{draft.text[spot[0].at : spot[-1].end][:60]}”.", remedy, spot)


def _read_metrics(draft: WatchDraft, atom: Atom, place: int) -> int:
    draft.once("metrics", atom)
    at = place
    while at < len(draft.atoms) and (is_silent(draft.atoms[at]) or draft.atoms[at].key in ("of", "in")):
        at += 1
    if at > place and draft.is_place(draft.atom(at)):
        place = draft.read_place(at)  # `the metrics of the churn watch`
    while draft.key(place) == "with":
        place += 1
    last = draft.until_option(place)
    groups: list[list[Atom]] = [[]]
    for each in draft.atoms[place:last]:
        if each.key in (",", "and"):
            groups.append([])
        elif each.key not in ONLY or each.quoted or each.spelling == "best":
            groups[-1].append(each)
    named = [" ".join(e.kinds.get(Kind.METRIC, e.text) for e in group) for group in groups if group]
    if not named or not all(named):
        raise draft.refused("Which metrics?", "Name them.", [atom], options="metrics accuracy, loss")
    draft.put(metrics=tuple(dict.fromkeys(named))[:MOST_NAMED])
    return last


def _read_quiet(draft: WatchDraft, atom: Atom, place: int) -> int:
    at = draft.skip(place)
    if draft.key(at) in ("unless", "but", "except"):
        draft.is_silent = True
        if draft.atoms[at].key == "unless":
            return at
        return at + 1
    draft.once("quiet", atom)
    while draft.key(at) in ("of", "in", "filler"):
        at += 1
    if draft.is_place(draft.atom(at)):
        place = draft.read_place(at)  # `quiet hours for fraud 22-7`
    if (found := read_hours(draft, place, is_quiet=True)) is not None:
        return found
    last = _hours_end(draft, place)
    raise draft.refused("Quiet when?", _SPAN_NEEDED, draft.atoms[place:last] or [atom], options=_NIGHT)


def _hours_end(draft: WatchDraft, place: int) -> int:
    last = place
    while last < len(draft.atoms) and (
        draft.atoms[last].key not in draft.option_keys
        or draft.atoms[last].key in ("in", "of", "between", "during", "until", "since", "time")
    ):
        is_place = draft.atoms[last].key in ("in", "of") and last + 1 < len(draft.atoms)
        if is_place and Kind.EXPERIMENT in draft.atoms[last + 1].kinds:
            break
        if draft.is_place(draft.atoms[last]):
            break
        last += 1
    while last > place and draft.atoms[last - 1].key in ("and", ","):
        last -= 1
    return last


def read_hours(draft: WatchDraft, place: int, *, is_quiet: bool) -> int | None:
    """Hours of the day, as quiet ones or as those in which runs are told; None where none are said.

    Raises NotUnderstood for days, and for parts of a day that have no hours.
    """
    while draft.key(place) in ("during", "in", "of", "filler", "with"):
        if draft.atoms[place].text in ("between", "from") or Kind.EXPERIMENT in draft.atoms[place].kinds:
            break
        place += 1
    last = _hours_end(draft, place)
    atoms = draft.atoms[place:last]
    if not atoms or atoms[0].kinds or atoms[0].quoted:
        return None
    spellings = [each.spelling for each in atoms]
    whole = " ".join(spellings)
    part = next((hours for words, hours in _PARTS_OF_DAY.items() if f"{whole} ".startswith(f"{words} ")), "")
    has_days = any(map(_is_days, atoms))
    begins = spellings[:3]
    has_clock = any(_CLOCK_SPAN.match(each) or read_clock(each) or each in ("between", "from") for each in begins)
    if not (part or has_days or (has_clock and (is_quiet or _CLOCK_SPAN.search(whole)))):
        return None
    hours = _hours_said(draft, atoms)
    if draft.ends_all:  # `don't notify us at night`: the hours are quiet ones, and no watch is ended
        draft.intent, is_quiet = "watch", True
        if hours is not None and not has_days:
            remedy = "Hours are of a watch; say them where it is set up, or change it:"
            raise draft.refused("I end watches, not hours of them.", remedy, atoms, options=_hours_words(hours))
    if hours is not None and not is_quiet:  # told then, so quiet in all other hours
        end = hours.end.replace(hour=hours.end.hour + 12) if _is_working_day(atoms, hours) else hours.end
        hours = replace(hours, begin=end, end=hours.begin)
    if hours is not None and not has_days:
        draft.put(quiet=hours)
        return last
    part = part if is_quiet else "-".join(reversed(part.split("-")))
    options = _hours_words(hours) if hours else f"quiet {part}" if part else _NIGHT
    if has_days:
        remedy = "Quiet is the same hours on every day; say them, and in which time zone."
        raise draft.refused("Quiet when?", remedy, atoms, options=options)
    problem = "Quiet when?" if is_quiet else "I know quiet hours, in which I tell nothing, and no hours in words."
    raise draft.refused(problem, _SPAN_NEEDED, atoms, options=options)


def _hours_said(draft: WatchDraft, atoms: Sequence[Atom]) -> QuietHours | None:
    """The hours in these words, None for none. Raises NotUnderstood for a zone that does not exist."""
    silent = ("in", "hours", "during", "on")
    words = [
        Word(each.text, each.at, each.end, is_comma=each.key == ",")
        for each in atoms
        if _is_of_hours(each) and each.spelling not in silent
    ]
    try:
        return read_quiet(words)
    except NotUnderstood as error:
        error.example = draft.refused("", "", atoms, options=_NIGHT).example
        if error.near and error.at is not None and error.end is not None:
            error.example = f"{draft.text[: error.at]}{error.near[0]}{draft.text[error.end :]}".strip()
        raise


def _is_of_hours(atom: Atom) -> bool:
    is_said = atom.key != "filler" or atom.text in ("between", "from") or atom.text.isupper()
    return is_said and not _is_days(atom)


def _is_working_day(atoms: Sequence[Atom], hours: QuietHours) -> bool:
    """`from 9 to 5`: hours without a half of the day that end, as they stand, on the next morning."""
    is_plain = not any(_HALF.search(each.spelling) for each in atoms if _is_of_hours(each))
    return is_plain and hours.end < hours.begin <= time(12) and hours.end.hour > 0


def _is_days(atom: Atom) -> bool:
    words = [Word(atom.text.rpartition(" ")[2], atom.at, atom.end)]
    if words[0].folded in ("day", "days", "daily"):
        return False
    return words[0].folded.rstrip("s") in DAYS or read_days(words)[1] > 0


def _read_mention(draft: WatchDraft, atom: Atom, place: int) -> int:
    draft.once("mention", atom)
    if "owner" in atom.spelling:
        draft.put(mentions_owner=True)
        return place
    at = draft.skip(place)
    if draft.key(at) == "owner":
        draft.put(mentions_owner=True)
        return at + 1
    raise draft.refused(
        "Only the owner of a run can be mentioned.",
        "Say mention owner, or leave it out.",
        draft.atoms[place : place + 1] or [atom],
        options="mention owner",
    )


def _read_broadcast(draft: WatchDraft, atom: Atom, place: int) -> int:
    draft.once("broadcast", atom)
    at = draft.skip(place)
    follows = draft.atom(at)
    if follows and follows.key in ("new_best", "best") and "best" not in atom.spelling:
        place = at + 1
    elif follows and follows.key not in (*draft.option_keys, ",", "and"):
        raise draft.refused(
            "Only a new best can be broadcast.",
            "Say broadcast new best, or leave it out.",
            [follows],
            options="broadcast new best",
        )
    draft.put(broadcasts=True)
    return place


def _is_letter(draft: WatchDraft, place: int) -> bool:
    """An experiment that is called `a`, where nothing else can be meant."""
    atom, behind = draft.atoms[place], draft.atoms[place + 1 : place + 2]
    is_last = not behind or behind[0].key in (",", "and") or behind[0].role is Role.SLOT
    return atom.key == "filler" and len(atom.text) == 1 and is_last


def _next_left_out(draft: WatchDraft, place: int) -> int:
    """How many atoms lead to more that is left out: a comma, `and`, or both; 0 for none."""
    if draft.key(place) not in (",", "and", "or"):
        return 0
    behind, size = draft.atom(place + 1), 1
    if draft.key(place) == "," and draft.key(place + 1) == "and":
        behind, size = draft.atom(place + 2), 2
    is_state = behind is not None and behind.key in ONLY and draft.key(place) != ","
    is_name = behind is not None and (bool(behind.kinds) or behind.is_unknown or behind.quoted)
    return size if is_state or is_name or (behind is not None and behind.key == "pattern" and size == 1) else 0


def _read_except(draft: WatchDraft, atom: Atom, place: int) -> int:
    """What is left out: experiments, a person, failures; `but not on weekends` says hours."""
    at = place
    while at < len(draft.atoms) and (is_silent(draft.atoms[at]) or draft.atoms[at].spelling in MESSAGES):
        at += 1
    if (found := read_hours(draft, at, is_quiet=True)) is not None:
        return found
    draft.once("except", atom)
    names: list[str] = []
    is_filtered = False
    last, size = place, 0
    while (at := _past_leads(draft, last + size)) < len(draft.atoms):
        left_out = draft.atoms[at]
        if left_out.key == "failed" or (Kind.USER in left_out.kinds and Kind.EXPERIMENT not in left_out.kinds):
            _filter_out(draft, left_out)
            last, is_filtered = at + 1, True
        elif (words := _experiment_left_out(draft, at)) is not None:
            names.append(words[0].kinds.get(Kind.EXPERIMENT) or draft.typed(words))
            last = at + len(words)
        else:
            break
        if not (size := _next_left_out(draft, last)):
            break
    if not names and not is_filtered:
        line = "watch * except team/test, team/old*"
        raise draft.refused("Except which?", "Name experiments, or patterns, with commas.", [atom], line)
    if len(names) > MOST_NAMED:
        problem = f"That is {len(names)} names; a watch takes {MOST_NAMED} of them."
        raise draft.refused(problem, "Name fewer.", draft.atoms[place:last])
    if names:
        draft.put(excepted=tuple(dict.fromkeys(names)))
    return last


def _past_leads(draft: WatchDraft, place: int) -> int:
    """The place of what is left out, behind `in`, `by`, `of` and what says nothing."""
    while (
        place < len(draft.atoms)
        and (is_silent(draft.atoms[place]) or draft.atoms[place].key in ("of", "in", "by", "only"))
        and Kind.EXPERIMENT not in draft.atoms[place].kinds
        and not _is_letter(draft, place)
    ):
        place += 1
    return place


def _filter_out(draft: WatchDraft, atom: Atom) -> None:
    """Leaves out a person, or runs that failed."""
    person = atom.kinds.get(Kind.USER, "")
    if "'" in person:
        raise draft.refused(f"I cannot leave out {person}.", "Name whom you want by the user.", [atom])
    draft.put_filter(f"tags.`mlflow.user` != '{person}'" if person else "attributes.status = 'FINISHED'")


def _experiment_left_out(draft: WatchDraft, place: int) -> list[Atom] | None:
    """The words of an experiment that is left out; None for what is none. Raises NotUnderstood for how runs end."""
    atom = draft.atoms[place]
    if atom.key in ONLY or atom.key in ("finished", "running"):
        problem = f"A watch leaves out experiments, not {atom.text[:60]}."
        remedy = "Say only better, only worse or only new best for what is wanted."
        raise draft.refused(problem, remedy, [atom], options="only new best")
    atom = replace(atom, key="") if _is_letter(draft, place) else atom
    if not (atom.is_unknown or atom.quoted or atom.key == "pattern" or atom.kinds):
        return None
    return draft.plain_words(place)[0] if atom.is_unknown and not atom.quoted else [atom]


# Written back


def quiet_words(watching: Watch) -> str:
    return _hours_words(watching.quiet) if watching.quiet else ""


def _hours_words(quiet: QuietHours) -> str:
    return f"quiet {_clock(quiet.begin)}-{_clock(quiet.end)} {zone_words(quiet.zone)}"


def _clock(at: time) -> str:
    return at.strftime("%H:%M")


def _against_words(watching: Watch) -> str:
    baseline = watching.baseline
    against = reference(baseline) if watching.against == "run" and baseline else watching.against
    return f"against {against}" if against else ""


def _condition_words(watching: Watch) -> str:
    """Seeds that are waited for, and rules of metrics."""
    rules_ = " and ".join(f"{quoted(rule.metric)} {rule.condition}" for rule in watching.rules)
    seeds = f"when {watching.seeds} seeds are in" if watching.seeds is not None else ""
    return joined(seeds, f"when {rules_}" if rules_ else "")


def _excepted_words(watching: Watch) -> str:
    return f"except {', '.join(map(place_words, watching.excepted))}" if watching.excepted else ""


@dataclass(frozen=True, slots=True)
class WatchOption:
    """`keys` begin it; `read` gives the place behind it; `write` gives what to type for it, "" for none."""

    keys: tuple[str, ...]
    read: Callable[[WatchDraft, Atom, int], int]
    write: Callable[[Watch], str] = lambda _watching: ""


OPTIONS = (  # in the order in which they are written
    WatchOption(("except",), _read_except, _excepted_words),
    WatchOption(("against", "vs"), _read_against, _against_words),
    WatchOption(("by", "user"), _read_by, lambda watching: whose(watching.user)),
    WatchOption(("only",), _read_only, lambda watching: f"only {watching.only.value}" if watching.only else ""),
    WatchOption(("only_clear",), _read_only_clear, lambda watching: "only clear" if watching.only_clear else ""),
    WatchOption(("when",), read_when, _condition_words),
    WatchOption(("metrics",), _read_metrics, lambda watching: listed("metrics", watching.metrics)),
    WatchOption(("quiet",), _read_quiet, quiet_words),
    WatchOption(("mention",), _read_mention, lambda watching: "mention owner" if watching.mentions_owner else ""),
    WatchOption(("broadcast",), _read_broadcast, lambda watching: "broadcast new best" if watching.broadcasts else ""),
    WatchOption(("where",), _read_where, lambda watching: f"where {watching.where}" if watching.where else ""),
    WatchOption(("than",), _read_than),
    WatchOption(("unless",), _read_unless),
    WatchOption(("until", "since"), read_end),
    WatchOption(("in",), lambda draft, _atom, place: draft.skip(place)),
    WatchOption(("of",), _read_of),
)
READERS = {key: option.read for option in OPTIONS for key in option.keys}
