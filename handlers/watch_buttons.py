"""The buttons of a list of watches: each does what it says, and the list is drawn anew where it stands."""

import logging
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from slack_bolt import App
from slack_sdk import WebClient

from comparison.request import Watches
from handlers import home, said, watch_dialog, watch_list
from handlers.answering import Answering, Meaning, answering
from handlers.escaping import mrkdwn, one_line
from handlers.failures import SlackFailed
from handlers.followups import hand_over
from handlers.ladder import descend
from handlers.outlet import Outlet
from handlers.permitted import may_change, refused
from handlers.posting import Delivery
from handlers.said import Said
from handlers.services import Services
from handlers.watched import LIST, PREFIX, Held, pass_over, read, said_of, tell_channel, watches_here
from handlers.watches import Kept

log = logging.getLogger(__name__)

_PATIENCE = 10.0  # seconds to be put off by Slack
_WORDS = 300
_GONE = "That watch is not there any more."


def register(app: App) -> None:
    app.action(re.compile(f"^{PREFIX}"))(hear_press)
    app.view(watch_dialog.CALLBACK)(hear_dialog)


def hear_press(ack: Callable[..., Any], body: dict[str, Any], client: WebClient, services: Services) -> None:
    ack()
    pressed = said.pressed(body)
    wanted = pressed.action.removeprefix(PREFIX).partition(":")[0]
    heard = with_place(pressed.said)
    held = read(pressed.choice)
    if wanted == "edit":
        watch_dialog.open_dialog(heard, held, client, services)
        return
    is_listed = pressed.action != LIST
    work = changing(
        heard, Change(wanted, held, client, pressed.said.response_url if is_listed else ""), client, services
    )
    hand_over(work, services, work.run)


def hear_dialog(ack: Callable[..., Any], body: dict[str, Any], client: WebClient, services: Services) -> None:
    """What is wrong is said beside the field; what takes too long to look up is told to who sent it off."""
    submitted = said.submitted(body)
    edit = watch_dialog.understood(submitted, services)
    if isinstance(edit, dict):
        ack(response_action="errors", errors=edit)
        return
    ack()
    heard = watch_dialog.heard(submitted)
    work = changing(heard, Change("edited", edit.held, client, edit.response_url, edit), client, services)
    hand_over(work, services, work.run)


def with_place(heard: Said) -> Said:
    """What is pressed in the Home tab is answered in direct messages."""
    return heard if heard.channel else replace(heard, channel=heard.user, is_direct=True)


def changing(heard: Said, change: "Change", client: WebClient, services: Services) -> Answering:
    return answering(heard, client, services, meaning=Meaning(lambda: (Watches(), change)))


@dataclass(frozen=True)
class Change:
    """One press. `response_url`: of the list it was pressed in, "" where there is none to be drawn anew."""

    wanted: str
    held: Held
    client: WebClient
    response_url: str = ""
    edit: watch_dialog.Edit | None = None

    def answer(self, _request: Watches, heard: Said, services: Services, delivery: Delivery) -> None:
        note = ""
        if self.wanted == "all":
            note = self._remove_all(heard, services, delivery.outlet)
        elif self.wanted in _DOINGS or self.edit is not None:
            note = self._do(heard, services, delivery.outlet)
        self._show(note, heard, services, delivery)

    def say_meanwhile(self, _request: Watches, _heard: Said, _services: Services, _delivery: Delivery) -> None: ...

    def _do(self, heard: Said, services: Services, outlet: Outlet) -> str:
        """What was done, as mrkdwn. Raises RequestError where it may not be."""
        kept = services.watches.get(self.held.watch)
        if kept is None or kept.workspace != heard.team:
            return _GONE
        if not may_change(kept, heard, outlet):
            raise refused()
        words = mrkdwn(one_line(said_of(kept)), _WORDS)
        if self.edit is not None:
            return self._edited(self.edit, kept, heard, services, outlet)
        what, is_done = _DOINGS[self.wanted](kept, heard, services)
        if not is_done:
            return f"{what} already: {words}."
        tell_channel([kept], what.lower(), heard, outlet)
        back = f" To have it back: {services.command} {_typed(kept)}" if self.wanted == "remove" else ""
        return f"{what}: {words}.{back}"

    @staticmethod
    def _edited(edit: watch_dialog.Edit, kept: Kept, heard: Said, services: Services, outlet: Outlet) -> str:
        after = watch_dialog.keep_edit(edit, kept, heard, services)
        if after is None:
            return _GONE
        told = mrkdwn(one_line(said_of(after)), _WORDS)
        if after.words != kept.words:
            tell_channel([after], "changed", heard, outlet)
        return f"{'Changed' if after.words != kept.words else 'As it was'}: {told}."

    @staticmethod
    def _remove_all(heard: Said, services: Services, outlet: Outlet) -> str:
        here = watches_here(heard, services)
        if not here:
            return "Nothing is watched here any more."
        if not all(may_change(each, heard, outlet) for each in here):
            raise refused()
        at = int(services.now().timestamp())
        gone = [each for each in here if services.watches.remove(each.id, by=heard.user, at=at)]
        tell_channel(gone, "removed", heard, outlet)
        return f"Removed: {len(gone)} watch{'' if len(gone) == 1 else 'es'}."

    def _show(self, note: str, heard: Said, services: Services, delivery: Delivery) -> None:
        """The list where it stands; anew, where it cannot be changed any more."""
        if heard.channel == heard.user:  # pressed in the Home tab
            home.publish(heard.user, heard.team, delivery.outlet, services)
            return
        listed = watch_list.listed(watch_list.shown(heard, services, page=self.held.page, note=note))
        if self.response_url:
            outlet = Outlet.of(self.client, services.sleep, _PATIENCE)
            try:
                descend(
                    listed,
                    lambda reply: outlet.replace(self.response_url, reply),
                    heard.team,
                    services.capabilities,
                )
            except SlackFailed as failure:
                log.info("a list of watches could not be drawn anew: %s", failure)
            else:
                return
        delivery.tell(listed)


def _typed(kept: Kept) -> str:
    return f"{'digest' if kept.is_digest else 'watch'} {mrkdwn(one_line(kept.words), _WORDS)}"


def _pause(kept: Kept, heard: Said, services: Services) -> tuple[str, bool]:
    return "Paused", services.watches.pause(kept.id, by=heard.user, at=_now(services))


def _resume(kept: Kept, heard: Said, services: Services) -> tuple[str, bool]:
    pass_over(kept, services)
    return "Resumed", services.watches.resume(kept.id, by=heard.user, at=_now(services))


def _remove(kept: Kept, heard: Said, services: Services) -> tuple[str, bool]:
    return "Removed", services.watches.remove(kept.id, by=heard.user, at=_now(services)) is not None


def _now(services: Services) -> int:
    return int(services.now().timestamp())


_DOINGS: dict[str, Callable[[Kept, Said, Services], tuple[str, bool]]] = {
    "pause": _pause,
    "resume": _resume,
    "remove": _remove,
}
