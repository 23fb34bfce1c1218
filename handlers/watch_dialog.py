"""The dialog to change a watch: each part of what was typed in a field of its own, read as `watch` reads it."""

import logging
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from slack_sdk import WebClient

from comparison.completing import quoted
from comparison.errors import RequestError
from comparison.report import Report
from comparison.request import Watch
from comparison.watch_commands import digest_of, watching_of
from comparison.watching.vetting import AGAINST, METRICS, PLACE, RULES, WHERE, Vetted, quoted_in, vet
from comparison.watching.watch import Only, Watching
from comparison.watching.worded import digest_words, watching_words
from handlers import planning
from handlers.agreed import defaults_of
from handlers.answering import answering
from handlers.blocks import plain
from handlers.escaping import clip, length, one_line
from handlers.failures import SlackFailed
from handlers.followups import hand_over
from handlers.kept import keep, kept
from handlers.outlet import Outlet
from handlers.reply import Block
from handlers.said import Said, Submitted
from handlers.services import Services
from handlers.shelf import Late
from handlers.watched import Held, meaning, words_of
from handlers.watches import Kept

log = logging.getLogger(__name__)

CALLBACK = "watch:dialog"
WITHIN = 2.0  # seconds, of the three that Slack waits
ANYTHING = "anything"
MENTION, BROADCAST = "mention", "broadcast"
_LONGEST = 3_000  # characters that Slack takes in a field
_ERROR = 150
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
    watching, errors = _read(submitted)
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
    return {_FIELDS[part]: _sentence(error) for part, error in reversed(vetted.refused)}


def _sentence(error: RequestError) -> str:
    near = f" Did you mean {', '.join(error.near[:3])}?" if error.near else ""
    runs = f" Say its id: {', '.join(run.run_id[:12] for run in error.choices[:3])}." if error.choices else ""
    told = f"{error.problem}{near}{runs}"
    return clip(one_line(told if near or runs else f"{told} {error.remedy}".strip()), _ERROR)


def _digest(submitted: Submitted, edit: Edit, services: Services) -> Edit | dict[str, str]:
    words = submitted.typed.get("when", "").strip()
    try:
        digest = digest_of(words)
        with suppress(Late):
            digest, _doubts = services.shelf.look(("digest", words), partial(planning.known, digest, services), WITHIN)
    except RequestError as error:
        return {"when": _sentence(error)}
    return replace(edit, digest=digest_words(digest))


# The fields


_FIELDS = {PLACE: "place", AGAINST: "against", WHERE: "where", METRICS: "metrics", RULES: "rules"}
_CLAUSES = {  # what stands before a field's words in what would be typed, and what of a watch they say
    "against": ("against", ("against", "baseline")),
    "where": ("where", ("where",)),
    "user": ("by", ("user",)),
    "rules": ("when", ("rules",)),
    "metrics": ("metrics", ("metrics",)),
    "quiet": ("quiet", ("quiet",)),
    "except": ("except", ("excepted",)),
}
_ANY = "x"


def _read(submitted: Submitted) -> tuple[Watching, dict[str, str]]:
    """The watch that the fields say, and what is wrong with them by field."""
    typed = {name: text.strip() for name, text in submitted.typed.items()}
    errors: dict[str, str] = {}
    found = Watching("")
    try:
        found = replace(found, place=_place(typed.get("place", "")))
    except RequestError as error:
        errors["place"] = _sentence(error)
    for name, (clause, parts) in _CLAUSES.items():
        if not typed.get(name):
            continue
        try:
            said = watching_of(f"{_ANY} {clause} {typed[name]}")
        except RequestError as error:
            errors[name] = _sentence(error)
            continue
        own = {part: getattr(said, part) for part in parts}
        if replace(Watching(_ANY), **own) != said:
            errors[name] = "That says more than belongs into this field."
        found = replace(found, **own)
    only = typed.get("only", ANYTHING)
    extras = submitted.chosen.get("extras", ())
    found = replace(
        found,
        only=Only(only) if only in set(Only) else None,
        mentions_owner=MENTION in extras,
        broadcasts=BROADCAST in extras,
    )
    return found, errors


