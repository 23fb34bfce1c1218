"""Which of many runs are meant: whose, where from, since when, `where lr = 0.1`, all but some."""

# ruff: noqa: C901, PLR0911 -- a grammar is a list of cases, each in its place

import re
from collections.abc import Sequence
from dataclasses import replace

from comparison.judgement.goals import goal_of
from comparison.language.atoms import WORDED, Atom, is_silent, spelt
from comparison.language.comparison_options import read_metrics
from comparison.language.draft import EVERYWHERE, LISTS, PARTS, RANKING, Draft, Guess, refuse
from comparison.language.intents import HARD, ORDERS, STATUS
from comparison.language.lexicon import PLURAL, Role
from comparison.language.names import Kind
from comparison.language.quoting import written
from comparison.run_reference import Exclusion
from comparison.runs import Goal

_BARE_TERM = re.compile(  # of a filter, without its column
    r"(?<![\w.`'\"])(?P<name>[\w-]+)\s*(?P<sign>!=|>=|<=|=|>|<|\bis not\b|\bis\b|\bequals\b)"
    r"\s*(?P<value>'[^']*'|\"[^\"]*\"|-?[\w.]+)"
)
_REPEATS = frozenset({"seed", "seeds", "fold", "folds"})  # `the best xgb seed`
_LEADS_SIDE = frozenset({"where", "wobei", "dónde"})  # `which run used lr=0.1` lists runs


def read_user(draft: Draft, atom: Atom, place: int) -> int:
    name, atoms, last = draft.name_of(draft.skip(place + 1), Kind.USER)
    follows = draft.atom(last)
    if not name and follows and follows.text.startswith("@"):
        name, atoms, last = follows.text, [follows], last + 1
    if not name or name.casefold() in ("me", "myself"):
        raise refuse("Whose runs?", "Name the person as MLflow knows them.", draft.example_line(), [atom])
    draft.put_user(name.lstrip("@"), atoms)
    return last


def read_parameter(draft: Draft, atom: Atom, place: int) -> int:
    """`what lr did xgb-v2 use`: a question for parameters."""
    if draft.intent == "sweeps" or _is_noun(draft, atom):
        return place + 1  # `does lr matter?`: all parameters are weighed, this one too
    if draft.intent in LISTS or draft.part or draft.intent == "curves":
        draft.left.append(atom)
    else:
        draft.note("part", [atom])
        draft.part = "parameters" if Kind.PARAMETER in atom.kinds else "tags"
    return place + 1


def _is_noun(draft: Draft, atom: Atom) -> bool:
    """Whether `seed` says only what is ranked: `the best xgb seed`."""
    return atom.spelling in _REPEATS and any(each.key in RANKING for each in draft.atoms)


def read_where(draft: Draft, atom: Atom, place: int) -> int:
    at = place + 1
    if at < len(draft.atoms) and draft.atoms[at].kinds.keys() & {Kind.PARAMETER, Kind.TAG}:
        return at  # `where lr = 0.1`, which is one condition
    if at == len(draft.atoms) or draft.atoms[at].key != "filter":
        line = "list runs where params.lr = '0.1'"
        raise refuse("That is no filter of MLflow's.", "Write it as in MLflow's search box.", line, [atom])
    group = draft.groups[-1]
    is_side = draft.is_parted or not any(not is_silent(each) for each in group) or draft.lead() == "latest"
    is_side = is_side and not draft.are_many()
    is_side = is_side and atom.spelling in _LEADS_SIDE
    if draft.intent in ("compare", "", "show", "pin", "who", "status") and is_side:
        draft.add(atom)
        draft.groups[-1].append(draft.atoms[at])
    else:
        draft.put_where(_prefixed(draft, draft.atoms[at].text), [draft.atoms[at]])
    return at + 1


