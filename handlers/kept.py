"""What a dialog keeps from where it was opened: short texts by short names, as its private metadata."""

import json
from collections.abc import Mapping

from handlers.escaping import length

MOST = 3_000  # characters that Slack keeps


def keep(told: Mapping[str, str]) -> str:
    """As one text; what does not fit is left out, the longest first."""
    left = {name: value for name, value in told.items() if value}
    while left and length(json.dumps(left, separators=(",", ":"))) > MOST:
        del left[max(left, key=lambda name: len(left[name]))]
    return json.dumps(left, separators=(",", ":"))


def kept(text: str) -> dict[str, str]:
    """What was kept; nothing for what is none of ours."""
    try:
        told = json.loads(text)
    except ValueError:
        return {}
    return {name: value for name, value in told.items() if isinstance(value, str)} if isinstance(told, dict) else {}
