"""Who watches what: a channel for each experiment, some with two, some that watch twice, one that watches by pattern."""

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from bot.playground.workspace import BOT_USER, TEAM, Workspace
from bot.store.watches import StoredWatches
from handlers.stores import StoredWatch
from tests.chaos.stored import opened

OWNER = "U0MAYA"


@dataclass
class Watchers:
    """Experiments' names, and the places (names or patterns) that each channel watches."""

    experiments: tuple[str, ...]
    places: dict[str, list[str]] = field(default_factory=dict)

    def of(self, experiment: str) -> list[str]:
        """The channels that are to hear of a run of it."""
        return [
            channel
            for channel, places in self.places.items()
            if any(fnmatchcase(experiment, place) for place in places)
        ]


def many_watchers(count: int, prefix: str = "chaos") -> Watchers:
    names = tuple(f"{prefix}-{number:02d}" for number in range(count))
    found = Watchers(names, {f"C0CHAOS{number:02d}": [name] for number, name in enumerate(names)})
    for number, name in enumerate(names):
        if number % 4 == 1:
            found.places[f"C1CHAOS{number:02d}"] = [name]
        if number % 4 == 2:
            found.places[f"C0CHAOS{number:02d}"].append(f"{name}*")  # the same channel twice: told once all the same
    found.places["C2CHAOS"] = [f"{prefix}-?3"]
    return found


def invite(workspace: Workspace, channels: Iterable[str]) -> None:
    """Channels of these ids, with the bot in them."""
    for channel in channels:
        workspace.add_channel(channel.lower(), channel_id=channel, members=(OWNER, BOT_USER))


def set_up(address: str, watchers: Watchers, words: str = "") -> None:
    """Keeps the watches in the database, as if each channel had typed them; `words` follow the place."""
    with opened(address) as engine:
        kept = StoredWatches(engine)
        for channel, places in watchers.places.items():
            for number, place in enumerate(places):
                kept.add(a_watch(f"{channel}-{number}", channel, f"{place} {words}".strip()))


def a_watch(watch_id: str, channel: str, words: str, *, is_primed: bool = True) -> StoredWatch:
    return StoredWatch(watch_id, TEAM, channel, words, OWNER, time.time(), is_primed=is_primed)
