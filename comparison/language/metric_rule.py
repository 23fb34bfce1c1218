"""`val_loss < 0.2`, `accuracy drops by 2 %`: rules on metrics, as people type them."""

import html
import math
import re
from collections.abc import Sequence

from comparison.errors import NotUnderstood
from comparison.judgement.goals import goal_of
from comparison.language.tokens import Word
from comparison.runs import Goal
from comparison.watch import MetricRule

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
        said = " ".join(html.unescape(text[start:end]).translate(STRAIGHT).split())
        each = [_rule(said)]
        if each == [None] and "=" in said:  # `a=1,b=2` is one word elsewhere
            each = [_rule(part.strip()) for part in said.split(",")]
        read = [rule for rule in each if rule is not None]
        if len(read) < len(each):
            raise _unread(said, start, end, has_point=not (found and _DIGITS.fullmatch(said)))
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


def _rule(said: str) -> MetricRule | None:
    if len(said) > _LONGEST:
        return None
    if move := _MOVE.fullmatch(said):
        verb = move["verb"].casefold()
        moves = VERBS.get(verb) or _judged(_bare(move["metric"]), is_better=_JUDGED.get(verb, False))
        return _made(move["metric"], moves, move["amount"] or "0", percent=move["percent"]) if moves else None
    if level := _TURNED.fullmatch(said) or _JUDGED_LEVEL.fullmatch(said):
        sign = _SIGNS.get(level["said"].casefold()) or _judged_sign(level["metric"], level["said"].casefold())
        return _made(level["metric"], sign, level["amount"]) if sign else None
    if level := _LEVEL.fullmatch(said):
        sign = _SIGNS[(level["mark"] or level["said"]).casefold()]
        return _made(level["metric"], sign, level["amount"])
    return None


def _judged(metric: str, *, is_better: bool) -> str:
    """The way a metric moves that improves, or gets worse; "" for one of which nobody knows what is better."""
    goal = goal_of(metric)
    if goal is Goal.UNKNOWN:
        return ""
    return "rises" if (goal is Goal.HIGHER) is is_better else "drops"


def _judged_sign(metric: str, said: str) -> str:
    """Above or below, as what is said is better or worse for this metric; "" where nobody knows."""
    moves = _judged(_bare(metric), is_better="worse" not in said)
    return {"rises": ">", "drops": "<"}.get(moves, "")


def _bare(metric: str) -> str:
    return metric[1:-1].strip() if metric[0] in "\"'«`" and len(metric) > 2 else metric


def _made(metric: str, sign: str, said: str, *, percent: str | None = None) -> MetricRule | None:
    amount = float(said)
    if not math.isfinite(amount) or (sign in VERBS and amount < 0):
        return None
    if metric.casefold().startswith("not "):
        return None
    name = _bare(metric)
    return MetricRule(name, sign, amount, bool(percent)) if name else None


def _unread(said: str, at: int, end: int, *, has_point: bool) -> NotUnderstood:
    remedy = "A rule compares a metric with a number, or says by how much it moves against the baseline."
    if not has_point:
        remedy = "In numbers I read a point, not a comma: 0.2, 1000."
    elif _POINTS.search(said):
        remedy = "Say by how much in the metric's own numbers, such as 0.02, or in % of the baseline."
    elif _SHARE.search(said):
        remedy = "A level is the number as it is logged: 0.9, or 90. A share is of a move: drops by 2 %."
    elif _BETTER.search(said):
        remedy = "I do not know what is better for this metric: say rises or drops."
    elif " or " in f" {said.casefold()} ":
        remedy = "All rules of a watch must hold; for either of two, add a second watch."
    problem = f"I cannot read this rule: {said[:60]}."
    return NotUnderstood(problem, remedy=remedy, example=EXAMPLE, at=at, end=end)
