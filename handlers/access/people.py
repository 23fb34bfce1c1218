"""The people who ask: who they are in Slack, whether they are answered, and what they may read in MLflow."""

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from typing import Any

from cachetools import LRUCache, TTLCache

from comparison.errors import RequestError, TrackingUnavailable
from comparison.runs import Experiment
from comparison.tracking.visibility import Permissions
from handlers.slack.client import SlackError, SlackErrorKind
from handlers.utterance import Payload, is_said_to_the_bot, mapping, mappings, string

log = logging.getLogger(__name__)

# Who somebody is in the workspace, as Slack's `users.info` tells where the app may ask it; remembered for a while.


FRESH = 600.0  # seconds that an answer holds
STALE = 24 * 3600.0  # seconds that it holds while Slack gives no other
PAUSE = 10.0  # seconds without asking after Slack gave no answer
MAX_PEOPLE = 10_000  # people remembered
_STRIPES = 32  # people asked for side by side
_UNKNOWN_PEOPLE = frozenset({"user_not_found", "user_not_visible", "users_not_found"})


class Membership(Enum):
    MEMBER = "of this workspace"
    GUEST = "a guest here"
    FOREIGN = "of another workspace"
    UNTOLD = "the app may not ask Slack"
    UNSURE = "Slack did not say"


@dataclass(frozen=True, slots=True)
class Person:
    """What is remembered of somebody: the ids of all workspaces and companies they are of, and what they may be."""

    belongs: frozenset[str]
    is_guest: bool
    is_stranger: bool
    at: float
    is_admin: bool = False
    email: str = ""  # where the app may read it

    def membership(self, own: frozenset[str]) -> Membership:
        if self.is_stranger or (own and not self.belongs & own):
            return Membership.FOREIGN
        return Membership.GUEST if self.is_guest else Membership.MEMBER


class Directory:
    """Safe to use from any thread; one person is asked for once at a time. Never raises."""

    def __init__(self, ask: Callable[[str], Mapping[str, Any]], clock: Callable[[], float]) -> None:
        """`ask`: the user as users.info tells; raises SlackFailed."""
        self._ask = ask
        self._clock = clock
        self._mutex = threading.Lock()
        self._asking = tuple(threading.Lock() for _ in range(_STRIPES))
        self._known: LRUCache[str, Person] = LRUCache(MAX_PEOPLE)
        self._silent_until = self._untold_until = float("-inf")

    def membership(self, user: str, own: frozenset[str]) -> Membership:
        """`own`: the ids of the workspace and the company that the bot is of."""
        found: Person | Membership | None = self._remembered(user, FRESH)
        if found is None:
            with self._asking[hash(user) % _STRIPES]:
                found = self._remembered(user, FRESH) or self._asked(user)
        return found.membership(own) if isinstance(found, Person) else found

    def is_admin(self, user: str, own: frozenset[str]) -> bool:
        """Whether Slack says that somebody administers the workspace; asked anew where that is older than FRESH."""
        self.membership(user, own)
        person = self._remembered(user, FRESH)
        is_ours = person is not None and bool(own) and person.membership(own) is Membership.MEMBER
        return is_ours and person is not None and person.is_admin

    def email(self, user: str) -> str:
        """The e-mail address of somebody; "" where Slack does not tell it."""
        self.membership(user, frozenset())
        person = self._remembered(user, STALE)
        return person.email if person is not None else ""

    def _asked(self, user: str) -> Person | Membership:
        now = self._clock()
        if now < self._untold_until:
            return Membership.UNTOLD
        if now < self._silent_until:
            return self._remembered(user, STALE) or Membership.UNSURE
        try:
            answer = self._ask(user)
        except SlackError as failure:
            return self._failed(user, failure)
        if not string(answer, "id"):
            return self._remembered(user, STALE) or Membership.UNSURE
        person = _person(answer, self._clock())
        with self._mutex:
            self._known[user] = person
        return person

    def _failed(self, user: str, failure: SlackError) -> Person | Membership:
        if failure.code in _UNKNOWN_PEOPLE:
            return Membership.FOREIGN
        if (
            failure.kind is SlackErrorKind.DENIED
        ):  # it stays so until the app is installed anew: missing_scope, invalid_auth …
            self._untold_until = self._clock() + FRESH
            log.warning("who is a guest, or of another company, cannot be looked up: %s", failure.code)
            return Membership.UNTOLD
        self._silent_until = self._clock() + max(PAUSE, failure.wait)
        log.warning("who somebody is cannot be looked up now: %s", failure)
        return self._remembered(user, STALE) or Membership.UNSURE

    def _remembered(self, user: str, seconds: float) -> Person | None:
        with self._mutex:
            known = self._known.get(user)
        return known if known is not None and self._clock() - known.at < seconds else None


