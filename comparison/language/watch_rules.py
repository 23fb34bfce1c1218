"""`when …`: rules on metrics (`val_loss < 0.2`, `accuracy drops by 2 %`), what becomes of a run, seeds awaited."""

# ruff: noqa: C901, PLR0911 -- a grammar is a list of cases, each in its place

import html
import math
import re
from collections.abc import Sequence

from comparison.errors import NotUnderstood
from comparison.judgement.goals import goal_of
from comparison.language.atoms import Atom, is_silent
from comparison.language.draft import WatchDraft
from comparison.language.intents import TELLING
from comparison.language.names import Kind
from comparison.language.quoting import whose
from comparison.language.tokens import Word
from comparison.runs import Goal
from comparison.watch import MetricRule, OnlyRuns

STRAIGHT = str.maketrans({"“": '"', "”": '"', "„": '"', "‘": "'", "’": "'", "−": "-", "％": "%", "\u00a0": " "})
VERBS = {
    **dict.fromkeys(("drops", "drop", "falls", "fall", "sinks", "sink", "decreases", "decrease"), "drops"),
    **dict.fromkeys(("dropped", "fell", "decreased", "declines", "decline", "goes down", "is down"), "drops"),
    **dict.fromkeys(("rises", "rise", "grows", "grow", "climbs", "climb", "increases", "increase"), "rises"),
    **dict.fromkeys(("rose", "increased", "jumps", "goes up", "is up"), "rises"),
    **dict.fromkeys(("changes", "change", "moves", "move", "differs", "differ"), "changes"),
}
_JUDGED = {"improves": True, "improve": True, "gets better": True, "gets worse": False, "worsens": False}
MOVING = frozenset(word.rpartition(" ")[2] for word in (*VERBS, *_JUDGED))  # a `by` behind these is of the rule
_SIGNS = {
    **dict.fromkeys(("<=", "=<", "≤", "at most", "no more than"), "<="),
    **dict.fromkeys((">=", "=>", "≥", "at least", "no less than", "reaches", "hits"), ">="),
    **dict.fromkeys(("!=", "<>", "≠", "not"), "!="),
    **dict.fromkeys(("<", "below", "under", "less than", "lower than", "smaller than"), "<"),
    **dict.fromkeys((">", "above", "over", "more than", "greater than", "higher than", "exceeds"), ">"),
    **dict.fromkeys(("==", "=", "equals", "equal to"), "="),
}
_NUMBER = r"(?P<amount>[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?)"
_NAME = r"(?P<metric>\"[^\"]+\"|'[^']+'|«[^»]+»|`[^`]+`|[^\s<>=!≤≥≠\"'«`](?:[^<>=!≤≥≠]*?[^\s<>=!≤≥≠])?)"
_LETTERS = "|".join(re.escape(sign) for sign in sorted(_SIGNS, key=len, reverse=True) if sign[0].isalpha())
_MARKS = "|".join(re.escape(sign) for sign in sorted(_SIGNS, key=len, reverse=True) if not sign[0].isalpha())
_GOES = r"(?:is|are|goes|gets|comes|stays|drops|falls|sinks|rises|climbs|grows)"
_GOING = rf"(?: {_GOES})?"
_LEVEL = re.compile(
    rf"{_NAME}(?:{_GOING} ?(?P<mark>{_MARKS}) ?|{_GOING} (?P<said>{_LETTERS}) ){_NUMBER}", re.IGNORECASE
)
_BY = r"(?: by)?(?: (?:more than|at least|over))?"
_MOVE = re.compile(
    rf"{_NAME} (?P<verb>{'|'.join((*VERBS, *_JUDGED))})"
    rf"(?:{_BY} {_NUMBER} ?(?P<percent>%|percent|per cent|pct\.?)?(?: or more)?)?",
    re.IGNORECASE,
)
_TURNED = re.compile(  # `beats 0.93 val_auc`, `reaches 0.9 accuracy`
    rf"(?:{_GOES} )?(?P<said>beats?|better than|worse than|{_LETTERS}) {_NUMBER} (?P<metric>[^\s<>=!≤≥≠\d%]\S*)",
    re.IGNORECASE,
)
_DIGITS = re.compile(r"\d+ ?%?")
_SHARE = re.compile(r"\d ?(?:%|percent)")
_POINTS = re.compile(r"\d ?(?:points?|pts?|pp|percentage points?)\b", re.IGNORECASE)
_JUDGED_LEVEL = re.compile(rf"{_NAME} (?P<said>beats?|(?:is |gets )?(?:better|worse) than) {_NUMBER}", re.IGNORECASE)
_BETTER = re.compile(rf" (?:{'|'.join(_JUDGED)})\b", re.IGNORECASE)
_LONGEST = 500  # characters of a rule
EXAMPLE = "watch my-experiment when accuracy drops by 2 %"
_LISTING = frozenset({"and", "&"})


