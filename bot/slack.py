"""Slack's Web API as the bot calls it, and who the bot is there."""

from ssl import create_default_context

from slack_bolt.authorization import AuthorizeResult
from slack_sdk import WebClient

from bot.settings import Settings

TIMEOUT = 10  # seconds for one call


def web_client(settings: Settings, token: str | None = None) -> WebClient:
    """A client for SLACK_API_URL. It tries nothing again: what may be, those who call it know."""
    # One TLS context for all calls: without, each call would read the machine's certificates anew.
    context = create_default_context() if settings.slack_api_url.startswith("https:") else None
    return WebClient(token=token, base_url=settings.slack_api_url, timeout=TIMEOUT, retry_handlers=[], ssl=context)


class Identity:
    """Who the bot is, by `auth.test`. Until Slack has told, requests are answered with the token alone."""

    def __init__(self, client: WebClient) -> None:
        self._client = client
        self._known = AuthorizeResult(enterprise_id=None, team_id=None, bot_token=client.token)

    def ask(self) -> None:
        """Asks Slack; raises what slack_sdk raises."""
        said = self._client.auth_test()
        self._known = AuthorizeResult(
            enterprise_id=said.get("enterprise_id"),
            team_id=said.get("team_id"),
            bot_id=said.get("bot_id"),
            bot_user_id=said.get("user_id"),
            bot_token=self._client.token,
        )

    def known(self) -> AuthorizeResult:
        return self._known
