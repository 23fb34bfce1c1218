"""Names, runs and lines as they can be typed: in quotes where they would be read as something else."""

# ruff: noqa: PLR0911 -- a grammar is a list of cases, each in its place

import re
from collections.abc import Sequence

from comparison.errors import NotUnderstood
from comparison.judgement.goals import EITHER, goal_of
from comparison.language.atoms import cover
from comparison.language.dates import SHORT_DAYS
from comparison.language.names import Names
from comparison.language.tokens import scan
from comparison.request import Failed, Running, Runs, Show, Standup
from comparison.run_reference import (
    AllRuns,
    Among,
    BestOf,
    Exclusion,
    Filtered,
    Group,
    Latest,
    Leading,
    Linked,
    Named,
    OfDay,
    Pinned,
    Registered,
    RunReference,
    SweepRuns,
    TopRuns,
    Unfinished,
)
from comparison.runs import Goal

QUOTES = (('"', '"'), ("“", "”"), ("«", "»"), ("`", "`"), ("```", "```"))
_PLAIN = re.compile(r"[A-Za-z0-9_][\w.+/-]*")
_PATTERN = re.compile(r"[\w*?][\w./*?+:@-]*")
_TOKEN = re.compile(r"\"[^\"]*\"?|“[^”]*”?|<[^>]*>?|[^\s,]+")
_LONGEST = 500  # characters of a name
_NOTHING = Names()


def written(name: str) -> str:
    """A name for a line to type; as it is where there is no way to type it."""
    return quoted(name) or name


def quoted(name: str) -> str:
    """A name as it can be typed: plain where it is no word of ours, else in quotes; "" where it cannot be typed."""
    if len(name) > _LONGEST:
        return ""
    if _PLAIN.fullmatch(name) and _is_plain(name):
        return name
    pairs = sorted(QUOTES, key=lambda pair: pair[0] in name or pair[1] in name)
    return next((f"{o}{name}{c}" for o, c in pairs if _is_read_back(f"{o}{name}{c}", name)), "")


def _is_plain(name: str) -> bool:
    try:
        atoms = cover(scan(f"x {name}"), _NOTHING, f"x {name}")
    except NotUnderstood:
        return False
    is_name = len(atoms) == 2 and (atoms[1].is_unknown or atoms[1].key == "id")
    return is_name and atoms[1].text == name and not atoms[1].possessive


def _is_read_back(written: str, name: str) -> bool:
    try:
        tokens = scan(f"x {written} x")
    except NotUnderstood:
        return False
    return len(tokens) == 3 and tokens[1].is_quoted and tokens[1].text == name


def place_words(name: str) -> str:
    """An experiment or a pattern of names, as it can be typed."""
    if not name:
        return ""
    is_pattern = _PATTERN.fullmatch(name) and set("*?") & set(name)
    if all(part in SHORT_DAYS for part in name.casefold().split("-")):  # `mo-fr`: hours of a watch are said so
        return f'"{name}"'
    ends_plainly = name[-1].isalnum() or name[-1] in "*_/"  # a last "?" asks, other signs end a sentence
    return name if is_pattern and ends_plainly else quoted(name)


def complete_request(text: str, at: int | None, end: int | None, name: str) -> str:
    """The text with `name` in place of what stands at the spot; "" where there is no spot or no way to write it."""
    written = quoted(name)
    if at is None or not 0 <= at < len(text) or not written:
        return ""
    if end is None or end <= at:
        found = _TOKEN.match(text, at)
        end = found.end() if found else at
    if name.isdecimal() and text[at:end].lstrip("-").isdecimal():  # a number in place of a number is no name
        written = name
    return f"{text[:at]}{written}{text[end:]}".strip() if end > at else ""


def offered(metric: str) -> str:
    """How a goal is set, where nobody knows which: no direction is proposed."""
    return f"set goal {quoted(metric) or metric} {EITHER}"


# Parts of a line: a run, an experiment, metrics, which of many runs
def joined(*parts: str) -> str:
    return " ".join(part for part in parts if part)


def within(experiment: str) -> str:
    return f"in {quoted(experiment)}" if experiment else ""


def part_words(part: str) -> str:
    return {"details": "more details", "metrics": "metrics only"}.get(part, part)