def rules(words: Sequence[Word], text: str) -> tuple[MetricRule, ...]:
    """The rules that these words say, all of which must hold. Raises NotUnderstood with the spot."""
    groups = _parted(words)
    found: list[MetricRule] = []
    for group in groups:
        start, end = group[0].at, group[-1].end
        phrase = " ".join(html.unescape(text[start:end]).translate(STRAIGHT).split())
        each = [_rule(phrase)]
        if each == [None] and "=" in phrase:  # `a=1,b=2` is one word elsewhere
            each = [_rule(part.strip()) for part in phrase.split(",")]
        read = [rule for rule in each if rule is not None]
        if len(read) < len(each):
            raise _unread(phrase, start, end, has_point=not (found and _DIGITS.fullmatch(phrase)))
        found += read
    return tuple(found)


def _parted(words: Sequence[Word]) -> list[list[Word]]:
    """The words between commas and `and`; a metric that is called so stands first."""
    groups: list[list[Word]] = [[]]
    for place, word in enumerate(words):
        is_name = place == 0 and len(words) > 2 and words[1].folded in _LISTING
        if word.is_comma or (word.folded in _LISTING and not is_name):
            groups.append([])
        else:
            groups[-1].append(word)
    return [group for group in groups if group]


def _rule(phrase: str) -> MetricRule | None:
    if len(phrase) > _LONGEST:
        return None
    if move := _MOVE.fullmatch(phrase):
        verb = move["verb"].casefold()
        moves = VERBS.get(verb) or _judged(_bare(move["metric"]), is_better=_JUDGED.get(verb, False))
        return _made(move["metric"], moves, move["amount"] or "0", percent=move["percent"]) if moves else None
    if level := _TURNED.fullmatch(phrase) or _JUDGED_LEVEL.fullmatch(phrase):
        sign = _SIGNS.get(level["said"].casefold()) or _judged_sign(level["metric"], level["said"].casefold())
        return _made(level["metric"], sign, level["amount"]) if sign else None
    if level := _LEVEL.fullmatch(phrase):
        sign = _SIGNS[(level["mark"] or level["said"]).casefold()]
        return _made(level["metric"], sign, level["amount"])
    return None


def _judged(metric: str, *, is_better: bool) -> str:
    """The way a metric moves that improves, or gets worse; "" for one of which nobody knows what is better."""
    goal = goal_of(metric)
    if goal is Goal.UNKNOWN:
        return ""
    return "rises" if (goal is Goal.HIGHER) is is_better else "drops"


def _judged_sign(metric: str, phrase: str) -> str:
    """Above or below, as what is said is better or worse for this metric; "" where nobody knows."""
    moves = _judged(_bare(metric), is_better="worse" not in phrase)
    return {"rises": ">", "drops": "<"}.get(moves, "")


def _bare(metric: str) -> str:
    return metric[1:-1].strip() if metric[0] in "\"'«`" and len(metric) > 2 else metric


def _made(metric: str, sign: str, digits: str, *, percent: str | None = None) -> MetricRule | None:
    amount = float(digits)
    if not math.isfinite(amount) or (sign in VERBS and amount < 0):
        return None
    if metric.casefold().startswith("not "):
        return None
    name = _bare(metric)
    return MetricRule(name, sign, amount, bool(percent)) if name else None


def _unread(phrase: str, at: int, end: int, *, has_point: bool) -> NotUnderstood:
    remedy = "A rule compares a metric with a number, or says by how much it moves against the baseline."
    if not has_point:
        remedy = "In numbers I read a point, not a comma: 0.2, 1000."
    elif _POINTS.search(phrase):
        remedy = "Say by how much in the metric's own numbers, such as 0.02, or in % of the baseline."
    elif _SHARE.search(phrase):
        remedy = "A level is the number as it is logged: 0.9, or 90. A share is of a move: drops by 2 %."
    elif _BETTER.search(phrase):
        remedy = "I do not know what is better for this metric: say rises or drops."
    elif " or " in f" {phrase.casefold()} ":
        remedy = "All rules of a watch must hold; for either of two, add a second watch."
    problem = f"I cannot read this rule: {phrase[:60]}."
    return NotUnderstood(problem, remedy=remedy, example=EXAMPLE, at=at, end=end)