def _person(user: Mapping[str, Any], at: float) -> Person:
    company = mapping(user, "enterprise_user")
    teams = company.get("teams")
    listed = [each for each in teams if isinstance(each, str)] if isinstance(teams, list) else []
    belongs = {string(user, "team_id"), string(company, "enterprise_id"), *listed} - {""}
    is_guest = any(user.get(name) is True for name in ("is_restricted", "is_ultra_restricted"))
    is_admin = any(user.get(name) is True for name in ("is_admin", "is_owner", "is_primary_owner"))
    email = string(mapping(user, "profile"), "email")
    return Person(frozenset(belongs), is_guest, user.get("is_stranger") is True, at, is_admin, email)


# Whom the bot answers: the people of its workspace, unless whoever runs it lets others in.
#
# Who sent a payload is read from it, with what it tells of where they belong. Each kind of payload tells it otherwise.


COMMAND, EVENT, HOME, LINKS = "command", "event", "home", "links"
ACTION, OPTIONS, SUBMISSION, CLOSED = "block_actions", "block_suggestion", "view_submission", "view_closed"
SHORTCUT, OF_MESSAGE = "shortcut", "message_action"
_EVENTS = {"app_mention": EVENT, "message": EVENT, "app_home_opened": HOME, "link_shared": LINKS}
_INTERACTIONS = frozenset({ACTION, OPTIONS, SUBMISSION, SHORTCUT, OF_MESSAGE})


@dataclass(frozen=True, slots=True)
class Sender:
    """Somebody who wants something of the bot, by which kind of payload; `user` is "" for another app.

    `belongs` are the ids of the workspace and the company that the payload says they are of; empty: it does not say.
    `installed` is where it says that the app is. `is_guest` is True only where the payload says so, `is_shared` where
    the channel is shared with other companies.
    """

    kind: str
    user: str
    belongs: frozenset[str] = frozenset()
    installed: frozenset[str] = frozenset()
    is_guest: bool = False
    is_shared: bool = False


def sender(body: Payload) -> Sender | None:
    """Sender of a payload; None where nobody asks: what the bot does not answer, and Slack's own notices."""
    kind = string(body, "type")
    if kind == "event_callback":
        return _of_event(body)
    if string(body, "command"):
        return Sender(COMMAND, string(body, "user_id"), _ids(string(body, "team_id"), string(body, "enterprise_id")))
    if kind in _INTERACTIONS:
        return _of_interaction(kind, body)
    return None


def _of_event(body: Payload) -> Sender | None:
    event = mapping(body, "event")
    kind = string(event, "type")
    if kind == "message" and not is_said_to_the_bot(event):
        return None
    if kind not in _EVENTS:
        return None
    profile = mapping(event, "user_profile")
    teams = (string(event, "user_team"), string(profile, "team"), string(event, "source_team"), string(event, "team"))
    granted = mappings(body.get("authorizations"))
    return Sender(
        _EVENTS[kind],
        "" if event.get("bot_id") else string(event, "user"),  # another app is no person to be asked for, or told
        _ids(next(filter(None, teams), "")),
        _ids(*(string(each, name) for each in granted[:1] for name in ("team_id", "enterprise_id"))),
        is_guest=_is_guest(profile),
        is_shared=body.get("is_ext_shared_channel") is True,
    )


def _of_interaction(kind: str, body: Payload) -> Sender:
    person, view = mapping(body, "user"), mapping(body, "view")
    installed = string(view, "app_installed_team_id")
    team = string(person, "team_id") or (string(mapping(body, "team"), "id") if installed else "")
    shared = body.get("is_ext_shared_channel") is True or mapping(body, "channel").get("is_ext_shared") is True
    return Sender(kind, string(person, "id"), _ids(team), _ids(installed), is_guest=_is_guest(person), is_shared=shared)


def _is_guest(person: Payload) -> bool:
    return person.get("is_restricted") is True or person.get("is_ultra_restricted") is True


def _ids(*ids: str) -> frozenset[str]:
    return frozenset(filter(None, ids))


class Policy(StrEnum):
    REFUSE = "refuse"  # neither guests nor people of other companies
    GUESTS = "guests"  # guests of the workspace, too
    ALLOW = "allow"  # whoever asks


