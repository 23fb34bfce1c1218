"""Calls to Slack, each with its failures told by kind. What is known to have had no effect is tried again."""

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from copy import copy
from dataclasses import dataclass
from enum import Enum
from socket import gaierror
from typing import Any
from urllib.error import URLError

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.webhook import WebhookClient, WebhookResponse

from handlers.slack.blocks import Reply

log = logging.getLogger(__name__)

RESPONSE_URL = "response_url"  # the name of answers by it, among the methods of the Web API
ANSWER = "mlcompare_answer"  # the event_type in the metadata of our messages
_LONGEST_WAIT = 30.0  # seconds for one Retry-After; a longer one is not waited for
_RESENT_AFTER = 1.0  # seconds, when Slack could not be reached
_TRIES = 4  # of what Slack did not receive, or what can be done twice without harm
_SEARCHED = 30  # messages looked through for one of ours, the newest first
_REPLIES = 200  # of a thread, which Slack tells oldest first
TOO_MUCH = "more was said than can be looked through"
_MEMBERS, _PAGES = 999, 20  # members of a channel asked for at once, and how often


# What became of a call to Slack that did not succeed, told by codes: whether it may be tried again, and how.


class SlackErrorKind(Enum):
    REFUSED_BLOCKS = "the blocks were refused"
    RATE_LIMITED = "told to wait; nothing was done"
    NOT_SENT = "Slack was not reached; nothing was done"
    UNCONFIRMED = "it may or may not have been done"
    MESSAGE_GONE = "the message cannot be changed any more"
    NOT_HERE = "the bot cannot post here"
    FORBIDDEN = "the workspace does not let anybody's bot post here"
    DENIED = "it will not be done"


_AGAIN: frozenset[SlackErrorKind] = frozenset(
    {SlackErrorKind.UNCONFIRMED}
)  # may be repeated by calls that do no harm twice


@dataclass
class SlackError(Exception):
    """A call that did not succeed. `wait` is in seconds; `places` are Slack's own words on what it refused."""

    kind: SlackErrorKind
    code: str
    wait: float = 0.0
    places: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.code}: {self.kind.value}"


