"""What a channel agrees on (experiment, metric, goals, tolerances, baseline) and what admins allow it to see.

In `access fraud*, churn` the first word decides. A run called `access` is compared as any other: `access vs old`.
"""

# ruff: noqa: C901 -- a grammar is a list of cases, each in its place

import re
from collections.abc import Sequence
from dataclasses import replace

from comparison.channel_defaults import EXAMPLES, OFF, ON, read_tolerance, write_tolerance
from comparison.errors import NotUnderstood
from comparison.judgement.goals import EITHER
from comparison.language.atoms import Atom, is_material, is_silent
from comparison.language.draft import Command, Draft, Example, Guess, always, refuse
from comparison.language.lexicon import one_of
from comparison.language.names import Kind
from comparison.language.quoting import QUOTES, joined, quoted, reference, within, written
from comparison.language.run_names import runs_of
from comparison.language.tokens import Word, split_words
from comparison.request import (
    DIRECT,
    ELSEWHERE,
    AccessRequest,
    Pin,
    Request,
    RestrictChanges,
    SetDefault,
    ShowAccess,
    ShowSettings,
)
from comparison.run_reference import AllRuns, Group, Latest, Leading, Linked, Named, SweepRuns, TopRuns

_OF_CHANNEL, _WITHOUT_PLACE = "What is set is for all of this channel.", "Leave the experiment out:"
_EXAMPLES = frozenset({"example", "examples"})
_BEFORE_EXAMPLES = frozenset({"the", "same", "the same"})
_SWITCH = {"on": ON, "yes": ON, "true": ON, "off": OFF, "no": OFF, "false": OFF}
_SHARE_OF_BASELINE = "Say it as a share of the baseline, in percent."
_BEFORE_VALUE = frozenset({"to", "of", "=", "is", "for", "at"})


def _leave_out_baseline(draft: Draft) -> None:
    """Leaves out the word baseline, which says here what is set, and no run."""
    draft.groups = [[each for each in group if each.key not in ("baseline", "baseline_role")] for group in draft.groups]


def _settings(draft: Draft) -> Request:
    _leave_out_baseline(draft)
    draft.check("settings")
    return ShowSettings(draft.text)


def _unpin(draft: Draft) -> Request:
    _leave_out_baseline(draft)
    runs = runs_of(draft) if not draft.left else []
    if len(runs) == 1 and isinstance(runs[0], Named | Linked):
        draft.groups = [[]]
        draft.check("unpin")
        return Pin(None, text=draft.text, taken_back=runs[0])
    draft.check("unpin")
    return Pin(None, text=draft.text)


def _pin(draft: Draft) -> Request:
    draft.groups[0] = [each for each in draft.groups[0] if each.key != "baseline_role"]
    runs = runs_of(draft)
    if draft.metrics and len(runs) == 1 and isinstance(runs[0], Leading) and not runs[0].metric:
        runs, draft.metrics = [replace(runs[0], metric=draft.metrics[0])], draft.metrics[1:]
        draft.spots.pop("metrics", None)
    if draft.user and len(runs) == 1 and isinstance(runs[0], Latest | Leading):
        runs = [replace(runs[0], user=runs[0].user or draft.user)]
    elif draft.user:
        raise draft.not_taken("settings", "user", draft.spots["user"])
    draft.check("pin", is_silent_on_runs=False)
    if len(runs) != 1 or isinstance(runs[0], TopRuns | AllRuns | Group | SweepRuns):
        problem = "Which run is the baseline?" if not runs else "One run is the baseline."
        raise refuse(problem, "Name one.", draft.example("pin"), draft.atoms[:1])
    return Pin(runs[0], draft.experiment, draft.text)


