"""Goals of metrics, set from the message that assumed them: a dialog, and the message as it reads then."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from slack_bolt import App
from slack_sdk import WebClient

from comparison.channel_defaults import GOAL
from comparison.judgement.goals import goal_of
from comparison.report import Report
from comparison.reports.channel_settings import goals_report
from comparison.request import ShowSettings
from comparison.runs import Goal
from handlers.access.rules import require_member
from handlers.channel_settings import channel_words, set_by
from handlers.compare.buttons import EditRequest, MessagePlace, change_in, comparison_in
from handlers.compare.message import BY_NAME, GOALS_ACTION, GoalChoice, comparison_value, from_value, goals_from_value
from handlers.conversation import ParsedRequest, answer_words, hand_over
from handlers.services import Services
from handlers.slack.blocks import Block, plain, section
from handlers.slack.client import SlackClient, SlackError
from handlers.slack.delivery import Delivery
from handlers.slack.metadata import lost
from handlers.slack.render import draw
from handlers.utterance import ButtonPress, DialogSubmission, Utterance, button_press, dialog_submission

log = logging.getLogger(__name__)

CALLBACK = "goals"
_BLOCK = "goal:"
_LATE = "The dialog could not be opened: Slack gives me three seconds for it. Please press again."
_OLD = "That button no longer does anything. It may be from an older version of me."
_INTRODUCTION = "This holds for every comparison here from now on. Everybody here will see what you set."


def register(app: App) -> None:
    app.action(GOALS_ACTION)(on_button)
    app.view(CALLBACK)(on_goals)


def on_button(ack: Callable[..., Any], body: dict[str, Any], client: WebClient, services: Services) -> None:
    ack()
    pressed = button_press(body)
    choices = goals_from_value(pressed.choice)
    try:
        if choices:
            view = _view(choices, _kept(pressed, services))
            SlackClient.of(client, services.sleep, 0.0).open_view(pressed.utterance.trigger, view)
            return
    except SlackError as failure:
        log.warning("a dialog could not be opened: %s", failure)
    problem = _LATE if choices else _OLD
    job = answer_words(pressed.utterance, client, services)
    hand_over(job, services, lambda: job.tell(Report(headline=problem, summary=problem)))


def on_goals(ack: Callable[..., Any], body: dict[str, Any], client: WebClient, services: Services) -> None:
    """What was left as it is changes nothing, and nothing is said of it."""
    submitted = dialog_submission(body)
    metadata = services.seal.open(submitted.metadata, purpose=CALLBACK, user=submitted.user)
    if metadata is None:
        ack(response_action="update", view=lost("Set goals"))
        return
    ack()
    goals = _changed(submitted)
    if not goals:
        return
    utterance = _utterance_of(submitted, metadata)
    feature = GoalJob(goals, metadata, client)
    job = answer_words(utterance, client, services, meaning=ParsedRequest(lambda: (ShowSettings(), feature)))
    hand_over(job, services, job.run)


@dataclass(frozen=True)
class GoalJob:
    """Stores goals, tells who is there, and changes the message they were set from."""

    goals: Mapping[str, str]  # by metric; "" : it is taken back
    metadata: Mapping[str, str]
    client: WebClient

    def answer(self, _request: ShowSettings, utterance: Utterance, services: Services, delivery: Delivery) -> None:
        require_member(utterance, delivery.outlet, services)
        after = [set_by(utterance, services, GOAL, value, metric=metric) for metric, value in self.goals.items()]
        before = services.defaults.change(utterance.team, utterance.channel, after)
        report = goals_report(after, before, place=channel_words(utterance))
        delivery.answer_publicly(lambda rung: draw(report, rung=rung, changed_by=utterance.user))
        self._change_message(utterance, services)

    def show_progress(
        self, _request: ShowSettings, utterance: Utterance, services: Services, delivery: Delivery
    ) -> None: ...

    def _change_message(self, utterance: Utterance, services: Services) -> None:
        standing, message_ts = from_value(self.metadata.get("h", "")), self.metadata.get("m", "")
        if standing is None or not message_ts:
            return
        place = MessagePlace(utterance.channel, message_ts, utterance.response_url)
        changing = replace(utterance, delivery=f"{utterance.delivery}:message")
        change_in(EditRequest(standing.request, standing, place, changing), self.client, services).run()


def _kept(pressed: ButtonPress, services: Services) -> str:
    utterance, standing = pressed.utterance, comparison_in(pressed)
    metadata = {
        "h": comparison_value(standing) if standing else "",
        "c": utterance.channel,
        "m": pressed.message_ts,
        "t": utterance.thread_ts,
        "r": utterance.response_url,
    }
    return services.seal.close(metadata, purpose=CALLBACK, user=utterance.user)


def _utterance_of(submitted: DialogSubmission, opened: Mapping[str, str]) -> Utterance:
    channel, thread = opened.get("c", ""), opened.get("t", "") or opened.get("m", "")
    return submitted.utterance(channel, thread, response_url=opened.get("r", ""), is_direct=channel.startswith("D"))


def _changed(submitted: DialogSubmission) -> dict[str, str]:
    """The goal of each metric for which another one was chosen; "" : it is taken back."""
    metrics = {block: block.removeprefix(_BLOCK) for block in submitted.typed if block.startswith(_BLOCK)}
    return {
        metric: "" if submitted.typed[block] == BY_NAME else submitted.typed[block]
        for block, metric in metrics.items()
        if submitted.typed[block] in (*Goal, BY_NAME) and submitted.typed[block] != submitted.named.get(block)
    }


def _view(choices: list[GoalChoice], private: str) -> dict[str, Any]:
    return {
        "type": "modal",
        "callback_id": CALLBACK,
        "title": plain("Set goals", 24),
        "submit": plain("Set", 24),
        "close": plain("Cancel", 24),
        "private_metadata": private,
        "blocks": [section(_INTRODUCTION), *map(_input, choices)],
    }


def _input(choice: GoalChoice) -> Block:
    """One metric. What it is called holds what is set now, to tell what was changed."""
    choices = {**_CHOICES, BY_NAME: _by_name(choice.metric)}
    options = {value: {"text": plain(label, 75), "value": value} for value, label in choices.items()}
    return {
        "type": "input",
        "block_id": f"{_BLOCK}{choice.metric}",
        "label": plain(choice.metric, 200),
        "element": {
            "type": "static_select",
            "action_id": choice.goal,
            "options": list(options.values()),
            "initial_option": options[choice.goal],
        },
    }


_CHOICES = {
    Goal.HIGHER.value: "Higher is better",
    Goal.LOWER.value: "Lower is better",
    Goal.UNKNOWN.value: "Neither is better",
}


def _by_name(metric: str) -> str:
    goal = goal_of(metric)
    return "Not set" if goal is Goal.UNKNOWN else f"Auto ({goal.value} is better)"
