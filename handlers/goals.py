"""Which way metrics are better, set from the message that assumed it: a dialog, and the message as it reads then."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from slack_bolt import App
from slack_sdk import WebClient

from comparison.defaults import GOAL
from comparison.goals import goal_of
from comparison.report import Report
from comparison.request import Settings
from comparison.runs import Goal
from comparison.wording import agreed as wording
from handlers import held, said
from handlers.answering import Meaning, answering
from handlers.blocks import plain, section
from handlers.drawing import draw
from handlers.editing import Place, Wish
from handlers.failures import SlackFailed
from handlers.followups import change_in, hand_over, held_by
from handlers.goal_button import ACTION, BY_NAME, Asked, read
from handlers.kept import keep, kept
from handlers.outlet import Outlet
from handlers.posting import Delivery
from handlers.reply import Block
from handlers.said import Pressed, Said, Submitted
from handlers.services import Services
from handlers.settings import agreed_by, place_of

log = logging.getLogger(__name__)

CALLBACK = "goals"
_BLOCK = "goal:"
_LATE = "The dialog could not be opened: Slack gives me three seconds for it. Please press again."
_OLD = "That button no longer does anything. It may be from an older version of me."
_INTRODUCTION = "This holds for every comparison here from now on. Everybody here will see what you set."


def register(app: App) -> None:
    app.action(ACTION)(hear_press)
    app.view(CALLBACK)(hear_goals)


def hear_press(ack: Callable[..., Any], body: dict[str, Any], client: WebClient, services: Services) -> None:
    ack()
    pressed = said.pressed(body)
    asked = read(pressed.choice)
    try:
        if asked:
            Outlet.of(client, services.sleep, 0.0).open_view(pressed.said.trigger, _view(asked, _kept(pressed)))
            return
    except SlackFailed as failure:
        log.warning("a dialog could not be opened: %s", failure)
    problem = _LATE if asked else _OLD
    work = answering(pressed.said, client, services)
    hand_over(work, services, lambda: work.tell(Report(headline=problem, summary=problem)))


def hear_goals(ack: Callable[..., Any], body: dict[str, Any], client: WebClient, services: Services) -> None:
    """What was left as it is changes nothing, and nothing is said of it."""
    ack()
    submitted = said.submitted(body)
    goals = _changed(submitted)
    if not goals:
        return
    told = kept(submitted.kept)
    heard = _heard(submitted, told)
    feature = Setting(goals, told, client)
    work = answering(heard, client, services, meaning=Meaning(lambda: (Settings(), feature)))
    hand_over(work, services, work.run)


@dataclass(frozen=True)
class Setting:
    """Stores goals, tells who is there, and changes the message they were set from."""

    goals: Mapping[str, str]  # by metric; "" : it is taken back
    told: Mapping[str, str]
    client: WebClient

    def answer(self, _request: Settings, heard: Said, services: Services, delivery: Delivery) -> None:
        after = [agreed_by(heard, services, GOAL, value, metric=metric) for metric, value in self.goals.items()]
        before = services.defaults.change(heard.team, heard.channel, after)
        report = wording.goals_report(after, before, place=place_of(heard))
        delivery.answer(lambda rung: draw(report, rung=rung, changed_by=heard.user))
        self._change_message(heard, services)

    def say_meanwhile(self, _request: Settings, heard: Said, services: Services, delivery: Delivery) -> None: ...

    def _change_message(self, heard: Said, services: Services) -> None:
        standing, message_ts = held.read(self.told.get("h", "")), self.told.get("m", "")
        if standing is None or not message_ts:
            return
        place = Place(heard.channel, message_ts, heard.response_url)
        changing = replace(heard, delivery=f"{heard.delivery}:message")
        change_in(Wish(standing.request, standing, place, changing), self.client, services).run()


def _kept(pressed: Pressed) -> str:
    heard, standing = pressed.said, held_by(pressed)
    return keep(
        {
            "h": held.write(standing) if standing else "",
            "c": heard.channel,
            "m": pressed.message_ts,
            "t": heard.thread_ts,
            "r": heard.response_url,
        }
    )


def _heard(submitted: Submitted, told: Mapping[str, str]) -> Said:
    thread = told.get("t", "") or told.get("m", "")
    return Said(
        words="",
        user=submitted.user,
        team=submitted.team,
        channel=told.get("c", ""),
        delivery=f"view:{submitted.view}" if submitted.view else "",
        thread_ts=thread,
        answer_ts=thread,
        response_url=told.get("r", ""),
        is_direct=told.get("c", "").startswith("D"),
    )


def _changed(submitted: Submitted) -> dict[str, str]:
    """The goal of each metric for which another one was chosen; "" : it is taken back."""
    metrics = {block: block.removeprefix(_BLOCK) for block in submitted.typed if block.startswith(_BLOCK)}
    return {
        metric: "" if submitted.typed[block] == BY_NAME else submitted.typed[block]
        for block, metric in metrics.items()
        if submitted.typed[block] in (*Goal, BY_NAME) and submitted.typed[block] != submitted.named.get(block)
    }


def _view(asked: list[Asked], private: str) -> dict[str, Any]:
    return {
        "type": "modal",
        "callback_id": CALLBACK,
        "title": plain("Set goals", 24),
        "submit": plain("Set", 24),
        "close": plain("Cancel", 24),
        "private_metadata": private,
        "blocks": [section(_INTRODUCTION), *map(_input, asked)],
    }


def _input(asked: Asked) -> Block:
    """One metric. What it is called holds what is set now, to tell what was changed."""
    choices = {**_CHOICES, BY_NAME: _by_name(asked.metric)}
    options = {value: {"text": plain(label, 75), "value": value} for value, label in choices.items()}
    return {
        "type": "input",
        "block_id": f"{_BLOCK}{asked.metric}",
        "label": plain(asked.metric, 200),
        "element": {
            "type": "static_select",
            "action_id": asked.goal,
            "options": list(options.values()),
            "initial_option": options[asked.goal],
        },
    }


_CHOICES = {
    Goal.HIGHER.value: "Higher is better",
    Goal.LOWER.value: "Lower is better",
    Goal.UNKNOWN.value: "Neither is better",
}


def _by_name(metric: str) -> str:
    goal = goal_of(metric)
    return "Nothing set" if goal is Goal.UNKNOWN else f"Nothing set: by its name, {goal.value} is better"
