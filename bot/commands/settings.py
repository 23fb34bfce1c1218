"""`mlcompare settings`: what channels agreed on, who set it, and who changed it."""

from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from comparison.channel_defaults import ChannelSetting
    from handlers.stores import DefaultChange

_TITLES = ("channel", "what", "value", "since", "by")
_CHANGE_TITLES = ("when (UTC)", "channel", "by", "what", "before", "after")
_UNSET = "–"


@click.command()
@click.option("--channel", "-c", default="", metavar="ID", help="Of this channel only, for example C024BE91L.")
@click.option("--changes", is_flag=True, help="Who changed what and when, the last first.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 100_000), help="Changes at most.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document, for programs.")
def settings(*, channel: str, changes: bool, limit: int, as_json: bool) -> None:
    """List what all channels agreed on, or the changes made to that. Times are UTC."""
    from bot.commands.database import open_state
    from bot.store.channel_defaults import StoredDefaults

    with open_state() as engine:
        stored = StoredDefaults(engine)
        if changes:
            click.echo(_changes(stored.every_change(channel=channel, limit=limit), channel, as_json=as_json))
        else:
            click.echo(_settings(stored.every(channel=channel), channel, as_json=as_json))


def _settings(found: "list[tuple[str, str, ChannelSetting]]", channel: str, *, as_json: bool) -> str:
    from bot.commands.database import as_iso, as_minute

    if as_json:
        return _document("settings", [_told(*each, as_iso(each[2].at)) for each in found])
    if not found:
        return f"Nothing is set in {channel or 'any channel'}. `/mlcompare settings` in a channel of Slack says how."
    from bot.commands.deliveries import draw_listing

    rows = [[place, _what(each.what, each.metric), each.value, as_minute(each.at), each.by] for _, place, each in found]
    return draw_listing(_TITLES, rows, (1, 2))


def _told(workspace: str, channel: str, agreed: "ChannelSetting", at: str | None) -> dict[str, Any]:
    what = {"what": agreed.what, "metric": agreed.metric, "value": agreed.value}
    return {"workspace": workspace, "channel": channel, **what, "by": agreed.by, "at": at}


def _changes(changes: "list[DefaultChange]", channel: str, *, as_json: bool) -> str:
    from dataclasses import asdict

    from bot.commands.database import as_iso, as_minute

    if as_json:
        return _document("changes", [asdict(each) | {"at": as_iso(each.at)} for each in changes])
    if not changes:
        return f"Nothing was ever set in {channel or 'any channel'}."
    from bot.commands.deliveries import draw_listing

    rows = [
        [
            as_minute(each.at),
            each.channel,
            each.by,
            _what(each.what, each.metric),
            each.before or _UNSET,
            each.after or _UNSET,
        ]
        for each in changes
    ]
    return draw_listing(_CHANGE_TITLES, rows, (3, 4, 5))


def _what(what: str, metric: str) -> str:
    return f"{what} of {metric}" if metric else what


def _document(name: str, rows: list[dict[str, Any]]) -> str:
    from comparison.formats.controls import json_text

    return json_text({"version": 1, name: rows})
