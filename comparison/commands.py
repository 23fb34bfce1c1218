"""Commands other than a comparison: what the words behind the first one mean. The table is in the parser."""

from collections.abc import Sequence

from comparison import clauses
from comparison.clauses import missing
from comparison.errors import NotUnderstood
from comparison.goals import EITHER
from comparison.references import reference
from comparison.request import (
    AllRuns,
    Failed,
    Group,
    Help,
    OneRun,
    Pin,
    Request,
    Running,
    SetDefault,
    Settings,
    Show,
    Standup,
    SweepRuns,
    Top,
    TopRuns,
)
from comparison.tolerance import read_tolerance, write_tolerance
from comparison.words import Word

MOST_LISTED = 50
_FILLING = frozenset({"run", "runs", "experiment", "the", "is", "so", "far"})


def help_(words: Sequence[Word], _text: str) -> Request:
    return Help(topic=" ".join(word.text for word in words[1:])[:100])


def show(words: Sequence[Word], text: str) -> Request:
    asked = clauses.read(words, text)
    if len(asked.words) < 2:
        raise missing("Which run?", "Name it, or say latest or best.", "show latest", words[0])
    return Show(_one(asked.words[1:], text), asked.experiment, text=text)


def who(words: Sequence[Word], text: str) -> Request:
    asked = clauses.read(words, text)
    rest = asked.words[2:] if [word.folded for word in asked.words[:2]] == ["who", "ran"] else []
    if not rest:
        raise missing("Who ran what?", "Name a run.", "who ran latest", words[0])
    return Show(_one(rest, text), asked.experiment, who=True, text=text)


def top(words: Sequence[Word], text: str) -> Request:
    where = next((word.text for word in words if word.is_filter), "")
    asked = clauses.read([word for word in words if not word.is_filter], text)
    plain = [word for word in asked.words[1:] if word.folded not in (*_FILLING, "by")]
    count = 5
    if plain and plain[0].folded.isdecimal():
        count = int(plain[0].folded[:9])
        if not 1 <= count <= MOST_LISTED:
            raise missing(f"I list between 1 and {MOST_LISTED} runs.", "Say how many.", "top 5 by accuracy", plain[0])
        plain = plain[1:]
    metric = asked.metrics[0] if asked.metrics else " ".join(word.text for word in plain)
    return Top(count, metric, words[0].folded == "worst", asked.experiment, where, text)


def running(words: Sequence[Word], text: str) -> Request:
    asked = clauses.read(words, text)
    rest = [word for word in asked.words[1:] if word.folded not in (*_FILLING, "now", "right", "still")]
    if rest:
        raise missing("What is running is listed whole, or in one experiment.", "Name it.", "running in fraud", rest[0])
    return Running(asked.experiment, text)


def failed(words: Sequence[Word], text: str) -> Request:
    when, experiment = _when(words, text)
    return Failed(when, experiment, text)


def standup(words: Sequence[Word], text: str) -> Request:
    when, experiment = _when(words, text)
    return Standup(when, experiment, text)


def what(words: Sequence[Word], text: str) -> Request | None:
    """`what failed since yesterday`, `what is running`, `what finished`; None for what is another question."""
    folded = [word.folded for word in words]
    kept = [word for word in words[1:] if word.folded not in ("is", "has", "are", "'s")]
    if kept and kept[0].folded in _WHAT:
        return _WHAT[kept[0].folded](kept, text)
    if folded[0] in ("what's", "what’s") and len(words) > 1 and folded[1] in _WHAT:
        return _WHAT[folded[1]](words[1:], text)
    return None


