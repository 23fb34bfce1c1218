"""What is compared and shown of runs: metrics, a step, a tolerance, which way is better, one part of the answer."""

# ruff: noqa: C901, PLR0911 -- a grammar is a list of cases, each in its place

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal

from comparison.judgement.goals import goal_of
from comparison.language.atoms import Atom, is_number, is_silent
from comparison.language.draft import LISTS, PARTS, RANKING, Draft, Guess, refuse
from comparison.language.intents import DONE, HARD, STATUS, asks, is_chosen
from comparison.language.names import Kind
from comparison.language.quoting import written
from comparison.runs import Goal


def read_metric_word(draft: Draft, atom: Atom, place: int) -> int:
    if draft.intent in ("set", "unset", "make") and draft.metrics:
        return place + 1
    if [each.key for each in draft.atoms[place + 1 :] if not is_silent(each)] == ["only"] and draft.has_name():
        draft.note("part", draft.atoms[place:])  # `A vs B metrics only`
        draft.part = "metrics"
        return len(draft.atoms)
    skipped = {"": ("of",), "show": ("of",), "status": ("of",), "set": ("with",)}.get(draft.intent, ())
    at = draft.skip(place + 1, *skipped)
    if draft.intent in ("", "show", "status") and at < len(draft.atoms) and draft.atoms[at].is_run:
        return at  # `metrics of xgb-v1`
    if draft.intent in ("", "show", "status") and at == len(draft.atoms) and draft.has_name():
        draft.part = "" if draft.part == "parameters" else draft.part  # `A's params and metrics`: both are shown
        return at  # `the latest run's metrics`
    if at == len(draft.atoms) and draft.intent in ("unset", "set", "settings"):
        draft.note("metrics", [atom])
        return at
    is_of_run = draft.lead() in (*RANKING, "number") and draft.atoms[place - 1].key not in ("by", "of")
    return read_metrics(draft, at, [atom], is_of_run=is_of_run and atom.spelling == "metric")


def read_metrics(draft: Draft, place: int, spot: Sequence[Atom] = (), *, is_of_run: bool = False) -> int:
    """One metric or several, with commas or `and` between."""
    found: list[str] = []
    while True:
        at = draft.skip(place)
        name, last = "", at
        atoms: list[Atom] = []
        if at < len(draft.atoms) and (not found or not _is_run(draft, at)):
            name, atoms, last = _metric_at(draft, at)
        if not name:
            break
        found += [name] if name not in found else []
        spot = [*spot, *atoms]
        place = last
        at = draft.skip(place)
        if (
            at < len(draft.atoms)
            and draft.atoms[at].key in (",", "and")
            and _may_be_metric(draft, draft.skip(at + 1, ",", "and"))
        ):
            place = draft.skip(at + 1, ",", "and")
        else:
            break
    if not found:
        where = [draft.atoms[place]] if place < len(draft.atoms) else list(spot)
        raise refuse("By which metric?", "Name it.", draft.example_line(), where)
    lead = draft.lead()
    if (
        lead in (*RANKING, "number")
        and not (draft.is_parted and lead == "number")
        and draft.intent not in LISTS
        and len(found) == 1
        and (is_of_run or _is_of_side(draft, place))
    ):
        draft.add(replace(spot[-1], key="", kinds={Kind.METRIC: found[0]}, quoted=False))
        return place
    draft.note("metrics", spot)
    draft.metrics += [each for each in found if each not in draft.metrics]
    return place


def _is_of_side(draft: Draft, place: int) -> bool:
    """Whether what was read belongs to the run named just before: another side follows, or it is the only one."""
    behind = draft.key(draft.skip(place))
    return behind in (*HARD, "and", "or", "with") or (len(draft.groups) == 1 and draft.intent != "compare")


def _is_run(draft: Draft, place: int) -> bool:
    atom = draft.atoms[place]
    return atom.is_run and Kind.METRIC not in atom.kinds


def _may_be_metric(draft: Draft, place: int) -> bool:
    if place >= len(draft.atoms):
        return False
    atom = draft.atoms[place]
    return Kind.METRIC in atom.kinds or atom.quoted or (atom.is_unknown and not atom.possessive)


def _metric_at(draft: Draft, place: int) -> tuple[str, list[Atom], int]:
    atom = draft.atoms[place]
    if Kind.METRIC in atom.kinds:
        return atom.kinds[Kind.METRIC], [atom], place + 1
    if atom.is_unknown or atom.quoted:
        words, last = ([atom], place + 1) if atom.quoted else draft.unknown_words(place)
        name = " ".join(each.text for each in words)
        if not words or not name.strip():
            return "", [], place
        known = draft.names.metric(name)
        if not known:
            draft.guesses.append(Guess(Kind.METRIC, name))
        return known or name, words, last
    return "", [], place


