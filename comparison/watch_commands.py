"""`watch …`, `unwatch …`, `watches`, `digest …`: what the words behind them mean. The table is in the parser."""

import html
import itertools
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import time
from functools import lru_cache
from typing import Any
from zoneinfo import available_timezones

from comparison.clauses import LISTING, missing, parted
from comparison.errors import NotUnderstood
from comparison.naming import near
from comparison.references import reference
from comparison.request import Pinned, PlanDigest, Request, SweepRuns, TopRuns, Unwatch, Watch, Watches
from comparison.since import WEEKDAYS
from comparison.watching.hours import Hours, Quiet
from comparison.watching.rules import MOVES, Rule
from comparison.watching.watch import Digest, Only, Watching
from comparison.words import Word, split

MOST_RULES = 10
_EVERYTHING = frozenset({"all", "everything", "everywhere", "anything"})
_FILLING = frozenset({"experiment", "experiments", "the", "in", "for", "runs", "of"})
_CLOCK = re.compile(r"(?P<hour>\d{1,2})(?:[:.h](?P<minute>\d{2}))? ?(?P<half>am|pm)?")
_SPAN = re.compile(r"(?:from )?(?P<begin>[\d:.hapm]+)(?: ?(?:-|–|to|until) ?)(?P<end>[\d:.hapm]+)(?: (?P<zone>\S+))?")
_NUMBER = r"(?P<amount>[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?)"
_NAME = r"(?P<metric>\"[^\"]+\"|'[^']+'|[^\s<>=!]+)"
_LEVEL = re.compile(rf"{_NAME} *(?P<sign><=|>=|!=|==|=|<|>|below|under|above|over) *{_NUMBER}", re.IGNORECASE)
_MOVE = re.compile(rf"{_NAME} +(?P<sign>[a-z]+) +by +{_NUMBER} *(?P<percent>%|percent)?", re.IGNORECASE)
_SIGNS = {"==": "=", "below": "<", "under": "<", "above": ">", "over": ">"}
_VERBS = {
    **dict.fromkeys(("drops", "drop", "falls", "fall", "sinks", "decreases"), "drops"),
    **dict.fromkeys(("rises", "rise", "grows", "grow", "climbs", "increases"), "rises"),
    **dict.fromkeys(("changes", "change", "moves", "differs"), "changes"),
}
_ONLY = {
    **dict.fromkeys(("failures", "failure", "failed", "failing"), Only.FAILURES),
    **dict.fromkeys(("better", "if better", "improvements"), Only.BETTER),
    **dict.fromkeys(("worse", "if worse", "regressions"), Only.WORSE),
    **dict.fromkeys(("new best", "new bests", "best", "a new best", "bests"), Only.NEW_BEST),
}
_DAYS = {
    **dict.fromkeys(("weekdays", "weekday", "workdays"), (0, 1, 2, 3, 4)),
    **dict.fromkeys(("daily", "day", "everyday", "days"), (0, 1, 2, 3, 4, 5, 6)),
    **{day[:size]: (number,) for number, day in enumerate(WEEKDAYS) for size in (3, len(day))},
    **{f"{day}s": (number,) for number, day in enumerate(WEEKDAYS)},
}


def watch(words: Sequence[Word], text: str) -> Request:
    said = _loose(words[1:], text)
    starts = _starts(said)
    first = starts[0] if starts else len(said)
    named = [word for word in said[:first] if not word.is_comma]
    while len(named) > 1 and named[0].folded in _FILLING:
        named = named[1:]
    place = " ".join(word.text for word in named)
    watching = Watching("*" if len(named) == 1 and named[0].folded in _EVERYTHING else place)
    for start, stop in itertools.pairwise([*starts, len(said)]):
        watching = _CLAUSES[said[start].folded](watching, said[start], said[start + 1 : stop], text)
    return Watch(watching, text, named[0].at if named else words[0].end)


def _starts(said: Sequence[Word]) -> list[int]:
    """Where clauses begin; the `by` of `drops by 2 %` begins none."""
    return [
        place
        for place, word in enumerate(said)
        if word.folded in _CLAUSES and not (word.folded == "by" and place and said[place - 1].folded in _VERBS)
    ]


def unwatch(words: Sequence[Word], text: str) -> Request:
    named = [word for word in words[1:] if not word.is_comma]
    while len(named) > 1 and named[0].folded in _FILLING:
        named = named[1:]
    place = " ".join(word.text for word in named)
    return Unwatch("*" if place.casefold() in _EVERYTHING else place, text, is_all=place.casefold() in _EVERYTHING)