_HOW = "Ask somebody who is to do it for you; whoever runs me can let others in (MLCOMPARE_EXTERNAL_PEOPLE)."
FOREIGN = f"I only answer people of this workspace, and you are of another one. {_HOW}"
GUEST = f"I only answer full members of this workspace, and you are a guest here. {_HOW}"
UNSURE = "Slack does not tell me right now whether you are of this workspace. Please try again in a minute."


@dataclass(frozen=True)
class Admission:
    """Decides by what Slack sends with a request, and by a directory where there is one."""

    policy: Policy = Policy.REFUSE
    directory: Directory | None = None

    def refusal(self, sender: Sender, own: frozenset[str]) -> str:
        """What somebody is told who is not answered; "" for whoever is.

        `own`: the ids of the workspace and the company that the bot is of; empty while Slack has not told.
        """
        if self.policy is Policy.ALLOW:
            return ""
        if sender.is_guest and self.policy is Policy.REFUSE:
            return GUEST
        home = own or sender.installed
        is_elsewhere = bool(home and sender.belongs and not home & sender.belongs)
        membership = self._membership(sender, home)
        if membership is Membership.FOREIGN or (is_elsewhere and membership is not Membership.MEMBER):
            return FOREIGN
        if membership is Membership.GUEST:
            return GUEST if self.policy is Policy.REFUSE else ""
        if membership is Membership.UNSURE:
            return UNSURE
        nobody_says = membership is Membership.UNTOLD and not sender.belongs
        return FOREIGN if nobody_says and sender.is_shared else ""

    def _membership(self, sender: Sender, home: frozenset[str]) -> Membership:
        if self.directory is None or not sender.user:
            return Membership.UNTOLD
        return self.directory.membership(sender.user, home)


# What somebody may read in MLflow, where MLflow has users of its own.
#
# Who is whom is told by a table, else by the e-mail address that Slack knows, where the settings say so; nothing is
# guessed. It holds beside the rules of channels: what is posted in a channel is what both let through.


PERMISSIONS_FRESH = 300.0  # seconds that an answer of MLflow holds


@dataclass(frozen=True, slots=True)
class PersonView:
    """What a person may read; `user` is theirs in MLflow, "" for who is none there."""

    user: str
    permissions: Permissions | None

    def shows(self, experiment: Experiment) -> bool:
        return self.permissions is not None and self.permissions.may_read(experiment.experiment_id)


@dataclass
class People:
    """Safe to use from any thread. `table` is of MLflow's users by the ids of people in Slack.

    `ask` tells what a user of MLflow may read, `email` the address of somebody in Slack ("": it is not told). People
    who are none in MLflow see what their channel may, and where it `is_strict` nothing.
    """

    ask: Callable[[str], Permissions | None]
    email: Callable[[str], str]
    clock: Callable[[], float]
    table: Mapping[str, str] = field(default_factory=dict)
    by_email: bool = False
    is_strict: bool = False
    _known: TTLCache[str, tuple[Permissions | None]] = field(init=False)
    _mutex: threading.Lock = field(init=False, default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._known = TTLCache(MAX_PEOPLE, PERMISSIONS_FRESH, self.clock)

    def view(self, user: str) -> PersonView | None:
        """What somebody in Slack may read; None: it is for their channel alone to say. Raises RequestError."""
        name = self._name(user)
        permissions = self._permissions(name) if name else None
        if permissions is None and not self.is_strict:
            return None
        return PersonView(name, permissions)

    def _name(self, user: str) -> str:
        if not user:
            return ""  # another app
        if user in self.table or not self.by_email:
            return self.table.get(user, "")
        address = self.email(user)
        if not address:
            raise RequestError(
                "I cannot tell what you may see: Slack does not tell me your e-mail address.",
                remedy="Whoever runs me gives my app the scope users:read.email, or names you in MLCOMPARE_PEOPLE.",
            )
        return address

    def _permissions(self, name: str) -> Permissions | None:
        with self._mutex:
            known = self._known.get(name)
        if known is None:
            known = (self._asked(name),)
            with self._mutex:
                self._known[name] = known
        return known[0]

    def _asked(self, name: str) -> Permissions | None:
        try:
            return self.ask(name)
        except TrackingUnavailable as error:
            raise RequestError(
                f"I cannot tell what you may see in MLflow. {error.problem}",
                remedy="Try again in a minute; if it stays so, tell whoever runs me: "
                "my account in MLflow has to be an admin's there.",
            ) from error
