"""`mlcompare deliveries`: what was sent, what waits and why, what failed; and trying again."""

import json
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from bot.notifier.outbox import OutboxMessage
    from bot.store.outbox import StoredOutbox


_TITLES = ("id", "when (UTC)", "channel", "what", "state, tries", "why")
_TIMES = ("created_at", "not_before", "joined_at", "begun_at", "posted_at")
_SHORT = 8  # characters of a run's id


@click.command()
@click.option("--failed", "only", flag_value="failed", help="Only what was given up.")
@click.option("--waiting", "only", flag_value="waiting", help="Only what waits to be posted or edited.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 100_000), help="Messages at most.")
@click.option("--retry", multiple=True, metavar="ID", help="Try this failed message again; may be repeated.")
@click.option("--retry-failed", is_flag=True, help="Try all failed messages again.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document, for programs.")
def deliveries(*, only: str | None, limit: int, retry: tuple[str, ...], retry_failed: bool, as_json: bool) -> None:
    """Show the messages of watches and digests, the last first, or have failed ones tried again. Times are UTC."""
    from bot.store.migrate import open_state
    from bot.store.outbox import StoredOutbox

    with open_state() as engine:
        outbox = StoredOutbox(engine)
        if retry and retry_failed:
            raise click.UsageError("--retry names messages and --retry-failed means all that failed: give one of them.")
        if retry or retry_failed:
            click.echo(_retry(outbox, () if retry_failed else retry, as_json=as_json))
            return
        found = _found(outbox, only, limit + 1)
    shown = found[:limit]
    click.echo(_document(shown) if as_json else _table(shown, only or "", is_cut=len(found) > limit))


def _found(outbox: "StoredOutbox", only: str | None, limit: int) -> "list[OutboxMessage]":
    from bot.notifier.outbox import MessageState

    if only == "waiting":
        return outbox.undone(limit)
    return outbox.listed(state=MessageState.FAILED if only else None, limit=limit)


def _retry(outbox: "StoredOutbox", ids: tuple[str, ...], *, as_json: bool) -> str:
    from bot.notifier.outbox import MessageState

    for each in ids:
        message = outbox.get(each)
        if message is None:
            raise click.ClickException(f"There is no message {each}. `mlcompare deliveries --failed` lists the ids.")
        if message.state is not MessageState.FAILED:
            raise click.ClickException(f"Message {each} did not fail: it is {_state(message)}. Nothing was changed.")
    count = outbox.retry(ids)
    if as_json:
        return json.dumps({"version": 1, "retried": count}, indent=2)
    if not count:
        return "No message failed; there is nothing to try again."
    subject = "1 message is" if count == 1 else f"{count:,} messages are"
    return f"{subject} tried again as soon as the bot looks, if it runs."


def _table(found: "list[OutboxMessage]", only: str, *, is_cut: bool) -> str:
    if not found:
        nothing = {"failed": "No message failed.", "waiting": "No message waits."}
        return nothing.get(only, "Nothing was sent, and nothing waits.")
    from bot.commands.listing import as_minute, draw_listing

    now = int(time.time() * 1000)
    rows = []
    for each in found:
        when = as_minute((each.posted_at or each.created_at) / 1000).replace(" ", "\n")
        rows.append([each.id, when, each.channel, _what(each), f"{_state(each)}\n{_tries(each)}", _why(each, now)])
    more = f"\n\nThese are the last {len(found):,}; --limit shows more." if is_cut else ""
    return draw_listing(_TITLES, rows, (3, 5)) + more


def _what(message: "OutboxMessage") -> str:
    runs = [run_id[:_SHORT] for run_id in message.run_ids]
    names = {
        "run": f"run {runs[0]}" if runs else "",
        "sweep": f"sweep of {_count(runs)}",
        "burst": f"burst of {_count(runs)}",
        "dead": f"run {runs[0]} seems dead" if runs else "",
        "back": f"run {runs[0]} is back" if runs else "",
        "best": f"new best, run {runs[0]}" if runs else "",
        "digest": f"digest of {message.about}",
        "notice": "notice to the owner of a watch",
    }
    return names[message.kind.value] or message.kind.value


def _count(runs: list[str]) -> str:
    return f"{len(runs):,} run" if len(runs) == 1 else f"{len(runs):,} runs"


def _state(message: "OutboxMessage") -> str:
    from bot.notifier.outbox import MessageState

    is_edited = message.state is MessageState.POSTED and message.posted_revision < message.revision
    return "to be edited" if is_edited else message.state.value


def _tries(message: "OutboxMessage") -> str:
    return {0: "", 1: "1 try"}.get(message.tries, f"{message.tries:,} tries")


def _why(message: "OutboxMessage", now: int) -> str:
    """Why it waits, failed or was dropped; nothing where it stands as it should."""
    from bot.commands.listing import as_minute
    from bot.notifier.outbox import MessageState

    if (
        message.problem
        or message.state not in {MessageState.WAITING, MessageState.POSTED}
        or message.posted_revision == message.revision
    ):
        return message.problem
    if message.not_before > now:
        return f"not before {as_minute(message.not_before / 1000)}"
    return "it is being posted" if message.begun_at else "not tried yet"


def _document(found: "list[OutboxMessage]") -> str:
    from bot.commands.listing import as_iso, document

    rows: list[dict[str, Any]] = [
        _public(asdict(each)) | {name: as_iso(getattr(each, name) / 1000) for name in _TIMES} for each in found
    ]
    for row in rows:
        del row["drawn"]
    return document("deliveries", rows)


def _public(row: dict[str, Any]) -> dict[str, Any]:
    """By the names that programs know: `told` is the revision that stands in the channel."""
    return {"told" if name == "posted_revision" else name: each for name, each in row.items()}
