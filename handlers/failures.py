"""What became of a call to Slack that did not succeed, told by codes: whether it may be tried again, and how."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from socket import gaierror
from typing import Any
from urllib.error import URLError

from slack_sdk.errors import SlackApiError
from slack_sdk.webhook import WebhookResponse


class Kind(Enum):
    REFUSED_BLOCKS = "the blocks were refused"
    WAIT = "told to wait; nothing was done"
    UNSENT = "Slack was not reached; nothing was done"
    UNKNOWN = "it may or may not have been done"
    GONE = "the message cannot be changed any more"
    NOT_HERE = "the bot cannot post here"
    FORBIDDEN = "the workspace does not let anybody's bot post here"
    DENIED = "it will not be done"


@dataclass
class SlackFailed(Exception):  # noqa: N818 -- named for what happened
    """A call that did not succeed. `wait` is in seconds; `places` are Slack's own words on what it refused."""

    kind: Kind
    code: str
    wait: float = 0.0
    places: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.code}: {self.kind.value}"


_KINDS = {
    Kind.REFUSED_BLOCKS: (
        "invalid_blocks",
        "invalid_blocks_format",
        "msg_blocks_too_long",
        "invalid_attachments",
    ),
    Kind.WAIT: ("ratelimited", "rate_limited", "message_limit_exceeded"),
    Kind.UNKNOWN: ("internal_error", "fatal_error", "service_unavailable", "request_timeout", "team_added_to_org"),
    Kind.GONE: ("message_not_found", "cant_update_message", "edit_window_closed"),
    Kind.NOT_HERE: ("not_in_channel", "channel_not_found", "user_not_in_channel"),
    Kind.FORBIDDEN: ("restricted_action", "restricted_action_read_only_channel", "is_archived", "is_inactive"),
}
_BY_CODE = {code: kind for kind, codes in _KINDS.items() for code in codes}
TOO_LONG = "msg_blocks_too_long"
_UNWAITED = 1.0  # seconds, when Slack does not say how long


def of_call(error: Exception) -> SlackFailed:
    """What an exception of a Web API call means. Whatever is not known to have had no effect may have had one."""
    if isinstance(error, SlackApiError):
        response = error.response
        # The SDK hands out a plain dict in place of a response in some cases: both have get.
        status = getattr(response, "status_code", 200)
        headers = getattr(response, "headers", {})
        return _answered(status, str(response.get("error", "")), headers, _places(response))
    return SlackFailed(Kind.UNSENT if _never_left(error) else Kind.UNKNOWN, type(error).__name__)


def of_response(response: WebhookResponse) -> SlackFailed | None:
    """What the answer of a response_url means; None: it was taken."""
    code = _code(response.body)
    if response.status_code == 200 and code in ("", "ok"):
        return None
    return _answered(response.status_code, code, response.headers, ())


def _answered(status: int, code: str, headers: Mapping[str, Any], places: tuple[str, ...]) -> SlackFailed:
    if status == 429 or _BY_CODE.get(code) is Kind.WAIT:
        return SlackFailed(Kind.WAIT, code or "ratelimited", wait=_seconds(headers))
    if code in _BY_CODE:
        return SlackFailed(_BY_CODE[code], code, places=places)
    if status >= 500 or (status == 200 and not code.replace("_", "").isalnum()):
        return SlackFailed(Kind.UNKNOWN, f"HTTP {status}")
    return SlackFailed(Kind.DENIED, code[:80] or f"HTTP {status}")


def _never_left(error: Exception) -> bool:
    return isinstance(error, URLError) and isinstance(error.reason, ConnectionRefusedError | gaierror)


def _seconds(headers: Mapping[str, Any]) -> float:
    told = next((value for name, value in headers.items() if name.lower() == "retry-after"), None)
    try:
        return max(float(told[0] if isinstance(told, list) else told), 0.0)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return _UNWAITED


def _places(response: Any) -> tuple[str, ...]:
    told = [*(response.get("errors") or ()), *((response.get("response_metadata") or {}).get("messages") or ())]
    return tuple(dict.fromkeys(str(each) for each in told))


def _code(body: str | None) -> str:
    """The error of a response_url's answer, which is JSON or a bare word."""
    text = (body or "").strip()
    try:
        answer = json.loads(text)
    except ValueError:
        return text
    if not isinstance(answer, dict):
        return text
    return "" if answer.get("ok") else str(answer.get("error", "unknown"))
