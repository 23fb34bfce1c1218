"""The people that the bot answers: those of its workspace, unless whoever runs it lets others in.

Who sent a payload is read from it, with what it tells of where they belong. Each kind of payload tells it otherwise.
"""

from dataclasses import dataclass
from enum import StrEnum

from handlers.access.directory import Directory, Membership
from handlers.utterance import Payload, is_said_to_the_bot, mapping, mappings, string

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
