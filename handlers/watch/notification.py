"""A notification as a message: what is to be said, found out, worded and drawn for every rung; and its buttons."""

import logging
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from slack_bolt import App
from slack_sdk import WebClient

from comparison.channel_defaults import ChannelDefaults
from comparison.errors import RequestError
from comparison.judgement.result import Comparison
from comparison.notifications.matching import covers_experiment
from comparison.notifications.message import ManyNews, MessageKind, News, NewsFacts, RunNews, SilentNews, Unwanted
from comparison.notifications.news import OWNER_TAGS, due_digest, example_news, find_news
from comparison.report import Report, Step
from comparison.reports.news import best_report, digest_report, news_report
from comparison.reports.text import display_name
from comparison.reports.watches import muted_report
from comparison.request import ListWatches, Pin
from comparison.run_reference import Linked
from comparison.runs import Experiment, Run
from comparison.watch import Watch
from handlers import channel_settings
from handlers.channel_settings import channel_words
from handlers.compare.dialog import DialogStart, open_dialog
from handlers.conversation import Job, ParsedRequest, answer_words, hand_over
from handlers.curves import curves_button, sweep_button
from handlers.services import Feature, Services
from handlers.slack.blocks import Block, Reply, fields_in, marked, menu, push, to_value
from handlers.slack.client import SlackError
from handlers.slack.delivery import Delivery
from handlers.slack.escape import clip, length, mrkdwn, one_line
from handlers.slack.fallback import BlockLevel, Draw
from handlers.slack.limits import TEXT
from handlers.slack.render import draw, open_links
from handlers.stores import PostedComparison, StoredWatch, defaults_of
from handlers.utterance import ButtonPress, Utterance, button_press
from handlers.watch import list as watch_list
from handlers.watch.stored_watch import (
    digest_in,
    require_change,
    skip_ended_while_paused,
    tell_channel,
    tied,
    watch_of,
    watches_here,
    watching_in,
    words_of,
)

log = logging.getLogger(__name__)

_MOMENT = 15  # digits of ms since the epoch; an id has more
KEPT = 20  # run ids in the metadata


@dataclass(frozen=True, slots=True)
class Notification:
    """A message of the outbox, as far as it matters to what it says."""

    key: str  # of a sweep it ends with its parent's id, of a burst with when the quiet hours ended that it waited for
    kind: MessageKind
    workspace: str
    channel: str
    run_ids: tuple[str, ...] = ()
    watch_ids: tuple[str, ...] = ()
    about: str = ""  # of a notice its words, of a digest its local day, of a dead run since when it is silent (ms)
    is_final: bool = False  # nothing more is expected of a sweep or burst


@dataclass(frozen=True, slots=True)
class PostedNotification:
    """What to send. `is_over`: nothing more is expected; `new_best` is the id of a run that is one, "" : none is."""

    draw: Draw
    headline: str
    is_over: bool = False
    new_best: str = ""
    run_ids: tuple[str, ...] = ()
    watch_id: str = ""  # whose terms it is told by
    comparison: Comparison | None = None  # of one run with its baseline


def notification_reply(message: Notification, services: Services) -> PostedNotification | Unwanted:
    """What the message says now. Raises TrackingUnavailable: to be asked again."""
    if message.kind is MessageKind.NOTICE:
        return _notice(message.about)
    if message.kind is MessageKind.DIGEST:
        return _digest(message, services)
    defaults = _defaults(message.workspace, message.channel, services)
    last = message.key.rpartition(":")[2]
    news = find_news(
        message.kind,
        message.run_ids,
        _watches(message, defaults, services),
        services.runs,
        now=services.now(),
        defaults=defaults,
        parent_id=last if message.kind is MessageKind.SWEEP else "",
        was_quiet=last.isdecimal() and len(last) <= _MOMENT,
        silent_since=int(message.about) if message.about.isdecimal() else 0,
        is_final=message.is_final,
        past=services.repeats,
    )
    return news if isinstance(news, Unwanted) else _announced(news, message.kind, services)


