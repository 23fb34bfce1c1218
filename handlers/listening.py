"""Where words come in: the slash command, a mention, a direct message. All three are answered the same way."""

import re
from collections.abc import Callable
from typing import Any

from slack_bolt import App
from slack_bolt.context import BoltContext
from slack_sdk import WebClient

from comparison.report import Report
from handlers import said
from handlers.answering import Answering, Claim, answering
from handlers.outcomes import not_taken
from handlers.said import Said
from handlers.services import Services, Work

Acknowledge = Callable[..., Any]

BOTS_AN_HOUR = 10  # mentions by one Workflow or app in one channel that are answered


def register(app: App) -> None:
    app.command(re.compile(""), matchers=[is_our_command])(hear_command)
    app.event("app_mention", matchers=[is_heard])(hear_mention)
    app.event("message", matchers=[is_to_the_bot])(hear_direct_message)


def is_our_command(command: dict[str, Any], services: Services) -> bool:
    return bool(command.get("command") == services.command)


def is_heard(event: dict[str, Any], body: dict[str, Any], services: Services) -> bool:
    """People; Workflows and other apps where the settings say so."""
    if said.is_said_by_a_person(event):
        return True
    return services.answers_bots and said.is_said_by_another_bot(event, str(body.get("api_app_id", "")))


def is_to_the_bot(event: dict[str, Any]) -> bool:
    return said.is_said_to_the_bot(event)


def hear_command(ack: Acknowledge, body: dict[str, Any], client: WebClient, services: Services) -> None:
    listen(said.from_command(body), ack, client, services)


def hear_mention(
    ack: Acknowledge, body: dict[str, Any], client: WebClient, context: BoltContext, services: Services
) -> None:
    listen(said.from_mention(body, context.bot_user_id or ""), ack, client, services)


def hear_direct_message(
    ack: Acknowledge, body: dict[str, Any], client: WebClient, context: BoltContext, services: Services
) -> None:
    listen(said.from_direct_message(body, context.bot_user_id or ""), ack, client, services)


def listen(heard: Said, ack: Acknowledge, client: WebClient, services: Services) -> None:
    """Hands the work to the pool and acknowledges; when the pool does not take it the person is told, not dropped."""
    if not services.inbox.put(heard.delivery, heard):
        ack()  # it was delivered before
        return
    work = answering(heard, client, services, claim=_turn(heard, services) if heard.bot else None)
    work.call_off.append(services.later(services.working_after, work.say_meanwhile))
    if services.pool.submit(Work(work.run, heard.channel, heard.user)) is not None:
        ack()
        return
    for call_off in work.call_off:
        call_off()
    services.inbox.done(heard.delivery)
    why = not_taken(heard, services)
    if heard.response_url:
        ack(text=why, response_type="ephemeral")
        return
    ack()
    services.later(0.0, lambda: _refuse(work, why))


def _turn(heard: Said, services: Services) -> Claim:
    """Of a bot so many mentions an hour are answered in a channel, whatever it does with the answers."""
    hour = int(services.now().timestamp()) // 3600
    turns = [f"bot:{heard.team}:{heard.channel}:{heard.bot}:{hour}:{number}" for number in range(BOTS_AN_HOUR)]
    return Claim(services, heard.delivery, turns=turns)


def _refuse(work: Answering, why: str) -> None:
    if work.claim.is_ours():
        work.tell(Report(headline=why, summary=why))
