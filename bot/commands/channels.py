"""What channels agreed on, watch and may see, listed with who changed it: `mlcompare settings`, `watches`, `access`."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from comparison.channel_defaults import ChannelSetting
    from handlers.stores import DefaultChange, StoredWatch, WatchChange

_CHANGE_TITLES = ("when (UTC)", "channel", "by", "what", "before", "after")
_UNSET = "–"
_CHANNEL = click.option(
    "--channel", "-c", default="", metavar="ID", help="Of this channel only, for example C024BE91L."
)
_LISTED = (
    click.option("--changes", is_flag=True, help="Who changed what and when, the last first."),
    click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 100_000), help="Changes at most."),
    click.option("--json", "as_json", is_flag=True, help="One JSON document, for programs."),
)


def _with_options(command: Any) -> Any:
    """The options of whatever is listed."""
    for option in reversed(_LISTED):
        command = option(command)
    return command


def _change_list(
    changes: "Sequence[DefaultChange | WatchChange]",
    cells: Callable[[Any], list[str]],
    *,
    nothing: str,
    as_json: bool,
    sentences: Sequence[int],
) -> str:
    """Changes as a document or a table; `cells` are those behind the time; `sentences` are columns."""
    from bot.commands.listing import as_iso, as_minute, document, draw_listing

    if as_json:
        return document("changes", [asdict(each) | {"at": as_iso(each.at)} for each in changes])
    if not changes:
        return nothing
    return draw_listing(_CHANGE_TITLES, [[as_minute(each.at), *cells(each)] for each in changes], sentences)


# `mlcompare settings`: what channels agreed on, who set it, and who changed it.


_SETTING_TITLES = ("channel", "what", "value", "since", "by")


@click.command()
@_CHANNEL
@_with_options
def settings(*, channel: str, changes: bool, limit: int, as_json: bool) -> None:
    """List what all channels agreed on, or the changes made to that. Times are UTC."""
    from bot.store.channel_defaults import StoredDefaults
    from bot.store.migrate import open_state

    with open_state() as engine:
        stored = StoredDefaults(engine)
        if changes:
            nothing = f"Nothing was ever set in {channel or 'any channel'}."
            found = stored.every_change(channel=channel, limit=limit)
            click.echo(_change_list(found, _setting_cells, nothing=nothing, as_json=as_json, sentences=(3, 4, 5)))
        else:
            click.echo(_settings(stored.every(channel=channel), channel, as_json=as_json))


def _settings(found: "list[tuple[str, str, ChannelSetting]]", channel: str, *, as_json: bool) -> str:
    from bot.commands.listing import as_iso, as_minute, document, draw_listing

    if as_json:
        return document("settings", [_setting_row(*each, as_iso(each[2].at)) for each in found])
    if not found:
        return f"Nothing is set in {channel or 'any channel'}. `/mlcompare settings` in a channel of Slack says how."
    rows = [[place, _what(each.what, each.metric), each.value, as_minute(each.at), each.by] for _, place, each in found]
    return draw_listing(_SETTING_TITLES, rows, (1, 2))


def _setting_row(workspace: str, channel: str, setting: "ChannelSetting", at: str | None) -> dict[str, Any]:
    what = {"what": setting.what, "metric": setting.metric, "value": setting.value}
    return {"workspace": workspace, "channel": channel, **what, "by": setting.by, "at": at}


def _setting_cells(change: "DefaultChange") -> list[str]:
    what = _what(change.what, change.metric)
    return [change.channel, change.by, what, change.before or _UNSET, change.after or _UNSET]


def _what(what: str, metric: str) -> str:
    return f"{what} of {metric}" if metric else what


# `mlcompare watches`: what channels watch, who asked for it, and who changed it.


_WATCH_TITLES = ("id", "channel", "what", "since, by", "last message", "state")
BOT = "mlcompare"  # who it was where it was no person


@click.command()
@_CHANNEL
@_with_options
def watches(*, channel: str, changes: bool, limit: int, as_json: bool) -> None:
    """List the watches and digests of all channels, or the changes made to them. Times are UTC."""
    from bot.store.migrate import open_state
    from bot.store.outbox import StoredOutbox
    from bot.store.watches import StoredWatches

    with open_state() as engine:
        stored = StoredWatches(engine)
        if changes:
            nothing = f"No watch was ever set up or changed in {channel or 'any channel'}."
            found = stored.every_change(channel=channel, limit=limit)
            click.echo(_change_list(found, _watch_cells, nothing=nothing, as_json=as_json, sentences=(4, 5)))
            return
        shown = [each for each in stored.every() if not channel or each.channel == channel]
        shown.sort(key=lambda each: (each.workspace, each.channel, each.is_digest, each.created_at))
        last = StoredOutbox(engine).last_posted() if shown else {}
    click.echo(_watches(shown, last, channel, as_json=as_json))


def _watches(stored: "list[StoredWatch]", last: dict[str, int], channel: str, *, as_json: bool) -> str:
    from bot.commands.listing import as_minute, document, draw_listing

    if as_json:
        return document("watches", [_watch_row(each, last.get(each.id, 0)) for each in stored])
    if not stored:
        place = f"in {channel}" if channel else "in any channel"
        return f"Nothing is watched {place}. `/mlcompare watch <experiment>` in a channel of Slack begins it."
    rows = []
    for each in stored:
        words = f"digest {each.words}" if each.is_digest else each.words
        since = f"{as_minute(each.created_at)[:10]}\n{each.created_by or BOT}"
        posted_at = as_minute(last.get(each.id, 0) / 1000).replace(" ", "\n")
        rows.append([each.id, each.channel, words, since, posted_at, _state(each)])
    return draw_listing(_WATCH_TITLES, rows, (2, 5))


def _state(watch: "StoredWatch") -> str:
    if not watch.is_paused:
        return "on"
    return (
        f"paused: {watch.paused_why or 'it did not say why'}" if not watch.paused_by else f"paused by {watch.paused_by}"
    )


def _watch_row(watch: "StoredWatch", last: int) -> dict[str, Any]:
    from bot.commands.listing import as_iso

    row = asdict(watch)
    del row["past"], row["is_primed"], row["meaning"]
    times = {
        "created_at": as_iso(watch.created_at),
        "paused_at": as_iso(watch.paused_at),
        "gone_at": as_iso(watch.gone_at),
        "last_posted_at": as_iso(last / 1000),
    }
    return row | times


def _watch_cells(change: "WatchChange") -> list[str]:
    what = f"{change.what}\n{change.watch_id}"
    return [change.channel, change.by or BOT, what, change.before, change.after]


# `mlcompare access`: what channels may see and who may change it, listed, set, and who changed that.


_RULE_TITLES = ("workspace", "channel", "what", "rule", "since (UTC)", "by")
_BY = "terminal"  # who it was, in the record of changes
_PLACES = {"everywhere": "*", "direct": "direct"}
_WORDS = {"all": ("*",), "none": ()}


@click.group(invoke_without_command=True)
@_with_options
@click.pass_context
def access(context: click.Context, *, changes: bool, limit: int, as_json: bool) -> None:
    """List who may see and change what, the changes made to that, or set it. Times are UTC."""
    if context.invoked_subcommand:
        return
    from bot.store.channel_defaults import StoredAccess
    from bot.store.migrate import open_state

    with open_state() as engine:
        if changes:
            found = StoredAccess(engine).every_change(limit=limit)
            nothing = "No rule was ever made."
            click.echo(_change_list(found, _rule_cells, nothing=nothing, as_json=as_json, sentences=(4, 5)))
        else:
            click.echo(_rules(engine, as_json=as_json))


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

    from bot.store.channel_defaults import StoredAccess
    from bot.store.migrate import open_state
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
    from bot.commands.listing import as_iso, as_minute, document, draw_listing
    from bot.store.channel_defaults import StoredAccess

    found = StoredAccess(engine).every()
    found.sort(key=lambda each: (each.workspace, each.channel, each.setting.what))
    if as_json:
        return document(
            "rules", [_rule_row(each.workspace, each.channel, each.setting, as_iso(each.setting.at)) for each in found]
        )
    if not found:
        return "There is no rule: every channel may see what MLCOMPARE_ACCESS says, `all` unless it was set."
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
    return draw_listing(_RULE_TITLES, rows, (3,))


def _rule_row(workspace: str, channel: str, setting: "ChannelSetting", at: str | None) -> dict[str, Any]:
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


def _rule_cells(change: "DefaultChange") -> list[str]:
    before, after = _shown(change.what, change.before), _shown(change.what, change.after)
    return [_place(change.channel), change.by, change.what, before, after]


def _place(channel: str) -> str:
    return {key: name for name, key in _PLACES.items()}.get(channel, channel)


def _shown(what: str, value: str) -> str:
    from handlers.access.rules import read_patterns

    if not value:
        return _UNSET
    patterns = read_patterns(value) if what == "access" else (value,)
    return "all" if "*" in patterns else ", ".join(patterns) or "none"
