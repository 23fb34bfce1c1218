"""What a button, an option or a dialog holds: short JSON, so that it works on every replica, a year later."""

import json
from typing import Any

from handlers.slack.escape import length
from handlers.slack.limits import VALUE


def as_json(data: object) -> str:
    """The data as JSON without blanks."""
    return json.dumps(data, separators=(",", ":"))


def to_value(data: object) -> str:
    """The value of a button; "" where Slack would not keep it whole."""
    text = as_json(data)
    return text if length(text) <= VALUE else ""


def fields_in(value: str) -> dict[str, Any]:
    """The named fields of a value; none for what is none of ours."""
    found = _read(value)
    return found if isinstance(found, dict) else {}


def items_in(value: str) -> list[Any]:
    """The items of a value that is a list; none for what is none of ours."""
    found = _read(value)
    return found if isinstance(found, list) else []


def _read(value: str) -> Any:
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return None