def _set_default(draft: Draft) -> Request:
    """`set experiment fraud`, `use val_auc as default metric`, `set goal cost lower`, `set baseline xgb-v1`."""
    takes_back = draft.intent == "unset"
    if (place := tolerance_at(draft)) is not None:
        return _tolerance(draft, place, takes_back=takes_back)
    if sets_examples(draft):
        return _examples(draft, takes_back=takes_back)
    if draft.marks_baseline:
        return _unpin_or_pin(draft, takes_back=takes_back)
    if draft.goal or draft.says("goal"):
        return goal(draft)
    words = [each for each in draft.side_words() if each.key != "baseline_role"]
    if draft.says("experiment") or (draft.experiments and not draft.metrics):
        what, value = "experiment", _experiment_set(draft, words)
    elif draft.metrics or draft.says("metrics"):
        what, value = "metric", _metric_set(draft, words)
    else:
        raise _unclear_setting(draft, words, takes_back=takes_back)
    if draft.metrics and draft.experiments:
        draft.left += draft.spots["metrics"]
    if len(draft.metrics) > 1:
        raise refuse("One metric is the default.", "Name one.", draft.example("set"), draft.spots["metrics"])
    draft.check("set")
    if takes_back:
        return SetDefault(what, text=draft.text, taken_back=value)
    if not value:
        raise refuse(f"Which {what}?", "Name it.", draft.example("set"), draft.atoms[-1:])
    return SetDefault(what, value, text=draft.text)


def _experiment_set(draft: Draft, words: Sequence[Atom]) -> str:
    if not draft.experiment and draft.metrics:  # an experiment that is called as a metric is
        name, draft.metrics = draft.metrics[0], []
        draft.spots.pop("metrics")
        return name
    return draft.experiment or _unknown_name(draft, words, Kind.EXPERIMENT)


def _metric_set(draft: Draft, words: Sequence[Atom]) -> str:
    name = draft.metrics[0] if draft.metrics else _unknown_name(draft, words, Kind.METRIC)
    if {"metrics", "experiment"} <= draft.spots.keys():
        raise _of_one_experiment(draft, f"set metric {written(name)}" if name else "")
    return name


def _unknown_name(draft: Draft, words: Sequence[Atom], kind: Kind) -> str:
    """The words as one name that nobody knows; "" for no words."""
    name = " ".join(each.text for each in words)
    if words:
        draft.guesses.append(Guess(kind, name))
        draft.groups = [[]]
    return name


def _unclear_setting(draft: Draft, words: Sequence[Atom], *, takes_back: bool) -> NotUnderstood:
    """What to say where no setting is named."""
    if takes_back:
        spot = [each for each in draft.atoms if each.key != "filler"][-1:]
        problem = "I take back one setting at a time: experiment, metric, goal, tolerance, examples or baseline."
        return refuse(problem, "What is set:", "settings", spot)
    if not any(map(is_material, words)) or any(each.is_unknown for each in words):
        spot = [each for each in draft.atoms if not is_silent(each)][-1:]
        problem = "I can set experiment, metric, goal, tolerance, examples or baseline."
        return refuse(problem, "Say which.", draft.example("set"), spot)
    if alias := next((each for each in words if each.key == "alias"), None):
        run = next((each.kinds[Kind.RUN] for each in words if Kind.RUN in each.kinds), "")
        problem = f"I cannot make a run {alias.text}: I read MLflow and change nothing in it."
        line = f"pin {written(run)}" if run else "help set"
        return refuse(problem, "A channel's baseline I can set:", line, [alias])
    name = written(words[0].kinds.get(Kind.RUN, words[0].text)) if len(words) == 1 else "latest"
    return refuse("What is this run to be?", "To make it the baseline, say:", f"pin {name}", words)


def _of_one_experiment(draft: Draft, line: str) -> NotUnderstood:
    """The refusal of a metric or a goal that is to be set for one experiment only."""
    atoms = draft.spots["experiment"]
    name = draft.experiment
    is_known = Kind.EXPERIMENT in draft.names.called(name) or not draft.names.all(Kind.EXPERIMENT)
    problem = _OF_CHANNEL if is_known else f"I know no experiment called {name}."
    remedy = _WITHOUT_PLACE if is_known else "What is set is for all of this channel; leave it out:"
    return refuse(problem, remedy, line or draft.example("set"), atoms, near=draft.names.near(name))


def _unpin_or_pin(draft: Draft, *, takes_back: bool) -> Request:
    named = any(each.key != "baseline_role" for each in draft.side_words())
    return _pin(draft) if named and not takes_back else _unpin(draft)


def _make(draft: Draft) -> Request:
    draft.marks_baseline = True
    return _unpin_or_pin(draft, takes_back=False)


def tolerance_at(draft: Draft) -> int | None:
    places = enumerate(draft.atoms)
    beginnings = ("tolerance", "margin", "the tolerance", "noise")
    return next((p for p, e in places if e.key == "within" and e.spelling.startswith(beginnings)), None)


