"""Web API: files. An upload in three steps: ask for an address, send the bytes there, say that it is complete."""

import json
import secrets
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from bot.playground.limits import Refusal
from bot.playground.schema import Problem

if TYPE_CHECKING:
    from bot.playground.context import Context

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


def _share(desk: "Context", ids: list[str], arguments: dict[str, Any]) -> None:
    """A message of the app with the files, in the channel or thread that it names."""
    from bot.playground.messages_api import post_message

    named = [f"<{desk.url}files/{each}|{desk.files.known[each].name}>" for each in ids]
    text = "\n".join(filter(None, [str(arguments.get("initial_comment") or ""), *named]))
    post_message(desk, {"channel": arguments["channel_id"], "text": text, "thread_ts": arguments.get("thread_ts")})


def begin_upload(desk: "Context", arguments: dict[str, Any]) -> dict[str, Any]:
    from bot.playground.context import SlackError

    length = str(arguments.get("length") or "")
    if not arguments.get("filename") or not length.isdecimal() or not 0 < int(length) <= LARGEST:
        raise SlackError("invalid_arguments")
    token, file = desk.files.begin(str(arguments["filename"]), int(length), str(arguments.get("alt_txt") or ""))
    return {"ok": True, "upload_url": f"{desk.url}upload/{token}", "file_id": file.id}


def complete_upload(desk: "Context", arguments: dict[str, Any]) -> dict[str, Any]:
    from bot.playground.context import SlackError

    told = arguments.get("files") or []
    try:
        named = json.loads(told) if isinstance(told, str) else told
    except ValueError as error:
        raise SlackError("invalid_arguments") from error
    if not isinstance(named, list) or not named or not all(isinstance(each, dict) for each in named):
        raise SlackError("invalid_arguments")
    found = []
    for each in named:
        file = desk.files.known.get(str(each.get("id")))
        if file is None or not file.content:
            raise SlackError("file_not_found")
        desk.files.known[file.id] = replace(file, title=str(each.get("title") or ""), is_complete=True)
        found.append({"id": file.id, "title": each.get("title") or ""})
    if arguments.get("channel_id"):
        _share(desk, [str(each["id"]) for each in found], arguments)
    return {"ok": True, "files": found}
