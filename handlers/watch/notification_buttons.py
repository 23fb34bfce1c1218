"""The buttons below a notification: mute its experiment, see what is watched, compare its run, pin it as baseline.

All that is needed is in the message itself, so they work on every replica and after a year; what is no longer
understood says so and does nothing.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from slack_bolt import App
from slack_sdk import WebClient

from comparison.errors import RequestError
from comparison.notifications.matching import covers_experiment
from comparison.report import Report
from comparison.reports.text import display_name
from comparison.reports.watches import muted_report
from comparison.request import ListWatches, Pin
from comparison.run_reference import Linked
from comparison.runs import Experiment
from comparison.watch import Watch
from handlers import channel_settings
from handlers.channel_settings import channel_words
from handlers.compare.dialog import DialogStart, open_dialog
from handlers.conversation import Job, ParsedRequest, answer_words, hand_over
from handlers.services import Feature, Services
from handlers.slack.blocks import Reply, push
from handlers.slack.client import SlackError
from handlers.slack.delivery import Delivery
from handlers.slack.escape import mrkdwn, one_line
from handlers.slack.fallback import BlockLevel
from handlers.slack.metadata import fields_in, to_value
from handlers.slack.render import draw
from handlers.stores import StoredWatch
from handlers.utterance import ButtonPress, Utterance, button_press
from handlers.watch import list as watch_list
from handlers.watch.notification import (
    COMPARE,
    MENU,
    OPEN,
    PIN,
    PREFIX,
    WATCHES,
    NewsState,
    from_value,
    muted_experiment,
)
from handlers.watch.stored_watch import (
    require_change,
    skip_ended_while_paused,
    tell_channel,
    watch_of,
    watches_here,
    words_of,
)

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
    work = answer_words(utterance, client, services)
    hand_over(work, services, lambda: work.tell(Report(headline=_OLD, summary=_OLD)))


def compare_with(state: NewsState, pressed: ButtonPress, client: WebClient, services: Services) -> None:
    """The dialog to choose the other run, posting in the thread of the notification."""
    heard = pressed.utterance
    visible = services.for_channel(heard.team, heard.channel, heard.user)
    found = visible.shelf.these(visible.runs, (state.run,), _WITHIN).runs
    label = f"{found[0].name} ({state.run[:8]})" if found else state.run[:8]
    thread = heard.thread_ts or pressed.message_ts
    start = DialogStart(((state.run, label),), heard.channel, thread, candidate=state.run)
    open_dialog(heard, start, client, services)


def pin(state: NewsState, pressed: ButtonPress, client: WebClient, services: Services) -> Job:
    """As `pin <run>` does, in the thread of the notification."""
    thread = pressed.utterance.thread_ts or pressed.message_ts
    heard = replace(pressed.utterance, words=f"pin {state.run}", thread_ts=thread, answer_ts=thread)
    return answer_words(
        heard, client, services, meaning=ParsedRequest(lambda: (Pin(Linked(state.run)), channel_settings))
    )


def _asked(utterance: Utterance, feature: Feature, client: WebClient, services: Services) -> Job:
    return answer_words(utterance, client, services, meaning=ParsedRequest(lambda: (ListWatches(), feature)))


def _do(work: Job, services: Services) -> None:
    hand_over(work, services, work.run)


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
        self, _request: ListWatches, _heard: Utterance, _services: Services, _delivery: Delivery
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
        told = f"{display_name(name)} is no longer muted in {channel_words(utterance)}"
        tell_channel(changed, f"unmuted {mrkdwn(one_line(name), 100)} in", utterance, delivery.outlet)
        self._say(Report(headline=told, summary=told), delivery)

    def show_progress(
        self, _request: ListWatches, _heard: Utterance, _services: Services, _delivery: Delivery
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
