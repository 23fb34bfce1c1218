"""Reading Slack's payloads: whatever is missing or of another kind reads as nothing."""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

Payload = Mapping[str, Any]


def string(payload: Payload, key: str) -> str:
    value = payload.get(key)
    return value if isinstance(value, str) else ""


def mapping(payload: Payload, key: str) -> Payload:
    value = payload.get(key)
    return value if isinstance(value, Mapping) else {}


def mappings(value: Any) -> list[Payload]:
    """Those of a list that are objects."""
    return [each for each in value if isinstance(each, Mapping)] if isinstance(value, list) else []


def team(body: Payload) -> str:
    return (
        string(body, "team_id")
        or string(mapping(body, "team"), "id")
        or string(body, "enterprise_id")
        or string(mapping(body, "enterprise"), "id")
    )


def digest(secret: str) -> str:
    """Tells one from another without giving it away: deliveries stand in metadata that others can read."""
    return sha256(secret.encode()).hexdigest()[:20] if secret else ""


def keyed(kind: str, key: str) -> str:
    return f"{kind}:{key}" if key else ""


def chosen(fields: Payload) -> tuple[str, ...]:
    """All that was typed or chosen in a block of a dialog, in order."""
    found: list[str] = []
    for element in fields.values():
        if isinstance(element, Mapping):
            one = [string(element, "value"), string(mapping(element, "selected_option"), "value")]
            place = [string(element, "selected_conversation"), string(element, "selected_channel")]
            several = [string(each, "value") for each in mappings(element.get("selected_options"))]
            found += filter(None, (*one, *place, *several))
    return tuple(found)


def all_chosen(view: Payload) -> dict[str, tuple[str, ...]]:
    """All that was typed or chosen in a view, by block."""
    values = mapping(mapping(view, "state"), "values")
    return {block: chosen(fields) for block, fields in values.items() if isinstance(fields, Mapping)}