def _tolerance(draft: Draft, spot: int, *, takes_back: bool) -> Request:
    """`set tolerance 0.1 %` for every metric, `set tolerance accuracy 0.5 %` for one."""
    words = [e for e in draft.atoms[spot + 1 :] if e.quoted or e.kinds or e.spelling not in _BEFORE_VALUE]
    ends = next(
        (p for p, e in enumerate(words) if _share(draft, e, words[-1]) is not None), len(words) if takes_back else None
    )
    if ends is None and any(each.key in ("number", "decimal") for each in words):
        return _noise(draft)
    if ends is None or (takes_back and ends < len(words)):
        raise refuse(
            "Within how much are values the same?",
            _SHARE_OF_BASELINE,
            "set tolerance 0.1 %",
            words or draft.atoms[spot : spot + 1],
        )
    value = "" if takes_back else write_tolerance(_share(draft, words[ends], words[-1]) or 0.0)
    metric = " ".join(each.kinds.get(Kind.METRIC, each.text) for each in words[:ends])
    if metric and not (ends == 1 and Kind.METRIC in words[0].kinds):
        draft.guesses.append(Guess(Kind.METRIC, metric))
    return SetDefault("tolerance", value, metric, draft.text)


def _noise(draft: Draft) -> Request:
    """`treat 0.5 % as noise for val_auc`, `ignore differences below 1 %`: a tolerance, in any order of words."""
    numbers = [
        place for place, each in enumerate(draft.atoms) if each.key in ("number", "decimal") and each.text != "%"
    ]
    if not numbers:  # `set tolerance f1 %`
        spot = [each for each in draft.atoms if each.key == "decimal"]
        raise refuse("Within how much are values the same?", _SHARE_OF_BASELINE, "set tolerance 0.1 %", spot)
    first = draft.atoms[numbers[0]]
    behind = draft.atoms[numbers[0] + 1 : numbers[0] + 2]
    is_unit = bool(behind) and behind[0].spelling in _PERCENT
    amount = draft.atoms[numbers[0] : numbers[0] + 1 + is_unit]
    metrics = [each for each in draft.atoms if each.metric and each not in amount]
    others = [
        each
        for each in draft.atoms
        if each not in amount
        and each not in metrics
        and not is_silent(each)
        and each.key not in _OF_NOISE
        and each.spelling not in _OF_NOISE
    ]
    if others:
        name = others[0].text[:60]
        raise refuse(
            f"I do not understand “{name}”.", "Say by how much, and for which metric.", "set tolerance 0.1 %", others
        )
    if len(metrics) > 1 or len(numbers) > 1:
        spot = metrics[1:] or [draft.atoms[numbers[1]]]
        raise refuse(
            "A tolerance is of one metric, or of all.", "Say one after the other.", "set tolerance 0.1 %", spot
        )
    metric = metrics[0].metric if metrics else ""
    share = _share(draft, amount[0], amount[-1])
    if share is None:
        number = float(first.text) if first.key == "decimal" else float(first.value)
        line = joined("set tolerance", quoted(metric) if metric else "", write_tolerance(number)) if number < 1 else ""
        problem = "Within how much are values the same?"
        remedy = f"{_SHARE_OF_BASELINE} {first.text} of the baseline is:"
        raise refuse(problem, remedy, line or "set tolerance 0.1 %", amount)
    return SetDefault("tolerance", write_tolerance(share), metric, draft.text)


_PERCENT = frozenset({"%", "percent", "per cent", "pct"})
_OF_NOISE = one_of(
    "within noise bound differing set why than everything of in by_change all fewer treat consider count differences "
    "difference changes change deltas delta less below under up"
)


def _primary(draft: Draft) -> Request:
    """`val_auc is what counts here`, `our default metric is f1`."""
    metrics = list(dict.fromkeys(each.metric for each in draft.atoms if each.metric))
    places = [each for each in draft.atoms if Kind.EXPERIMENT in each.kinds and not each.metric]
    if len(metrics) > 1:
        spot = [each for each in draft.atoms if each.metric]
        raise refuse("One metric is the default.", "Name one.", f"set metric {written(metrics[0])}", spot)
    if places:
        raise refuse(_OF_CHANNEL, _WITHOUT_PLACE, f"set metric {written(metrics[0])}", places)
    if ways := [each.key for each in draft.atoms if each.key in ("lower", "higher")]:
        return SetDefault("goal", ways[0], metrics[0], draft.text)  # `a higher f1 is what we want`
    others = [
        each
        for each in draft.atoms
        if not each.metric
        and not is_silent(each)
        and each.key not in ("primary", "metrics", "of", "in", "only", "set", "make", "with")
    ]
    if others:
        problem = f"I do not understand “{others[0].text[:60]}”."
        raise refuse(
            problem, "To make it the metric of this channel, say:", f"set metric {written(metrics[0])}", others
        )
    return SetDefault("metric", metrics[0], text=draft.text)