@dataclass(frozen=True)
class SlackClient:
    """Slack as one conversation speaks to it. `patience`: seconds to wait, over all, when Slack says to wait."""

    client: WebClient
    sleep: Callable[[float], None]
    patience: float = 60.0

    @classmethod
    def of(cls, client: WebClient, sleep: Callable[[float], None], patience: float = 60.0) -> "SlackClient":
        """Over a copy of the client that sends nothing twice on its own: a message whose answer was lost is there."""
        own = copy(client)
        own.retry_handlers = []
        return cls(own, sleep, patience)

    def post(self, channel: str, reply: Reply, *, thread_ts: str = "") -> str:
        """The `ts` of the new message."""
        arguments = _content(reply) | {"channel": channel, "metadata": reply.metadata or None}
        answer = self._call("chat.postMessage", arguments | {"thread_ts": thread_ts or None})
        return str(answer.get("ts", ""))

    def update(self, channel: str, ts: str, reply: Reply) -> None:
        arguments = _content(reply) | {"channel": channel, "ts": ts, "blocks": list(reply.blocks)}
        self._call("chat.update", arguments | {"metadata": reply.metadata or None}, _AGAIN)

    def delete(self, channel: str, ts: str) -> None:
        self._call("chat.delete", {"channel": channel, "ts": ts}, _AGAIN)

    def post_ephemeral(self, channel: str, user: str, reply: Reply, *, thread_ts: str = "") -> None:
        """A message that only one person sees."""
        arguments = _content(reply) | {"channel": channel, "user": user, "thread_ts": thread_ts or None}
        self._call("chat.postEphemeral", arguments)

    def respond(self, url: str, reply: Reply, *, thread_ts: str = "") -> None:
        """Answers by response_url: works where the bot is not, five times within half an hour."""
        body = _content(reply) | {
            "response_type": "ephemeral" if reply.only_to_asker else "in_channel",
            "replace_original": False,
            "metadata": reply.metadata or None,
            "thread_ts": thread_ts or None,
        }
        self._repeat(lambda: self._send(url, body), frozenset())

    def replace(self, url: str, reply: Reply) -> None:
        """Replaces the message whose button was pressed, by its response_url."""
        replacement = {"replace_original": True, "metadata": reply.metadata or None}
        self._repeat(lambda: self._send(url, _content(reply) | replacement), _AGAIN)

    def remove(self, url: str) -> None:
        """Takes away the message whose button was pressed, by its response_url."""
        self._repeat(lambda: self._send(url, {"delete_original": True}), _AGAIN)

    def unfurl(self, channel: str, ts: str, cards: Mapping[str, Sequence[dict[str, Any]]]) -> None:
        """Puts blocks below the links of a message, by their addresses as Slack sent them. Needs links:write."""
        unfurls = {url: {"blocks": list(blocks)} for url, blocks in cards.items()}
        self._call("chat.unfurl", {"channel": channel, "ts": ts, "unfurls": unfurls}, _AGAIN)

    def open_view(self, trigger: str, view: dict[str, Any]) -> None:
        """A dialog, for who pressed or asked within the last three seconds."""
        self._call("views.open", {"trigger_id": trigger, "view": view})

    def update_view(self, view_id: str, known_hash: str, view: dict[str, Any]) -> None:
        """A dialog drawn anew, unless it was meanwhile."""
        self._call("views.update", {"view_id": view_id, "hash": known_hash or None, "view": view})

    def publish_home(self, user: str, view: dict[str, Any]) -> None:
        """Somebody's Home tab."""
        self._call("views.publish", {"user_id": user, "view": view}, _AGAIN)

    def auth_test(self) -> None:
        """Asks Slack who we are, which changes nothing. Fails as every call does."""
        self._call("auth.test", {})

    def permalink(self, channel: str, ts: str) -> str:
        """The address of a message in Slack."""
        answer = self._call("chat.getPermalink", {"channel": channel, "message_ts": ts}, _AGAIN)
        return str(answer.get("permalink", ""))

    def find_own_message(
        self, channel: str, wanted: Mapping[str, object], *, thread_ts: str = "", since: str = "", until: str = ""
    ) -> str:
        """The `ts` of our message with this in its metadata, "" when there is none; fails where history is closed.

        With `since`, a `ts`, all that was said after it (up to `until`) is looked through; fails where that is too
        much.
        """
        method, limit = ("conversations.replies", _REPLIES) if thread_ts else ("conversations.history", _SEARCHED)
        arguments = {"channel": channel, "include_all_metadata": True, "limit": limit, "ts": thread_ts or None}
        arguments |= {"oldest": since, "latest": until or None, "limit": _REPLIES} if since else {}
        answer = self._call(method, arguments, _AGAIN)
        for message in answer.get("messages") or ():
            metadata = message.get("metadata") or {}
            payload = metadata.get("event_payload") or {}
            if metadata.get("event_type") == ANSWER and wanted.items() <= payload.items():
                return str(message.get("ts", ""))
        if since and answer.get("has_more"):
            raise SlackError(SlackErrorKind.UNCONFIRMED, TOO_MUCH)
        return ""

    def upload(self, filename: str, content: bytes, *, title: str, alt_text: str) -> str:
        """The id of a new file that only the bot sees, until a message of it shows it. Needs the scope files:write."""
        try:
            answer = self.client.files_upload_v2(content=content, filename=filename, title=title, alt_txt=alt_text)
        except Exception as error:
            raise of_call(error) from error
        files = answer.get("files") or [{}]
        return str(files[0].get("id", ""))

    def share_file(self, channel: str, filename: str, content: bytes, *, comment: str, thread_ts: str = "") -> None:
        """Posts a new file, with a line of mrkdwn above it. Needs the scope files:write."""
        try:
            self.client.files_upload_v2(
                content=content,
                filename=filename,
                title=filename,
                channel=channel,
                thread_ts=thread_ts or None,
                initial_comment=comment,
            )
        except Exception as error:
            raise of_call(error) from error

    def has_member(self, channel: str, user: str) -> bool:
        """Whether somebody is in a channel; fails where the app may not know."""
        cursor = ""
        for _ in range(_PAGES):
            arguments = {"channel": channel, "limit": _MEMBERS, "cursor": cursor or None}
            answer = self._call("conversations.members", arguments, _AGAIN)
            if user in (answer.get("members") or ()):
                return True
            cursor = (answer.get("response_metadata") or {}).get("next_cursor") or ""
            if not cursor:
                return False
        raise SlackError(SlackErrorKind.UNCONFIRMED, "the channel has more members than can be looked through")

    def find_person(self, email_or_id: str) -> str:
        """The id of the person with this address or id, "" when there is none, or the app may not know."""
        method, name = ("users.lookupByEmail", "email") if "@" in email_or_id else ("users.info", "user")
        try:
            answer = self._call(method, {name: email_or_id}, _AGAIN)
        except SlackError as failure:
            if failure.code in ("users_not_found", "user_not_found", "missing_scope"):
                return ""
            raise
        return str((answer.get("user") or {}).get("id", ""))

    def person(self, user: str) -> Mapping[str, Any]:
        """Who somebody is; fails where the app may not know."""
        answer = self._call("users.info", {"user": user})
        found = answer.get("user")
        return found if isinstance(found, Mapping) else {}

    def newest_payload(self, channel: str, thread_ts: str) -> Mapping[str, Any]:
        """What the metadata of our newest answer in a thread holds, or of the message the thread hangs from."""
        arguments = {"channel": channel, "include_all_metadata": True, "limit": _REPLIES, "ts": thread_ts}
        answer = self._call("conversations.replies", arguments, _AGAIN)
        found: Mapping[str, Any] = {}
        for message in answer.get("messages") or ():
            metadata = message.get("metadata") or {}
            payload = metadata.get("event_payload") or {}
            if metadata.get("event_type") == ANSWER and payload.get("runs"):
                found = payload
        return found

    def _call(
        self, method: str, arguments: Mapping[str, Any], repeatable: frozenset[SlackErrorKind] = frozenset()
    ) -> Any:
        given = {name: value for name, value in arguments.items() if value is not None}
        return self._repeat(lambda: self._ask(method, given), repeatable)

    def _ask(self, method: str, arguments: dict[str, Any]) -> Any:
        reading = method.startswith(("conversations.", "users.")) or method == "chat.getPermalink"
        try:
            if reading:  # these take no JSON
                return self.client.api_call(method, params=arguments)
            return self.client.api_call(method, json=arguments)
        except Exception as error:
            raise of_call(error) from error

    def _send(self, url: str, body: dict[str, Any]) -> None:
        client = self.client
        webhook = WebhookClient(url, client.timeout, client.ssl, client.proxy, retry_handlers=[])
        with _observed(client):
            try:
                response = webhook.send_dict({name: value for name, value in body.items() if value is not None})
            except Exception as error:
                raise of_call(error) from error
            if failure := of_response(response):
                raise failure

    def _repeat(self, do: Callable[[], Any], repeatable: frozenset[SlackErrorKind]) -> Any:
        waited, tries = 0.0, 0
        while True:
            try:
                return do()
            except SlackError as failure:
                tries += 1
                pause = self._pause(failure, repeatable, tries)
                if pause is None or waited + pause > self.patience:
                    raise
                log.info("Slack call is tried again in %s s: %s", pause, failure)
                self.sleep(pause)
                waited += pause

    @staticmethod
    def _pause(failure: SlackError, repeatable: frozenset[SlackErrorKind], tries: int) -> float | None:
        """Seconds until it may be tried again; None: it may not."""
        if failure.kind is SlackErrorKind.RATE_LIMITED:
            return max(failure.wait, _RESENT_AFTER) if failure.wait <= _LONGEST_WAIT else None
        if failure.kind is SlackErrorKind.NOT_SENT or failure.kind in repeatable:
            return _RESENT_AFTER * tries if tries < _TRIES else None
        return None


