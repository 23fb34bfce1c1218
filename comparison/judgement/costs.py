"""Metrics that tell what a run costs, in time, memory, energy or money, and not how good it is."""

import re
from functools import lru_cache

from comparison.judgement.goals import goal_of
from comparison.runs import Goal

_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_COSTS = _words(
    """
    time times timing runtime walltime elapsed duration latency latencies delay overhead ttft tpot itl rtt
    second seconds sec secs s ms msec millis milliseconds us microseconds ns nanoseconds minute minutes min hour hours
    memory mem ram vram rss swap kb mb gb kib mib gib bytes
    energy power watt watts wh kwh joule joules emissions co2 carbon
    flop flops gflops tflops mflops macs gmacs
    price cost costs usd eur dollar dollars euro euros cent cents billing spend
    throughput fps qps rps tps speed
    """
)
_NO_COST_ALONE = _words("s min us mem rss speed power swap")  # units and the like, behind others
_SPLITS = _words("train training val valid validation test eval dev")
_ASIDE = _words("with without")
_MONEY = _words("cost costs")


@lru_cache(maxsize=8192)
def is_cost(name: str) -> bool:
    """Whether a metric is a cost by its name: `fit_time`, `latency_ms`, `tokens_per_second`, `time_to_accuracy`.

    An error that is measured in seconds or dollars is none, nor is `val_cost`, which is a loss by another name.
    """
    words = _without_asides([word.casefold() for word in _WORDS.findall(name)])
    costs = [word for word in words if word in _COSTS]
    if not costs or (len(words) == 1 and words[0] in _NO_COST_ALONE):
        return False
    if "to" in words[1:] and words[0] in _COSTS:
        return True
    rest = [word for word in words if word not in _COSTS]
    if _MONEY.issuperset(costs) and rest and _SPLITS.issuperset(rest):
        return False
    return not rest or goal_of("_".join(rest)) is Goal.UNKNOWN


def _without_asides(words: list[str]) -> list[str]:
    """Cuts off what stands behind a `with`: a return with cost is a return."""
    return [word for before, word in zip(["", *words], words, strict=False) if not {before, word} & _ASIDE]


def is_judged_as_cost(name: str, goal: Goal) -> bool:
    """Whether a metric is a cost here: not where somebody stated a goal that is not that of a cost."""
    if not is_cost(name):
        return False
    assumed = goal_of(name)
    return Goal.UNKNOWN in (assumed, goal) or assumed is goal
