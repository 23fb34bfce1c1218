"""The dialog to change a watch: each part of what was typed in a field of its own, read as `watch` reads it."""

import logging
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from slack_sdk import WebClient

from comparison.errors import RequestError
from comparison.report import Report
from comparison.request import Watch
from comparison.watch_commands import digest_of
from comparison.watching.vetting import METRICS, RULES, Vetted, quoted_in, vet
from comparison.watching.watch import Watching
from comparison.watching.worded import digest_words, watching_words
from handlers import planning
from handlers.agreed import defaults_of
from handlers.answering import answering
from handlers.blocks import plain
from handlers.escaping import length
from handlers.failures import SlackFailed
from handlers.followups import hand_over
from handlers.kept import keep, kept
from handlers.outlet import Outlet
from handlers.said import Said, Submitted
from handlers.services import Services
from handlers.shelf import Late
from handlers.watch_fields import FIELDS, LONGEST, inputs, read, sentence, when
from handlers.watched import Held, meaning, words_of
from handlers.watches import Kept

log = logging.getLogger(__name__)

CALLBACK = "watch:dialog"
WITHIN = 2.0  # seconds, of the three that Slack waits
_LATE = "The dialog could not be opened: Slack gives me three seconds for it. Please press again."
_GONE = "That watch is not there any more."
_TOO_LONG = "This watch is too long for a dialog. Remove it, and set it up again."
_UNREAD = "I do not understand the words of this watch any more. Remove it, and set it up again."


@dataclass(frozen=True, slots=True)
class Edit:
    """What a watch is to be; `vetted` None: MLflow took too long to be asked before the dialog closed."""

    held: Held
    channel: str
    response_url: str = ""
    watching: Watching | None = None
    vetted: Vetted | None = None
    digest: str = ""  # the words of a digest
    certain: frozenset[str] = frozenset()  # metrics that are meant though nobody has logged them


def open_dialog(heard: Said, held: Held, client: WebClient, services: Services) -> None:
    """At once, by the thread that listens. Never raises."""
    problem = _GONE
    try:
        watch = services.watches.get(held.watch)
        if watch is not None and watch.workspace == heard.team:
            view = _view(watch, heard, held)
            problem = _UNREAD if view is None else _TOO_LONG
            if view is not None and _fits(view):
                Outlet.of(client, services.sleep, 0.0).open_view(heard.trigger, view)
                return
    except SlackFailed as failure:
        log.warning("a dialog could not be opened: %s", failure)
        problem = _LATE
    except Exception:
        log.exception("a watch could not be looked up")
        problem = _LATE
    work = answering(heard, client, services)
    hand_over(work, services, lambda: work.tell(Report(headline=problem, summary=problem)))


def heard(submitted: Submitted) -> Said:
    """Where the dialog was opened from; the person alone where that was the Home tab."""
    told = kept(submitted.kept)
    channel = told.get("c", "") or submitted.user
    return Said(
        words="",
        user=submitted.user,
        team=submitted.team,
        channel=channel,
        delivery=f"view:{submitted.view}" if submitted.view else "",
        response_url=told.get("r", ""),
        is_direct=channel == submitted.user,
    )


def understood(submitted: Submitted, services: Services) -> Edit | dict[str, str]:
    """What is to be kept; else what is wrong, by field."""
    told = kept(submitted.kept)
    page = told.get("p", "")
    held = Held(told.get("w", ""), int(page) if page.isdecimal() else 0)
    edit = Edit(held, told.get("k", ""), told.get("r", ""))
    if "when" in submitted.typed or told.get("d"):
        return _digest(submitted, edit, services)
    watching, errors = read(submitted)
    if errors:
        return errors
    certain = _certain(submitted, services.watches.get(held.watch))
    edit = replace(edit, watching=watching, certain=certain)
    try:
        vetted = services.shelf.look(
            ("vet", submitted.team, edit.channel, watching_words(watching), *sorted(certain)),
            lambda: _vet(watching, submitted.team, edit.channel, services, certain),
            WITHIN,
        )
    except Late:
        return edit
    except Exception:  # told once it is looked up again, by who can tell it
        log.exception("a watch could not be looked up")
        return edit
    return _refusals(vetted) or replace(edit, vetted=vetted)


def keep_edit(edit: Edit, before: Kept, heard_: Said, services: Services) -> Kept | None:
    """The watch as it is then; None where it is gone. Raises RequestError for what cannot be kept."""
    at = int(services.now().timestamp())
    if edit.watching is None:
        return services.watches.edit(before.id, edit.digest, by=heard_.user, at=at)
    vetted = edit.vetted or _vet(edit.watching, before.workspace, before.channel, services, edit.certain)
    if vetted.refused:
        raise vetted.refused[0][1]
    words = words_of(vetted.watching)
    if words == before.words:
        return before
    if vetted.past:  # before the words change: what is watched anew has not just ended
        services.watches.prime(before.id, tuple(dict.fromkeys((*vetted.past, *before.past))))
    return services.watches.edit(before.id, words, by=heard_.user, at=at)


def _certain(submitted: Submitted, before: Kept | None) -> frozenset[str]:
    """The metrics that were typed in quotes, and those that the watch has already."""
    typed = (quoted_in(submitted.typed.get(field, "")) for field in (RULES, METRICS))
    watching = meaning(before) if before else None
    had = (*watching.metrics, *(rule.metric for rule in watching.rules)) if watching else ()
    return frozenset(had).union(*typed)


def _vet(watching: Watching, workspace: str, channel: str, services: Services, certain: frozenset[str]) -> Vetted:
    defaults = defaults_of(services.defaults, Said("", "", workspace, channel, ""))
    return vet(Watch(watching), services.runs, now=services.now(), defaults=defaults, certain=certain)


def _refusals(vetted: Vetted) -> dict[str, str]:
    return {FIELDS[part]: sentence(error) for part, error in reversed(vetted.refused)}


def _digest(submitted: Submitted, edit: Edit, services: Services) -> Edit | dict[str, str]:
    words = submitted.typed.get("when", "").strip()
    try:
        digest = digest_of(words)
        with suppress(Late):
            digest, _doubts = services.shelf.look(("digest", words), partial(planning.known, digest, services), WITHIN)
    except RequestError as error:
        return {"when": sentence(error)}
    return replace(edit, digest=digest_words(digest))


def _view(watch: Kept, opened: Said, held: Held) -> dict[str, Any] | None:
    """None where the words are not understood any more."""
    is_home = opened.channel == opened.user
    private = {
        "w": watch.id,
        "p": str(held.page),
        "k": watch.channel,
        "c": "" if is_home else opened.channel,
        "r": opened.response_url,
        "d": "1" if watch.is_digest else "",
    }
    watching = meaning(watch)
    if watching is None and not watch.is_digest:
        return None
    return {
        "type": "modal",
        "callback_id": CALLBACK,
        "title": plain("Change the digest" if watch.is_digest else "Change the watch", 24),
        "submit": plain("Change", 24),
        "close": plain("Cancel", 24),
        "private_metadata": keep(private),
        "blocks": [when(watch.words)] if watching is None else inputs(watching),
    }


def _fits(view: dict[str, Any]) -> bool:
    """Whether all of it is in the fields: nothing of a filter may be lost when it is sent off."""
    return all(length(block["element"].get("initial_value", "")) <= LONGEST for block in view["blocks"])