def _prefixed(draft: Draft, where: str) -> str:
    """A filter with the column of each known name: `f1 > 0.7` is of a metric, `depth = 8` of a parameter."""

    def column(found: re.Match[str]) -> str:
        kinds = draft.names.called(found["name"])
        sign = {"is": "=", "equals": "=", "is not": "!="}.get(found["sign"], found["sign"])
        if Kind.METRIC in kinds and not found["value"].startswith(("'", '"')):
            return f"metrics.`{kinds[Kind.METRIC]}` {sign} {found['value']}"
        if Kind.PARAMETER in kinds:
            bare = found["value"].strip("'\"")
            return f"params.`{kinds[Kind.PARAMETER]}` {sign} '{bare}'"
        return found[0]

    return _BARE_TERM.sub(column, where)


def read_filter(draft: Draft, atom: Atom, place: int) -> int:
    if _is_compared(draft, atom, place):
        draft.add(replace(atom, value=""))
    else:
        draft.put_where(_prefixed(draft, atom.text), [atom])
    return place + 1


def _is_compared(draft: Draft, atom: Atom, place: int) -> bool:
    """Whether a filter is what is compared: `lr=0.1 vs lr=0.05`; said in words only beside a `vs`."""
    if draft.intent not in ("compare", "") or draft.are_many():
        return False
    is_free = draft.is_parted or not draft.has_name()
    behind = next((each.key for each in draft.atoms[place + 1 :] if not is_silent(each)), "")
    is_beside = behind in HARD or (draft.hard > 0 and draft.is_parted)
    is_listed = draft.intent == "compare" and (behind in ("and", "with", ",", "or") or draft.lead() == "filter")
    return is_free and (is_beside or is_listed or (atom.value != WORDED and draft.intent == "compare"))


_RANKED_BY = re.compile(r"metrics\.`([^`]+)`")
_GROUPS = frozenset(
    {"person", "people", "user", "users", "owner", "author", "team", "experiment", "experiments", "day", "week"}
    | {"model", "models"}
)


def read_by(draft: Draft, atom: Atom, place: int) -> int:
    """A metric, a person or a parameter: the kind of the name decides."""
    at = draft.skip(place + 1, "of")
    follows = draft.atom(at)
    if follows and follows.is_run and "replace" in draft.thread:
        return at  # `replace A by B`
    _check_group(draft, atom, place)
    if follows is None:
        raise refuse("By what?", "Name a metric or a person.", draft.example_line(), [atom])
    if follows.key in PARTS and Kind.METRIC not in follows.kinds:
        raise refuse(f"I cannot rank by {follows.text}.", "Name a metric.", draft.example_line(), [follows])
    if follows.key == "best" and draft.atoms[at + 1 : at + 2] and draft.atoms[at + 1].metric:
        draft.flag("best", follows)  # `by best val_loss`
        return read_metrics(draft, at + 1)
    kinds = follows.kinds
    if Kind.USER in kinds and Kind.METRIC in kinds:
        problem = f"{draft.shown([follows])} is a person and a metric here."
        line = f"{draft.text[: atom.at].strip()} by user {follows.text}".strip()
        raise refuse(problem, f"Say by user {follows.text}, or by metric {follows.text}.", line, [follows])
    if Kind.METRIC in kinds:
        return read_metrics(draft, at)
    if Kind.USER in kinds or follows.text.startswith("@"):
        return read_user(draft, atom, at - 1)
    if follows.key == "filter":
        ranked = _RANKED_BY.match(follows.text)
        if ranked and follows.value == WORDED and draft.intent in ("top", ""):
            draft.note("metrics", [follows])  # `top 5 by f1 over 0.9`
            draft.metrics.append(ranked[1])
        return at  # `using lr 0.1`
    if Kind.PARAMETER in kinds or Kind.TAG in kinds:
        problem = f"{draft.shown([follows])} is a parameter; I rank by metrics."
        raise refuse(problem, "Name a metric, or say where for a filter.", draft.example_line(), [follows])
    words, _last = draft.unknown_words(at)
    name = " ".join(each.text for each in words) or (follows.text if follows.quoted or follows.kinds else "")
    says_runs = not draft.intent and any(each.spelling in PLURAL for each in draft.atoms[:place])
    lists_people = draft.intent in ("running", "failed", "standup", "runs") or says_runs
    lists_people = lists_people and goal_of(name) is Goal.UNKNOWN
    is_of_latest = draft.lead() in ("latest", "previous") and goal_of(name) is Goal.UNKNOWN
    if name and (lists_people or is_of_latest):
        return read_user(draft, atom, at - 1)
    return read_metrics(draft, at)


