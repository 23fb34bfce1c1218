"""The people that the bot answers: those of its workspace, unless whoever runs it lets others in."""

from dataclasses import dataclass
from enum import StrEnum

from handlers.access.directory import Directory, Membership
from handlers.access.sender import Sender


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