def read_only(draft: Draft, atom: Atom, place: int) -> int:
    at = draft.skip(place + 1, "metrics")
    if at == len(draft.atoms):
        if any(each.key == "metrics" for each in draft.atoms[place + 1 : at]):  # `only the metrics`
            draft.note("part", draft.atoms[place:at])
            draft.part = "metrics"
        elif draft.metrics:  # `accuracy only`
            draft.note("only_metrics", [atom])
        elif not (draft.part or _is_behind_slot(draft, place)):
            draft.left.append(atom)
        return at
    follows = draft.atoms[at]
    if (follows.key == "of" or follows.is_run) and any(each.key == "metrics" for each in draft.atoms[place + 1 : at]):
        draft.note("part", draft.atoms[place:at])  # `only the metrics of A vs B`
        draft.part = "metrics"
        return at
    if follows.key == "when":
        place_ = next(iter(draft.named(Kind.EXPERIMENT)), "*")
        remedy = "To be told when runs get better, watch their experiment:"
        line = f"watch {place_ if place_ == '*' else written(place_)} only better"
        raise refuse("I compare when I am asked, whatever the values are.", remedy, line, [atom, follows])
    if follows.key in PARTS and Kind.METRIC not in follows.kinds:
        return read_part(draft, follows, at)
    if (
        follows.key == "time"
        or follows.key in STATUS
        or Kind.EXPERIMENT in follows.kinds
        or Kind.USER in follows.kinds
        or follows.key in ("by", "in", "user", "of")
    ):
        return at
    if follows.key == "parameter" or follows.key in ("best_values", "last_values", "differing"):
        return at
    if _is_run(draft, at) or (follows.is_unknown and draft.intent not in ("compare", "", "show")):
        draft.left.append(follows)
        return at + 1
    last = read_metrics(draft, at)
    draft.note("only_metrics", [atom])
    return last


def _is_behind_slot(draft: Draft, place: int) -> bool:
    """Whether what stands before narrows already: `standup of maya only`."""
    before = next((each for each in reversed(draft.atoms[:place]) if not is_silent(each)), None)
    narrowing = [each for slot in ("user", "experiment", "since", "status") for each in draft.spots.get(slot, ())]
    return before in narrowing


# At a step, within a tolerance, one part of the answer


_SHARES = frozenset({"%", "percent", "pct", "prozent"})
_IDENTITY = ("commit", "code", "id", "run id", "the id", "eta", "who")  # what lists do not say
_WHOLE_SHARE = 100  # percent


def read_step(draft: Draft, atom: Atom, place: int) -> int:
    at = draft.skip(place + 1)
    if at < len(draft.atoms) and draft.atoms[at].quoted and draft.atoms[at].text.isdecimal():
        draft.atoms[at] = replace(draft.atoms[at], key="number", value=draft.atoms[at].text, quoted=False)
    if at == len(draft.atoms) or draft.atoms[at].key != "number" or len(draft.atoms[at].value) > 18:
        spot = [draft.atoms[at]] if at < len(draft.atoms) else [atom]
        raise refuse("At which step?", "Say it as a whole number.", f"{draft.comparison_line()} at step 100", spot)
    draft.note("step", [atom, draft.atoms[at]])
    draft.step = int(draft.atoms[at].value)
    return at + 1


def read_within(draft: Draft, atom: Atom, place: int) -> int:
    at = draft.skip(place + 1)
    number = draft.atoms[at] if at < len(draft.atoms) and is_number(draft.atoms[at]) else None
    share = draft.atoms[at + 1].spelling if at + 1 < len(draft.atoms) else ""
    amount = _amount(number.text) if number else None
    is_share = number is not None and (number.text.endswith("%") or share in _SHARES)
    if number is None or amount is None or (is_share and amount >= _WHOLE_SHARE):
        line = f"{draft.comparison_line()} within 0.1 %"
        remedy = "Say it in % of the baseline, or as a number in the unit of the metric."
        raise refuse("Within how much?", remedy, line, [number or atom])
    draft.note("tolerance", [atom, number])
    if is_share:
        draft.tolerance = float(Decimal(repr(amount)) / 100)
        return at + 1 + (not number.text.endswith("%"))
    draft.margin = amount
    return at + 1


def _flag(name: str) -> Callable[[Draft, Atom, int], int]:
    """The reader of a word that says all by itself."""

    def read(draft: Draft, atom: Atom, place: int) -> int:
        draft.flag(name, atom)
        return place + 1

    return read


def read_of_thread(draft: Draft, atom: Atom, place: int) -> int:
    """What is asked of the comparison that stands."""
    draft.thread[atom.key] = atom
    return place + 1


def read_part(draft: Draft, atom: Atom, place: int) -> int:
    is_only = draft.key(place - 1) == "only"
    is_told = atom.key == "details" and draft.intent in LISTS and not atom.spelling.startswith(_IDENTITY)
    if is_told or (atom.key == "parameters" and draft.intent == "top" and not is_only):
        return place + 1  # `what is running, and since when?`, `parameters of the top 3`: the list says it
    if draft.part == atom.key:
        return place + 1  # `the config, params only`
    draft.note("part", [atom])
    draft.part = atom.key
    return place + 1