def sets_examples(draft: Draft) -> bool:
    """Whether the word behind `set` or `unset` is `examples`."""
    words = [each for each in draft.atoms[1:] if each.spelling not in _BEFORE_EXAMPLES]
    return bool(words) and not words[0].quoted and words[0].spelling in _EXAMPLES


def _examples(draft: Draft, *, takes_back: bool) -> Request:
    """`set examples on`: single runs are compared on the same examples, too; `set examples off`: they are not."""
    at = next(place for place, each in enumerate(draft.atoms) if each.spelling in _EXAMPLES)
    words = [each for each in draft.atoms[at + 1 :] if each.spelling not in _BEFORE_VALUE]
    value = _SWITCH.get(words[0].spelling, "") if len(words) == 1 else ""
    if bool(value) == takes_back or (takes_back and words):
        spot = words or draft.atoms[at : at + 1]
        raise refuse("Are runs to be compared on the same examples?", "Say on or off.", "set examples on", spot)
    return SetDefault(EXAMPLES, value, text=draft.text)


def _share(draft: Draft, first: Atom, last: Atom) -> float | None:
    return read_tolerance(draft.text[first.at : last.end], needs_unit=True)


def goal(draft: Draft) -> Request:
    words = draft.side_words()
    metric = draft.metrics[0] if draft.metrics else " ".join(each.text for each in words)
    takes_back = draft.intent == "unset"
    keys = {each.key for each in draft.atoms}
    if "metrics" in keys and "goal" not in keys and draft.metrics and draft.goal:
        problem, remedy = "That sets two things: the metric, and which way is better.", "Say one after the other:"
        raise refuse(problem, remedy, f"set metric {written(metric)}", draft.spots["goal"])
    if either := [each for each in words if each.spelling == EITHER]:
        error = refuse("Which way is better?", "Say higher or lower.", "help set", either)
        raise replace(error, near=("higher", "lower"))
    if not metric or not (draft.goal or takes_back) or len(draft.metrics) > 1 or (draft.metrics and words):
        known = metric if metric and not words else next(iter(draft.names.all(Kind.METRIC)), "cost")
        line = f"set goal {written(known)} lower"
        raise refuse("Which way is better?", "Say higher or lower behind one metric.", line, draft.atoms[:1])
    if "experiment" in draft.spots:
        raise _of_one_experiment(
            draft, f"{'unset' if takes_back else 'set'} goal {written(metric)} {draft.goal}".strip()
        )
    draft.groups = [[]]
    draft.check("set")
    if not draft.metrics:
        draft.guesses.append(Guess(Kind.METRIC, metric))
    goal = "unknown" if draft.goal in ("neither", "unknown") else draft.goal
    return SetDefault("goal", "" if takes_back else goal, metric, draft.text)


# Written back
def _default_line(request: SetDefault) -> str:
    if request.what == "goal":
        lead = "set goal" if request.value else "unset goal"
        return joined(lead, quoted(request.metric), request.value)
    if request.what == "tolerance":
        lead = "set tolerance" if request.value else "unset tolerance"
        return joined(lead, quoted(request.metric) if request.metric else "", request.value)
    if request.what == "examples":
        return joined("set examples" if request.value else "unset examples", request.value)
    if request.value:
        return f"set {request.what} {quoted(request.value)}"
    return joined(f"unset {request.what}", quoted(request.taken_back) if request.taken_back else "")


def _pin_line(request: Pin) -> str:
    if request.run is None:
        return joined("unpin", reference(request.taken_back) if request.taken_back else "")
    return joined("pin", reference(request.run), within(request.experiment))


def _is_value(draft: Draft) -> bool:
    """Whether `set` is followed by a setting whose value is no name."""
    return tolerance_at(draft) is not None or sets_examples(draft)


# Access: what a channel may see, and who may change what is set


