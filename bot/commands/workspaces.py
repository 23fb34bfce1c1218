"""`mlcompare workspaces`: where the app is installed, and the keys that its tokens are encrypted with."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from bot.store.installations import InstalledWorkspace, StoredInstallations

_TITLES = ("id", "name", "what", "installed, by", "state")


@click.group(invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="One JSON document, for programs.")
@click.pass_context
def workspaces(context: click.Context, *, as_json: bool) -> None:
    """List the workspaces that installed the app (OAuth), or change its keys. No token is shown. Times are UTC."""
    if context.invoked_subcommand:
        return
    from bot.store.installations import list_workspaces
    from bot.store.migrate import open_state

    with open_state() as engine:
        found = list_workspaces(engine)
    click.echo(_document(found) if as_json else _listing(found))


@workspaces.command("new-key")
def new_key() -> None:
    """Print a new key for MLCOMPARE_TOKEN_KEYS. It is kept nowhere."""
    from bot.store.installations import new_key as made

    click.echo(made())


@workspaces.command("renew-keys")
def renew_keys() -> None:
    """Encrypt all tokens with the first key of MLCOMPARE_TOKEN_KEYS; `serve` does it, too, every ten minutes."""
    from bot.store.migrate import open_state

    with open_state() as engine:
        changed, unreadable = _stored(engine).renew_encryption()
    click.echo(f"{changed} encrypted anew. All others were already.")
    if unreadable:
        ids = ", ".join(unreadable)
        raise click.ClickException(
            f"No key opens the tokens of {ids}. Put the key that was taken out behind the first."
        )
    click.echo("The other keys are not needed any more.")


@workspaces.command()
@click.argument("workspace")
@click.option("--yes", is_flag=True, help="Do not ask.")
def erase(*, workspace: str, yes: bool) -> None:
    """Erase all that is stored of WORKSPACE (an id, as T024BE7LD), its tokens too. What was posted stays in Slack."""
    import time
    from datetime import UTC, datetime

    from bot.store.migrate import open_state
    from bot.store.watches import StoredWatches
    from bot.workspaces.install import Departures

    if not yes:
        click.confirm(f"Erase everything that is stored of {workspace}?", abort=True)
    with open_state() as engine:
        installations = _stored(engine)
        now = datetime.fromtimestamp(time.time(), UTC)
        places = [workspace, *installations.teams_of(workspace)]
        Departures(engine, installations, StoredWatches(engine), lambda: now, lambda: None).erase(places)
    click.echo(f"Erased: {', '.join(places)}. Take the app out in Slack, too: its token is good until then.")


def _stored(engine: "Engine") -> "StoredInstallations":
    from datetime import UTC, datetime

    from bot.settings import SOURCES, survey
    from bot.store.installations import StoredInstallations, TokenCipher

    settings, _problems = survey()
    if not settings.keys:
        raise click.ClickException(f"MLCOMPARE_TOKEN_KEYS is not set\n    → {SOURCES['MLCOMPARE_TOKEN_KEYS']}")
    return StoredInstallations(engine, TokenCipher(settings.keys), lambda: datetime.now(UTC))


def _listing(found: "list[InstalledWorkspace]") -> str:
    if not found:
        return "No workspace installed the app. Where SLACK_BOT_TOKEN is set there is one, and nothing to install."
    from bot.commands.listing import as_minute, draw_listing

    rows = []
    for each in found:
        what = "organisation" if each.is_enterprise else "workspace"
        installed = f"{as_minute(each.installed_at)}\n{each.installed_by}"
        rows.append([each.id, each.name, what, installed, _state(each)])
    return draw_listing(_TITLES, rows, (1, 4))


def _state(each: "InstalledWorkspace") -> str:
    from bot.commands.listing import as_minute
    from bot.store.installations import KEPT

    if each.removed_at:
        erased = as_minute(each.removed_at + KEPT)
        return f"taken out {as_minute(each.removed_at)}, erased from {erased} on"
    return "installed" if not each.expires_at else f"installed, token until {as_minute(each.expires_at)}"


def _document(found: "list[InstalledWorkspace]") -> str:
    from bot.commands.listing import as_iso, document

    rows: list[dict[str, Any]] = []
    for each in found:
        times = {name: as_iso(getattr(each, name)) for name in ("installed_at", "expires_at", "removed_at")}
        rows.append(asdict(each) | times)
    return document("workspaces", rows)