def _check_group(draft: Draft, atom: Atom, place: int) -> None:
    """Raises NotUnderstood for `by person`: lists are not parted into groups."""
    for group in draft.atoms[place + 1 : place + 2]:
        if group.spelling in _GROUPS and not (group.quoted or group.kinds):
            line = " ".join(f"{draft.text[: atom.at]} {draft.text[group.end :]}".split()).rstrip("?")
            problem = f"I do not sort into groups by {group.text}."
            raise refuse(problem, "A list says it of each run:", line, [atom, group])


# Where they are from: `in fraud`, `of maya`, `for churn`


_EVERYWHERE = frozenset({*LISTS, "", "show", "status"})  # intents that may be of all experiments


def read_in(draft: Draft, atom: Atom, place: int) -> int:
    at = draft.skip(place + 1)
    if draft.key(at) == "time" and not draft.atoms[at].kinds:
        return read_time(draft, draft.atoms[at], at)
    follows = draft.atom(at)
    if follows and follows.key == "every" and draft.key(at + 1) == "experiment":
        problem = "I find the best of one experiment, or of all together."
        remedy = "A standup says the best so far of each experiment:"
        if draft.intent in LISTS and draft.intent != "top":
            draft.put_in(EVERYWHERE, [follows])
            return at + 2
        raise refuse(problem, remedy, "standup", [atom, draft.atoms[at + 1]])
    if follows and (follows.key in PARTS or (follows.role is Role.RUN and follows.key != "alias")):
        return at  # `what changed in the params`, `a regression in latest vs champion`
    if follows and (follows.key == "alias" or (follows.key == "experiments" and draft.intent in _EVERYWHERE)):
        if follows.key == "experiments":
            draft.put_in(EVERYWHERE, [follows])
        return at + (follows.key == "experiments")  # `which run is in production?`, `failed in all experiments`
    if (
        at < len(draft.atoms)
        and Kind.RUN in draft.atoms[at].kinds
        and Kind.EXPERIMENT not in draft.atoms[at].kinds
        and draft.intent not in LISTS
    ):
        return at  # `is f1 higher in xgb-v2`
    if follows and Kind.METRIC in follows.kinds and Kind.EXPERIMENT not in follows.kinds:
        return read_metrics(draft, at)  # `better in f1`
    name, atoms, last = draft.name_of(place + 1, Kind.EXPERIMENT)
    if not name:
        raise refuse("Which experiment?", f"Name it after {atom.spelling}.", draft.example_line(), [atom])
    draft.put_in(name, atoms)
    return last


def read_of(draft: Draft, atom: Atom, place: int) -> int:
    """`of`, `from`, `for`: what follows says what it is."""
    at = draft.skip(place + 1, "all") if draft.intent in LISTS else draft.skip(place + 1)
    if at == len(draft.atoms):
        return place + 1
    if (last := read_newest(draft, place)) is not None:
        return last
    follows = draft.atoms[at]
    if follows.key == "every":
        return read_in(draft, atom, place)  # `the best of every experiment`
    is_many = draft.intent in LISTS or any(each.key in ("top", "all") for each in draft.groups[-1])
    if Kind.EXPERIMENT in follows.kinds and (is_many or not follows.is_run):
        draft.put_in(follows.kinds[Kind.EXPERIMENT], [follows])
        return at + 1
    if Kind.USER in follows.kinds and not follows.possessive and not follows.is_run:
        return read_user(draft, atom, place)
    if follows.key == "time":
        return read_time(draft, follows, at)
    if follows.is_unknown and follows.metric and atom.spelling in ("on", "for"):
        return read_metrics(draft, at)
    is_scope = atom.spelling in ("of", "from", "for", "von", "für", "de", "du", "del", "da")
    if is_many and is_scope and follows.is_unknown and not follows.possessive:
        return read_in(draft, atom, place)
    return place + 1


