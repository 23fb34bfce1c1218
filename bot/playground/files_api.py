"""Web API: files. An upload in three steps: ask for an address, send the bytes there, say that it is complete."""

import json
from dataclasses import replace
from typing import Any

from bot.playground.context import ApiError, Context
from bot.playground.files import LARGEST
from bot.playground.messages_api import post_message


def _share(desk: Context, ids: list[str], arguments: dict[str, Any]) -> None:
    """A message of the app with the files, in the channel or thread that it names."""
    named = [f"<{desk.url}files/{each}|{desk.files.known[each].name}>" for each in ids]
    text = "\n".join(filter(None, [str(arguments.get("initial_comment") or ""), *named]))
    post_message(desk, {"channel": arguments["channel_id"], "text": text, "thread_ts": arguments.get("thread_ts")})


def begin_upload(desk: Context, arguments: dict[str, Any]) -> dict[str, Any]:
    length = str(arguments.get("length") or "")
    if not arguments.get("filename") or not length.isdecimal() or not 0 < int(length) <= LARGEST:
        raise ApiError("invalid_arguments")
    token, file = desk.files.begin(str(arguments["filename"]), int(length), str(arguments.get("alt_txt") or ""))
    return {"ok": True, "upload_url": f"{desk.url}upload/{token}", "file_id": file.id}


def complete_upload(desk: Context, arguments: dict[str, Any]) -> dict[str, Any]:
    told = arguments.get("files") or []
    try:
        named = json.loads(told) if isinstance(told, str) else told
    except ValueError as error:
        raise ApiError("invalid_arguments") from error
    if not isinstance(named, list) or not named or not all(isinstance(each, dict) for each in named):
        raise ApiError("invalid_arguments")
    found = []
    for each in named:
        file = desk.files.known.get(str(each.get("id")))
        if file is None or not file.content:
            raise ApiError("file_not_found")
        desk.files.known[file.id] = replace(file, title=str(each.get("title") or ""), is_complete=True)
        found.append({"id": file.id, "title": each.get("title") or ""})
    if arguments.get("channel_id"):
        _share(desk, [str(each["id"]) for each in found], arguments)
    return {"ok": True, "files": found}
