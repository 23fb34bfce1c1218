"""The Home tab, drawn anew each time somebody opens it."""

import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from slack_bolt import App
from slack_sdk import WebClient

from comparison import wording
from handlers.failures import SlackFailed
from handlers.home_view import Channel, Recent, Told, Watched, home_view
from handlers.outlet import Outlet
from handlers.payload import mapping, string, team
from handlers.permitted import is_in
from handlers.recorded import Recorded
from handlers.services import Services, Work
from handlers.watch_list import last_changes

log = logging.getLogger(__name__)

RECENT = 5  # comparisons that are shown
CHANNELS = 8
WATCHED = 5  # channels whose watches are shown
_LOOKED_AT = 40  # comparisons that tell in which channels somebody asks
_WITHIN = 1.5  # seconds for names to make examples of
_PATIENCE = 10.0  # seconds to be put off by Slack
_EXAMPLES = 20  # runs


def register(app: App) -> None:
    app.event("app_home_opened")(hear_home)


def hear_home(ack: Any, body: dict[str, Any], client: WebClient, services: Services) -> None:
    ack()
    event = mapping(body, "event")
    user, workspace = string(event, "user"), team(body)
    if string(event, "tab") != "home" or not user:
        return
    outlet = Outlet.of(client, services.sleep, _PATIENCE)
    if services.pool.submit(Work(lambda: publish(user, workspace, outlet, services), user, user)) is None:
        log.warning("a Home tab was not drawn: too much else to do")


def publish(user: str, workspace: str, outlet: Outlet, services: Services) -> None:
    """Whatever cannot be told is left out; never raises."""
    try:
        outlet.publish_home(user, home_view(_told(user, workspace, outlet, services)))
    except SlackFailed as failure:
        log.warning("a Home tab could not be drawn: %s", failure, extra={"places": failure.places})
    except Exception:
        log.exception("a Home tab could not be made")


def _told(user: str, workspace: str, outlet: Outlet, services: Services) -> Told:
    asked = _asked(user, workspace, services)
    recent = asked[:RECENT]
    return Told(
        recent=[Recent(each, address) for each, address in zip(recent, _permalinks(recent, outlet), strict=True)],
        channels=_channels(user, workspace, asked, services),
        watched=_watched(user, workspace, outlet, services),
        examples=_examples(recent, services),
        problem=services.mlflow_problem(),
        command=services.command,
    )


def _asked(user: str, workspace: str, services: Services) -> list[Recorded]:
    try:
        return services.comparisons.recent(workspace, user, limit=_LOOKED_AT)
    except Exception:
        log.exception("recent comparisons could not be looked up")
        return []


def _permalinks(recent: Sequence[Recorded], outlet: Outlet) -> list[str]:
    if not recent:
        return []
    with ThreadPoolExecutor(len(recent)) as threads:
        return list(threads.map(lambda each: _permalink(each, outlet), recent))


def _permalink(record: Recorded, outlet: Outlet) -> str:
    if not record.message_ts:
        return ""  # posted where the bot is not: Slack told no address
    try:
        return outlet.permalink(record.channel, record.message_ts)
    except SlackFailed as failure:
        log.info("a message has no address: %s", failure)  # deleted, or the bot has left
        return ""


def _channels(user: str, workspace: str, asked: Sequence[Recorded], services: Services) -> list[Channel]:
    """Where this person asked or set something."""
    try:
        names = [*(each.channel for each in asked), *services.defaults.changed_by(workspace, user, limit=CHANNELS)]
        found = list(dict.fromkeys(filter(None, names)))[:CHANNELS]
        return [Channel(each, tuple(services.defaults.agreed(workspace, each))) for each in found]
    except Exception:
        log.exception("what channels agreed on could not be looked up")
        return []


def _watched(user: str, workspace: str, outlet: Outlet, services: Services) -> list[Watched]:
    """Of channels where this person set some up: all where Slack tells that they are in it, else their own."""
    try:
        channels = services.watches.channels_of(workspace, user, limit=WATCHED)
        if not channels:
            return []
        with ThreadPoolExecutor(len(channels)) as threads:
            inside = list(threads.map(lambda each: is_in(each, user, outlet), channels))
        found: list[Watched] = []
        for channel, is_inside in zip(channels, inside, strict=True):
            last = last_changes(workspace, channel, services)
            kept = services.watches.of_channel(workspace, channel)
            found += [Watched(each, last.get(each.id)) for each in kept if is_inside or each.created_by == user]
    except Exception:
        log.exception("what channels watch could not be looked up")
        return []
    return found


def _examples(recent: Sequence[Recorded], services: Services) -> wording.Examples:
    """Of runs that this person compared, else of the newest; without names where MLflow is slow."""
    ids = tuple(dict.fromkeys(run_id for each in recent for run_id in each.runs))[:_EXAMPLES]
    known = services.shelf.these(services.runs, ids, _WITHIN).runs if ids else ()
    runs = [run for run in known if not run.deleted]
    return wording.examples_of(runs or services.shelf.runs(services.runs, "", (), _WITHIN).runs)
