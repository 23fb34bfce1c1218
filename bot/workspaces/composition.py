"""What several workspaces need beside what one does, put together from the settings. Nothing is asked yet."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from slack_bolt.oauth import OAuthFlow
from slack_sdk.oauth.token_rotation import TokenRotator
from sqlalchemy import Engine

from bot.commands.manifest import LINKS, SCOPES, unfurl_domain
from bot.settings import Settings
from bot.store.installations import StoredInstallations, StoredStates, TokenCipher
from bot.workspaces.departures import Departures
from bot.workspaces.install import STATE_SECONDS, AdmittedInstallations, InstalledAuthorize, install_flow
from bot.workspaces.tokens import WorkspaceClients, WorkspaceTokens, WorkspaceWebClient
from handlers.stores import WatchStore


@dataclass(frozen=True)
class Workspaces:
    """Everything that is of a workspace, by its id, and the way in and out."""

    installations: StoredInstallations
    tokens: WorkspaceTokens
    client: WorkspaceWebClient  # of no workspace; those of workspaces are made from it
    clients: WorkspaceClients
    departures: Departures
    flow: OAuthFlow
    authorize: InstalledAuthorize

    def is_installed(self, workspace: str) -> bool | None:
        """False where the app was taken out, None where it has not been installed yet or cannot be used for now.

        Raises what the database raises where nothing is known.
        """
        if self.tokens.bot(workspace) is not None:
            return True
        return False if self.installations.has_left(workspace) else None

    def ids_of(self, workspace: str) -> frozenset[str]:
        """The workspace and the organisation it is of, for telling who is of another one."""
        bot = self.tokens.bot(workspace)
        organisation = bot.enterprise_id if bot is not None else None
        return frozenset(filter(None, (workspace, organisation)))

    def tend(self) -> None:
        """What is due now and then: tokens that end soon, keys that were changed, what is to be erased.

        Raises what the database raises. Several processes may do it at once.
        """
        self.installations.renew_encryption()
        self.tokens.rotate_early()
        self.departures.erase_old()


def workspaces_of(
    settings: Settings, engine: Engine, client: WorkspaceWebClient, watches: WatchStore, now: Callable[[], datetime]
) -> Workspaces:
    """`client` has no token of its own: it asks for tokens, and those of workspaces are made from it."""
    secret = settings.slack_client_secret.get_secret_value()
    kept = StoredInstallations(engine, TokenCipher(settings.keys), now)
    tokens = WorkspaceTokens(
        kept,
        TokenRotator(client_id=settings.slack_client_id, client_secret=secret, client=client),
        settings.may_install,
        lambda: now().timestamp(),
        time.monotonic,
    )
    client.renewed = tokens.renewed
    departures = Departures(engine, kept, watches, now, tokens.forget)

    def revoke(token: str) -> object:
        return client.auth_revoke(token=token)

    flow = install_flow(
        client,
        client_id=settings.slack_client_id,
        client_secret=secret,
        public_url=settings.public_url,
        api_url=settings.slack_api_url,
        scopes=wanted_scopes(settings),
        command=settings.command,
        installations=AdmittedInstallations(kept, settings.may_install, revoke, departures.arrive),
        states=StoredStates(engine, now, STATE_SECONDS),
    )
    clients = WorkspaceClients(client, tokens.token)
    return Workspaces(kept, tokens, client, clients, departures, flow, InstalledAuthorize(tokens))


def wanted_scopes(settings: Settings) -> tuple[str, ...]:
    """Scopes that whoever installs is asked for: those of the manifest, without what was added there by hand."""
    links = LINKS if unfurl_domain(settings.ui_url)[0] else ()
    return (*SCOPES, *links, *settings.more_scopes)
