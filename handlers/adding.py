"""One more run for a comparison: a small dialog with a line to name it in."""

import json
import logging
from typing import Any

from slack_sdk import WebClient

from comparison.errors import RequestError
from comparison.following import follow
from comparison.report import Report
from handlers.answering import answering
from handlers.blocks import plain
from handlers.editing import Place, Wish
from handlers.escaping import clip
from handlers.failures import SlackFailed
from handlers.held import Held, read, write
from handlers.outlet import Outlet
from handlers.said import Pressed, Said, Submitted
from handlers.services import Services

log = logging.getLogger(__name__)

CALLBACK = "follow:add"
BLOCK = "run"
_LONGEST = 500  # characters that can be typed
_ERROR = 150
_LATE = "The dialog could not be opened: Slack gives me three seconds for it. Please press again."
_LOST = "I no longer know which comparison this was for. Please press again."


def open_dialog(pressed: Pressed, held: Held, client: WebClient, services: Services) -> None:
    """At once, by the thread that listens: Slack waits three seconds. Never raises."""
    heard = pressed.said
    kept = {
        "h": write(held),
        "c": heard.channel,
        "m": pressed.message_ts,
        "t": heard.thread_ts,
        "r": heard.response_url,
    }
    try:
        Outlet.of(client, services.sleep, 0.0).open_view(heard.trigger, _view(json.dumps(kept)))
    except SlackFailed as failure:
        log.warning("a dialog could not be opened: %s", failure)
        answering(heard, client, services).tell(Report(headline=_LATE, summary=_LATE))


def understood(submitted: Submitted, services: Services) -> Wish | str:
    """What is to be added; a sentence for the dialog where it cannot be a run."""
    kept = _kept(submitted.kept)
    held = read(kept.get("h", ""))
    typed = submitted.typed.get(BLOCK, "").strip()
    if held is None:
        return _LOST
    if not typed:
        return "Name a run."
    words = f"add {typed}"
    try:
        request = follow(words, held.request, command=services.command)
    except RequestError as error:
        return clip(" ".join(filter(None, (error.problem, error.remedy))), _ERROR)
    if request is None or len(request.runs) <= len(held.request.runs):
        return "That names no run."
    thread = kept.get("t", "") or kept.get("m", "")
    heard = Said(
        words=words,
        user=submitted.user,
        team=submitted.team,
        channel=kept.get("c", ""),
        delivery=f"view:{submitted.view}" if submitted.view else "",
        thread_ts=thread,
        answer_ts=thread,
        response_url=kept.get("r", ""),
    )
    return Wish(request, held, Place(heard.channel, kept.get("m", ""), heard.response_url), heard)


def _view(kept: str) -> dict[str, Any]:
    hint = "A name, an id, a link, or for example latest, best accuracy, champion. Several with and."
    return {
        "type": "modal",
        "callback_id": CALLBACK,
        "title": plain("Add a run", 24),
        "submit": plain("Add", 24),
        "close": plain("Cancel", 24),
        "private_metadata": kept,
        "blocks": [
            {
                "type": "input",
                "block_id": BLOCK,
                "label": plain("Run", 100),
                "hint": plain(hint, 200),
                "element": {"type": "plain_text_input", "action_id": "typed", "max_length": _LONGEST},
            }
        ],
    }


def _kept(text: str) -> dict[str, str]:
    try:
        told = json.loads(text)
    except ValueError:
        return {}
    return {name: value for name, value in told.items() if isinstance(value, str)} if isinstance(told, dict) else {}