def example_notification(watching: Watch, utterance: Utterance, services: Services, run: Run) -> PostedNotification:
    """How this run would have been announced where the watch was asked for; nobody is mentioned."""
    defaults = defaults_of(services.defaults, utterance)
    news = example_news(run, watching, services.runs, now=services.now(), defaults=defaults, past=services.repeats)
    return _announced(NewsFacts(news, "", (run.run_id,)), MessageKind.RUN, services)


def remember(
    announced: PostedNotification, message: Notification, ts: str, services: Services, *, is_new: bool = False
) -> None:
    """For those who go on talking about it in the thread; that it cannot be kept is no reason not to have told it.

    Written once, and anew when an edit compares other runs. `is_new`: nothing is known of it yet.
    """
    if announced.comparison is None or not ts:
        return
    sides = announced.comparison.sides
    record = PostedComparison(
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
        known = None if is_new else services.comparisons.get(record.id)
        if known is None or (known.runs, known.labels) != (record.runs, record.labels):
            services.comparisons.remember(record)
    except Exception:
        log.exception("a comparison could not be remembered")


def _announced(facts: NewsFacts, kind: MessageKind, services: Services) -> PostedNotification:
    news = facts.news
    report = _worded(news, kind, services)
    whole = next((each.url for each in open_links(report.links) if each.key == "compare"), "")
    row = news_buttons(_held(facts), _experiments(news), is_one=not isinstance(news, ManyNews), whole_url=whole)
    if isinstance(news, ManyNews) and news.is_sweep and news.parent is not None:
        row = [*sweep_button(news.parent.run_id), *row]
    elif isinstance(news, RunNews):
        compared = [side.runs[0] for side in news.comparison.sides] if news.comparison else [news.run]
        row = [*row[:1], *curves_button(compared), *row[1:]]
    owner = "" if isinstance(news, ManyNews) else owner_line(news.run, news.owner, services)
    return PostedNotification(
        draw=_drawing(report, row, facts.run_ids, owner, placed=("compare",) if whole else ()),
        headline=report.headline,
        is_over=news.is_over if isinstance(news, ManyNews) else kind is not MessageKind.RUN,
        new_best=_new_best(news),
        run_ids=facts.run_ids,
        watch_id=facts.watch_id,
        comparison=news.comparison if isinstance(news, RunNews) and news.seeds is None else None,
    )


def _worded(news: News, kind: MessageKind, services: Services) -> Report:
    if kind is MessageKind.BEST and isinstance(news, RunNews):
        return best_report(news, ui_url=services.ui_url)
    return news_report(
        news, now=services.now(), ui_url=services.ui_url, rules_url=services.rules_url, command=services.command
    )


def _drawing(
    report: Report, row: Sequence[Block], run_ids: Sequence[str], owner: str = "", *, placed: Sequence[str] = ()
) -> Draw:
    metadata = {"event_payload": {"runs": list(run_ids)[:KEPT]}}

    def drawn(rung: BlockLevel) -> Reply:
        return replace(with_owner(draw(report, rung=rung, row=row, placed=placed), owner), metadata=metadata)

    return drawn


@dataclass(frozen=True, slots=True)
class NewsState:
    """The run that a notification is about, or the best of many; what it was held against; which watch wanted it."""

    run: str
    experiment: str = ""  # an id
    baseline: str = ""  # a run id; "" : it stood alone
    watch: str = ""


def _held(facts: NewsFacts) -> NewsState | None:
    news = facts.news
    match news:
        case RunNews():
            baseline = news.comparison.baseline.runs[0].run_id if news.comparison else ""
            return NewsState(news.run.run_id, news.run.experiment.experiment_id, baseline, facts.watch_id)
        case SilentNews():
            return NewsState(news.run.run_id, news.run.experiment.experiment_id, watch=facts.watch_id)
        case ManyNews():
            best = news.groups[0].best if len(news.groups) == 1 else None
            return NewsState(best.run_id, best.experiment.experiment_id, watch=facts.watch_id) if best else None


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


def _watches(message: Notification, defaults: ChannelDefaults, services: Services) -> list[tuple[str, Watch]]:
    """Watches that still ask for it, in their order."""
    found = []
    for kept in _kept(message, services):
        try:
            watching = tied(watching_in(kept), kept)
        except RequestError:
            log.exception("the words of watch %s are not understood any more", kept.id)
            continue
        found.append((kept.id, watching if watching.place else replace(watching, place=defaults.experiment)))
    return found


def _kept(message: Notification, services: Services) -> list[StoredWatch]:
    known = [services.watches.get(watch_id) for watch_id in message.watch_ids]
    return [each for each in known if each is not None and not each.is_paused]


def _defaults(workspace: str, channel: str, services: Services) -> ChannelDefaults:
    try:
        return services.defaults.of(workspace, channel)
    except Exception:
        log.exception("what a channel agreed on could not be looked up")
        return ChannelDefaults()


def _notice(words: str) -> PostedNotification:
    """Words to a person, as they are: a headline, and what comes below it."""
    first, *rest = [line for line in words.splitlines() if line.strip()] or ["A watch was paused"]
    report = Report(headline=first, summary="\n".join([first, *rest]), steps=tuple(map(Step, rest)))
    return PostedNotification(_drawing(report, (), ()), first, is_over=True)


def _digest(message: Notification, services: Services) -> PostedNotification | Unwanted:
    stored = next(iter(_kept(message, services)), None)
    if stored is None:
        return Unwanted("No digest of the channel asks for it any more.")
    digest = digest_in(stored)
    defaults = _defaults(message.workspace, message.channel, services)
    news = due_digest(digest, message.about, services.runs, now=services.now(), defaults=defaults)
    report = digest_report(news, ui_url=services.ui_url, command=services.command)
    run_ids = tuple(each.best.run.run_id for each in news.standup.groups if each.best) if news.standup else ()
    return PostedNotification(
        _drawing(report, (), run_ids), report.headline, is_over=True, run_ids=run_ids, watch_id=stored.id
    )


# Whose run it is, in a notification where a watch asks for that: a mention where Slack knows them, else the name.


_OWNER_CHARS = 60
_PERSON = re.compile(r"[UW][A-Z0-9]{5,20}")


def owner_line(run: Run, owner: str, services: Services) -> str:
    """A mention as escaped mrkdwn; "" for nobody. Only a tag of the run can hold a Slack id, an address is looked up.

    An id without a digit is looked up too: UNKNOWN and UNASSIGNED look like ids.
    """
    if not owner:
        return ""
    is_id = any(run.tags.get(tag, "").strip() == owner for tag in OWNER_TAGS) and bool(_PERSON.fullmatch(owner))
    is_sure = is_id and any(sign.isdigit() for sign in owner)
    person = owner if is_sure else _found(owner, services) if is_id or "@" in owner else ""
    mention = f"<@{person}>" if person else mrkdwn(clip(one_line(owner), _OWNER_CHARS), 2 * _OWNER_CHARS)
    return f"Run by {mention}"


def with_owner(reply: Reply, line: str) -> Reply:
    """The line stands below the headline, and at the end of the text."""
    if not line:
        return reply
    text = f"{reply.text}\n{line}"
    section = {"type": "section", "text": marked(line)}
    blocks = (reply.blocks[0], section, *reply.blocks[1:]) if reply.blocks else ()
    return replace(reply, text=text if length(text) <= TEXT else reply.text, blocks=blocks)


def _found(owner: str, services: Services) -> str:
    """The Slack id of whom an address or an id belongs to; that it cannot be looked up is no reason to say nothing."""
    try:
        person = services.find_person(owner)
    except Exception:
        log.exception("a person could not be looked up")
        return ""
    return person if _PERSON.fullmatch(person) else ""


# What can be pressed below a notification, and what it holds: ids only, to work on every replica, a year later.
#
# The two buttons hold all of it; an option of the menu has room for an id, and the buttons beside it for the rest.


PREFIX = "news:"
COMPARE = f"{PREFIX}compare"  # opens the choice of a run to compare with
PIN = f"{PREFIX}pin"  # makes the run the baseline of the channel
MENU = f"{PREFIX}more"
MUTE = "mute:"  # an option of the menu, with the id of an experiment behind it
WATCHES = "watches"  # an option of the menu: what is watched for the channel
OPEN = "open"  # an option of the menu that only opens an address
MUTED = 3  # experiments of one message that can be muted from it
_OPTION_CHARS = 50
_ID = re.compile(r"[0-9a-zA-Z_.-]{1,64}")


_NEWS_FIELDS = {"r": "run", "e": "experiment", "b": "baseline", "w": "watch"}


def news_value(state: NewsState) -> str:
    """The state as the value of a button."""
    return to_value({sign: value for sign, name in _NEWS_FIELDS.items() if (value := getattr(state, name))})


def from_value(value: str) -> NewsState | None:
    """What a button holds; None for what is none of ours."""
    fields = fields_in(value)
    found = {name: str(fields.get(sign, "")) for sign, name in _NEWS_FIELDS.items()}
    if not found["run"] or not all(_ID.fullmatch(each) for each in found.values() if each):
        return None
    return NewsState(**found)


def muted_experiment(choice: str) -> str:
    """The id of the experiment that an option of the menu would mute; "" for another option."""
    wanted = choice.removeprefix(MUTE)
    return wanted if choice.startswith(MUTE) and _ID.fullmatch(wanted) else ""


def news_buttons(
    state: NewsState | None, experiments: Sequence[Experiment], *, is_one: bool = True, whole_url: str = ""
) -> list[Block]:
    """`is_one`: the message is about one run; else the buttons are for the best of its runs, where one is known.

    `whole_url` opens the comparison in MLflow.
    """
    mutes = {
        f"{MUTE}{each.experiment_id}": f"Mute {clip(one_line(each.name), _OPTION_CHARS)}"
        for each in experiments[:MUTED]
        if _ID.fullmatch(each.experiment_id)
    }
    value = news_value(state) if state else ""
    what = "" if is_one else " the best"
    pushes = [
        push(f"Compare{what} with …", COMPARE, value),
        push(f"Pin{what} as baseline", PIN, value),
    ]
    opens = {OPEN: "Compare in MLflow"} if whole_url else {}
    options = {**opens, **mutes, WATCHES: "Watches of this channel"}
    return [*(pushes if value else []), menu(MENU, options, {OPEN: whole_url} if whole_url else None)]


# What the buttons do: mute its experiment, see what is watched, compare its run, pin it as baseline.
#
# All that is needed is in the message itself, so they work on every replica and after a year; what is no longer
# understood says so and does nothing.


UNDO = "unmute"
_OLD = "That button no longer does anything. It may be from an older version of me."
_UNWATCHED = "No watch of this channel covers that experiment any more, so there is nothing to mute."
_WITHIN = 1.0  # seconds for the name of a run, of the three that a dialog has to be opened in
_PATIENCE = 5.0  # seconds to be put off by Slack


def register(app: App) -> None:
    app.action(re.compile(f"^{PREFIX}"))(on_button)
    app.action(UNDO)(on_undo)


def on_button(ack: Callable[..., Any], body: dict[str, Any], client: WebClient, services: Services) -> None:
    ack()
    pressed = button_press(body)
    experiment = muted_experiment(pressed.choice) if pressed.action == MENU else ""
    state = from_value(pressed.choice) if pressed.action in (COMPARE, PIN) else None
    if state is not None and pressed.action == COMPARE:
        compare_with(state, pressed, client, services)
    elif state is not None:
        _do(pin(state, pressed, client, services), services)
    elif experiment:
        _do(_asked(pressed.utterance, MuteAction(experiment), client, services), services)
    elif pressed.action == MENU and pressed.choice == WATCHES:
        _do(_asked(pressed.utterance, watch_list, client, services), services)
    elif not (pressed.action == MENU and pressed.choice == OPEN):
        answer_old_button(pressed.utterance, client, services)


def on_undo(ack: Callable[..., Any], body: dict[str, Any], client: WebClient, services: Services) -> None:
    ack()
    pressed = button_press(body)
    done = _read(pressed.choice)
    if done is None:
        answer_old_button(pressed.utterance, client, services)
    else:
        _do(_asked(pressed.utterance, UnmuteAction(done, pressed.utterance.response_url), client, services), services)


def answer_old_button(utterance: Utterance, client: WebClient, services: Services) -> None:
    job = answer_words(utterance, client, services)
    hand_over(job, services, lambda: job.tell(Report(headline=_OLD, summary=_OLD)))


def compare_with(state: NewsState, pressed: ButtonPress, client: WebClient, services: Services) -> None:
    """The dialog to choose the other run, posting in the thread of the notification."""
    utterance = pressed.utterance
    visible = services.for_channel(utterance.team, utterance.channel, utterance.user)
    found = visible.lookup_cache.these(visible.runs, (state.run,), _WITHIN).runs
    label = f"{found[0].name} ({state.run[:8]})" if found else state.run[:8]
    thread = utterance.thread_ts or pressed.message_ts
    start = DialogStart(((state.run, label),), utterance.channel, thread, candidate=state.run)
    open_dialog(utterance, start, client, services)


def pin(state: NewsState, pressed: ButtonPress, client: WebClient, services: Services) -> Job:
    """As `pin <run>` does, in the thread of the notification."""
    thread = pressed.utterance.thread_ts or pressed.message_ts
    utterance = replace(pressed.utterance, words=f"pin {state.run}", thread_ts=thread, answer_ts=thread)
    return answer_words(
        utterance, client, services, meaning=ParsedRequest(lambda: (Pin(Linked(state.run)), channel_settings))
    )


def _asked(utterance: Utterance, feature: Feature, client: WebClient, services: Services) -> Job:
    return answer_words(utterance, client, services, meaning=ParsedRequest(lambda: (ListWatches(), feature)))


def _do(job: Job, services: Services) -> None:
    hand_over(job, services, job.run)


@dataclass(frozen=True, slots=True)
class MutedExperiment:
    """What was done to mute an experiment: watches that were paused, and those that leave it out since."""

    experiment: str  # its name
    paused: tuple[str, ...] = ()
    excepted: tuple[str, ...] = ()


def _write(done: MutedExperiment) -> str:
    return to_value({"e": done.experiment, "p": done.paused, "x": done.excepted})


def _read(value: str) -> MutedExperiment | None:
    fields = fields_in(value)
    experiment = fields.get("e")
    return (
        MutedExperiment(experiment, _ids(fields.get("p")), _ids(fields.get("x")))
        if isinstance(experiment, str)
        else None
    )


def _ids(listed: Any) -> tuple[str, ...]:
    return tuple(each for each in listed if isinstance(each, str)) if isinstance(listed, list) else ()


@dataclass(frozen=True)
class MuteAction:
    """A watch of this experiment alone is paused, a pattern leaves it out from now on."""

    experiment_id: str

    def answer(self, _request: ListWatches, utterance: Utterance, services: Services, delivery: Delivery) -> None:
        experiment = _experiment(self.experiment_id, services)
        covering = _covering(experiment.name, utterance, services)
        if not covering:
            delivery.answer_privately(lambda rung: draw(Report(headline=_UNWATCHED, summary=_UNWATCHED), rung=rung))
            return
        require_change(covering, utterance, delivery.outlet, services)
        done = _mute(experiment.name, covering, utterance, services)
        tell_channel(covering, f"muted {mrkdwn(one_line(experiment.name), 100)} in", utterance, delivery.outlet)
        report = muted_report(
            experiment.name, paused=len(done.paused), excepted=len(done.excepted), place=channel_words(utterance)
        )

        def drawn(rung: BlockLevel) -> Reply:
            value = _write(done)
            return draw(report, rung=rung, row=[push("Undo", UNDO, value)] if value else [])

        delivery.answer_privately(drawn)

    def show_progress(
        self, _request: ListWatches, _utterance: Utterance, _services: Services, _delivery: Delivery
    ) -> None: ...


@dataclass(frozen=True)
class UnmuteAction:
    """The watch as it was before it was muted, as far as nobody has changed it since."""

    done: MutedExperiment
    response_url: str

    def answer(self, _request: ListWatches, utterance: Utterance, services: Services, delivery: Delivery) -> None:
        known = {each.id: each for each in watches_here(utterance, services)}
        paused = [known[each] for each in self.done.paused if each in known]
        excepted = [known[each] for each in self.done.excepted if each in known]
        require_change((*paused, *excepted), utterance, delivery.outlet, services)
        for each in paused:
            skip_ended_while_paused(each, services)
        at = int(services.now().timestamp())
        changed = [each for each in paused if services.watches.resume(each.id, by=utterance.user, at=at)]
        changed += [each for each in excepted if _take_back(each, self.done.experiment, utterance, services)]
        name = self.done.experiment
        sentence = f"{display_name(name)} is no longer muted in {channel_words(utterance)}"
        tell_channel(changed, f"unmuted {mrkdwn(one_line(name), 100)} in", utterance, delivery.outlet)
        self._say(Report(headline=sentence, summary=sentence), delivery)

    def show_progress(
        self, _request: ListWatches, _utterance: Utterance, _services: Services, _delivery: Delivery
    ) -> None: ...

    def _say(self, report: Report, delivery: Delivery) -> None:
        """In place of what offered it."""
        try:
            if self.response_url:
                replace(delivery.outlet, patience=_PATIENCE).replace(self.response_url, draw(report))
                return
        except SlackError:
            pass
        delivery.answer_privately(lambda rung: draw(report, rung=rung))


def _experiment(experiment_id: str, services: Services) -> Experiment:
    found = next((each for each in services.runs.experiments() if each.experiment_id == experiment_id), None)
    if found is None:
        raise RequestError("That experiment is not there any more.", remedy="What is watched:", example="watches")
    return found


def _covering(name: str, utterance: Utterance, services: Services) -> list[StoredWatch]:
    """The watches of the channel that announce runs of this experiment now."""
    here = [each for each in watches_here(utterance, services) if not each.is_paused]
    return [each for each in here if (watching := watch_of(each)) is not None and covers_experiment(watching, name)]


def _mute(name: str, covering: Sequence[StoredWatch], utterance: Utterance, services: Services) -> MutedExperiment:
    """Nothing is changed where one of them cannot leave it out."""
    at = int(services.now().timestamp())
    words = {each.id: _without(name, watching) for each in covering if (watching := watch_of(each)) is not None}
    paused, excepted = [], []
    for each in covering:
        if not words.get(each.id):
            services.watches.pause(each.id, by=utterance.user, at=at)
            paused.append(each.id)
        else:
            services.watches.edit(each.id, words[each.id], by=utterance.user, at=at)
            excepted.append(each.id)
    return MutedExperiment(name, tuple(paused), tuple(excepted))


def _without(name: str, watching: Watch) -> str:
    """The words of a pattern that leaves the experiment out."""
    if watching.place.casefold() == name.casefold():
        return ""
    return words_of(replace(watching, excepted=(*watching.excepted, name)))


def _take_back(stored: StoredWatch, name: str, utterance: Utterance, services: Services) -> bool:
    """Whether it was left out."""
    watching = watch_of(stored)
    if watching is None:
        return False
    left = tuple(each for each in watching.excepted if each.casefold() != name.casefold())
    if left == watching.excepted:
        return False
    words = words_of(replace(watching, excepted=left))
    skip_ended_while_paused(stored, services, name)
    return services.watches.edit(stored.id, words, by=utterance.user, at=int(services.now().timestamp())) is not None
