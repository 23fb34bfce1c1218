"""Requests as lines: what is written here is read as the same request again."""

# ruff: noqa: C901, PLR0911, PLR0912 -- a grammar is a list of cases, each in its place

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import time

from comparison.errors import NotUnderstood
from comparison.judgement.goals import goal_of
from comparison.language.dates import DAILY, WEEKDAYS, WEEKEND, WORKDAYS
from comparison.language.quotes import QUOTES, quoted
from comparison.request import (
    DIRECT,
    ELSEWHERE,
    AccessRequest,
    Compare,
    Curves,
    Experiments,
    Failed,
    Help,
    ListWatches,
    Pin,
    PlanDigest,
    Request,
    RestrictChanges,
    Running,
    Runs,
    SetDefault,
    Show,
    ShowAccess,
    ShowSettings,
    Standup,
    Sweep,
    Top,
    Unwatch,
    WatchRequest,
)
from comparison.run_reference import (
    AllRuns,
    Among,
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
from comparison.watch import Digest, Watch

_PATTERN = re.compile(r"[\w*?][\w./*?+:@-]*")
_OFFSET = re.compile(r"Etc/GMT(?P<sign>[+-])(?P<hours>[1-9]\d*)")


def line(request: Request) -> str:
    """What to type for this request; read again it is the same request."""
    match request:
        case Compare():
            return _compare(request)
        case Curves():
            goal = f"{request.goal} is better" if request.goal else ""
            runs = " vs ".join(map(reference, request.runs))
            return _joined("curves", runs, _listed("by metric", request.metrics), _in(request.experiment), goal)
        case Sweep():
            goal = f"{request.goal} is better" if request.goal else ""
            lead = f"sweep {reference(request.parent)}" if request.parent else "what matters"
            return _joined(lead, _in(request.experiment), _listed("by metric", request.metrics), goal)
        case Help(topic=topic, unasked=unasked):
            return "" if unasked else f"help {topic}".strip()
        case Show():
            lead = "who ran" if request.who else "show"
            return _joined(lead, reference(request.run), *_shared(request), _part(request.part), _step(request.at_step))
        case Top():
            ranked = _listed("by metric", (request.metric, *request.metrics) if request.metric else request.metrics)
            where = f"where {request.where}" if request.where else ""
            goal = f"{request.goal} is better" if request.goal else ""
            lead = f"top {request.count}{' worst' if request.worst else ''}"
            return _joined(
                lead, ranked, _in(request.experiment), *_among(request.among), _step(request.at_step), goal, where
            )
        case Running() | Runs():
            lead = "running" if isinstance(request, Running) else "list runs"
            return _joined(lead, _count(request.among), *_shared(request), *_among(request.among))
        case Failed() | Standup():
            lead = "failed" if isinstance(request, Failed) else "standup"
            since = f"since {request.since}" if request.since else ""
            return _joined(lead, _count(request.among), since, *_shared(request), *_among(request.among))
        case SetDefault():
            return _default(request)
        case Pin(run=run, experiment=experiment):
            return _joined("pin", reference(run), _in(experiment)) if run else "unpin"
        case WatchRequest(watching=watching):
            return f"watch {watch_words(watching)}".strip()
        case Unwatch(place=place, is_all=is_all, watching=watching):
            return "unwatch all" if is_all else f"unwatch {watch_words(watching or Watch(place))}".strip()
        case PlanDigest(digest=digest):
            return f"digest {digest_words(digest)}" if digest else "digest off"
        case ShowSettings():
            return "settings"
        case ListWatches():
            return "watches"
        case Experiments():
            return "list experiments"
        case ShowAccess(scope=scope):
            return _joined("access", _SCOPES.get(scope, ""))
        case AccessRequest():
            return access_words(request)
        case RestrictChanges(is_for_admins=is_for_admins, scope=scope):
            return _joined("access", _SCOPES.get(scope, ""), "changes", "admins" if is_for_admins else "members")


_SCOPES = {ELSEWHERE: "everywhere", DIRECT: "direct"}


def access_words(request: AccessRequest) -> str:
    """What to type for a rule of what may be seen."""
    patterns = request.patterns
    if patterns is None or not patterns or patterns == ("*",):
        listed = "default" if patterns is None else "all" if patterns else "none"
    else:
        listed = ", ".join(_name(each) for each in patterns)
    return _joined("access", _SCOPES.get(request.scope, ""), listed)


def _name(pattern: str) -> str:
    """A pattern as it is read again; a name that is a word of ours stands in quotes."""
    is_plain = _PATTERN.fullmatch(pattern) and not pattern.isalpha()
    return pattern if is_plain else next((f"{a}{pattern}{b}" for a, b in QUOTES if b not in pattern), pattern)


def _joined(*parts: str) -> str:
    return " ".join(part for part in parts if part)


def _in(experiment: str) -> str:
    return f"in {quoted(experiment)}" if experiment else ""


def _part(part: str) -> str:
    return "more details" if part == "details" else part


def _step(step: int | None) -> str:
    return "" if step is None else f"at step {step}"


def _listed(lead: str, names: Sequence[str]) -> str:
    return f"{lead} {', '.join(map(quoted, names))}" if names else ""


def _shared(request: Show | Running | Runs | Failed | Standup) -> tuple[str, str]:
    return _listed("by metric", request.metrics), _in(request.experiment)


def _among(among: Among) -> list[str]:
    until = among.until.removeprefix("before ")
    return [
        f"by user {quoted(among.user)}" if among.user else "",
        among.status,
        f"since {among.since}" if among.since else "",
        f"{'before' if until != among.until else 'until'} {until}" if among.until else "",
        f"where {among.where}" if among.where else "",
        *(f"except {_exclusion(each)}" for each in among.excluded),
        f"in {' and '.join(map(quoted, among.experiments))}" if among.experiments else "",
        f"of the last {among.newest} runs" if among.newest is not None else "",
    ]


def _count(among: Among) -> str:
    return "" if among.count is None else str(among.count)


def _exclusion(exclusion: Exclusion) -> str:
    lead = {"user": "by ", "experiment": "in ", "filter": "where ", "metric": "metrics "}.get(exclusion.kind, "")
    return f"{lead}{exclusion.name if exclusion.kind in ('status', 'filter') else quoted(exclusion.name)}"


def _compare(request: Compare) -> str:
    groups = [reference(run) for run in request.runs]
    runs = " vs ".join(groups)
    metrics = _listed("only metrics" if request.only_metrics else "by metric", request.metrics)
    several = [run for run in request.runs if isinstance(run, AllRuns | TopRuns)]
    among = next((run.among for run in several if not _is_of_day(run)), Among())
    among = replace(among, status="", user="")  # said with the runs
    tolerance = "" if request.tolerance is None else f"within {request.tolerance * 100:.12g} %"
    margin = "" if request.margin is None else f"within {request.margin!r}"
    return _joined(
        "compare",
        runs,
        _in(request.experiment),
        metrics,
        _listed("except metrics", request.without_metrics),
        *(f"except parameter {quoted(name)}" for name in request.without_parameters),
        *(_among(among)),
        *(f"except {quoted(run.text)}" for run in request.excluded if isinstance(run, Named)),
        "best values" if request.best else "",
        _step(request.at_step),
        "all metrics" if request.everything else "",
        "only differences" if request.differing else "",
        "what changed" if request.why else "",
        _part(request.part),
        f"{request.goal} is better" if request.goal else "",
        tolerance,
        margin,
        "sorted by change" if request.by_change else "",
    )


def _is_of_day(run: RunReference) -> bool:
    """`yesterday's best`: its time is said with it."""
    return isinstance(run, TopRuns) and run.count == 1 and run.among.since == run.among.until != ""


def _default(request: SetDefault) -> str:
    if request.what == "goal":
        lead = "set goal" if request.value else "unset goal"
        return _joined(lead, quoted(request.metric), request.value)
    if request.what == "tolerance":
        lead = "set tolerance" if request.value else "unset tolerance"
        return _joined(lead, quoted(request.metric) if request.metric else "", request.value)
    if request.what == "examples":
        return _joined("set examples" if request.value else "unset examples", request.value)
    return f"set {request.what} {quoted(request.value)}" if request.value else f"unset {request.what}"


def reference(run: RunReference) -> str:
    """One run, or several that are meant together, as it is typed."""
    match run:
        case Named(text=name):
            return name if run.otherwise else quoted(name)
        case Linked(run_id=run_id, experiment_id=experiment):
            return f"#/experiments/{experiment}/runs/{run_id}" if experiment else f"runs:/{run_id}"
        case Latest():
            last = f"latest~{run.back}" if run.back else "@latest" if not run.user else "latest"
            return _joined(last, f"by user {quoted(run.user)}" if run.user else "", _in(run.experiment))
        case Leading():
            metric = f"metric {quoted(run.metric)}" if run.metric else ""
            user = f"by user {quoted(run.user)}" if run.user else ""
            return _joined("worst" if run.worst else "best", user, metric, _in(run.experiment))
        case Registered(model=model, alias=alias, version=version):
            return f"models:/{model}{f'@{alias}' if alias else f'/{version}'}" if model else f"@{alias}"
        case TopRuns(count=1, among=Among(since=since, until=until)) if since and since == until:
            user = f"by user {quoted(run.among.user)}" if run.among.user else ""
            metric = f"metric {quoted(run.metric)}" if run.metric else ""
            return _joined(user, f"{since}'s", "worst" if run.worst else "best", metric)
        case TopRuns(count=count, metric=metric, worst=worst):
            return _joined(
                f"{'worst' if worst else 'top'} {count}",
                f"by user {quoted(run.among.user)}" if run.among.user else "",
                f"metric {quoted(metric)}" if metric else "",
            )
    return _plain(run)


def _plain(run: RunReference) -> str:
    match run:
        case AllRuns(among=among):
            return _joined("all", among.status, "runs", f"by user {quoted(among.user)}" if among.user else "")
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


# Watches and digests


def watch_words(watching: Watch) -> str:
    """What to type behind `watch`."""
    baseline = watching.baseline
    against = reference(baseline) if watching.against == "run" and baseline else watching.against
    return _joined(
        _place(watching.place),
        _listed_places("except", watching.excepted),
        f"against {against}" if against else "",
        _whose(watching.user),
        f"only {watching.only.value}" if watching.only else "",
        "only clear" if watching.only_clear else "",
        f"when {watching.seeds} seeds are in" if watching.seeds is not None else "",
        f"when {' and '.join(f'{quoted(rule.metric)} {rule.condition}' for rule in watching.rules)}"
        if watching.rules
        else "",
        _listed("metrics", watching.metrics),
        quiet_words(watching),
        "mention owner" if watching.mentions_owner else "",
        "broadcast new best" if watching.broadcasts else "",
        f"where {watching.where}" if watching.where else "",
    )


def _whose(user: str) -> str:
    """`by maya`; `by user f1` where the name would be taken for a metric."""
    lead = "by" if goal_of(user) is Goal.UNKNOWN else "by user"
    return f"{lead} {quoted(user)}" if user else ""


def _place(name: str) -> str:
    if not name:
        return ""
    is_pattern = _PATTERN.fullmatch(name) and set("*?") & set(name)
    return name if is_pattern and not name.endswith("?") else quoted(name)  # a last "?" asks


def _listed_places(lead: str, names: Sequence[str]) -> str:
    return f"{lead} {', '.join(map(_place, names))}" if names else ""


def quiet_words(watching: Watch) -> str:
    quiet = watching.quiet
    return f"quiet {_clock(quiet.begin)}-{_clock(quiet.end)} {_zone(quiet.zone)}" if quiet else ""


def digest_words(digest: Digest) -> str:
    """What to type behind `digest`."""
    return _joined(when(digest), ", ".join(map(_planned, digest.experiments)))


def _planned(name: str) -> str:
    """An experiment of a digest: plain where it is taken for no day, hour or zone."""
    from comparison.language.stored_words import digest_of  # noqa: PLC0415 -- the reader writes what it read

    written = _place(name)
    try:
        is_plain = digest_of(f"daily 9:00 UTC x, {written}, y").experiments == ("x", name, "y")
    except NotUnderstood:
        is_plain = False
    return written if is_plain else next((f"{o}{name}{c}" for o, c in QUOTES if o not in name and c not in name), name)


def when(digest: Digest) -> str:
    hours = digest.hours
    named = {WORKDAYS: "weekdays", DAILY: "daily", WEEKEND: "weekends"}.get(hours.days)
    days = named or ", ".join(WEEKDAYS[day][:3] for day in hours.days)
    return f"{days} {hours.at.hour}:{hours.at.minute:02} {_zone(hours.zone)}"


def _clock(at: time) -> str:
    return at.strftime("%H:%M")


def _zone(name: str) -> str:
    """So many hours from UTC with the sign that people expect, which the database turns round."""
    found = _OFFSET.fullmatch(name)
    return f"UTC{'-' if found['sign'] == '+' else '+'}{found['hours']}" if found else name