# When they were made: `since monday`, `yesterday`, `of the last 10 runs`


MOST_NEWEST = 200  # runs among which the best is looked for


def read_time(draft: Draft, atom: Atom, place: int) -> int:
    if atom.possessive and draft.intent not in LISTS:
        draft.add(atom)
        return _behind_day(draft, atom, place + 1)
    behind = draft.atom(place + 1)
    if not draft.intent or (draft.intent == "compare" and not (behind and behind.key == "run")):
        lead = draft.lead()
        if not draft.are_many() and (draft.is_parted or not draft.groups[-1]) and lead != "all" and _is_one_day(atom):
            draft.add(atom)
            return place + 1
    if draft.since and "until" not in draft.spots and draft.key(place - 1) in ("with", "and", "dash"):
        draft.note("until", [atom])
        draft.until = atom.value
        return place + 1
    draft.note("since", [atom])
    draft.since = atom.value
    is_from = draft.key(place - 1) == "of"
    if _is_one_day(atom) and " " not in atom.value and not is_from:
        draft.day = atom.value
    return place + 1


def _behind_day(draft: Draft, atom: Atom, place: int) -> int:
    """The place behind the experiment of a day's run: `last night's nightly`. Raises NotUnderstood for a run's name."""
    at = draft.skip(place)
    follows = draft.atom(at)
    if follows and Kind.EXPERIMENT in follows.kinds:
        draft.put_in(follows.kinds[Kind.EXPERIMENT], [follows])
        return at + 1
    if follows and Kind.RUN in follows.kinds and follows.role is None:
        problem = "I find a run by its name, or by its day, not by both."
        raise refuse(problem, "Name it:", f"show {written(follows.kinds[Kind.RUN])}", [atom, follows])
    return place


def _is_one_day(atom: Atom) -> bool:
    is_long = any(word in atom.spelling for word in ("week", "month", "woche", "semana", "semaine"))
    return atom.value.split()[0].endswith("day") and atom.value != "1 day" and not is_long


def read_since(draft: Draft, atom: Atom, place: int) -> int:
    at = draft.skip(place + 1)
    unit = draft.atoms[at + 1].spelling.rstrip("s") if at + 1 < len(draft.atoms) else ""
    if draft.key(at) == "number" and unit in ("epoch", "step", "iteration"):
        draft.note("step", [atom, draft.atoms[at]])  # `after 10 epochs`
        draft.step = int(draft.atoms[at].value[:18])
        return at + 2
    if at == len(draft.atoms) or draft.atoms[at].key != "time":
        spot = draft.atoms[at] if at < len(draft.atoms) else atom
        if spot.key == "step" and atom.key == "since":
            problem = "I read values at one step, not from one on; curves show all of them."
            raise refuse(problem, "Leave that out.", draft.example_line(), [atom, spot])
        problem = f"I do not know when {draft.shown([spot])} is." if spot is not atom else "Since when?"
        raise refuse(problem, "Say a day, an hour or a length of time.", "standup since monday 9am", [spot])
    draft.note(atom.key if atom.key == "until" else "since", [draft.atoms[at]])
    if atom.key == "until":
        is_before = atom.spelling == "before"
        draft.until = f"before {draft.atoms[at].value}" if is_before else draft.atoms[at].value
    else:
        draft.since = draft.atoms[at].value
    return at + 1


def read_during(draft: Draft, atom: Atom, place: int) -> int:
    if (last := read_newest(draft, place)) is not None:
        return last
    at = draft.skip(place + 1)
    if draft.key(at) in ("time", "number") and draft.atoms[at].key == "time":
        return read_time(draft, draft.atoms[at], at)
    return read_since(draft, atom, place)


