"""What channels agreed on as somebody may see it: an experiment that may not be seen is as one that was never set."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from comparison.channel_defaults import EXPERIMENT, ChannelDefaults, ChannelSetting, to_defaults
from comparison.errors import RequestError
from comparison.tracking.source import RunSource
from handlers.stores import ChannelDefaultsStore, DefaultChange


class VisibleDefaults:
    """Stands in front of what is kept; `runs` are those that may be seen."""

    def __init__(self, store: ChannelDefaultsStore, runs: RunSource) -> None:
        self._store = store
        self._runs = runs

    def of(self, workspace: str, channel: str) -> ChannelDefaults:
        return to_defaults(self.settings(workspace, channel))

    def settings(self, workspace: str, channel: str) -> list[ChannelSetting]:
        return [each for each in self._visible(self._store.settings(workspace, channel)) if each.value]

    def change(self, workspace: str, channel: str, changes: Sequence[ChannelSetting]) -> list[ChannelSetting]:
        return self._visible(self._store.change(workspace, channel, changes))

    def changes(self, workspace: str, channel: str, *, limit: int = 20) -> list[DefaultChange]:
        known = self._store.changes(workspace, channel, limit=limit)
        return [each for each in known if each.what != EXPERIMENT]

    def changed_by(self, workspace: str, user: str, *, limit: int = 5) -> list[str]:
        return self._store.changed_by(workspace, user, limit=limit)

    def _visible(self, settings: Iterable[ChannelSetting]) -> list[ChannelSetting]:
        found = list(settings)
        if not any(each.what == EXPERIMENT and each.value for each in found):
            return found
        try:
            names = {each.name.casefold() for each in self._runs.experiments()}
        except RequestError:
            names = set()
        return [
            replace(each, value="") if each.what == EXPERIMENT and each.value.casefold() not in names else each
            for each in found
        ]
