"""Links to our MLflow that somebody writes unfold: a small card below the message, with the verdict.

Quiet by design: nothing where a link unfolded here a moment ago, where there are many, while a message is written,
below the bot's own messages, and where MLflow does not answer at once. Whoever reads the channel reads the card, so
that it shows what the channel may see, whoever wrote the link.
"""

import html
import logging
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from slack_bolt import App
from slack_bolt.context import BoltContext
from slack_sdk import WebClient

from comparison.concurrency import side_by_side
from comparison.errors import RequestError
from comparison.link_cards import read_card
from comparison.report import Report, Section
from comparison.reports.link_cards import card_report
from comparison.reports.text import inline_words
from comparison.tracking.mlflow_links import LinkedPage, linked_page
from handlers.lookup_cache import LookupTimeout
from handlers.services import Services, Work
from handlers.slack.blocks import Block, aside, dated, paragraph, rich_text, words
from handlers.slack.client import SlackClient, SlackError
from handlers.slack.escape import clip, one_line
from handlers.utterance import SharedLinks, shared_links

log = logging.getLogger(__name__)

MOST_LINKS = 2  # in one message; with more nothing unfolds
AGAIN = 30 * 60  # seconds until the same link unfolds again in a channel
_PATIENCE = 5.0  # seconds to be put off by Slack
_HEADLINE = 300
_LINE = 400


def register(app: App) -> None:
    app.event("link_shared")(on_links)


def on_links(
    ack: Callable[..., Any], body: dict[str, Any], client: WebClient, context: BoltContext, services: Services
) -> None:
    """Hands the work over; a full pool unfolds nothing."""
    ack()
    shared = shared_links(body)
    is_own = shared.user == context.bot_user_id or shared.bot == (context.bot_id or " ")
    if is_own or shared.is_composed or not shared.message_ts or len(shared.urls) > MOST_LINKS:
        return
    pages = {url: page for url in shared.urls if (page := linked_page(html.unescape(url), services.ui_url))}
    if not pages:
        return
    outlet, ends = SlackClient.of(client, services.sleep, _PATIENCE), time.monotonic() + services.unfold_within
    services.pool.submit(Work(lambda: unfold(shared, pages, outlet, services, ends), shared.channel, shared.user))


def unfold(
    shared: SharedLinks, pages: Mapping[str, LinkedPage], outlet: SlackClient, services: Services, ends: float
) -> None:
    """Looks the pages up until `ends` (as time.monotonic counts) and shows what is new in the channel. Never raises."""
    try:
        reports = side_by_side([partial(_report, url, page, shared, services, ends) for url, page in pages.items()])
        cards = {
            url: draw_card(report)
            for (url, page), report in zip(pages.items(), reports, strict=True)
            if report is not None and _is_new(page, shared, services)
        }
        if cards:
            outlet.unfurl(shared.channel, shared.message_ts, cards)
    except SlackError as failure:
        log.info("a link could not be unfolded: %s", failure)
    except Exception:
        log.exception("a link could not be unfolded")


def _report(url: str, page: LinkedPage, shared: SharedLinks, services: Services, ends: float) -> Report | None:
    """None: it is of nothing that may be seen there, or it cannot be told in time."""
    try:
        seen = services.for_channel(shared.team, shared.channel, shared.user)
        return seen.lookup_cache.get(
            ("unfurl", shared.team, shared.channel, shared.message_ts, url),
            lambda: _looked_up(page, shared, seen),
            ends - time.monotonic(),
        )
    except LookupTimeout:
        log.info("a link did not unfold: MLflow took too long")
    except RequestError as error:
        log.info("a link did not unfold: %s", error.problem)
    return None


def _looked_up(page: LinkedPage, shared: SharedLinks, seen: Services) -> Report | None:
    now = int(seen.now().timestamp() * 1000)
    card = read_card(page, seen.runs, now=now, defaults=seen.defaults.of(shared.team, shared.channel))
    return card_report(card, ui_url=seen.ui_url) if card else None


def _is_new(page: LinkedPage, shared: SharedLinks, services: Services) -> bool:
    return services.claims.claim_again(f"unfurl:{shared.team}:{shared.channel}:{page}", AGAIN)


def draw_card(report: Report) -> list[Block]:
    """Text and dates alone: nothing that a run is called is a link, or calls anybody."""
    headline = rich_text(paragraph(words(clip(one_line(report.headline), _HEADLINE), "bold")))
    warnings = [aside(clip(one_line(f"⚠️ {each}"), _LINE)) for each in report.warnings]
    return [headline, *map(_facts, report.sections), *warnings]


def _facts(part: Section) -> Block:
    """On one small line; a moment is as the reader's own clock has it, which no small line can tell."""
    text = clip(one_line(" · ".join(map(inline_words, part.lines))), _LINE)
    moments = [moment for line in part.lines for moment in line.moments]
    return rich_text(paragraph(*dated(text, moments))) if moments else aside(text)