# In a watch: a rule, how runs end, seeds that are waited for; and what is refused


MOST_RULES = 10
ONLY = {
    "failed": OnlyRuns.FAILURES,
    "better": OnlyRuns.BETTER,
    "worse": OnlyRuns.WORSE,
    "new_best": OnlyRuns.NEW_BEST,
    "best": OnlyRuns.NEW_BEST,
}
_RULE = "when accuracy drops by 2 %"
_AMOUNTS = ("number", "decimal")
_SIGNS_OF_RULES = ("<", ">", "<=", ">=", "=")
_SEEDS = frozenset({"seed", "seeds", "repeats", "repetitions"})
_ARRIVED = frozenset({"in", "finished", "done", "complete", "there", "ready", "over"})
MOST_SEEDS = 100
_UNSAFE = re.compile(r"['\"\\%]")
_REACHING = frozenset(
    {"gets", "get", "sets", "set", "hits", "reaches", "achieves", "makes", "shows", "produces", "scores", "has"}
)
ANYBODY = frozenset({"someone", "somebody", "anyone", "anybody", "everyone", "everybody"})
_WHOSE = frozenset({"my", "his", "her", "their"})
_PASSING = frozenset({"through", "arrives", "appears", "lands", "pops", "shows"})
_SIGN = re.compile(r"[<>=]+")
_ENDING = frozenset({"finished"})


def read_seeds(draft: WatchDraft, place: int) -> int | None:
    """Where `5 seeds are in` ends; None where no such thing is said here."""
    while place < len(draft.atoms) and (is_silent(draft.atoms[place]) or draft.atoms[place].key == "all"):
        place += 1
    pair = draft.atoms[place : place + 2]
    if len(pair) < 2 or pair[1].spelling.removesuffix(" of") not in _SEEDS:
        return None
    if pair[0].key != "number" or not 2 <= int(pair[0].value[:9]) <= MOST_SEEDS:
        problem = f"I wait for 2 to {MOST_SEEDS} seeds of a configuration."
        raise draft.refused(problem, "Say how many.", pair, options="when 5 seeds are in")
    draft.once("seeds", pair[0])
    draft.put(seeds=int(pair[0].value))
    last = _seeds_of(draft, place + 2)
    behind = draft.skip(last)
    arrival, follows = draft.atom(behind), draft.atom(behind + 1)
    if arrival is None or arrival.spelling not in _ARRIVED:
        return last
    is_place = arrival.key == "in" and follows is not None and Kind.EXPERIMENT in follows.kinds
    return last if is_place else behind + 1


def _seeds_of(draft: WatchDraft, place: int) -> int:
    """`5 seeds of mlp-64`: the runs whose names begin so; an experiment is read as any other."""
    is_led = draft.key(place) == "of"
    if not is_led and not draft.atoms[place - 1].spelling.endswith(" of"):
        return place
    at = draft.skip(place + is_led)
    named = draft.atom(at)
    if named is None or Kind.EXPERIMENT in named.kinds or not (named.is_unknown or Kind.RUN in named.kinds):
        return place
    draft.run = named
    draft.put_filter(f"attributes.run_name LIKE '{_UNSAFE.sub('_', named.text)}%'")
    return at + 1


def read_own(draft: WatchDraft, place: int) -> None:
    """Raises NotUnderstood for `my run`, `his runs`: nobody knows what MLflow calls who asks."""
    words = [each.spelling for each in draft.atoms[place : place + 2]]
    if words[0] not in _WHOSE or words[1:] == [] or draft.atoms[place + 1].key != "run":
        return
    problem = "I do not know what MLflow calls you." if words[0] == "my" else "I do not know whose runs those are."
    person = next(iter(draft.names.all(Kind.USER)), "maya")
    spot = draft.atoms[place : place + 2]
    raise draft.refused(problem, "Name the user as MLflow knows them.", spot, options=whose(person))


