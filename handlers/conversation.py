"""From words to an answer: worked out in the pool, told once, whatever goes wrong on the way."""

import logging
import re
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cache
from threading import Lock
from typing import Any

from slack_bolt import App
from slack_bolt.context import BoltContext
from slack_sdk import WebClient

from comparison.errors import NotUnderstood, RequestError, RunNotFound, TrackingUnavailable
from comparison.language.compare_command import compared
from comparison.language.draft import COMPARISON
from comparison.language.follow_up import (
    Answered,
    follow_answer,
    follow_comparison,
    is_follow_up,
    needs_comparison,
    points,
    points_beyond,
)
from comparison.language.names import Names
from comparison.language.parser import Interpretation, SmallTalk, read
from comparison.language.quoting import complete_request
from comparison.report import Report
from comparison.reports.help import NEAR, TYPED, choice_report, error_report, is_quoted
from comparison.request import (
    AccessRequest,
    ChangeWatch,
    Compare,
    Help,
    Pin,
    PlanDigest,
    Request,
    RestrictChanges,
    SetDefault,
    Unwatch,
    WatchRequest,
)
from comparison.resolve.named_runs import corrections, working_offers
from handlers.lookup_cache import WITHIN, read_with_names
from handlers.services import Feature, Note, Services, Work
from handlers.slack.blocks import Block, Reply, actions, aside, beside, push, section
from handlers.slack.client import SlackClient, SlackError
from handlers.slack.delivery import Delivery
from handlers.slack.escape import clip, length, mrkdwn, one_line
from handlers.slack.fallback import BlockLevel
from handlers.slack.limits import IDENTIFIER, TEXT, VALUE
from handlers.slack.render import draw
from handlers.stores import ID_SHOWN, PostedAnswer, PostedComparison, Storing, answered_comparison
from handlers.utterance import (
    Utterance,
    from_command,
    from_direct_message,
    from_mention,
    is_said_by_a_person,
    is_said_by_another_bot,
    is_said_to_the_bot,
)

log = logging.getLogger(__name__)

_PATIENT = 120.0  # seconds to be put off by Slack where there is no other way to answer
_IMPATIENT = 30.0  # where there is response_url


_CHANGES = (SetDefault, Pin, WatchRequest, Unwatch, ChangeWatch, PlanDigest, AccessRequest, RestrictChanges)


class RunClaim:
    """Whether it falls to us to answer: asked of the claims once, and only when it matters."""

    def __init__(
        self, services: Services, *keys: str, turns: Sequence[str] = (), storing: Callable[[], Storing] | None = None
    ) -> None:
        """All keys must be free; an empty one is. Of `turns`, where there are some, one must be.

        `storing` tells what became of the request in the inbox: what was stored there is nobody else's.
        """
        self._turns = turns
        self._claims = services.claims
        self._keys = tuple(filter(None, keys))
        self._storing = storing
        self._mutex = Lock()
        self._is_ours: bool | None = None if self._keys or storing else True

    def is_new(self) -> bool:
        """False when the request is being answered already, or was."""
        return self._storing is None or self._storing() is not Storing.TAKEN

    def is_ours(self) -> bool:
        """True also when the claims cannot be asked: twice is better than never."""
        with self._mutex:
            if self._is_ours is None:
                try:
                    self._is_ours = self._is_first() and (not self._turns or any(map(self._claims.claim, self._turns)))
                except Exception:
                    log.exception("a claim could not be made")
                    self._is_ours = True
            return self._is_ours

    def _is_first(self) -> bool:
        stored = self._storing() if self._storing else Storing.UNSURE
        return stored is Storing.STORED or (stored is Storing.UNSURE and all(map(self._claims.claim, self._keys)))


class ParsedRequest:
    """What a request means, and who answers it: found out once, by whoever needs it first."""

    def __init__(self, find_out: Callable[[], tuple[Request, Feature]]) -> None:
        self._find_out = find_out
        self._mutex = Lock()
        self._known: tuple[Request, Feature] | RequestError | None = None

    def result(self) -> tuple[Request, Feature]:
        """Raises RequestError for what is no request."""
        with self._mutex:
            if self._known is None:
                try:
                    self._known = self._find_out()
                except RequestError as error:
                    self._known = error
            if isinstance(self._known, RequestError):
                raise self._known
            return self._known


