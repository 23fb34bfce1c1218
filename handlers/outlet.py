"""Calls to Slack, each with its failures told by kind. What is known to have had no effect is tried again."""

import logging
from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import dataclass
from typing import Any

from slack_sdk import WebClient
from slack_sdk.webhook import WebhookClient

from handlers.failures import Kind, SlackFailed, of_call, of_response
from handlers.reply import Reply

log = logging.getLogger(__name__)

ANSWER = "mlcompare_answer"  # the event_type in the metadata of our messages
_LONGEST_WAIT = 30.0  # seconds for one Retry-After; a longer one is not waited for
_RESENT_AFTER = 1.0  # seconds, when Slack could not be reached
_TRIES = 4  # of what Slack did not receive, or what can be done twice without harm
_SEARCHED = 30  # messages looked through for one of ours, the newest first
_REPLIES = 200  # of a thread, which Slack tells oldest first
TOO_MUCH = "more was said than can be looked through"
_MEMBERS, _PAGES = 999, 20  # members of a channel asked for at once, and how often
_AGAIN: frozenset[Kind] = frozenset({Kind.UNKNOWN})  # may be repeated by calls that do no harm twice


@dataclass(frozen=True)
class Outlet:
    """Slack as one conversation speaks to it. `patience`: seconds to wait, over all, when Slack says to wait."""

    client: WebClient
    sleep: Callable[[float], None]
    patience: float = 60.0

    @classmethod
    def of(cls, client: WebClient, sleep: Callable[[float], None], patience: float = 60.0) -> "Outlet":
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

    def whisper(self, channel: str, user: str, reply: Reply, *, thread_ts: str = "") -> None:
        """A message that only one person sees."""
        arguments = _content(reply) | {"channel": channel, "user": user, "thread_ts": thread_ts or None}
        self._call("chat.postEphemeral", arguments)

    def respond(self, url: str, reply: Reply, *, thread_ts: str = "") -> None:
        """By response_url: works where the bot is not, five times within half an hour."""
        body = _content(reply) | {
            "response_type": "ephemeral" if reply.only_to_asker else "in_channel",
            "replace_original": False,
            "metadata": reply.metadata or None,
            "thread_ts": thread_ts or None,
        }
        self._repeat(lambda: self._send(url, body), frozenset())

    def replace(self, url: str, reply: Reply) -> None:
        """In place of the message whose button was pressed, by its response_url."""
        told = {"replace_original": True, "metadata": reply.metadata or None}
        self._repeat(lambda: self._send(url, _content(reply) | told), _AGAIN)

    def remove(self, url: str) -> None:
        """Takes away the message whose button was pressed, by its response_url."""
        self._repeat(lambda: self._send(url, {"delete_original": True}), _AGAIN)

    def open_view(self, trigger: str, view: dict[str, Any]) -> None:
        """A dialog, for who pressed or asked within the last three seconds."""
        self._call("views.open", {"trigger_id": trigger, "view": view})

    def update_view(self, view_id: str, known_hash: str, view: dict[str, Any]) -> None:
        """A dialog drawn anew, unless it was meanwhile."""
        self._call("views.update", {"view_id": view_id, "hash": known_hash or None, "view": view})

    def publish_home(self, user: str, view: dict[str, Any]) -> None:
        """Somebody's Home tab."""
        self._call("views.publish", {"user_id": user, "view": view}, _AGAIN)

    def greet(self) -> None:
        """Asks Slack who we are, which changes nothing. Fails as every call does."""
        self._call("auth.test", {})

    def permalink(self, channel: str, ts: str) -> str:
        """The address of a message in Slack."""
        answer = self._call("chat.getPermalink", {"channel": channel, "message_ts": ts}, _AGAIN)
        return str(answer.get("permalink", ""))

    def find(
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
            raise SlackFailed(Kind.UNKNOWN, TOO_MUCH)
        return ""

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
        raise SlackFailed(Kind.UNKNOWN, "the channel has more members than can be looked through")

    def find_person(self, email: str) -> str:
        """The id of the person with this address, "" when there is none, or the app may not know."""
        try:
            answer = self._call("users.lookupByEmail", {"email": email}, _AGAIN)
        except SlackFailed as failure:
            if failure.code in ("users_not_found", "user_not_found", "missing_scope"):
                return ""
            raise
        return str((answer.get("user") or {}).get("id", ""))

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

    def _call(self, method: str, arguments: Mapping[str, Any], repeatable: frozenset[Kind] = frozenset()) -> Any:
        told = {name: value for name, value in arguments.items() if value is not None}
        return self._repeat(lambda: self._ask(method, told), repeatable)

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
        try:
            response = webhook.send_dict({name: value for name, value in body.items() if value is not None})
        except Exception as error:
            raise of_call(error) from error
        if failure := of_response(response):
            raise failure

    def _repeat(self, do: Callable[[], Any], repeatable: frozenset[Kind]) -> Any:
        waited, tries = 0.0, 0
        while True:
            try:
                return do()
            except SlackFailed as failure:
                tries += 1
                pause = self._pause(failure, repeatable, tries)
                if pause is None or waited + pause > self.patience:
                    raise
                log.info("Slack call is tried again in %s s: %s", pause, failure)
                self.sleep(pause)
                waited += pause

    @staticmethod
    def _pause(failure: SlackFailed, repeatable: frozenset[Kind], tries: int) -> float | None:
        """Seconds until it may be tried again; None: it may not."""
        if failure.kind is Kind.WAIT:
            return max(failure.wait, _RESENT_AFTER) if failure.wait <= _LONGEST_WAIT else None
        if failure.kind is Kind.UNSENT or failure.kind in repeatable:
            return _RESENT_AFTER * tries if tries < _TRIES else None
        return None


def _content(reply: Reply) -> dict[str, Any]:
    return {
        "text": reply.text,
        "blocks": list(reply.blocks) or None,
        "unfurl_links": False,
        "unfurl_media": False,
    }