def read_next(draft: WatchDraft, place: int) -> None:
    """Raises NotUnderstood for `the next run`: a watch does not end by itself."""
    words = [each.spelling for each in draft.atoms[place : place + 2]]
    if words[0] in ("next", "first") and words[1:] and draft.atoms[place + 1].key in ("run", "failed", "finished"):
        remedy = "A watch goes on until it is ended."
        spot = draft.atoms[place : place + 2]
        raise draft.refused(f"I tell of every run that fits, not of the {words[0]} one alone.", remedy, spot)


def read_sweep(draft: WatchDraft, place: int) -> int:
    """Refuses a watch of sweeps alone."""
    spot = [draft.atoms[place]]
    remedy = "A watch of an experiment says when a sweep in it is over, and tells of its single runs."
    raise draft.refused("I cannot watch sweeps alone.", remedy, spot)


def read_when(draft: WatchDraft, atom: Atom, place: int) -> int:
    """A rule on a metric, what becomes of a run, or its seeds: `when it fails`, `when 5 seeds are in`."""
    if (behind := read_seeds(draft, place)) is not None:
        return behind
    if draft.key(place) == "filter":
        draft.put_filter(draft.atoms[place].text)
        return place + 1
    _check_seeds(draft, place)
    last = _rule_end(draft, place)
    atoms = _without_person(draft, _placed(draft, draft.atoms[place:last]))
    for at in range(place, last):
        read_own(draft, at)
    spoken_atoms = [
        each for each in atoms if not is_silent(each) and each.key not in ("and", ",") and not _is_anybody(each)
    ]
    if not spoken_atoms:
        if draft.key(last) == "than" or any(each.key in ("finished", "run") for each in atoms):
            return last  # `when it beats the best`, `when a run in fraud fails`
        raise draft.refused("When what?", "Say a rule on a metric.", [atom], options=_RULE)
    states = [each for each in spoken_atoms if each.key in ONLY or each.key in _ENDING]
    if states:
        _watch_everything(draft, spoken_atoms, place, last)
    is_record = any(ONLY.get(each.key) is OnlyRuns.NEW_BEST for each in states)
    has_amount = any(_SIGN.fullmatch(each.text) or each.key in _AMOUNTS for each in spoken_atoms)
    says_metric = any(each.metric or each.key in _AMOUNTS or each.text in _SIGNS_OF_RULES for each in spoken_atoms)
    if states and (not says_metric or (is_record and not has_amount)):
        for each in spoken_atoms:
            _read_state(draft, each, last, is_record=is_record)
        return last
    for each in spoken_atoms:
        read_next(draft, draft.atoms.index(each))
    if spoken_atoms[0].key == "sweep":
        return read_sweep(draft, draft.atoms.index(spoken_atoms[0]))
    spoken_atoms = [each for each in spoken_atoms if each.spelling not in _PASSING]
    is_of_all = all(each.key in ("everything", "all") for each in spoken_atoms) and draft.key(last) in ("in", "of")
    if not spoken_atoms or is_of_all:
        return last  # `when digits is through`, `when anything in digits breaks`
    if not says_metric and draft.intent == "watch_when" and not draft.watching.place:
        return draft.read_place(draft.atoms.index(spoken_atoms[0]))
    _put_rules(draft, atoms)
    return last


def _check_seeds(draft: WatchDraft, place: int) -> None:
    """Raises NotUnderstood for `when all seeds are in`."""
    spot = draft.atoms[place : place + 1]
    if any(each.spelling in ("seeds", "all") for each in spot) and any(
        each.spelling in _SEEDS for each in draft.atoms[place : place + 3]
    ):
        raise draft.refused("When how many seeds are in?", "Say how many.", spot, options="when 5 seeds are in")


def _without_person(draft: WatchDraft, atoms: list[Atom]) -> list[Atom]:
    """What is said without whose runs are meant: `when jonas' runs in fraud finish`."""
    people = [each for each in atoms if each.possessive and set(each.kinds) == {Kind.USER}]
    for each in people:
        draft.once("by", each)
        draft.put(user=each.kinds[Kind.USER])
    return [each for each in atoms if each not in people]


def _watch_everything(draft: WatchDraft, spoken_atoms: list[Atom], place: int, last: int) -> None:
    """`if any experiment fails`."""
    says_experiment = any(each.key == "experiment" for each in draft.atoms[place:last])
    is_named = any(Kind.EXPERIMENT in each.kinds or each.is_unknown for each in (*spoken_atoms, *draft.atoms[last:]))
    if says_experiment and not is_named and not draft.watching.place:
        draft.put_place("*", spoken_atoms[0])


