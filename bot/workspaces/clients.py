"""Slack's Web API as each workspace: a client that takes the token of its workspace at every call."""

import threading
from collections.abc import Callable
from copy import copy
from typing import Any

from cachetools import LRUCache
from slack_sdk.errors import SlackApiError
from slack_sdk.web import SlackResponse

from bot.metrics import MeasuredWebClient

MAX_CLIENTS = 1_000
NOT_INSTALLED = "account_inactive"  # what Slack answers to the token of an app that was taken out


class WorkspaceWebClient(MeasuredWebClient):
    """Tokens change: who holds this client need not know. Copies of it go on so."""

    current_token: Callable[[], str] | None = None

    def api_call(self, api_method: str, **given: Any) -> SlackResponse:
        if self.current_token is not None:
            token = self.current_token()
            if not token:
                gone = {"ok": False, "error": NOT_INSTALLED}
                raise SlackApiError("the app is not installed there", gone)  # type: ignore[no-untyped-call]
            self.token = token
        return super().api_call(api_method, **given)


class WorkspaceClients:
    """Safe to use from any thread. Nothing is asked until a client is used."""

    def __init__(self, template: WorkspaceWebClient, token: Callable[[str], str]) -> None:
        self._template = template
        self._token = token
        self._mutex = threading.Lock()
        self._made: LRUCache[str, WorkspaceWebClient] = LRUCache(MAX_CLIENTS)

    def of(self, workspace: str) -> WorkspaceWebClient:
        with self._mutex:
            found = self._made.get(workspace)
            if found is None:
                found = copy(self._template)
                found.current_token = lambda: self._token(workspace)
                self._made[workspace] = found
            return found