@dataclass(frozen=True)
class Job:
    """One answer in the making. `run` is for a worker, `show_progress` for a timer."""

    utterance: Utterance
    services: Services
    delivery: Delivery
    claim: RunClaim
    meaning: ParsedRequest
    visible: Callable[[], Services]  # what may be used where this was said, read once for an answer
    call_off: list[Callable[[], None]] = field(default_factory=list)  # the timer, once it runs
    heard_at: float = field(default_factory=time.monotonic)  # s

    def run(self) -> None:
        with self.services.span("command") as note:
            note("mlcompare.waited_ms", round((time.monotonic() - self.heard_at) * 1000))
            self._run(note)

    def _run(self, note: Note) -> None:
        command, outcome = "unknown", "answered"
        try:
            with suppress(Exception):
                self.meaning.result()  # while the request is being stored; what it raises is raised below
            if self.claim.is_ours():
                request, feature = self.meaning.result()
                command = type(request).__name__
                feature.answer(request, self.utterance, self.visible(), self.delivery)
        except BaseException as error:  # noqa: BLE001 -- the asker hears of everything that goes wrong
            outcome = "refused" if isinstance(error, RequestError) else "failed"
            self._excuse(error, note)
        finally:
            note("mlcompare.command", command)
            note("mlcompare.outcome", outcome)
            self.services.observe_answer(command, outcome, time.monotonic() - self.heard_at)
            for call_off in self.call_off:
                call_off()
            if self.claim.is_new():
                self.services.inbox.done(self.utterance.delivery)

    def show_progress(self) -> None:
        """Never raises: it is a courtesy."""
        try:
            with self.services.span("progress"):
                request, feature = self.meaning.result()
                if self.claim.is_ours():
                    feature.show_progress(request, self.utterance, self.visible(), self.delivery)
        except RequestError:
            return  # the answer is an error, and on its way
        except Exception:
            log.exception("nothing could be said while working on %s", self.utterance.delivery)

    def tell(self, report: Report) -> None:
        """To the asker alone."""
        self.delivery.answer_privately(lambda rung: draw(report, rung=rung))

    def _excuse(self, error: BaseException, note: Note) -> None:
        def new_incident() -> str:
            incident = self.services.new_incident()
            note("mlcompare.incident", incident)
            note("error.type", type(error).__name__)
            return incident

        if isinstance(error, SmallTalk) and not self.utterance.response_url:
            return  # people thank each other: nobody waits for an answer
        error = self._with_working_offers(error)
        report = explain(error, self.utterance, new_incident, self.services.command)
        if not isinstance(error, RequestError):
            self.tell(report)
            return
        now = int(self.services.now().timestamp() * 1000)
        self.delivery.answer_privately(lambda rung: offer_choices(error, report, self.utterance, now=now, rung=rung))

    def _with_working_offers(self, error: BaseException) -> BaseException:
        """The error with what of it can be typed as it stands; as it is where that cannot be found out."""
        if not isinstance(error, RequestError) or isinstance(error, TrackingUnavailable):
            return error
        try:
            visible = self.visible()
            names = visible.lookup_cache.names(visible.runs, 0.0)
            previous = _before(self.utterance, visible, self.delivery.outlet)

            def understood(line: str) -> Request | None:
                reading = _follow_up(line, previous, names, visible.command) if previous is not None else None
                return reading.request if reading else None

            def is_run(name: str) -> bool:
                return bool(visible.lookup_cache.called(visible.runs, [name], WITHIN))

            return working_offers(error, names, is_run, understood)
        except Exception:
            log.exception("what is offered could not be looked up")
            return error