def _read_state(draft: WatchDraft, atom: Atom, last: int, *, is_record: bool) -> None:
    """A word beside how runs end: `fails`, `a new best val_auc`, the experiment."""
    spelling = atom.spelling
    if is_record and spelling in _REACHING:
        return
    if is_record and atom.metric and Kind.EXPERIMENT not in atom.kinds:
        put_metric(draft, atom)
    elif atom.key in ONLY:
        draft.choose(ONLY[atom.key], atom)
    elif atom.key == "everything" and not draft.watching.place:  # `if anything crashes`
        if not any(Kind.EXPERIMENT in each.kinds or each.key in ("in", "of") for each in draft.atoms[last:]):
            draft.put_place("*", atom)
    elif spelling not in _PASSING and atom.key not in (*_ENDING, "in", "of", "all", "everything"):
        draft.read_place(draft.atoms.index(atom))


def _put_rules(draft: WatchDraft, atoms: list[Atom]) -> None:
    words = [Word(each.text, each.at, each.end, is_quoted=each.quoted, is_comma=each.key == ",") for each in atoms]
    try:
        found = rules(words, draft.rule_text or draft.text)
    except NotUnderstood as error:
        raise draft.refused(error.problem, error.remedy, atoms, options=_RULE) from None
    if len(draft.watching.rules) + len(found) > MOST_RULES:
        raise draft.refused(f"A watch has at most {MOST_RULES} rules.", "Leave some out.", atoms)
    draft.put(rules=(*draft.watching.rules, *found))


def _is_anybody(atom: Atom) -> bool:
    """`someone's run`."""
    return atom.possessive and atom.spelling in ANYBODY


def put_metric(draft: WatchDraft, atom: Atom) -> None:
    """`a new best val_auc`: the metric that decides."""
    draft.once("metrics", atom)
    draft.put(metrics=(atom.metric,))


def _placed(draft: WatchDraft, atoms: list[Atom]) -> list[Atom]:
    """A rule without the place that stands within it: `accuracy in fraud drops below 0.9`."""
    if len(atoms) > 1 and Kind.EXPERIMENT in atoms[0].kinds and not atoms[0].metric and not draft.watching.place:
        draft.put_place(atoms[0].kinds[Kind.EXPERIMENT], atoms[0])
        atoms = atoms[1:]
    for at, atom in enumerate(atoms[:-1]):
        place = atoms[at + 1]
        if atom.key in ("in", "of") and at and draft.is_place(place):
            draft.put_place(place.kinds[Kind.EXPERIMENT], place)
            blank = " " * (place.end - atom.at)  # where the rest stands does not change
            draft.rule_text = f"{draft.text[: atom.at]}{blank}{draft.text[place.end :]}"
            return [*atoms[:at], *atoms[at + 2 :]]
    return atoms


def _rule_end(draft: WatchDraft, place: int) -> int:
    """Where a rule ends: a `by` behind `drops` is of the rule."""
    first = place
    while place < len(draft.atoms):
        atom = draft.atoms[place]
        before = draft.atoms[place - 1].spelling.rpartition(" ")[2] if place > first else ""
        is_of_rule = atom.key == "by" and (before in MOVING or before in {"down", "up"})
        is_of_rule |= atom.key == "than" and draft.key(place + 1) in _AMOUNTS
        behind = draft.atoms[place + 1 : place + 2]
        is_place = atom.key == "in" and bool(behind) and Kind.EXPERIMENT in behind[0].kinds
        if is_place and place == first + 1 and draft.atoms[first].metric and len(draft.atoms) > place + 2:
            place += 2
            continue
        is_only = (
            atom.key == "failed"
            and place > first + 1
            and any(each.key in _AMOUNTS for each in draft.atoms[first:place])
        )
        is_told = place > first and not atom.kinds and atom.text.partition(" ")[0].casefold() in TELLING
        if (
            is_told
            or is_only
            or (atom.key in draft.option_keys and not is_of_rule and not (atom.key == "of" and place > first))
        ):
            break
        place += 1
    while place > first and draft.atoms[place - 1].key in ("and", ","):
        place -= 1
    return place