def watches(words: Sequence[Word], text: str) -> Request:
    if len(words) > 1:
        raise missing("All watches of the channel are listed.", "Say only watches.", "watches", words[1])
    return Watches(text)


def digest(words: Sequence[Word], text: str) -> Request:
    """`digest weekdays 9:30 Europe/Berlin fraud, iris`, `digest off`."""
    said = [word for word in words[1:] if word.folded not in ("at", "on", "every", "each")]
    if len(said) == 1 and said[0].folded in ("off", "stop", "none"):
        return PlanDigest(None, text)
    days: list[int] = []
    place = 0
    while place < len(said) and (said[place].is_comma or said[place].folded in (*_DAYS, "and")):
        days += _DAYS.get(said[place].folded, ())
        place += 1
    at = _time(said[place].folded) if place < len(said) else None
    if at is None and place < len(said) and not days:
        remedy = "Say the days and the hour."
        raise missing("When shall the digest come?", remedy, "digest weekdays 9:30 Europe/Berlin", said[place])
    if at is None:
        spot = said[place] if place < len(said) else words[-1]
        raise missing("At what time?", "Say it behind the days.", "digest weekdays 9:30 Europe/Berlin", spot)
    rest = said[place + 1 :]
    zone = "UTC"
    if rest and _is_zone(rest[0].text):
        zone, rest = _zone(rest[0]), rest[1:]
    while rest and rest[0].folded in _FILLING:
        rest = rest[1:]
    groups = parted(rest, LISTING)
    named = tuple(" ".join(word.text for word in group) for group in groups)
    return PlanDigest(Digest(Hours(tuple(sorted(set(days))) or _DAYS["daily"], at, zone), named), text)


def _loose(words: Sequence[Word], text: str) -> list[Word]:
    """The words with what follows `where` taken apart: its filter ends where the next clause begins."""
    said: list[Word] = []
    for word in words:
        if not word.is_filter:
            said.append(word)
            continue
        start = text.casefold().rfind("where", 0, word.at)
        inner = [_moved(each, word.at) for each in split(text[word.at : word.end])]
        stop = next((place for place, each in enumerate(inner) if each.folded in _CLAUSES), len(inner))
        end = inner[stop - 1].end if stop else word.at
        raw = html.unescape(text[word.at : end]).translate(_STRAIGHT).strip(" ,;")
        said += [Word("where", start, start + 5), Word(raw, word.at, end, is_filter=True), *inner[stop:]]
    return said


_STRAIGHT = str.maketrans({"“": '"', "”": '"', "„": '"', "‘": "'", "’": "'", "\u00a0": " "})


def _moved(word: Word, by: int) -> Word:
    return replace(word, at=word.at + by, end=word.end + by)


def _against(watching: Watching, word: Word, rest: Sequence[Word], text: str) -> Watching:
    if not rest:
        raise missing("Against what?", "Say previous, best, baseline, or name a run.", "watch fraud against best", word)
    said = rest[0].folded if len(rest) == 1 else " ".join(each.folded for each in rest).removeprefix("the ")
    if said in ("previous", "prev", "latest", "last", "the previous", "previous run"):
        return replace(watching, against="previous")
    if said in ("best", "the best", "best run"):
        return replace(watching, against="best")
    (found, *more) = reference(list(rest), text)
    if more or isinstance(found, TopRuns | SweepRuns):
        raise NotUnderstood("A watch has one baseline.", remedy="Name one run.", text=text, at=rest[0].at)
    return replace(watching, against="run", baseline=Pinned(rest[0].at) if isinstance(found, Pinned) else found)


def _where(watching: Watching, word: Word, rest: Sequence[Word], _text: str) -> Watching:
    if len(rest) != 1 or not rest[0].is_filter:
        example = "watch fraud where params.model = 'xgb'"
        raise missing("That is no filter of MLflow's.", "Write it as in MLflow's search box.", example, word)
    return replace(watching, where=rest[0].text)


def _by(watching: Watching, word: Word, rest: Sequence[Word], _text: str) -> Watching:
    if not rest:
        raise missing("Whose runs?", "Name the user as MLflow knows them.", "watch fraud by maya", word)
    return replace(watching, user=" ".join(each.text for each in rest).removeprefix("@"))


def _only(watching: Watching, word: Word, rest: Sequence[Word], _text: str) -> Watching:
    said = " ".join(each.folded for each in rest if not each.is_comma)
    if said not in _ONLY:
        remedy = "Say failures, better, worse or new best."
        raise missing("Only what?", remedy, "watch fraud only failures", rest[0] if rest else word)
    return replace(watching, only=_ONLY[said])


