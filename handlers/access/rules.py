"""What may be seen in a channel, and who may change what it agreed on: rules that admins set, and how they are read.

A channel has a rule of its own, else that of direct messages where it is one, else the rule for all others, else what
the settings say. Rules that cannot be read let nothing through: what was read last holds, and without that nobody is
answered with anything.

Only people in a channel change what it agreed on and watches, as far as Slack tells who is in it. That is remembered
for a moment: a page of buttons is not a page of questions to Slack.
"""

import json
import logging
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from threading import Lock
from typing import Protocol

from cachetools import TTLCache

from comparison.channel_defaults import ACCESS, CHANGES, EXPERIMENT, ChannelDefaults, ChannelSetting, to_defaults
from comparison.errors import RequestError
from comparison.request import DIRECT, ELSEWHERE
from comparison.tracking.source import RunSource
from comparison.tracking.visibility import Visibility
from handlers.access.people import Directory, Membership
from handlers.slack.client import SlackClient, SlackError
from handlers.stores import ChannelDefaultsStore, DefaultChange
from handlers.utterance import Utterance

log = logging.getLogger(__name__)

ADMINS, MEMBERS = "admins", "members"  # the values of a rule for changes
EVERYTHING = "*"
JOIN = "Join the channel, and change it there."
ASK = "Ask an admin of this Slack workspace to change it."
ASK_MEMBER = "Ask somebody of this workspace to change it."
_OUTSIDERS = "Guests and people of other companies change nothing of what is set and watched in a channel."
_FOR_ADMINS = "Only admins change what is set and watched here."
_NOT_AGREED = "Only people in this channel can change what it agreed on and what it watches."
MAX_MEMBERS = 5_000  # pairs of a channel and a person


@dataclass(frozen=True, slots=True)
class AccessRule:
    """A rule as it is kept: `channel` is an id, ELSEWHERE or DIRECT."""

    workspace: str
    channel: str
    setting: ChannelSetting


class AccessStore(Protocol):
    """The rules of all channels, shared by all replicas; each change is recorded as it is made, or it is not made."""

    def every(self) -> list[AccessRule]:
        """All that are set. Raises whatever the database raises."""
        ...

    def change(self, workspace: str, channel: str, setting: ChannelSetting) -> ChannelSetting:
        """Sets a rule; what it was before. An empty value takes it back. Raises RequestError when it is not kept."""
        ...