def parse_words(utterance: Utterance, visible: Services, outlet: SlackClient) -> tuple[Request, Feature]:
    """The request, and the feature that answers it, by what may be used where this was said. Raises NotUnderstood."""
    request = parse_in_thread(utterance, visible, outlet)
    if utterance.bot and isinstance(request, _CHANGES):
        raise RequestError("Only people change what a channel agreed on and what it watches.", text=utterance.words)
    feature = visible.features.get(type(request))
    if feature is None:
        raise NotUnderstood("I cannot do that yet.", remedy="What I can do:", example="help", text=utterance.words)
    return request, feature


def answer_words(
    utterance: Utterance,
    client: WebClient,
    services: Services,
    *,
    meaning: ParsedRequest | None = None,
    claim: RunClaim | None = None,
) -> Job:
    """The answer to what was said, still to be made; `meaning` where it is known, `claim` where one was made."""
    outlet = SlackClient.of(client, services.sleep, _IMPATIENT if utterance.response_url else _PATIENT)
    visible = cache(lambda: services.for_channel(utterance.team, utterance.channel, utterance.user))
    meant = meaning or ParsedRequest(lambda: parse_words(utterance, visible(), outlet))
    return Job(
        utterance,
        services,
        Delivery(utterance, outlet, services),
        claim or RunClaim(services, utterance.delivery),
        meant,
        visible,
    )


# Where words come in: the slash command, a mention, a direct message. All three are answered the same way.


Acknowledge = Callable[..., Any]

BOTS_AN_HOUR = 10  # mentions by one Workflow or app in one channel that are answered


def register(app: App) -> None:
    app.command(re.compile(""), matchers=[is_our_command])(on_command)
    app.event("app_mention", matchers=[is_heard])(on_mention)
    app.event("message", matchers=[is_to_the_bot])(on_direct_message)


def is_our_command(command: dict[str, Any], services: Services) -> bool:
    return bool(command.get("command") == services.command)


def is_heard(event: dict[str, Any], body: dict[str, Any], services: Services) -> bool:
    """People; Workflows and other apps where the settings say so."""
    if is_said_by_a_person(event):
        return True
    return services.answers_bots and is_said_by_another_bot(event, str(body.get("api_app_id", "")))


def is_to_the_bot(event: dict[str, Any]) -> bool:
    return is_said_to_the_bot(event)


def on_command(ack: Acknowledge, body: dict[str, Any], client: WebClient, services: Services) -> None:
    listen(from_command(body), ack, client, services)


def on_mention(
    ack: Acknowledge, body: dict[str, Any], client: WebClient, context: BoltContext, services: Services
) -> None:
    listen(from_mention(body, context.bot_user_id or ""), ack, client, services)


def on_direct_message(
    ack: Acknowledge, body: dict[str, Any], client: WebClient, context: BoltContext, services: Services
) -> None:
    listen(from_direct_message(body, context.bot_user_id or ""), ack, client, services)


def listen(heard: Utterance, ack: Acknowledge, client: WebClient, services: Services) -> None:
    """Hands the work to the pool and acknowledges; when the pool does not take it the person is told, not dropped."""
    storing = services.inbox.put_soon(heard.delivery, heard)
    turns = _turns(heard, services) if heard.bot else ()
    claim = RunClaim(services, heard.delivery, turns=turns, storing=storing)
    work = answer_words(heard, client, services, claim=claim)
    is_taken = services.pool.submit(Work(work.run, heard.channel, heard.user)) is not None
    work.call_off.append(services.later(services.working_after, work.show_progress))  # once it is done, that is nothing
    is_new = claim.is_new()  # work has begun: who waits for the answer does not wait for the database
    if is_taken and is_new:
        ack()
        return
    for call_off in work.call_off:
        call_off()
    if not is_new:
        ack()  # it was delivered before
        return
    services.inbox.drop(heard.delivery)
    why = not_taken(heard, services)
    if heard.response_url:
        ack(text=why, response_type="ephemeral")
        return
    ack()
    services.later(0.0, lambda: _refuse(work, why))


def _turns(heard: Utterance, services: Services) -> Sequence[str]:
    """The mentions of a bot that are answered in a channel in an hour, to be claimed."""
    hour = int(services.now().timestamp()) // 3600
    return [f"bot:{heard.team}:{heard.channel}:{heard.bot}:{hour}:{number}" for number in range(BOTS_AN_HOUR)]


