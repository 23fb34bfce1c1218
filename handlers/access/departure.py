"""What Slack says when the app is taken out of a workspace, or let in again; acknowledged once it is done.

The two events come in any order, each perhaps again and again; where the work fails Slack is left to tell it again.
"""

import logging
from typing import Any

from slack_bolt import Ack, App

from handlers.services import Departure, Services
from handlers.utterance import Payload, mapping, mappings, string, team

log = logging.getLogger(__name__)

UNINSTALLED, REVOKED = "app_uninstalled", "tokens_revoked"
SHUT_OUT, LET_IN = "team_access_revoked", "team_access_granted"  # some workspaces of an organisation that has the app


def register(app: App) -> None:
    for name in (UNINSTALLED, REVOKED, SHUT_OUT):
        app.event(name)(on_departure)
    app.event(LET_IN)(on_let_in)


def on_departure(ack: Ack, body: dict[str, Any], services: Services) -> None:
    gone = departure(body)
    if gone is not None:
        services.on_departure(gone)
    ack()


def on_let_in(ack: Ack, event: dict[str, Any], services: Services) -> None:
    services.on_return(_teams(event))
    ack()


def departure(body: Payload) -> Departure | None:
    """Who is left; None where nobody is: revoked were tokens of people alone."""
    event = mapping(body, "event")
    at = body.get("event_time")
    when = at if isinstance(at, int) else 0
    if string(event, "type") == SHUT_OUT:
        return Departure(_teams(event), when, is_partial=True)
    if string(event, "type") == REVOKED and not mapping(event, "tokens").get("bot"):
        return None
    granted = next(iter(mappings(body.get("authorizations"))), {})
    is_of_organisation = (granted or body).get("is_enterprise_install") is True
    company = string(granted, "enterprise_id") or string(body, "enterprise_id")
    place = company if is_of_organisation and company else team(body)
    return Departure((place,), when) if place else None


def _teams(event: Payload) -> tuple[str, ...]:
    ids = event.get("team_ids")
    return tuple(each for each in ids if isinstance(each, str)) if isinstance(ids, list) else ()