def read_newest(draft: Draft, place: int) -> int | None:
    """Where `of the last 10 runs` ends, said of the best; None where no such thing begins here."""
    at = draft.skip(place + 1)
    pair = draft.atoms[at : at + 2]
    if draft.atoms[place].key == "during":  # `in the last 10 runs`
        at, pair = at - 1, [replace(draft.atoms[place], key="latest"), *pair[:1]]
    is_ranked = draft.intent == "top" or draft.says(*RANKING, "second")
    if not is_ranked or [each.key for each in pair] != ["latest", "number"]:
        return None
    number = int(pair[1].value[:9])
    if not 1 <= number <= MOST_NEWEST:
        problem = f"I look among 1 to {MOST_NEWEST} of the newest runs."
        raise refuse(problem, "Say how many.", "best of the last 10 runs", [pair[1]])
    draft.note("newest", pair)
    draft.newest = number
    noun = next((each for each in draft.atoms[at + 2 : at + 3] if each.key == "run"), None)
    draft.quiet += [noun] if noun else []
    return at + 2 + bool(noun)


def read_length(draft: Draft, atom: Atom, _place: int) -> int:
    """`longer than 2 hours`."""
    which, _, length = atom.value.partition(" ")
    draft.note("lasting", [atom])
    draft.longer, draft.shorter = (length, "") if which == "longer" else ("", length)
    return _place + 1


def read_order(draft: Draft, atom: Atom, place: int) -> int:
    """`the longest runs`: what a list begins with."""
    draft.note("order", [atom])
    draft.order = atom.key
    return place + 1


# What is left out: `except xgb-v1`, `without failed`, `not by maya`


_LEFT_OUT = (Kind.RUN, Kind.METRIC, Kind.EXPERIMENT, Kind.USER, Kind.PARAMETER)
_FORCED = {
    "by": Kind.USER,
    "user": Kind.USER,
    "in": Kind.EXPERIMENT,
    "experiment": Kind.EXPERIMENT,
    "metrics": Kind.METRIC,
    "parameters": Kind.PARAMETER,
}


def read_except(draft: Draft, atom: Atom, place: int) -> int:
    """What is left out, one or several; by what it is a name of, or by the word before it."""
    last, forced = place + 1, None
    before = draft.atoms[place - 1].kinds if place else {}
    if atom.spelling == "drop" and Kind.METRIC in before:  # `did the accuracy drop?`
        return place + 1
    behind = draft.atoms[draft.skip(place + 1) :][:1]
    if draft.about and behind and behind[0].key in ("latest", "previous"):
        draft.thread["remove"] = atom  # `drop latest`, of the comparison that stands
        return place + 1
    while True:
        at = draft.skip(last, "of", "in", "by", "with", "user", "all", "metrics", "parameters")
        forced = next((_FORCED[e.key] for e in draft.atoms[last:at] if e.key in _FORCED), forced)
        size = _left_out(draft, at, forced) if at < len(draft.atoms) else 0
        if not size:
            break
        last = at + size
        again = draft.skip(last)
        if any(each.spelling in ("just", "nur") for each in draft.atoms[last : again + 2]):
            return last  # `no failures, just what runs`
        if not (
            again < len(draft.atoms)
            and draft.atoms[again].key in (",", "and", "or")
            and _may_be_left_out(draft, again + 1)
        ):
            return last
        last = again + 1
    at = draft.skip(last)
    is_comparing = draft.key(at) in ("than", "better", "worse")
    if last > place + 1 or (is_comparing and atom.spelling in ("not", "nicht", "pas", "no", "não")):
        return last
    follows = next((each for each in draft.atoms[place + 1 : at + 1] if each.key in PARTS), atom)
    if follows.key in PARTS and (draft.intent in ("", "compare") or draft.about):  # `without params`: metrics alone
        draft.note("part", [atom, follows])
        draft.part = "metrics"
        return draft.atoms.index(follows) + 1
    if follows.key in PARTS:
        remedy = "Say only metrics to name what is shown, or only differences."
        raise refuse(f"I cannot leave out {follows.text}.", remedy, draft.example_line(), [follows])
    raise refuse(f"{atom.text.capitalize()} what?", "Name what is left out.", draft.example_line(), [atom])