def _refuse(work: Job, why: str) -> None:
    if work.claim.is_ours():
        work.tell(Report(headline=why, summary=why))


# What is said in the thread of an answer, or to the bot alone after one: which answer it is about.


_FEWEST = 2


def parse_in_thread(utterance: Utterance, services: Services, outlet: SlackClient) -> Request:
    """The request that was said; in a thread what is said may be about the newest answer there."""
    words, command = utterance.words, services.command
    previous: Answered | None = None
    if utterance.thread_ts:
        previous = _in_thread(utterance, services, outlet)
    elif utterance.is_direct and points(words, services.lookup_cache.names(services.runs, WITHIN), command=command):
        previous = _last(utterance, services)
    changed = _follow(utterance, services, previous) if previous is not None else None
    if changed is not None:
        return changed
    try:
        request = read_with_names(
            lambda names: read(words, names, command=command), services.lookup_cache, services.runs
        )
    except NotUnderstood as error:
        return _after(utterance, services, error)
    return request or Help()


def _follow(utterance: Utterance, services: Services, previous: Answered) -> Request | None:
    """What is meant of the answer; None where the words are a request of their own."""
    return read_with_names(
        lambda names: _follow_up(utterance.words, previous, names, services.command),
        services.lookup_cache,
        services.runs,
    )


def _follow_up(words: str, previous: Answered, names: Names, command: str) -> Interpretation | None:
    follow = follow_comparison if isinstance(previous.request, Compare) else follow_answer
    return follow(words, previous, names, command=command)


def _after(utterance: Utterance, services: Services, error: NotUnderstood) -> Request:
    """What is no request of its own, said to the bot alone after an answer; elsewhere what it lacks is told."""
    names = services.lookup_cache.names(services.runs, WITHIN)
    previous = _last(utterance, services) if utterance.is_direct else None
    changed = _follow(utterance, services, previous) if previous else None
    if changed is not None:
        return changed
    if not needs_comparison(utterance.words, names, command=services.command):
        raise error
    place = "thread" if utterance.thread_ts else "conversation"
    raise NotUnderstood(
        f"I find no comparison in this {place} to do that with.",
        remedy="Say it in the thread of a comparison, or name the runs.",
        example=COMPARISON.line(names),
        text=utterance.words,
    )


def _in_thread(utterance: Utterance, services: Services, outlet: SlackClient) -> Answered | None:
    """The newest answer of the thread as it was remembered; else a comparison as its messages tell, if they may."""
    channel, thread, workspace = utterance.channel, utterance.thread_ts, utterance.team
    names, earlier = services.lookup_cache.names(services.runs, WITHIN), list[PostedAnswer]()

    def newest_answer() -> PostedAnswer | None:
        earlier.extend(services.answers.in_thread(channel, thread, workspace))
        return next(iter(earlier), None)

    found = _newest(lambda: services.comparisons.in_thread(channel, thread, workspace), newest_answer)
    if found is not None and points_beyond(utterance.words, found, names, command=services.command):
        shown = (each.answered() for each in earlier)
        fits = (each for each in shown if each and not points_beyond(utterance.words, each, names))
        return next(fits, found)
    if found is not None or not is_follow_up(utterance.words, names, command=services.command):
        return found
    try:
        payload = outlet.newest_payload(channel, thread)
    except SlackError as failure:
        log.info("the thread cannot be read: %s", failure)
        return None
    runs = [each for each in payload.get("runs") or () if isinstance(each, str)]
    return answered_comparison(compared(runs), [run[:ID_SHOWN] for run in runs]) if len(runs) >= _FEWEST else None


def _before(utterance: Utterance, services: Services, outlet: SlackClient) -> Answered | None:
    """The answer that words may be about where they were said."""
    if utterance.thread_ts:
        return _in_thread(utterance, services, outlet)
    return _last(utterance, services) if utterance.is_direct else None