def _metrics(watching: Watching, word: Word, rest: Sequence[Word], _text: str) -> Watching:
    named = tuple(" ".join(each.text for each in group) for group in parted(rest, LISTING))
    if not named:
        raise missing("Which metrics?", "Name them.", "watch fraud metrics accuracy, loss", word)
    return replace(watching, metrics=named)


def _when(watching: Watching, word: Word, rest: Sequence[Word], text: str) -> Watching:
    if not rest:
        raise missing("When what?", "Say a rule on a metric.", "watch fraud when val_loss < 0.2", word)
    raw = html.unescape(text[rest[0].at : rest[-1].end]).translate(_STRAIGHT)
    rules = tuple(_rule(part.strip(), rest[0], text) for part in re.split(r"(?:,| and )", raw) if part.strip())
    if len(watching.rules) + len(rules) > MOST_RULES:
        raise missing(f"A watch has at most {MOST_RULES} rules.", "Leave some out.", "watch fraud when loss < 1", word)
    return replace(watching, rules=(*watching.rules, *rules))


def _rule(said: str, first: Word, text: str) -> Rule:
    level, move = _LEVEL.fullmatch(said), _MOVE.fullmatch(said)
    if level:
        sign = level["sign"].casefold()
        return Rule(level["metric"].strip("\"'"), _SIGNS.get(sign, sign), float(level["amount"]))
    verb = _VERBS.get(move["sign"].casefold(), "") if move else ""
    if move and verb in MOVES and float(move["amount"]) >= 0:
        return Rule(move["metric"].strip("\"'"), verb, float(move["amount"]), bool(move["percent"]))
    place = text.find(said, first.at)
    raise NotUnderstood(
        f"I cannot read this rule: {said[:60]}.",
        remedy="A rule compares a metric with a number, or says by how much it moves against the baseline.",
        example="watch fraud when accuracy drops by 2 %",
        text=text,
        at=first.at if place < 0 else place,
        end=None if place < 0 else place + len(said),
    )


def _quiet(watching: Watching, word: Word, rest: Sequence[Word], _text: str) -> Watching:
    example = "watch fraud quiet 20:00-08:00 Europe/Berlin"
    said = _SPAN.fullmatch(" ".join(each.text for each in rest).replace("–", "-"))
    begin, end = (_time(said["begin"].casefold()), _time(said["end"].casefold())) if said else (None, None)
    if said is None or begin is None or end is None or begin == end:
        remedy = "Say from when to when, and in which time zone."
        raise missing("Quiet when?", remedy, example, rest[0] if rest else word)
    return replace(watching, quiet=Quiet(begin, end, _zone(rest[-1]) if said["zone"] else "UTC"))


def _mention(watching: Watching, word: Word, rest: Sequence[Word], _text: str) -> Watching:
    if [each.folded for each in rest] not in (["owner"], ["the", "owner"], ["owners"]):
        remedy = "Say mention owner, or leave it out."
        spot = rest[0] if rest else word
        raise missing("Only the owner of a run can be mentioned.", remedy, "watch fraud mention owner", spot)
    return replace(watching, mentions_owner=True)


def _time(said: str) -> time | None:
    found = _CLOCK.fullmatch(said)
    if not found:
        return None
    hour, minute = int(found["hour"]), int(found["minute"] or 0)
    if found["half"]:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if found["half"] == "pm" else 0)
    return time(hour, minute) if hour < 24 and minute < 60 else None


@lru_cache(maxsize=1)
def _zones() -> dict[str, str]:
    return {name.casefold(): name for name in sorted(available_timezones())}


def _is_zone(said: str) -> bool:
    """Whether it is a time zone, or looks like one that does not exist."""
    areas = {name.partition("/")[0] for name in _zones() if "/" in name}
    return said.casefold() in _zones() or ("/" in said and said.casefold().partition("/")[0] in areas)


def _zone(word: Word) -> str:
    known = _zones().get(word.text.casefold())
    if known:
        return known
    city = word.text.casefold().rpartition("/")[2]
    towns = {name.rpartition("/")[2]: name for name in _zones().values() if "/" in name}
    alike = tuple(towns[each] for each in near(city, towns)) or near(word.text, _zones().values())
    raise NotUnderstood(
        f"There is no time zone called {word.text[:60]}.",
        remedy="Zones are named like Europe/Berlin or America/New_York.",
        near=alike[:5],
        at=word.at,
        end=word.end,
    )


_CLAUSES: dict[str, Callable[[Watching, Word, Sequence[Word], str], Any]] = {
    "against": _against,
    "where": _where,
    "by": _by,
    "only": _only,
    "when": _when,
    "metrics": _metrics,
    "metric": _metrics,
    "quiet": _quiet,
    "mention": _mention,
}
