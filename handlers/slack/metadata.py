"""What dialogs hold (`private_metadata`): short texts by short names, sealed for the person who opened the dialog.

What was changed on the way, or comes from somebody else, is not taken.
"""

import hmac
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from handlers.slack.blocks import as_json, fields_in, plain, section
from handlers.slack.escape import length

MAX_METADATA_CHARS = 3_000  # characters that Slack keeps
LOST = "I no longer know what this was opened for. Please close it, and open it again."
_SEAL = "s"
_SEALED = 48  # characters of the seal, its name and marks


@dataclass(frozen=True)
class Seal:
    """Made with a key that all replicas share; without one, dialogs of another process are not taken."""

    key: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)

    def close(self, texts: Mapping[str, str], *, purpose: str, user: str) -> str:
        """Packs texts into one; what does not fit is left out, the longest first. `purpose`: which dialog it is."""
        left = {name: value for name, value in texts.items() if value}
        while left and length(as_json(left)) > MAX_METADATA_CHARS - _SEALED:
            del left[max(left, key=lambda name: len(left[name]))]
        return as_json({**left, _SEAL: self._mark(left, purpose, user)})

    def open(self, text: str, *, purpose: str, user: str) -> dict[str, str] | None:
        """What was kept; None for what this person did not open, or not so."""
        texts = unpack(text)
        mark = texts.pop(_SEAL, "")
        is_whole = hmac.compare_digest(mark.encode("utf-8", "replace"), self._mark(texts, purpose, user).encode())
        return texts if is_whole else None

    def _mark(self, texts: Mapping[str, str], purpose: str, user: str) -> str:
        about = json.dumps([purpose, user, sorted(texts.items())]).encode()
        return hmac.new(self.key, about, sha256).hexdigest()[:32]


def unpack(text: str) -> dict[str, str]:
    """What was kept, by whomever; nothing for what is none of ours."""
    return {name: value for name, value in fields_in(text).items() if isinstance(value, str)}


def lost(title: str) -> dict[str, Any]:
    """The dialog in place of one whose sender, channel or content is not what it was opened with."""
    return {"type": "modal", "title": plain(title, 24), "close": plain("Close", 24), "blocks": [section(LOST)]}