def step_words(step: int | None) -> str:
    return "" if step is None else f"at step {step}"


def listed(lead: str, names: Sequence[str]) -> str:
    return f"{lead} {', '.join(map(quoted, names))}" if names else ""


def shared(request: Show | Running | Runs | Failed | Standup) -> tuple[str, str]:
    return listed("by metric", request.metrics), within(request.experiment)


def among_words(among: Among) -> list[str]:
    until = among.until.removeprefix("before ")
    return [
        f"by user {quoted(among.user)}" if among.user else "",
        *(f"by user {quoted(each)}" for each in among.others),
        among.status,
        f"since {among.since}" if among.since else "",
        f"{'before' if until != among.until else 'until'} {until}" if among.until else "",
        f"where {among.where}" if among.where else "",
        *(f"except {_exclusion(each)}" for each in among.excluded),
        f"in {' and '.join(map(quoted, among.experiments))}" if among.experiments else "",
        f"of the last {among.newest} runs" if among.newest is not None else "",
        f"longer than {among.longer}" if among.longer else "",
        f"shorter than {among.shorter}" if among.shorter else "",
        among.order,
    ]


def count_words(among: Among) -> str:
    return "" if among.count is None else str(among.count)


def _exclusion(exclusion: Exclusion) -> str:
    lead = {"user": "by ", "experiment": "in ", "filter": "where ", "metric": "metrics "}.get(exclusion.kind, "")
    return f"{lead}{exclusion.name if exclusion.kind in ('status', 'filter') else quoted(exclusion.name)}"


def reference(run: RunReference) -> str:
    """One run, or several that are meant together, as it is typed."""
    match run:
        case Named(text=name):
            return name if run.otherwise else quoted(name)
        case Linked(run_id=run_id, experiment_id=experiment):
            return f"#/experiments/{experiment}/runs/{run_id}" if experiment else f"runs:/{run_id}"
        case Latest(before=Named() | Linked() as named):
            return f"previous of {reference(named)}"
        case Latest():
            last = f"latest~{run.back}" if run.back else "@latest" if not run.user else "latest"
            return joined(last, f"by user {quoted(run.user)}" if run.user else "", within(run.experiment))
        case Leading():
            metric = f"metric {quoted(run.metric)}" if run.metric else ""
            user = f"by user {quoted(run.user)}" if run.user else ""
            return joined("worst" if run.worst else "best", user, metric, within(run.experiment))
        case BestOf():
            metric = f"metric {quoted(run.metric)}" if run.metric else ""
            return joined("worst" if run.worst else "best", metric, "of", reference(run.of))
        case Registered(model=model, alias=alias, version=version):
            return f"models:/{model}{f'@{alias}' if alias else f'/{version}'}" if model else f"@{alias}"
        case TopRuns(count=1, among=Among(since=since, until=until)) if since and since == until:
            user = f"by user {quoted(run.among.user)}" if run.among.user else ""
            metric = f"metric {quoted(run.metric)}" if run.metric else ""
            return joined(user, f"{since}'s", "worst" if run.worst else "best", metric)
        case TopRuns(count=count, metric=metric, worst=worst):
            return joined(
                f"{'worst' if worst else 'top'} {count}",
                f"by user {quoted(run.among.user)}" if run.among.user else "",
                f"metric {quoted(metric)}" if metric else "",
            )
    return _plain(run)


def _plain(run: RunReference) -> str:
    match run:
        case AllRuns(among=among):
            return joined("all", among.status, "runs", f"by user {quoted(among.user)}" if among.user else "")
        case Group(pattern=pattern, where=where, name=name):
            return pattern or where or f"all seeds of {quoted(name)}"
        case SweepRuns(parent=parent):
            return f"sweep {reference(parent)}"
        case OfDay(day=day):
            return f"{day}'s run"
        case Filtered(where=where):
            return f"where {where}"
        case Unfinished():
            return "@running"
        case Pinned():
            return "@baseline"
    raise TypeError(f"no way to write {type(run).__name__}")


def whose(user: str) -> str:
    """`by maya`; `by user f1` where the name would be taken for a metric."""
    lead = "by" if goal_of(user) is Goal.UNKNOWN else "by user"
    return f"{lead} {quoted(user)}" if user else ""
