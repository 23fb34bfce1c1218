"""The person gate: what somebody may read in MLflow, where MLflow has users of its own.

Who is whom is told by a table, else by the e-mail address that Slack knows, where the settings say so; nothing is
guessed. It holds beside the rules of channels: what is posted in a channel is what both let through.
"""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from cachetools import TTLCache

from comparison.errors import RequestError, TrackingUnavailable
from comparison.runs import Experiment
from comparison.tracking.visibility import Permissions

FRESH = 300.0  # seconds that an answer of MLflow holds
MAX_PEOPLE = 10_000  # people remembered


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
        self._known = TTLCache(MAX_PEOPLE, FRESH, self.clock)

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
