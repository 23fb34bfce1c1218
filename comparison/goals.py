"""Which way a metric is meant to go, and who says so."""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

from comparison import telling
from comparison.outcome import GoalSource
from comparison.runs import Experiment, Goal

_LONGEST = 250  # characters, as many as MLflow keeps of a name
_BREAKS = re.compile(r"[\W_]+")
_HUMPS = re.compile(r"(?<!^[a-z])(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z]{2})")
_PHRASES = re.compile(
    rf"(?<!\S)(?:{'|'.join(sorted(map(re.escape, telling.PHRASES), key=len, reverse=True))})(?!\S)",
)
_NUMBERED = re.compile(r"(f[0-35]|r2)[a-z]{0,8}|([a-z]+?)[0-9]+[a-z]{0,8}")
_OPPOSITE = {Goal.HIGHER: Goal.LOWER, Goal.LOWER: Goal.HIGHER, Goal.UNKNOWN: Goal.UNKNOWN}


def decide(
    name: str, requested: Mapping[str, Goal], channel: Mapping[str, Goal], experiments: Sequence[Experiment]
) -> tuple[Goal, GoalSource]:
    """The goal of a metric and who said so: the request, the channel, the experiments, the name, in this order.

    Experiments that disagree leave it unknown.
    """
    if name in requested:
        return requested[name], GoalSource.REQUEST
    if name in channel:
        return channel[name], GoalSource.CHANNEL
    stated = {experiment.goals[name] for experiment in experiments if name in experiment.goals}
    if stated:
        return (stated.pop(), GoalSource.EXPERIMENT) if len(stated) == 1 else (Goal.UNKNOWN, GoalSource.NONE)
    assumed = goal_of(name)
    return assumed, GoalSource.NONE if assumed is Goal.UNKNOWN else GoalSource.NAME


@lru_cache(maxsize=8192)
def goal_of(name: str) -> Goal:
    """The goal that a metric's name tells; unknown for a name that does not tell."""
    if name.startswith(("system/", "1-", "1 -")) or len(name) > _LONGEST:
        return Goal.UNKNOWN
    words = _split(name)
    if words[-1:] == ["score"] and "d2" in words:  # scikit-learn's d2_… scores are shares of what is explained
        return Goal.HIGHER
    return _goal(words)


def _split(name: str) -> list[str]:
    """The words of a name, in lower case; phrases are replaced by the one word that stands for them."""
    text = name.replace("@", " at ").replace("IoU", "Iou").replace("R^2", "R2")
    words = [word.lower() for chunk in _BREAKS.split(text) for word in _HUMPS.split(chunk) if word]
    return _PHRASES.sub(lambda phrase: telling.PHRASES[phrase[0]], " ".join(words)).split()


def _goal(words: Sequence[str]) -> Goal:
    for place in range(len(words) - 2, 0, -1):
        if words[place] == "per":
            return _goal_per(words[:place], words[place + 1])
    if len(words) > 1 and words[-1] in ("s", "sec") and words[-2] in telling.COUNTED:
        return Goal.HIGHER
    for place in range(1, len(words) - 1):
        if words[place] in telling.JOINING:
            return _goal_joined(words[:place], words[place + 1 :])
    return _goal_plain([word for word in words if not word.isdecimal()])


def _goal_per(counted: Sequence[str], unit: str) -> Goal:
    """So much per so much: tokens per second is a throughput, seconds per token are not."""
    known = Goal.LOWER if counted[-1] == "bits" else _goal(counted)
    return Goal.HIGHER if known is Goal.UNKNOWN and unit in telling.SECONDS else known


def _goal_joined(head: Sequence[str], tail: Sequence[str]) -> Goal:
    """Time to accuracy is a time, precision at k a precision, a drop in accuracy a drop."""
    if head[-1] in telling.TURNING | telling.IMPROVING:
        return _goal_plain([*tail, *head])
    if any(_tells(word) or word in telling.SILENCING | telling.COUNTING | telling.OPPOSING for word in head):
        return _goal_plain(head)
    return _goal(tail)


def _goal_plain(words: Sequence[str]) -> Goal:
    """By the last telling word, unless a word behind it makes it something else."""
    if not telling.COUNTING.isdisjoint(words):
        return Goal.UNKNOWN
    place = next((place for place in reversed(range(len(words))) if _tells(words[place])), None)
    if place is None:
        return Goal.HIGHER if not telling.IMPROVING.isdisjoint(words) else Goal.UNKNOWN
    word, before, behind = words[place], words[:place], set(words[place + 1 :])
    if word in telling.EXEMPT_FROM_RATIO:
        behind.discard("ratio")
    if behind & telling.SILENCING:
        return Goal.UNKNOWN
    if not telling.OPPOSING.isdisjoint(before):
        return Goal.HIGHER if "neg" in before and word in telling.NEGATED else Goal.UNKNOWN
    return _turn(_tells(word) or Goal.UNKNOWN, behind)


def _turn(goal: Goal, behind: set[str]) -> Goal:
    """A loss improvement is good, and so is an error reduction; an accuracy drop is not."""
    if behind & telling.IMPROVING:
        return Goal.HIGHER
    if "gain" in behind:
        return Goal.HIGHER if goal is Goal.HIGHER else Goal.UNKNOWN
    return _OPPOSITE[goal] if behind & telling.TURNING else goal


def _tells(word: str) -> Goal | None:
    """The goal of one word: as it stands, without its number, in the singular, or behind a `val` or `train`."""
    known = telling.TELLING.get(word)
    if known is not None:
        return known
    numbered = _NUMBERED.fullmatch(word)
    if numbered:
        return telling.TELLING.get(numbered[1] or numbered[2])  # f1macro, map50b
    if len(word) > 4 and word.endswith("s") and word != "times" and word[:-1] in telling.TELLING:
        return telling.TELLING[word[:-1]]
    return next(
        (
            telling.TELLING[word.removeprefix(lead)]
            for lead in telling.LEADING
            if word.startswith(lead) and word.removeprefix(lead) in telling.TELLING
        ),
        None,
    )