def _place(typed: str) -> str:
    """All that stands in the field is the name, whatever words it is made of."""
    if typed[:1] in "\"'“":
        return watching_of(typed).place
    written = quoted(typed) if typed else ""
    return watching_of(written).place if written else typed


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
        "blocks": [_when(watch.words)] if watching is None else _inputs(watching),
    }


def _fits(view: dict[str, Any]) -> bool:
    """Whether all of it is in the fields: nothing of a filter may be lost when it is sent off."""
    return all(length(block["element"].get("initial_value", "")) <= _LONGEST for block in view["blocks"])


def _inputs(watching: Watching) -> list[Block]:
    parts = _parts(watching)
    typed = [_typed(name, label, hint, parts[name]) for name, (label, hint) in _LABELS.items()]
    typed[0] = {**typed[0], "optional": False}
    return [*typed[:3], _only(watching), *typed[3:], _extras(watching)]


def _parts(watching: Watching) -> dict[str, str]:
    """What would be typed for each field: the words of a watch that says nothing else."""

    def words(name: str, clause: str) -> str:
        parts = _CLAUSES[name][1]
        alone = replace(Watching(_ANY), **{part: getattr(watching, part) for part in parts})
        told = watching_words(alone).removeprefix(_ANY).strip()
        return ", ".join(part.strip(" ,") for part in f" {told} ".split(f" {clause} ") if part.strip(" ,"))

    said = {"place": watching.place, "where": watching.where}
    return {name: said[name] if name in said else words(name, _CLAUSES[name][0]) for name in _LABELS}


_LABELS = {
    "place": ("Experiment, or a pattern", "A name, or for example team/* or *"),
    "except": ("Leave out", "Experiments of the pattern that are not watched, with commas"),
    "against": ("Against", "previous, best, baseline, @champion or a run; empty: the pinned one, else the one before"),
    "where": ("Filter", "In MLflow's own language: params.model = 'xgb'"),
    "user": ("By", "Whose runs, as MLflow knows them"),
    "rules": ("Only when", "val_loss < 0.2, accuracy drops by 2 %"),
    "metrics": ("Metrics", "Those that are shown, the first decides"),
    "quiet": ("Quiet hours", "20:00-08:00 Europe/Berlin"),
}


def _typed(name: str, label: str, hint: str, text: str) -> Block:
    element: Block = {"type": "plain_text_input", "action_id": name, "max_length": _LONGEST}
    return _input(name, label, hint, element | ({"initial_value": text} if text else {}))


def _when(words: str) -> Block:
    element = {"type": "plain_text_input", "action_id": "when", "max_length": _LONGEST}
    hint = "Days, time, time zone, then experiments, if not all: weekdays 9:30 Europe/Berlin fraud, iris"
    return {**_input("when", "When", hint, element | {"initial_value": words}), "optional": False}


def _only(watching: Watching) -> Block:
    labels = {
        ANYTHING: "Every run that ends",
        Only.FAILURES.value: "Only failures",
        Only.BETTER.value: "Only better ones",
        Only.WORSE.value: "Only worse ones",
        Only.NEW_BEST.value: "Only a new best",
    }
    options = {value: {"text": plain(label, 75), "value": value} for value, label in labels.items()}
    chosen = watching.only.value if watching.only else ANYTHING
    element = {
        "type": "static_select",
        "action_id": "only",
        "options": list(options.values()),
        "initial_option": options[chosen],
    }
    return _input("only", "What is announced", "", element)


def _extras(watching: Watching) -> Block:
    told = {
        MENTION: ("Mention the owner of a run", watching.mentions_owner),
        BROADCAST: ("Say a new best aloud, also when an edit brought it", watching.broadcasts),
    }
    options = {value: {"text": plain(label, 75), "value": value} for value, (label, _is_on) in told.items()}
    on = [options[value] for value, (_label, is_on) in told.items() if is_on]
    element: Block = {"type": "checkboxes", "action_id": "extras", "options": list(options.values())}
    return _input("extras", "Also", "", element | ({"initial_options": on} if on else {}))


def _input(name: str, label: str, hint: str, element: Block) -> Block:
    block: Block = {"type": "input", "block_id": name, "label": plain(label, 100), "element": element, "optional": True}
    return block | ({"hint": plain(hint, 150)} if hint else {})
