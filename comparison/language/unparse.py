"""A watch or a digest as it would be typed: the words that are kept, which read again mean the same."""

import html
import re
from collections.abc import Callable, Iterable
from datetime import time

from comparison.errors import RequestError
from comparison.language.dates import DAILY, WEEKDAYS, WEEKEND, WORKDAYS
from comparison.language.digest_command import read_digest
from comparison.language.watch_options import HELP, JOINING, LIST, OFF, read, words_of
from comparison.run_reference import (
    Filtered,
    Latest,
    Leading,
    Linked,
    Named,
    OfDay,
    Registered,
    RunReference,
    Unfinished,
)
from comparison.watch import Digest, MetricRule, Watch

_BARE = re.compile(r"[\w*?][\w./*?+:@-]*")
_QUOTES = (('"', '"'), ("“", "”"), ("«", "»"), ("'", "'"), ("`", "`"), ("```", "```"))
_ANY = "x"
_OFFSET = re.compile(r"Etc/GMT(?P<sign>[+-])(?P<hours>[1-9]\d*)")


def watch_words(watching: Watch) -> str:
    """What to type behind `watch`; read again it means the same. The filter comes last, it is left as it is."""
    parts = [
        _typed(watching.place, "", lambda found: found.place) if watching.place else "",
        _listed("except", watching.excepted, lambda found: found.excepted),
        _against_words(watching),
        f"by {_typed(watching.user, 'by', lambda found: found.user)}" if watching.user else "",
        f"only {watching.only.value}" if watching.only else "",
        f"when {' and '.join(map(_rule_words, watching.rules))}" if watching.rules else "",
        _listed("metrics", watching.metrics, lambda found: found.metrics),
        quiet_words(watching),
        "mention owner" if watching.mentions_owner else "",
        "broadcast new best" if watching.broadcasts else "",
        f"where {watching.where}" if watching.where else "",
    ]
    return " ".join(part for part in parts if part)


def digest_words(digest: Digest) -> str:
    """What to type behind `digest`; read again it means the same."""
    named = ", ".join(_digest_name(each) for each in digest.experiments)
    return f"{when(digest)} {named}".strip()


# Names


def _typed(name: str, option: str, meant: Callable[[Watch], object]) -> str:
    """The name as it can be typed behind the option, plain where that means the same."""

    def is_read_back(written: str) -> bool:
        if not option and written.casefold() in (*OFF, *HELP, LIST):
            return False  # by itself it asks for something else
        text = f"watch {f'{_ANY} {option} ' if option else ''}{written}"
        found = read(words_of(text)[1:], text)[0]
        return meant(found) in (name, (name,)) and _says_nothing_else(found, option)

    return _written(name, is_read_back)


def _says_nothing_else(found: Watch, option: str) -> bool:
    others = [found.against, found.where, found.only, found.rules, found.quiet, found.mentions_owner, found.broadcasts]
    several = {"by": found.user, "metrics": found.metrics, "except": found.excepted}
    return not any(others) and not any(value for each, value in several.items() if each != option)


def _digest_name(name: str) -> str:
    def is_read_back(written: str) -> bool:
        text = f"digest daily 9:00 UTC {written}"
        return read_digest(words_of(text)[1:], text).experiments == (name,)

    return _written(name, is_read_back)


def _written(name: str, is_read_back: Callable[[str], bool]) -> str:
    """The first way of writing a name that is read as it; quotes that it holds itself come last."""
    pairs = sorted(_QUOTES, key=lambda pair: pair[0] in name or pair[1] in name)
    bare = [name] if _BARE.fullmatch(name) and name.casefold() not in JOINING else []
    quoted = [f"{opened}{each}{closed}" for each in _escaped(name) for opened, closed in pairs]
    return next((each for each in (*bare, *quoted, *_escaped(name)) if _holds(is_read_back, each)), quoted[0])


def _escaped(name: str) -> list[str]:
    """The name, and as Slack escapes it, which is the only way to type `&lt;`."""
    return list(dict.fromkeys((name, html.escape(name, quote=False))))


def _holds(is_read_back: Callable[[str], bool], written: str) -> bool:
    try:
        return is_read_back(written)
    except RequestError:
        return False


def _listed(option: str, names: Iterable[str], meant: Callable[[Watch], object]) -> str:
    typed = ", ".join(_typed(each, option, meant) for each in names)
    return f"{option} {typed}" if typed else ""


# Baselines


def _against_words(watching: Watch) -> str:
    if watching.against != "run" or watching.baseline is None:
        return f"against {watching.against}" if watching.against else ""
    baseline = watching.baseline
    told = reference_words(baseline)
    if isinstance(baseline, Named) and not (baseline.otherwise and _is_read_as(baseline, told)):
        told = _written(baseline.text, lambda written: _is_read_as(baseline, written))
    return f"against {told}"


def _is_read_as(baseline: RunReference, written: str) -> bool:
    text = f"watch {_ANY} against {written}"
    try:
        return read(words_of(text)[1:], text)[0] == Watch(_ANY, "run", baseline)
    except RequestError:
        return False


def reference_words(reference: RunReference) -> str:
    """A run as it is typed, but for the quotes."""
    match reference:
        case Named(text=name):
            return name
        case Linked(run_id=run_id, experiment_id=experiment):
            return f"#/experiments/{experiment}/runs/{run_id}" if experiment else f"runs:/{run_id}"
        case Leading(metric=metric, worst=worst):
            return f"{'worst' if worst else 'best'} {_metric(metric, worst=worst)}".strip()
        case Registered(model=model, alias=alias, version=version) if model:
            return f"models:/{model}@{alias}" if alias else f"models:/{model}/{version}".rstrip("/")
    return _plain_words(reference)


def _plain_words(reference: RunReference) -> str:
    """Those that are words of ours and a word behind them."""
    match reference:
        case Latest(back=back):
            return f"latest~{back}"
        case Registered(alias=alias):
            return f"@{alias}"
        case OfDay(day=day):
            return f"{day}'s"
        case Filtered(where=where):
            return f"where {where}"
        case Unfinished():
            return "running"
    return "baseline"


def _metric(name: str, *, worst: bool) -> str:
    lead = "worst" if worst else "best"
    return _written(name, lambda each: _is_read_as(Leading(name, worst), f"{lead} {each}")) if name else ""


# Rules and hours


def _rule_words(rule: MetricRule) -> str:
    def is_read_back(written: str) -> bool:
        text = f"watch {_ANY} when {written} {rule.condition}"
        return read(words_of(text)[1:], text)[0] == Watch(_ANY, rules=(rule,))

    return f"{_written(rule.metric, is_read_back)} {rule.condition}"


def quiet_words(watching: Watch) -> str:
    quiet = watching.quiet
    return f"quiet {_clock(quiet.begin)}-{_clock(quiet.end)} {_zone(quiet.zone)}" if quiet else ""


def _clock(at: time) -> str:
    return at.strftime("%H:%M")


def _zone(name: str) -> str:
    """So many hours from UTC with the sign that people expect, which the database turns round."""
    found = _OFFSET.fullmatch(name)
    return f"UTC{'-' if found['sign'] == '+' else '+'}{found['hours']}" if found else name


def when(digest: Digest) -> str:
    hours = digest.hours
    named = {WORKDAYS: "weekdays", DAILY: "daily", WEEKEND: "weekends"}.get(hours.days)
    days = named or ", ".join(WEEKDAYS[day][:3] for day in hours.days)
    return f"{days} {hours.at.hour}:{hours.at.minute:02} {_zone(hours.zone)}"