def _observed(client: WebClient) -> AbstractContextManager[object]:
    """What measures a call beside the Web API, where the client is one that measures."""
    observed: Callable[[str], AbstractContextManager[object]] | None = getattr(client, "observed", None)
    return observed(RESPONSE_URL) if observed else nullcontext()


def _content(reply: Reply) -> dict[str, Any]:
    return {
        "text": reply.text,
        "blocks": list(reply.blocks) or None,
        "unfurl_links": False,
        "unfurl_media": False,
    }


_KINDS = {
    SlackErrorKind.REFUSED_BLOCKS: (
        "invalid_blocks",
        "invalid_blocks_format",
        "msg_blocks_too_long",
        "invalid_attachments",
    ),
    SlackErrorKind.RATE_LIMITED: ("ratelimited", "rate_limited", "message_limit_exceeded"),
    SlackErrorKind.UNCONFIRMED: (
        "internal_error",
        "fatal_error",
        "service_unavailable",
        "request_timeout",
        "team_added_to_org",
    ),
    SlackErrorKind.MESSAGE_GONE: ("message_not_found", "cant_update_message", "edit_window_closed"),
    SlackErrorKind.NOT_HERE: ("not_in_channel", "channel_not_found", "user_not_in_channel"),
    SlackErrorKind.FORBIDDEN: (
        "restricted_action",
        "restricted_action_read_only_channel",
        "is_archived",
        "is_inactive",
    ),
}
_BY_CODE = {code: kind for kind, codes in _KINDS.items() for code in codes}
TOO_LONG = "msg_blocks_too_long"
_UNWAITED = 1.0  # seconds, when Slack does not say how long


