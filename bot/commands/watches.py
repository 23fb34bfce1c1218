"""`mlcompare watches`: what channels watch, who asked for it, and who changed it."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from handlers.stores import StoredWatch, WatchChange

_TITLES = ("id", "channel", "what", "since, by", "last message", "state")
_CHANGE_TITLES = ("when (UTC)", "channel", "by", "what", "before", "after")
BOT = "mlcompare"  # who it was where it was no person


@click.command()
@click.option("--channel", "-c", default="", metavar="ID", help="Of this channel only, for example C024BE91L.")
@click.option("--changes", is_flag=True, help="Who changed what and when, the last first.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 100_000), help="Changes at most.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document, for programs.")
def watches(*, channel: str, changes: bool, limit: int, as_json: bool) -> None:
    """List the watches and digests of all channels, or the changes made to them. Times are UTC."""
    from bot.commands.database import open_state
    from bot.store.outbox import StoredOutbox
    from bot.store.watches import StoredWatches

    with open_state() as engine:
        stored = StoredWatches(engine)
        if changes:
            click.echo(_changes(stored.every_change(channel=channel, limit=limit), channel, as_json=as_json))
            return
        shown = [each for each in stored.every() if not channel or each.channel == channel]
        shown.sort(key=lambda each: (each.workspace, each.channel, each.is_digest, each.created_at))
        last = StoredOutbox(engine).last_posted() if shown else {}
    click.echo(_watches(shown, last, channel, as_json=as_json))


def _watches(stored: "list[StoredWatch]", last: dict[str, int], channel: str, *, as_json: bool) -> str:
    if as_json:
        return _document("watches", [_row(each, last.get(each.id, 0)) for each in stored])
    if not stored:
        place = f"in {channel}" if channel else "in any channel"
        return f"Nothing is watched {place}. `/mlcompare watch <experiment>` in a channel of Slack begins it."
    from bot.commands.database import as_minute
    from bot.commands.deliveries import draw_listing

    rows = []
    for each in stored:
        words = f"digest {each.words}" if each.is_digest else each.words
        since = f"{as_minute(each.created_at)[:10]}\n{each.created_by or BOT}"
        posted_at = as_minute(last.get(each.id, 0) / 1000).replace(" ", "\n")
        rows.append([each.id, each.channel, words, since, posted_at, _state(each)])
    return draw_listing(_TITLES, rows, (2, 5))


def _state(watch: "StoredWatch") -> str:
    if not watch.is_paused:
        return "on"
    return (
        f"paused: {watch.paused_why or 'it did not say why'}" if not watch.paused_by else f"paused by {watch.paused_by}"
    )


def _row(watch: "StoredWatch", last: int) -> dict[str, Any]:
    from bot.commands.database import as_iso

    row = asdict(watch)
    del row["past"], row["is_primed"], row["meaning"]
    times = {
        "created_at": as_iso(watch.created_at),
        "paused_at": as_iso(watch.paused_at),
        "gone_at": as_iso(watch.gone_at),
        "last_posted_at": as_iso(last / 1000),
    }
    return row | times


def _changes(changes: "list[WatchChange]", channel: str, *, as_json: bool) -> str:
    from bot.commands.database import as_iso, as_minute

    if as_json:
        return _document("changes", [asdict(each) | {"at": as_iso(each.at)} for each in changes])
    if not changes:
        return f"No watch was ever set up or changed in {channel or 'any channel'}."
    from bot.commands.deliveries import draw_listing

    rows = [
        [as_minute(each.at), each.channel, each.by or BOT, f"{each.what}\n{each.watch_id}", each.before, each.after]
        for each in changes
    ]
    return draw_listing(_CHANGE_TITLES, rows, (4, 5))


def _document(name: str, rows: list[dict[str, Any]]) -> str:
    from comparison.formats.controls import json_text

    return json_text({"version": 1, name: rows})
