"""Uploaded files: the addresses that take them, and what was sent there."""

import secrets
from dataclasses import dataclass, field, replace
from typing import Any

from bot.playground.limits import Refusal
from bot.playground.schema import Problem

LARGEST = 10_000_000  # bytes that the stand-in keeps of one file
PICTURES = {b"\x89PNG": "image/png", b"\xff\xd8\xff": "image/jpeg", b"GIF8": "image/gif"}


@dataclass(frozen=True)
class File:
    """One upload. `content` is empty until it was sent; `is_complete` when the app said so; `scans` are still to come.

    A message that shows a file is refused as long as scans are left: each refusal takes one.
    """

    id: str
    name: str
    length: int
    alt_text: str = ""
    title: str = ""
    content: bytes = field(default=b"", repr=False)
    is_complete: bool = False
    scans: int = 0

    @property
    def mimetype(self) -> str:
        return next((kind for start, kind in PICTURES.items() if self.content.startswith(start)), "")


class Files:
    """All uploads, and the addresses that take them. `scans` is how often Slack has to look at the next ones."""

    def __init__(self) -> None:
        self.known: dict[str, File] = {}
        self.scans = 0
        self._addresses: dict[str, str] = {}

    def begin(self, name: str, length: int, alt_text: str) -> tuple[str, File]:
        """A token of an address, and the file."""
        file = File(f"F{secrets.token_hex(5).upper()}", name, length, alt_text, scans=self.scans)
        token = secrets.token_hex(16)
        self.known[file.id] = file
        self._addresses[token] = file.id
        return token, file

    def receive(self, token: str, content: bytes) -> bool:
        """Whether the address takes these bytes: once, and as many as were announced."""
        file = self.known.get(self._addresses.pop(token, ""))
        if file is None or len(content) != file.length:
            return False
        self.known[file.id] = replace(file, content=content)
        return True

    def refusal(self, blocks: list[dict[str, Any]]) -> Refusal | None:
        """Why a message with these blocks is not taken: a file that is none, or was not looked at yet."""
        for at, block in enumerate(blocks):
            told = block.get("slack_file") if block.get("type") == "image" else None
            if not isinstance(told, dict) or "id" not in told:
                continue
            file = self.known.get(str(told["id"]))
            if file is None or not file.is_complete or not file.mimetype or file.scans:
                if file is not None and file.scans:
                    self.known[file.id] = replace(file, scans=file.scans - 1)
                return Refusal("invalid_blocks", (Problem("invalid slack file", f"/blocks/{at}/slack_file"),))
        return None
