"""What becomes of a workspace that takes the app out: its tokens go at once, its watches rest, the rest goes in time.

Whoever installs the app again within the time has everything back; afterwards nothing of the workspace is there.
"""

import logging
from collections.abc import Callable, Collection, Iterable
from datetime import datetime

from slack_sdk.oauth.installation_store import Installation
from sqlalchemy import Engine, delete, select

from bot.store.database import (
    answers,
    capabilities,
    comparisons,
    default_changes,
    defaults,
    installations,
    message_runs,
    messages,
    organisation_teams,
    turns,
    watch_changes,
    watches,
)
from bot.store.installations import KEPT, StoredInstallations
from handlers.services import Departure
from handlers.stores import WatchStore

log = logging.getLogger(__name__)

WHY = "the app was taken out of this workspace"  # as watches keep it
_BY_WORKSPACE = (watches, watch_changes, defaults, default_changes, comparisons, answers, messages)


class Departures:
    """Every method raises what the database raises. `now` is aware, `forget_tokens` has all be read anew."""

    def __init__(
        self,
        engine: Engine,
        installations: StoredInstallations,
        watches_: WatchStore,
        now: Callable[[], datetime],
        forget_tokens: Callable[[], None],
    ) -> None:
        self._engine = engine
        self._installations = installations
        self._watches = watches_
        self._now = now
        self._forget_tokens = forget_tokens

    def leave(self, departure: Departure) -> None:
        """The app was taken out. What is told late, of before it was installed anew, changes nothing."""
        for workspace in departure.workspaces:
            self._leave(workspace, departure)
        self._forget_tokens()

    def arrive(self, installation: Installation) -> None:
        """The app was installed, or installed again: what rested since goes on."""
        is_all = bool(installation.is_enterprise_install)
        place = str((installation.enterprise_id if is_all else installation.team_id) or "")
        self._wake({place, *(self._installations.teams_of(place) if is_all else ())}, installation.user_id or "")

    def let_in(self, workspaces: Iterable[str]) -> None:
        """An organisation that has the app lets it into some of its workspaces again."""
        places = set(workspaces)
        for each in places:
            self._installations.set_team(each, removed_at=0)
        self._wake(places, "")

    def erase_old(self) -> list[str]:
        """Erases what is left of workspaces that took the app out long ago; their ids."""
        gone = [
            each
            for each in self._installations.left_before(self._at() - KEPT)
            if self._installations.bot_of(each) is None
        ]
        if gone:
            self.erase(gone)
            log.warning("erased what was left of workspaces", extra={"workspaces": ", ".join(gone)})
        return gone

    def erase(self, workspaces: Iterable[str]) -> None:
        """Everything that is stored of these workspaces, in one transaction. What was posted stays in Slack."""
        gone = list(workspaces)
        theirs = select(messages.c.id).where(messages.c.workspace.in_(gone))
        with self._engine.begin() as connection:
            connection.execute(delete(message_runs).where(message_runs.c.message_id.in_(theirs)))
            for table in _BY_WORKSPACE:
                connection.execute(delete(table).where(table.c.workspace.in_(gone)))
            connection.execute(delete(capabilities).where(capabilities.c.team.in_(gone)))
            for each in gone:
                connection.execute(delete(turns).where(turns.c.place.startswith(f"{each}:", autoescape=True)))
            connection.execute(delete(organisation_teams).where(organisation_teams.c.team_id.in_(gone)))
            connection.execute(delete(installations).where(installations.c.id.in_(gone)))
        self._forget_tokens()

    def _leave(self, workspace: str, departure: Departure) -> None:
        installed = self._installations.of(workspace)
        if installed is None or departure.is_partial:
            self._installations.set_team(workspace, removed_at=self._at())
            places = [workspace]
        elif installed.installed_at > departure.at > 0:
            log.info("told late that the app was taken out: it was installed again", extra={"workspace": workspace})
            return
        else:
            self._installations.remove(workspace)
            places = [workspace, *(self._installations.teams_of(workspace) if installed.is_enterprise else ())]
        resting = {each for each in places if self._installations.bot_of(each) is None}
        log.warning("the app was taken out", extra={"workspace": workspace})
        for each in self._watches.every():
            if each.workspace in resting and not each.is_paused:
                self._watches.pause(each.id, by="", at=self._at(), why=WHY)

    def _wake(self, places: Collection[str], by: str) -> None:
        for each in self._watches.every():
            if each.workspace in places and each.is_paused and (each.paused_by, each.paused_why) == ("", WHY):
                self._watches.resume(each.id, by=by, at=self._at())
        self._forget_tokens()

    def _at(self) -> int:
        return int(self._now().timestamp())
