"""What people saw, held against what happened: which ended runs nobody was told of, and which twice."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.notifier.outbox import id_of
from bot.playground.slack import SlackStandIn
from bot.playground.workspace import TEAM, Message
from tests.chaos.training import Ended
from tests.chaos.watchers import Watchers

NAME = re.compile(r"\brun-\d{5}\b")
ENDED = re.compile(r"([\d,]+) runs? ended")
Told = tuple[str, str]  # a channel, and a run's id


@dataclass
class Count:
    """`lost` and `doubled` hold a channel and a run's id each; `wrong` says in words what does not fit together."""

    wanted: set[Told] = field(default_factory=set)
    told: Counter[Told] = field(default_factory=Counter)
    messages: int = 0
    many: int = 0  # messages that several runs share
    wrong: list[str] = field(default_factory=list)

    @property
    def lost(self) -> set[Told]:
        return {each for each in self.wanted if not self.told[each]}

    @property
    def doubled(self) -> dict[Told, int]:
        return {each: times for each, times in self.told.items() if times > 1}

    @property
    def unasked(self) -> set[Told]:
        return set(self.told) - self.wanted


def count(
    slack: SlackStandIn,
    ended: Iterable[Ended],
    watchers: Watchers,
    shared: Mapping[str, Iterable[str]],
    is_news: Callable[[Mapping[str, Any]], bool] = lambda _payload: True,
) -> Count:
    """`shared`: the ids of the runs in each message that many share, by its delivery id (the message shows a few).

    `is_news`: by what the bot wrote into it, whether a message is one; answers to commands are none.
    """
    runs = {each.run_id: each for each in ended}
    found = Count({(channel, each.run_id) for each in runs.values() for channel in watchers.of(each.experiment)})
    single = {id_of(f"run:{TEAM}:{channel}:{run_id}"): run_id for channel, run_id in found.wanted}
    by_delivery: Counter[str] = Counter()
    for message in slack.messages():
        if message.channel not in watchers.places or not is_news(payload_of(message)):
            continue
        found.messages += 1
        delivery = str(payload_of(message).get("delivery", ""))
        by_delivery[delivery] += 1
        if delivery in single:
            _count_one(found, message, single[delivery], runs)
        elif delivery in shared:
            _count_many(found, message, list(shared[delivery]))
        else:
            found.told.update((message.channel, run_id) for run_id in payload_of(message).get("runs", ()))
            found.wrong.append(f"{message.channel}: nobody asked for {message.text[:80]!r}")
    found.wrong += [f"{times} messages are {delivery!r}" for delivery, times in by_delivery.items() if times > 1]
    return found


def _count_one(found: Count, message: Message, run_id: str, runs: Mapping[str, Ended]) -> None:
    """By its delivery, by the run in its metadata, and by its words: the first name in it is that of the run."""
    found.told[message.channel, run_id] += 1
    named = NAME.search(message.text)
    if named is None or named[0] != runs[run_id].name or run_id not in payload_of(message).get("runs", ()):
        found.wrong.append(f"{message.channel}: {runs[run_id].name} is told as {message.text[:80]!r}")


def _count_many(found: Count, message: Message, run_ids: list[str]) -> None:
    """By the stored ids, and by the number in its words."""
    found.many += 1
    found.told.update((message.channel, run_id) for run_id in run_ids)
    said = ENDED.search(message.text)
    number = int(said[1].replace(",", "")) if said else 0
    if number != len(run_ids):
        found.wrong.append(f"{message.channel}: {len(run_ids)} runs are told as {message.text[:80]!r}")


def payload_of(message: Message) -> dict[str, Any]:
    """What the bot wrote into its message for itself."""
    return dict(message.metadata.get("event_payload") or {})