_PATTERN = re.compile(r"[\w*?][\w./*?+:@-]*")
_LISTING = frozenset({"and", "&"})
_SEPARATORS = _LISTING | {"vs", "versus", "vs.", "v", "with", "to", "against", "than"}
MOST_PATTERNS = 100  # patterns of one rule
_ACCESS = "access"
_SCOPE_WORDS = {
    **dict.fromkeys(("everywhere", "elsewhere"), ELSEWHERE),
    **dict.fromkeys(("direct", "directly", "dm", "dms", "home"), DIRECT),
}
_LEADING_WORDS = frozenset(
    {"messages", "to", "only", "is", "are", "see", "sees", "by", "=", ":", "experiment", "experiments"}
)
_MEANT_BY_WORD: dict[str, tuple[str, ...] | None] = {
    **dict.fromkeys(("all", "everything", "*", "any"), ("*",)),
    **dict.fromkeys(("none", "nothing"), ()),
    **dict.fromkeys(("default", "unset", "reset", "inherit"), None),
}
_FOR_ADMINS = {
    **dict.fromkeys(("admins", "admin"), True),
    **dict.fromkeys(("members", "member", "everybody", "everyone", "default"), False),
}


def read_access(text: str) -> ShowAccess | AccessRequest | RestrictChanges | None:
    """What was said of access; None for what speaks of something else. Raises NotUnderstood."""
    words = [word for word in split_words(text) if not word.is_comma or word.at > 0]
    if not words or words[0].folded.rstrip(":") != _ACCESS or any(_separates(word) for word in words[1:2]):
        return None
    rest = list(words[1:])
    scope = _SCOPE_WORDS.get(rest[0].folded, "") if rest else ""
    rest = _unled(rest[1:] if scope else rest)
    if not rest:
        return ShowAccess(scope, text=text)
    if rest[0].folded in ("changes", "change", "changing"):
        return _restriction(_unled(rest[1:]), scope, text)
    first = rest[0].folded if len(rest) == 1 else ""
    if first in _MEANT_BY_WORD:
        return AccessRequest(_MEANT_BY_WORD[first], scope, text=text)
    names = tuple(dict.fromkeys(" ".join(word.text for word in group) for group in _listed(rest)))
    if not names or len(names) > MOST_PATTERNS:
        raise NotUnderstood(
            f"A rule names between 1 and {MOST_PATTERNS} experiments.",
            remedy="A pattern can stand for many.",
            text=text,
            example="access fraud*, churn",
            at=rest[0].at,
        )
    return AccessRequest(names, scope, text=text)


def _separates(word: Word) -> bool:
    return word.is_comma or word.folded in _SEPARATORS


def _listed(words: Sequence[Word]) -> list[list[Word]]:
    """The words of each name, between commas and `and`."""
    groups: list[list[Word]] = [[]]
    for word in words:
        if word.is_comma or word.folded in _LISTING:
            groups.append([])
        else:
            groups[-1].append(word)
    return [group for group in groups if group]


def _unled(words: Sequence[Word]) -> list[Word]:
    """Without the words that lead to what is meant."""
    rest = list(words)
    while rest and (rest[0].is_comma or rest[0].folded in _LEADING_WORDS):
        rest = rest[1:]
    return rest


def _restriction(words: Sequence[Word], scope: str, text: str) -> RestrictChanges:
    word = words[0].folded if len(words) == 1 else ""
    if word not in _FOR_ADMINS:
        raise NotUnderstood(
            "Who may change what is set and watched?",
            remedy="Say admins or members.",
            example="access changes admins",
            near=("admins", "members"),
            text=text,
            at=words[0].at if words else len(text),
            end=words[-1].end if words else len(text),
        )
    return RestrictChanges(_FOR_ADMINS[word], scope, text=text)


# In a sentence
def _show_access(draft: Draft) -> Request:
    _refuse_others(draft, "access")
    return ShowAccess(text=draft.text)


def _refuse_rule_of_person(draft: Draft) -> Request:
    """Refuses rules of persons: what may be seen is of a channel."""
    verb = draft.atoms[draft.place]
    people = [each for each in draft.atoms if Kind.USER in each.kinds or draft.text.startswith("<@", each.at)]
    named = _experiments_named(draft)
    if people or not named or verb.spelling.startswith("who"):
        problem = "I say what a channel may see, not who: whoever is in a channel sees what it may see."
        raise refuse(problem, "What this channel may see:", "access", people or [verb])
    problem = f"I cannot {verb.spelling} one experiment: a rule names all that a channel may see."
    is_more = verb.spelling.startswith(("allow", "grant", "give", "share", "permit"))
    remedy = "The rule, for admins:" if is_more else "What it may see is said, and all else is hidden. So far:"
    raise refuse(problem, remedy, _access_line(named) if is_more else "access", [verb])