def read_isnt(draft: Draft, atom: Atom, place: int) -> int:
    """`the best that isn't xgb-v2`; in `isn't xgb-v2 better than xgb-v1?` it says nothing."""
    if draft.says("than", "better", "worse", "vs", "compare"):
        return place + 1
    return read_except(draft, atom, place)


def read_but(draft: Draft, atom: Atom, place: int) -> int:
    """`all runs but xgb-bad`; before another word of ours it says nothing."""
    at = draft.skip(place + 1)
    follows = draft.atom(at)
    behind = draft.atoms[at + 1 : at + 2]
    if follows and follows.is_run and behind and behind[0].key in HARD:
        return place + 1  # `but A vs B`: another comparison
    is_of_all = any(each.key in ("all", "everything") for each in draft.atoms[:place])
    if follows and Kind.METRIC in follows.kinds and not is_of_all:
        return place + 1  # `ok but f1?`
    return (
        read_except(draft, atom, place)
        if follows and (follows.kinds or follows.is_run or follows.quoted)
        else place + 1
    )


def _may_be_left_out(draft: Draft, place: int) -> bool:
    at = draft.skip(place, "of", "in", "by")
    atom = draft.atom(at)
    return atom is not None and (
        bool(atom.kinds) or atom.is_run or atom.is_unknown or atom.quoted or atom.key in STATUS
    )


def _left_out(draft: Draft, place: int, forced: Kind | None) -> int:
    """Notes what is left out here, and how many atoms say it."""
    atom = draft.atoms[place]
    if atom.key in STATUS and not atom.quoted and forced is None:
        _exclude(draft, "status", atom.key, [atom])
        return 1
    behind = draft.atoms[place + 1 : place + 2]
    if atom.key == "filter" or (atom.key == "where" and behind and behind[0].key == "filter"):
        size = 1 + (atom.key == "where")
        _exclude(draft, "filter", draft.atoms[place + size - 1].text, draft.atoms[place : place + size])
        return size
    order = _LEFT_OUT if draft.intent != "standup" else (Kind.EXPERIMENT, *_LEFT_OUT)
    kind = forced or next((each for each in order if each in atom.kinds), None)
    words, last = [atom], place + 1
    if kind is None and not (atom.is_run or atom.is_unknown or atom.quoted):
        return 0
    if kind is None or kind not in atom.kinds:
        kind = kind or (Kind.EXPERIMENT if draft.intent == "standup" else Kind.RUN)
        words, last = draft.unknown_words(place) if atom.is_unknown and not atom.quoted else (words, last)
        if not (atom.is_run and kind is Kind.RUN):
            draft.guesses.append(Guess(kind, spelt(words)))
    name = atom.kinds.get(kind) or spelt(words)
    if kind is Kind.RUN and atom.is_unknown and not atom.quoted:  # `no mlps`: all that are called so
        bare = spelt(words[:-1]) if len(words) > 1 and words[-1].key == "run" else name
        name = f"{prefix}*" if (prefix := draft.prefix(bare)) else name
    if kind is Kind.METRIC:
        draft.note("without_metrics", words)
        draft.without_metrics.append(name)
    elif kind is Kind.PARAMETER:
        draft.note("without_parameters", words)
        draft.without_parameters.append(name)
    else:
        _exclude(draft, kind.value, name, words)
    return last - place


def _exclude(draft: Draft, kind: str, name: str, atoms: Sequence[Atom]) -> None:
    draft.note("excluded", atoms)
    if Exclusion(kind, name) not in draft.excluded:
        draft.excluded.append(Exclusion(kind, name))


READERS = {
    "user": read_user,
    "where": read_where,
    "filter": read_filter,
    "by": read_by,
    "in": read_in,
    "of": read_of,
    "time": read_time,
    "since": read_since,
    "until": read_since,
    "during": read_during,
    "lasting": read_length,
    **dict.fromkeys(ORDERS, read_order),
    "except": read_except,
    "isnt": read_isnt,
    "but": read_but,
}