def of_call(error: Exception) -> SlackError:
    """What an exception of a Web API call means. Whatever is not known to have had no effect may have had one."""
    if isinstance(error, SlackApiError):
        response = error.response
        # The SDK hands out a plain dict in place of a response in some cases: both have get.
        status = getattr(response, "status_code", 200)
        headers = getattr(response, "headers", {})
        return _answered(status, str(response.get("error", "")), headers, _places(response))
    return SlackError(
        SlackErrorKind.NOT_SENT if _never_left(error) else SlackErrorKind.UNCONFIRMED, type(error).__name__
    )


def of_response(response: WebhookResponse) -> SlackError | None:
    """What the answer of a response_url means; None: it was taken."""
    code = _code(response.body)
    if response.status_code == 200 and code in ("", "ok"):
        return None
    return _answered(response.status_code, code, response.headers, ())


def _answered(status: int, code: str, headers: Mapping[str, Any], places: tuple[str, ...]) -> SlackError:
    if status == 429 or _BY_CODE.get(code) is SlackErrorKind.RATE_LIMITED:
        return SlackError(SlackErrorKind.RATE_LIMITED, code or "ratelimited", wait=_seconds(headers))
    if code in _BY_CODE:
        return SlackError(_BY_CODE[code], code, places=places)
    if status >= 500 or (status == 200 and not code.replace("_", "").isalnum()):
        return SlackError(SlackErrorKind.UNCONFIRMED, f"HTTP {status}")
    return SlackError(SlackErrorKind.DENIED, code[:80] or f"HTTP {status}")


def _never_left(error: Exception) -> bool:
    return isinstance(error, URLError) and isinstance(error.reason, ConnectionRefusedError | gaierror)


def _seconds(headers: Mapping[str, Any]) -> float:
    header = next((value for name, value in headers.items() if name.lower() == "retry-after"), None)
    try:
        return max(float(header[0] if isinstance(header, list) else header), 0.0)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return _UNWAITED


def _places(response: Any) -> tuple[str, ...]:
    messages = [*(response.get("errors") or ()), *((response.get("response_metadata") or {}).get("messages") or ())]
    return tuple(dict.fromkeys(str(each) for each in messages))


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