def _last(utterance: Utterance, services: Services) -> Answered | None:
    """The last answer to who asks, where it was given here."""
    team, user = utterance.team, utterance.user
    return _newest(
        lambda: next(iter(services.comparisons.recent(team, user, limit=1)), None),
        lambda: next(iter(services.answers.recent(team, user, limit=1)), None),
        channel=utterance.channel,
    )


def _newest(
    comparison: Callable[[], PostedComparison | None], answer: Callable[[], PostedAnswer | None], *, channel: str = ""
) -> Answered | None:
    """The later of both, as what can be talked about; `channel`: only where the later one stands there."""
    found: list[PostedComparison | PostedAnswer] = []
    for look in (comparison, answer):
        try:
            record = look()
        except Exception:
            log.exception("what was answered before could not be looked up")
            continue
        found += [record] if record is not None else []
    if not found:
        return None
    newest = max(found, key=lambda each: (each.at, each.message_ts))
    if channel not in ("", newest.channel):
        return None
    return newest.answered()


# What a person hears when their request was not answered. Nothing raises past `explain`.


_ESCAPES = (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&"))
BUSY = "I am busy with other requests and did not take this one. Please ask again in a minute."
CROWDED = (
    "I am still working on many requests of yours and did not take this one. "
    "Please ask again when some of them are answered."
)


def not_taken(utterance: Utterance, services: Services) -> str:
    """Why the pool did not take the work for what was said."""
    return CROWDED if services.is_crowded(utterance.user, utterance.channel) else BUSY


def explain(error: BaseException, utterance: Utterance, new_incident: Callable[[], str], command: str) -> Report:
    """The problem and what to do about it; for anything unforeseen an apology, with a number that is in the log too."""
    if isinstance(error, RequestError):
        log.info("not answered: %s", error.problem, extra={"delivery": utterance.delivery})
        return error_report(_as_typed(error), command)
    incident = new_incident()
    log.error("incident %s: %s was not answered", incident, utterance.delivery, exc_info=error)
    problem = "Sorry, something went wrong on my side."
    remedy = f"Please ask again; if it happens again, tell whoever runs me the incident number {incident}."
    return Report(headline=problem, summary=f"{problem} {remedy}", footnotes=(remedy,))


def _as_typed(error: RequestError) -> RequestError:
    """With Slack's escapes undone in what was said, for people to read and copy."""
    if "&" not in error.text:
        return error
    before = _unescaped(error.text[: error.at or 0])
    spot = _unescaped(error.text[error.at or 0 : error.end])
    after = "" if error.end is None else _unescaped(error.text[error.end :])
    return replace(
        error,
        text=f"{before}{spot}{after}",
        at=None if error.at is None else len(before),
        end=None if error.end is None else len(before) + len(spot),
        example=_unescaped(error.example),
    )


def _unescaped(text: str) -> str:
    for escaped, meant in _ESCAPES:
        text = text.replace(escaped, meant)
    return text


# What can be chosen when a request cannot be answered as it stands: the runs that may be meant, or the nearest names.
#
# The buttons hold the whole request with the run in place, so that nothing has to be kept for them; where that has no
# room, it is to be typed.


SHOWN = 10  # runs in a picker
PREFIX = "pick:"
_NEAREST = 5
_LINE = 300
_MARK = "|"  # between what the id of a block keeps
_TOO_LONG = "Your request is too long for a button: type it again with the id of the run."


@dataclass(frozen=True, slots=True)
class OfferedRuns:
    """Who is asked to choose, and where the answer belongs; kept in the ids of a picker's blocks."""

    user: str
    thread_ts: str = ""
    answer_ts: str = ""
    channel: str = ""  # "" : of an earlier version, which did not keep it

    def block_id(self, number: int) -> str:
        parts = (f"{PREFIX}{number}", self.user, self.thread_ts, self.answer_ts, self.channel)
        return _MARK.join(parts)[:IDENTIFIER]

    def is_for(self, utterance: Utterance) -> bool:
        """Whether this person is the one who is asked, and there."""
        return utterance.user == self.user and self.is_in(utterance)

    def is_in(self, utterance: Utterance) -> bool:
        return self.channel in {"", utterance.channel}


def offered_in(block_id: str) -> OfferedRuns | None:
    """What the id of a picker's block keeps; None for any other id."""
    parts = block_id.split(_MARK)
    return OfferedRuns(*parts[1:]) if len(parts) in {4, 5} and parts[0].startswith(PREFIX) else None


def offer_choices(error: RequestError, report: Report, utterance: Utterance, *, now: int, rung: BlockLevel) -> Reply:
    """The error as a message, with what can be chosen instead."""
    offered = [] if error.choices or rung is BlockLevel.TEXT else _nearest(error) or _mended(error)
    reply = draw(_in_blocks(error, report, is_offered=bool(offered)), rung=rung)
    offered_runs = OfferedRuns(utterance.user, utterance.thread_ts, utterance.answer_ts, utterance.channel)
    if error.choices:
        return _with_choices(error, reply, offered_runs, now=now, rung=rung)
    if not offered:
        return reply
    row = {**actions(offered), "block_id": offered_runs.block_id(0)}
    return replace(reply, blocks=(*reply.blocks, section(NEAR), row))


def _in_blocks(error: RequestError, report: Report, *, is_offered: bool) -> Report:
    """The report without what its headline says, and without the names and the line that buttons complete.

    Its text keeps them.
    """
    titles = {TYPED} if is_quoted(error) else set()
    titles |= {NEAR} if is_offered else set()
    steps = tuple(replace(step, command="") for step in report.steps if step.text) if is_offered else report.steps
    return replace(report, sections=tuple(part for part in report.sections if part.title not in titles), steps=steps)


def _with_choices(error: RequestError, reply: Reply, offered_runs: OfferedRuns, *, now: int, rung: BlockLevel) -> Reply:
    """The newest runs, a line and a button each."""
    shown = sorted(error.choices, key=lambda run: -(run.started_at or 0))[:SHOWN]
    lines = [clip(one_line(choice_report(run, now=now, metrics=error.metrics)), _LINE) for run in shown]
    values = [complete_request(error.text, error.at, error.end, run.run_id) for run in shown]
    fits = all(value and length(value) <= VALUE for value in values)
    rows: list[Block] = [
        beside(line, push("Select", f"{PREFIX}{number}", value), offered_runs.block_id(number)) if fits else aside(line)
        for number, (line, value) in enumerate(zip(lines, values, strict=True))
    ]
    left = len(error.choices) - len(shown)
    notes = [f"{left:,} more: narrow with in <experiment>, or name one by its id."] if left else []
    notes += [] if fits else [_TOO_LONG]
    text = "\n".join([reply.text, *(mrkdwn(line, _LINE) for line in [*lines, *notes])])
    blocks = (*reply.blocks, *rows, *map(aside, notes)) if rung is not BlockLevel.TEXT else ()
    return replace(reply, text=clip(text, TEXT), blocks=blocks)


def _nearest(error: RequestError) -> list[Block]:
    """A button for each near name that completes the request."""
    lines = error.lines or [next(iter(corrections(error, name)), "") for name in error.near]
    values = list(zip(error.near, lines, strict=True))[:_NEAREST]
    choices = [(name, value) for name, value in values if value and length(value) <= VALUE]
    return [push(one_line(name), f"{PREFIX}{number}", value) for number, (name, value) in enumerate(choices)]


def _mended(error: RequestError) -> list[Block]:
    """A button for the whole request as it may be meant, where more than one name of it is wrong, or its place."""
    if not isinstance(error, RunNotFound) or not error.seen or not error.example or length(error.example) > VALUE:
        return []
    return [push(one_line(error.example), f"{PREFIX}0", error.example)]


def hand_over(work: Job, services: Services, run: Callable[[], None]) -> None:
    heard = work.utterance
    if services.pool.submit(Work(run, heard.channel, heard.user)) is None:
        for call_off in work.call_off:
            call_off()
        services.inbox.drop(heard.delivery)
        why = not_taken(heard, services)
        services.later(0.0, lambda: work.tell(Report(headline=why, summary=why)))