class InMemoryAccess:
    """Rules in memory, for one process. Safe to use from any thread."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._kept: dict[tuple[str, str, str], AccessRule] = {}

    def every(self) -> list[AccessRule]:
        with self._lock:
            return [each for each in self._kept.values() if each.setting.value]

    def change(self, workspace: str, channel: str, setting: ChannelSetting) -> ChannelSetting:
        key = (workspace, channel, setting.what)
        with self._lock:
            before = self._kept.get(key)
            self._kept[key] = AccessRule(workspace, channel, setting)
        return before.setting if before else ChannelSetting(setting.what)


def write_patterns(patterns: Iterable[str]) -> str:
    """Patterns as the value of a rule."""
    return json.dumps(list(patterns), ensure_ascii=False)


def read_patterns(value: str) -> tuple[str, ...]:
    """The patterns of a rule; none where the value is none of ours."""
    try:
        found = json.loads(value)
    except ValueError:
        return ()
    return tuple(map(str, found)) if isinstance(found, list) else ()


@dataclass(frozen=True, slots=True)
class RuleBook:
    """The rules as they were at one moment; `is_strict`: where there is none, nothing may be seen.

    `keeps_apart`: no workspace has any say in another.
    """

    rules: Mapping[tuple[str, str], Sequence[AccessRule]] = field(default_factory=dict)  # by what, and channel
    is_strict: bool = False
    keeps_apart: bool = False

    def visible(self, workspace: str, channel: str) -> Visibility | None:
        """Experiments that may be seen there; None: all."""
        found = self.rule(ACCESS, workspace, channel)
        if found is None:
            return Visibility() if self.is_strict else None
        patterns = read_patterns(found.setting.value)
        return None if EVERYTHING in patterns else Visibility(patterns)

    def is_for_admins(self, workspace: str, channel: str) -> bool:
        """Whether only admins change what is set and watched there."""
        found = self.rule(CHANGES, workspace, channel)
        return found is not None and found.setting.value == ADMINS

    def rule(self, what: str, workspace: str, channel: str) -> AccessRule | None:
        """The rule that holds in a channel; one that workspaces share has that of either, unless they are apart."""
        places = [channel, *([DIRECT] if is_personal(channel) else []), ELSEWHERE]
        for place in places:
            found = self.rules.get((what, place), ())
            own = [each for each in found if each.workspace == workspace]
            if own or (found and not self.keeps_apart):
                return (own or found)[0]
        return None


def is_personal(channel: str) -> bool:
    """Whether only one person reads there: direct messages, the Home tab, a dialog that was opened from neither."""
    return not channel or channel.startswith(("D", "U", "W"))


def book_of(rules: Iterable[AccessRule], *, is_strict: bool, keeps_apart: bool = False) -> RuleBook:
    found: dict[tuple[str, str], list[AccessRule]] = {}
    for each in rules:
        found.setdefault((each.setting.what, each.channel), []).append(each)
    return RuleBook(found, is_strict, keeps_apart)


class AccessRules:
    """Who may see and change what. Safe to use from any thread."""

    def __init__(  # noqa: PLR0913 -- what the settings say, each by its name
        self,
        store: AccessStore | None = None,
        *,
        is_strict: bool = False,
        keeps_apart: bool = False,
        admins: frozenset[str] = frozenset(),
        directory: Directory | None = None,
        own: Callable[[], frozenset[str]] = frozenset,
    ) -> None:
        """`admins`: ids of people who are, whatever Slack says; `own`: ids of the workspace that the bot is of.

        `keeps_apart`: where the bot is in several workspaces, the rules of one do not hold in another.
        """
        self.store: AccessStore = store or InMemoryAccess()
        self._is_strict = is_strict
        self._keeps_apart = keeps_apart
        self._admins = admins
        self._directory = directory
        self._own = own
        self._last: RuleBook | None = None

    def read(self) -> RuleBook:
        """The rules by now, else those that were read last. Raises RequestError where none ever could be read."""
        try:
            self._last = book_of(self.store.every(), is_strict=self._is_strict, keeps_apart=self._keeps_apart)
        except Exception as error:
            if self._last is None:
                log.exception("who may see what cannot be read")
                raise RequestError(
                    "I cannot tell what may be seen here: my database does not answer.",
                    remedy="Try again in a minute; if it stays so, tell whoever runs me.",
                ) from error
            log.warning("who may see what cannot be read: what was read last holds", extra={"reason": error})
        return self._last

    def is_outsider(self, user: str) -> bool:
        """Whether Slack says that somebody is a guest, or of another company; False where it does not say."""
        if not user or self._directory is None:
            return False
        return self._directory.membership(user, self._own()) in (Membership.GUEST, Membership.FOREIGN)

    def is_admin(self, user: str) -> bool:
        """Whether somebody is named in the settings, or Slack says that they administer the workspace."""
        if not user:
            return False
        if user in self._admins:
            return True
        return self._directory is not None and self._directory.is_admin(user, self._own())


class Members:
    """Members of channels. Remembered is only that somebody is in one: who was invited a second ago may act at once."""

    def __init__(self, clock: Callable[[], float] = lambda: 0.0, seconds: float = 0.0) -> None:
        """`seconds` that an answer holds; 0: none is remembered."""
        self._mutex = threading.Lock()
        self._known: TTLCache[tuple[str, str], bool] = TTLCache(MAX_MEMBERS, seconds, clock)

    def has(self, channel: str, user: str, ask: Callable[[], bool]) -> bool:
        """Whether somebody is in a channel; raises what `ask` raises."""
        with self._mutex:
            if (channel, user) in self._known:
                return True
        is_in = ask()
        with self._mutex:
            self._known.pop((channel, user), None)
            if is_in:
                self._known[channel, user] = True
        return is_in


class MemberServices(Protocol):
    """What of the services tells who may change something."""

    @property
    def access(self) -> AccessRules: ...

    @property
    def members(self) -> Members: ...


def is_in(channel: str, user: str, outlet: SlackClient, members: Members | None = None) -> bool | None:
    """Whether somebody is in a channel; None where the app may not know."""
    if channel.startswith("D"):
        return None  # of the two who are in it one is the app
    try:
        return (members or Members()).has(channel, user, lambda: outlet.has_member(channel, user))
    except SlackError as failure:
        log.info("members of a channel cannot be looked up: %s", failure)
        return None


def require_editor(utterance: Utterance, services: MemberServices, channel: str = "") -> None:
    """Raises RequestError where only admins change what is set and watched, and this is none; and for outsiders."""
    place = channel or utterance.channel
    if not is_personal(place) and services.access.is_outsider(utterance.user):
        raise RequestError(_OUTSIDERS, remedy=ASK_MEMBER)
    is_for_admins = services.access.read().is_for_admins(utterance.team, place)
    if is_for_admins and not services.access.is_admin(utterance.user):
        raise RequestError(_FOR_ADMINS, remedy=ASK)


def require_member(utterance: Utterance, outlet: SlackClient, services: MemberServices) -> None:
    """Raises RequestError for who may not change what a channel agreed on: where it is for admins, or not in it.

    Where Slack does not tell who is in a channel, whoever acts in it counts as in it.
    """
    require_editor(utterance, services)
    if utterance.is_direct or utterance.channel == utterance.user:
        return
    if is_in(utterance.channel, utterance.user, outlet, services.members) is False:
        raise RequestError(_NOT_AGREED, remedy=JOIN)


class VisibleDefaults:
    """What a channel agreed on, as somebody may see it: an experiment that may not be seen is as one never set.

    `runs` are those that may be seen.
    """

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