def _limit_access(draft: Draft) -> Request:
    names = _experiments_named(draft)
    if not names:
        raise refuse(
            "To which experiments?", "Name them, or patterns.", "access fraud*, churn", [draft.atoms[draft.place]]
        )
    return AccessRequest(tuple(names), text=draft.text)


def _restrict_changes(draft: Draft) -> Request:
    is_for_admins = "admin" in draft.atoms[draft.place].spelling
    _refuse_others(draft, f"access changes {'admins' if is_for_admins else 'members'}")
    return RestrictChanges(is_for_admins, text=draft.text)


_OF_CHANGES = one_of(
    "settings setting watches watch pins pin pinned baseline baselines defaults default anything everything things "
    "what is set watched digest digests metric metrics experiment and again"
)


def _refuse_others(draft: Draft, line: str) -> None:
    others = [
        each
        for place, each in enumerate(draft.atoms)
        if place != draft.place and not is_silent(each) and not set(each.spelling.split()) <= _OF_CHANGES
    ]
    if others:
        raise refuse(f"I do not understand “{others[0].text[:60]}”.", "Leave that out:", line, others[:1])


def _experiments_named(draft: Draft) -> list[str]:
    """The experiments and patterns that are named."""
    found = [
        each.kinds.get(Kind.EXPERIMENT) or each.text
        for place, each in enumerate(draft.atoms)
        if place != draft.place
        and (Kind.EXPERIMENT in each.kinds or each.key == "pattern" or each.quoted or each.is_unknown)
        and each.spelling not in ("channel", "see")
    ]
    return list(dict.fromkeys(found))


def _access_line(names: Sequence[str]) -> str:
    return access_words(AccessRequest(tuple(names)))


# Written back
_SCOPES = {ELSEWHERE: "everywhere", DIRECT: "direct"}


def access_words(request: AccessRequest) -> str:
    """What to type for a rule of what may be seen."""
    patterns = request.patterns
    if patterns is None or not patterns or patterns == ("*",):
        listed = "default" if patterns is None else "all" if patterns else "none"
    else:
        listed = ", ".join(_pattern_words(each) for each in patterns)
    return joined("access", _SCOPES.get(request.scope, ""), listed)


def _pattern_words(pattern: str) -> str:
    """A pattern as it is read again; a name that is a word of ours stands in quotes."""
    is_plain = _PATTERN.fullmatch(pattern) and not pattern.isalpha()
    return pattern if is_plain else next((f"{a}{pattern}{b}" for a, b in QUOTES if b not in pattern), pattern)


def _restriction_line(request: RestrictChanges) -> str:
    return joined("access", _SCOPES.get(request.scope, ""), "changes", "admins" if request.is_for_admins else "members")


COMMANDS = {
    "settings": Command(
        _settings, "show what is set here", "", Example("settings"), ((ShowSettings, lambda _request: "settings"),)
    ),
    "set": Command(
        _set_default,
        "set experiment, metric, goal, tolerance, examples or baseline",
        "experiment metrics goal",
        Example("set metric {metric}", "set goal cost lower"),
        ((SetDefault, _default_line),),
        is_whole=_is_value,
    ),
    "unset": Command(_set_default, is_whole=_is_value),
    "goal": Command(goal),
    "pin": Command(_pin, "pin a run", "experiment user", Example("pin {run}", "pin latest"), ((Pin, _pin_line),)),
    "unpin": Command(_unpin, "take the pinned run back", "", Example("unpin")),
    "make": Command(_make),
    "primary": Command(_primary, is_whole=always),
    "noise": Command(_noise, is_whole=always),
    "access_show": Command(
        _show_access,
        writers=((ShowAccess, lambda request: joined("access", _SCOPES.get(request.scope, ""))),),
        is_whole=always,
    ),
    "access_who": Command(_refuse_rule_of_person, is_whole=always),
    "access_limit": Command(_limit_access, writers=((AccessRequest, access_words),), is_whole=always),
    "access_changes": Command(_restrict_changes, writers=((RestrictChanges, _restriction_line),), is_whole=always),
}