def read_why(draft: Draft, atom: Atom, place: int) -> int:
    if draft.intent == "standup" and not draft.says("standup"):
        return place + 1  # `what changed since yesterday?`
    if draft.intent == "failed" and atom.spelling == "why":
        return place + 1  # `why are there so many failures?`: all that is known of them is listed
    if draft.intent in LISTS:
        draft.left.append(atom)
    elif draft.intent not in ("status", "show") or not any(
        each.key == "failed" for each in draft.atoms
    ):  # `why did xgb-v1 fail?`: shown with the run
        draft.flag("why", atom)
    return place + 1


def read_daily(draft: Draft, atom: Atom, place: int) -> int:
    if draft.intent != "standup":
        draft.left.append(atom)
    return place + 1


def read_lower_better(draft: Draft, atom: Atom, place: int) -> int:
    draft.note("goal", [atom])
    draft.goal = atom.key.partition("_")[0]
    return place + 1


def read_direction(draft: Draft, atom: Atom, place: int) -> int:
    """`by f1 asc`: the lowest first, whichever way is better."""
    wanted = Goal.LOWER if atom.key == "ascending" else Goal.HIGHER
    goal = goal_of(draft.metrics[-1]) if draft.metrics else Goal.UNKNOWN
    if goal is wanted:
        return place + 1  # the best stands first anyway
    if draft.intent in ("top", "") and goal is not Goal.UNKNOWN:
        draft.intent, draft.worst = "top", True
    elif draft.intent in ("top", ""):
        draft.note("goal", [atom])
        draft.goal = "lower" if wanted is Goal.LOWER else "higher"
    else:
        draft.left.append(atom)
    return place + 1


def read_lower(draft: Draft, atom: Atom, place: int) -> int:
    if any(each.key in ("than", "compare") for each in draft.atoms[place + 1 :]) or (
        draft.says("or") and draft.intent == "compare"
    ):
        return place + 1
    return read_lower_better(draft, atom, place)


def read_better(draft: Draft, atom: Atom, place: int) -> int:
    if draft.intent != "compare" and not draft.goal:
        draft.left.append(atom)
    return place + 1


def read_choose(draft: Draft, atom: Atom, place: int) -> int:
    if draft.intent != "compare" or draft.about:
        draft.thread["choose"] = atom
    return place + 1


def read_cannot(draft: Draft, atom: Atom, place: int) -> int:
    if draft.intent == "make" and atom.spelling == "change":
        return place + 1
    if draft.part == "details" and atom.spelling == "start":  # `when did roberta start?`
        return place + 1
    if asks(draft.atoms, place) and atom.spelling in DONE:  # `how many runs did maya start`
        return place + 1
    if draft.intent in ("compare", "") and is_chosen(draft.atoms[:place]):
        return place + 1  # `which should we ship, A or B?`
    if atom.spelling in ("remove", "drop"):
        draft.thread["remove"] = atom
    else:
        draft.left.append(atom)
    return place + 1


def _amount(text: str) -> float | None:
    """A number that something is within; None for less than nothing."""
    try:
        amount = float(text.rstrip("%").replace(",", ""))
    except ValueError:
        return None
    return amount if math.isfinite(amount) and (amount > 0 or (amount == 0 and text.endswith("%"))) else None


def read_when(draft: Draft, atom: Atom, place: int) -> int:
    """`who ran A and when`: the answer says it."""
    if place + 1 < len(draft.atoms) or not (draft.has_name() or draft.intent in LISTS):
        draft.left.append(atom)
    elif draft.intent not in ("who", *LISTS):
        return read_part(draft, replace(atom, key="details"), place)
    return place + 1


def read_file(draft: Draft, atom: Atom, place: int) -> int:
    """Raises NotUnderstood for `as csv`, with the request without it."""
    if draft.intent == "cannot":
        return place + 1
    line = " ".join(f"{draft.text[: atom.at]} {draft.text[atom.end :]}".split())
    raise refuse("I write no files here; in a terminal mlcompare writes csv, json and markdown.", "Here:", line, [atom])


READERS = {
    "metrics": read_metric_word,
    "only": read_only,
    "file": read_file,
    "when": read_when,
    "repeats": _flag("repeats"),
    "step": read_step,
    "within": read_within,
    "why": read_why,
    "by_change": _flag("by_change"),
    "differing": _flag("differing"),
    "daily": read_daily,
    "best_values": _flag("best"),
    "last_values": read_of_thread,
    "fewer": read_of_thread,
    "lower_better": read_lower_better,
    "higher_better": read_lower_better,
    "neither": read_lower_better,
    "ascending": read_direction,
    "descending": read_direction,
    "lower": read_lower,
    "higher": read_lower,
    "better": read_better,
    "worse": read_better,
    "add": read_of_thread,
    "choose": read_choose,
    "cannot": read_cannot,
    **dict.fromkeys(PARTS, read_part),
}
