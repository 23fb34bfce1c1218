"""A notification as a message: what is to be said, found out, worded and drawn for every rung of the ladder."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace

from comparison.defaults import Defaults
from comparison.errors import RequestError
from comparison.outcome import Comparison
from comparison.report import Report, Step
from comparison.runs import Experiment, Run
from comparison.watch_commands import digest_of, watching_of
from comparison.watching.announcement import Kind
from comparison.watching.digesting import held_digest
from comparison.watching.news import ManyNews, News, RunNews, SilentNews, Told, Unwanted
from comparison.watching.telling import tell, tell_example
from comparison.watching.watch import Watching
from comparison.wording.news import best_report, digest_report, news_report
from handlers.agreed import defaults_of
from handlers.drawing import draw
from handlers.ladder import Draw
from handlers.news_owner import owner_line, with_owner
from handlers.news_row import HeldNews, news_row
from handlers.recorded import Recorded
from handlers.reply import Block, Reply
from handlers.rung import Rung
from handlers.said import Said
from handlers.services import Services
from handlers.watched import tied
from handlers.watches import Kept

log = logging.getLogger(__name__)

_MOMENT = 15  # digits of ms since the epoch; an id has more
KEPT = 20  # run ids in the metadata


@dataclass(frozen=True, slots=True)
class Wanted:
    """A message of the outbox, as far as it matters to what it says."""

    key: str  # of a sweep it ends with its parent's id, of a burst with when the quiet hours ended that it waited for
    kind: Kind
    workspace: str
    channel: str
    run_ids: tuple[str, ...] = ()
    watch_ids: tuple[str, ...] = ()
    about: str = ""  # of a notice its words, of a digest its local day, of a dead run since when it is silent (ms)
    is_final: bool = False  # nothing more is expected of a sweep or burst


@dataclass(frozen=True, slots=True)
class Announced:
    """What to send. `is_over`: nothing more is expected; `new_best` is the id of a run that is one, "" : none is."""

    draw: Draw
    headline: str
    is_over: bool = False
    new_best: str = ""
    run_ids: tuple[str, ...] = ()
    watch_id: str = ""  # whose terms it is told by
    comparison: Comparison | None = None  # of one run with its baseline


def announce(message: Wanted, services: Services) -> Announced | Unwanted:
    """What the message says now. Raises TrackingUnavailable: to be asked again."""
    if message.kind is Kind.NOTICE:
        return _notice(message.about)
    if message.kind is Kind.DIGEST:
        return _digest(message, services)
    defaults = _defaults(message.workspace, message.channel, services)
    last = message.key.rpartition(":")[2]
    told = tell(
        message.kind,
        message.run_ids,
        _watches(message, defaults, services),
        services.runs,
        now=services.now(),
        defaults=defaults,
        parent_id=last if message.kind is Kind.SWEEP else "",
        was_quiet=last.isdecimal() and len(last) <= _MOMENT,
        silent_since=int(message.about) if message.about.isdecimal() else 0,
        is_final=message.is_final,
    )
    return told if isinstance(told, Unwanted) else _announced(told, message.kind, services)


def example(watching: Watching, said: Said, services: Services, run: Run) -> Announced:
    """How this run would have been announced where the watch was asked for; nobody is mentioned."""
    defaults = defaults_of(services.defaults, said)
    news = tell_example(run, watching, services.runs, now=services.now(), defaults=defaults)
    return _announced(Told(news, "", (run.run_id,)), Kind.RUN, services)


def remember(announced: Announced, message: Wanted, ts: str, services: Services) -> None:
    """For those who go on talking about it in the thread; that it cannot be kept is no reason not to have told it.

    Written once, and anew when an edit compares other runs.
    """
    if announced.comparison is None or not ts:
        return
    sides = announced.comparison.sides
    record = Recorded(
        id=f"{message.channel}:{ts}",
        workspace=message.workspace,
        channel=message.channel,
        thread="",
        message_ts=ts,
        asked_by="",
        at=int(services.now().timestamp()),
        runs=tuple(side.runs[0].run_id for side in sides),
        labels=tuple(side.label for side in sides),
        experiment=sides[-1].runs[0].experiment.name,
    )
    try:
        known = services.comparisons.get(record.id)
        if known is None or (known.runs, known.labels) != (record.runs, record.labels):
            services.comparisons.remember(record)
    except Exception:
        log.exception("a comparison could not be remembered")


def _announced(told: Told, kind: Kind, services: Services) -> Announced:
    news = told.news
    report = _worded(news, kind, services)
    row = news_row(_held(told), _experiments(news), is_one=not isinstance(news, ManyNews))
    owner = "" if isinstance(news, ManyNews) else owner_line(news.run, news.owner, services)
    return Announced(
        draw=_drawing(report, row, told.run_ids, owner),
        headline=report.headline,
        is_over=news.is_over if isinstance(news, ManyNews) else kind is not Kind.RUN,
        new_best=_new_best(news),
        run_ids=told.run_ids,
        watch_id=told.watch_id,
        comparison=news.comparison if isinstance(news, RunNews) else None,
    )


def _worded(news: News, kind: Kind, services: Services) -> Report:
    if kind is Kind.BEST and isinstance(news, RunNews):
        return best_report(news, ui_url=services.ui_url)
    return news_report(
        news, now=services.now(), ui_url=services.ui_url, rules_url=services.rules_url, command=services.command
    )


def _drawing(report: Report, row: Sequence[Block], run_ids: Sequence[str], owner: str = "") -> Draw:
    metadata = {"event_payload": {"runs": list(run_ids)[:KEPT]}}

    def drawn(rung: Rung) -> Reply:
        return replace(with_owner(draw(report, rung=rung, row=row), owner), metadata=metadata)

    return drawn


def _held(told: Told) -> HeldNews | None:
    news = told.news
    match news:
        case RunNews():
            baseline = news.comparison.baseline.runs[0].run_id if news.comparison else ""
            return HeldNews(news.run.run_id, news.run.experiment.experiment_id, baseline, told.watch_id)
        case SilentNews():
            return HeldNews(news.run.run_id, news.run.experiment.experiment_id, watch=told.watch_id)
        case ManyNews():
            best = news.groups[0].best if len(news.groups) == 1 else None
            return HeldNews(best.run_id, best.experiment.experiment_id, watch=told.watch_id) if best else None


def _experiments(news: News) -> list[Experiment]:
    return [group.experiment for group in news.groups] if isinstance(news, ManyNews) else [news.run.experiment]


def _new_best(news: News) -> str:
    match news:
        case RunNews() if news.is_best:
            return news.run.run_id
        case ManyNews():
            best = next((group.best for group in news.groups if group.is_new_best), None)
            return best.run_id if best else ""
    return ""


def _watches(message: Wanted, defaults: Defaults, services: Services) -> list[tuple[str, Watching]]:
    """Those that still ask for it, in their order."""
    found = []
    for kept in _kept(message, services):
        try:
            watching = tied(watching_of(kept.words), kept)
        except RequestError:
            log.exception("the words of watch %s are not understood any more", kept.id)
            continue
        found.append((kept.id, watching if watching.place else replace(watching, place=defaults.experiment)))
    return found


def _kept(message: Wanted, services: Services) -> list[Kept]:
    known = [services.watches.get(watch_id) for watch_id in message.watch_ids]
    return [each for each in known if each is not None and not each.is_paused]


def _defaults(workspace: str, channel: str, services: Services) -> Defaults:
    try:
        return services.defaults.of(workspace, channel)
    except Exception:
        log.exception("what a channel agreed on could not be looked up")
        return Defaults()


def _notice(words: str) -> Announced:
    """Words to a person, as they are: a headline, and what comes below it."""
    first, *rest = [line for line in words.splitlines() if line.strip()] or ["A watch was paused"]
    report = Report(headline=first, summary="\n".join([first, *rest]), steps=tuple(map(Step, rest)))
    return Announced(_drawing(report, (), ()), first, is_over=True)


def _digest(message: Wanted, services: Services) -> Announced | Unwanted:
    kept = next(iter(_kept(message, services)), None)
    if kept is None:
        return Unwanted("No digest of the channel asks for it any more.")
    digest = digest_of(kept.words)
    defaults = _defaults(message.workspace, message.channel, services)
    told = held_digest(digest, message.about, services.runs, now=services.now(), defaults=defaults)
    report = digest_report(told, ui_url=services.ui_url, command=services.command)
    run_ids = tuple(each.best.run.run_id for each in told.standup.groups if each.best) if told.standup else ()
    return Announced(_drawing(report, (), run_ids), report.headline, is_over=True, run_ids=run_ids, watch_id=kept.id)
