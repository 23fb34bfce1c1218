"""What MLflow lets one of its users read, as its basic auth tells an admin. Sources: mlflow/server/auth of MLflow 3."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

READABLE = frozenset({"READ", "USE", "EDIT", "MANAGE"})  # `allowed` in MLflow's answers means more than reading
_DENY, _MANAGE, _ALL = "DENY", "MANAGE", "*"


@dataclass(frozen=True, slots=True)
class Grant:
    """A grant of one of a user's roles: on an experiment by its id, on all (`*`), or on the whole workspace."""

    resource: str
    pattern: str
    permission: str

    def is_on(self, experiment_id: str) -> bool:
        return self.resource == "experiment" and self.pattern in (_ALL, experiment_id)

    @property
    def is_of_everything(self) -> bool:
        return (self.resource, self.pattern, self.permission) == ("workspace", _ALL, _MANAGE)


@dataclass(frozen=True, slots=True)
class Permissions:
    """What a user may read. `reads_others`: whether that is so for experiments that no grant speaks of."""

    grants: tuple[Grant, ...] = ()
    is_admin: bool = False
    reads_others: bool = False

    def may_read(self, experiment_id: str) -> bool:
        if self.is_admin or any(each.is_of_everything for each in self.grants):
            return True
        own = [each.permission for each in self.grants if each.is_on(experiment_id)]
        if _DENY in own:
            return False
        return not READABLE.isdisjoint(own) if own else self.reads_others


class PermissionSource(Protocol):
    def permissions_of(self, user: str) -> Permissions | None:
        """What an MLflow user may read; None where there is no such user. Raises TrackingUnavailable.

        Two requests at most. MLflow answers only an account that may manage its users.
        """
        ...


def read_grants(rows: Iterable[Mapping[str, Any]], workspace: str) -> tuple[Grant, ...]:
    """The grants of a user in one MLflow workspace."""
    return tuple(
        Grant(str(each.get("resource_type")), str(each.get("resource_pattern")), str(each.get("permission")))
        for each in rows
        if each.get("workspace") in (workspace, None)
    )


def without_grant(grants: Sequence[Grant], experiment_ids: Iterable[str]) -> str:
    """An experiment that no grant speaks of; "" where there is none."""
    return next((each for each in experiment_ids if not any(grant.is_on(each) for grant in grants)), "")
