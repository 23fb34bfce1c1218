"""`mlcompare access`: what channels may see and who may change it, listed, set, and who changed that."""

from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from comparison.channel_defaults import ChannelSetting
    from handlers.stores import DefaultChange

_TITLES = ("workspace", "channel", "what", "rule", "since (UTC)", "by")
_CHANGE_TITLES = ("when (UTC)", "channel", "by", "what", "before", "after")
_UNSET = "–"
_BY = "terminal"  # who it was, in the record of changes
_PLACES = {"everywhere": "*", "direct": "direct"}
_WORDS = {"all": ("*",), "none": ()}


@click.group(invoke_without_command=True)
@click.option("--changes", is_flag=True, help="Who changed what and when, the last first.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 100_000), help="Changes at most.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document, for programs.")
@click.pass_context
def access(context: click.Context, *, changes: bool, limit: int, as_json: bool) -> None:
    """List who may see and change what, the changes made to that, or set it. Times are UTC."""
    if context.invoked_subcommand:
        return
    from bot.commands.database import open_state

    with open_state() as engine:
        click.echo(_changes(engine, limit, as_json=as_json) if changes else _rules(engine, as_json=as_json))


@access.command("set")
@click.argument("channel")
@click.argument("patterns", nargs=-1, required=True)
@click.option("--workspace", default="", metavar="ID", help="Of Slack, as T024BE7LD; without: that of the token.")
def set_(*, channel: str, patterns: tuple[str, ...], workspace: str) -> None:
    """Let CHANNEL (an id, `everywhere` or `direct`) see experiments: names, patterns, `all` or `none`."""
    from handlers.access.rules import write_patterns

    chosen = _WORDS.get(patterns[0].lower(), patterns) if len(patterns) == 1 else patterns
    _change(channel, "access", write_patterns(chosen), workspace)


@access.command()
@click.argument("channel")
@click.option("--workspace", default="", metavar="ID", help="Of Slack, as T024BE7LD; without: that of the token.")
def clear(*, channel: str, workspace: str) -> None:
    """Take the rule of CHANNEL (an id, `everywhere` or `direct`) back."""
    _change(channel, "access", "", workspace)


@access.command("changes-by")
@click.argument("channel")
@click.argument("who", type=click.Choice(["admins", "members"]))
@click.option("--workspace", default="", metavar="ID", help="Of Slack, as T024BE7LD; without: that of the token.")
def changes_by(*, channel: str, who: str, workspace: str) -> None:
    """Let only admins, or all members, change what is set and watched in CHANNEL (an id, or `everywhere`)."""
    _change(channel, "changes", who, workspace)


def _change(channel: str, what: str, value: str, workspace: str) -> None:
    import time

    from bot.commands.database import open_state
    from bot.store.channel_defaults import StoredAccess
    from comparison.channel_defaults import ChannelSetting
    from comparison.errors import RequestError

    place = _PLACES.get(channel.lower(), channel)
    is_id = channel[:1] in {"C", "D", "G"} and channel.isalnum() and channel == channel.upper()
    if channel.lower() not in _PLACES and not is_id:
        raise click.BadParameter("name a channel by its id, as C024BE91L, or say everywhere or direct")
    team = workspace or _own_workspace()
    with open_state() as engine:
        try:
            before = StoredAccess(engine).change(team, place, ChannelSetting(what, value, "", _BY, int(time.time())))
        except RequestError as error:
            raise click.ClickException(str(error)) from error
    was, now = _shown(what, before.value), _shown(what, value)
    click.echo(f"{channel}: {what} {now}" + (f" (before: {was})" if was != now else " (as it was)"))


def _own_workspace() -> str:
    """The workspace that the token is of."""
    from slack_sdk.errors import SlackClientError

    from bot.app import web_client
    from bot.settings import survey

    settings = survey()[0]
    if settings.serves_workspaces:
        raise click.ClickException("Which workspace? `mlcompare workspaces` lists them; name it: --workspace T…")
    token = settings.slack_bot_token.get_secret_value()
    try:
        found = web_client(settings, token).auth_test().get("team_id") if token else ""
    except (SlackClientError, OSError) as error:
        raise click.ClickException(
            f"Slack does not say which workspace the token is of ({error}): --workspace T…"
        ) from error
    if not found:
        raise click.ClickException("Which workspace? Set SLACK_BOT_TOKEN, or name it: --workspace T…")
    return str(found)


def _rules(engine: "Engine", *, as_json: bool) -> str:
    from bot.commands.database import as_iso, as_minute
    from bot.store.channel_defaults import StoredAccess

    found = StoredAccess(engine).every()
    found.sort(key=lambda each: (each.workspace, each.channel, each.setting.what))
    if as_json:
        return _document(
            "rules", [_row(each.workspace, each.channel, each.setting, as_iso(each.setting.at)) for each in found]
        )
    if not found:
        return "There is no rule: every channel may see what MLCOMPARE_ACCESS says, `all` unless it was set."
    from bot.commands.deliveries import draw_listing

    rows = [
        [
            each.workspace,
            _place(each.channel),
            each.setting.what,
            _shown(each.setting.what, each.setting.value),
            as_minute(each.setting.at),
            each.setting.by,
        ]
        for each in found
    ]
    return draw_listing(_TITLES, rows, (3,))


def _row(workspace: str, channel: str, setting: "ChannelSetting", at: str | None) -> dict[str, Any]:
    from handlers.access.rules import read_patterns

    value: Any = list(read_patterns(setting.value)) if setting.what == "access" else setting.value
    return {
        "workspace": workspace,
        "channel": _place(channel),
        "what": setting.what,
        "rule": value,
        "by": setting.by,
        "at": at,
    }


def _changes(engine: "Engine", limit: int, *, as_json: bool) -> str:
    from dataclasses import asdict

    from bot.commands.database import as_iso, as_minute
    from bot.store.channel_defaults import StoredAccess

    found: list[DefaultChange] = StoredAccess(engine).every_change(limit=limit)
    if as_json:
        return _document("changes", [asdict(each) | {"at": as_iso(each.at)} for each in found])
    if not found:
        return "No rule was ever made."
    from bot.commands.deliveries import draw_listing

    rows = [
        [
            as_minute(each.at),
            _place(each.channel),
            each.by,
            each.what,
            _shown(each.what, each.before),
            _shown(each.what, each.after),
        ]
        for each in found
    ]
    return draw_listing(_CHANGE_TITLES, rows, (4, 5))


def _place(channel: str) -> str:
    return {key: name for name, key in _PLACES.items()}.get(channel, channel)


def _shown(what: str, value: str) -> str:
    from handlers.access.rules import read_patterns

    if not value:
        return _UNSET
    patterns = read_patterns(value) if what == "access" else (value,)
    return "all" if "*" in patterns else ", ".join(patterns) or "none"


def _document(name: str, rows: list[dict[str, Any]]) -> str:
    from comparison.formats.controls import json_text

    return json_text({"version": 1, name: rows})