def set_(words: Sequence[Word], text: str) -> Request:
    """`set experiment fraud`, `set metric auc`, `set goal cost lower`, `set baseline <run>`; `goal cost lower`."""
    rest = list(words[1:] if words[0].folded in ("set", "unset") else words)
    what_ = rest[0].folded if rest else ""
    takes_back = words[0].folded == "unset"
    values = [word for word in rest[1:] if not word.is_comma and word.folded not in ("to", "as", "=", "is")]
    if what_ in ("baseline", "pin"):
        return pin([rest[0], *values], text) if values and not takes_back else Pin(None, text=text)
    if what_ == "goal":
        return _goal(values, text, words[0], takes_back=takes_back)
    if what_ == "tolerance":
        return _tolerance(rest, text, takes_back=takes_back)
    if what_ in ("experiment", "metric"):
        value = "" if takes_back else " ".join(word.text for word in values)
        if not value and not takes_back:
            raise missing(f"Which {what_}?", "Name it.", f"set {what_} {_SUCH[what_]}", rest[0])
        return SetDefault(what_, value, text=text)
    spot = rest[0] if rest else words[0]
    raise missing(
        "I can set experiment, metric, goal, tolerance or baseline.", "Say which.", "set metric accuracy", spot
    )


def pin(words: Sequence[Word], text: str) -> Request:
    asked = clauses.read(words, text)
    if len(asked.words) < 2:
        raise missing("Which run is the baseline?", "Name it.", "pin latest", words[0])
    return Pin(_one(asked.words[1:], text), asked.experiment, text)


def unpin(_words: Sequence[Word], text: str) -> Request:
    return Pin(None, text=text)


def settings(_words: Sequence[Word], text: str) -> Request:
    return Settings(text)


def _goal(values: Sequence[Word], text: str, spot: Word, *, takes_back: bool) -> Request:
    names = " ".join(word.text for word in (values if takes_back else values[:-1]))
    said = "" if takes_back or not values else values[-1].folded
    value = _GOALS.get(said, "")
    if names and said in _EITHER:
        at, end, ways = values[-1].at, values[-1].end, ("higher", "lower")
        raise NotUnderstood("Which way is better?", remedy="Say one.", near=ways, text=text, at=at, end=end)
    if not names or not (value or takes_back):
        raise missing("Which way is better?", "Say higher or lower behind the metric.", "set goal cost lower", spot)
    return SetDefault("goal", value, names, text)


def _tolerance(words: Sequence[Word], text: str, *, takes_back: bool) -> Request:
    """`set tolerance 0.1 %` for every metric, `set tolerance accuracy 0.5 %` for one."""
    values = [word for word in words[1:] if word.folded not in ("to", "of", "=", "is", "for")]
    if takes_back:
        return SetDefault("tolerance", "", " ".join(word.text for word in values if not word.is_comma), text)
    for place, word in enumerate(values):
        fraction = read_tolerance(text[word.at : values[-1].end], needs_unit=True)
        if fraction is not None:
            return SetDefault(
                "tolerance", write_tolerance(fraction), " ".join(each.text for each in values[:place]), text
            )
    remedy = "Say it as a share of the baseline, in percent."
    raise missing("Within how much are values the same?", remedy, "set tolerance 0.1 %", words[0])


def _one(words: Sequence[Word], text: str) -> OneRun:
    found = reference(words, text)
    if len(found) != 1 or isinstance(found[0], TopRuns | AllRuns | Group | SweepRuns):
        raise NotUnderstood("This takes one run.", remedy="Name one.", text=text, at=words[0].at)
    return found[0]


def _when(words: Sequence[Word], text: str) -> tuple[str, str]:
    """What is said of the time, and the experiment."""
    asked = clauses.read(words, text)
    return " ".join(word.text for word in asked.words[1:] if word.folded not in _FILLING)[:100], asked.experiment


_WHAT = {"failed": failed, "finished": standup, "ended": standup, "running": running, "happened": standup}
_GOALS = {
    **dict.fromkeys(("higher", "high", "up", "max", "maximize", "more"), "higher"),
    **dict.fromkeys(("lower", "low", "down", "min", "minimize", "less"), "lower"),
    **dict.fromkeys(("unknown", "neither", "none"), "unknown"),
}
_EITHER = (EITHER, "lower|higher", "higher/lower", "lower/higher")
_SUCH = {"experiment": "fraud", "metric": "accuracy"}
