"""Changing a watch: the buttons of a list of watches, and the dialog with a field for each part of what was typed."""

import logging
import re
from collections.abc import Callable, Container, Mapping
from contextlib import suppress
from dataclasses import dataclass, fields, replace
from functools import partial
from typing import Any

from slack_bolt import App
from slack_sdk import WebClient

from comparison.errors import RequestError
from comparison.language.digest_command import digest_words
from comparison.language.parser import digest_of, watching_of
from comparison.language.quoting import quoted
from comparison.language.watch_command import watch_words
from comparison.notifications.validation import (
    AGAINST,
    METRICS,
    PLACE,
    RULES,
    WHERE,
    ValidatedWatch,
    quoted_in,
    validate,
)
from comparison.report import Report
from comparison.request import ListWatches, WatchRequest
from comparison.watch import OnlyRuns, Watch
from handlers.conversation import Job, ParsedRequest, answer_words, hand_over
from handlers.lookup_cache import LookupTimeout
from handlers.services import Services, Work
from handlers.slack.blocks import Block, actions, plain, push
from handlers.slack.client import SlackClient, SlackError
from handlers.slack.delivery import Delivery
from handlers.slack.escape import clip, length, mrkdwn, one_line
from handlers.slack.fallback import send_with_fallback
from handlers.slack.limits import OPTION_VALUE
from handlers.slack.metadata import lost
from handlers.stores import StoredWatch, defaults_of
from handlers.utterance import (
    DialogSubmission,
    Utterance,
    button_press,
    dialog_submission,
    open_dialog_of,
    options_query,
    team,
)
from handlers.watch.list import draw_list, watches_shown
from handlers.watch.stored_watch import (
    LIST,
    PREFIX,
    WatchState,
    from_value,
    known_digest,
    require_change,
    require_place,
    sentence_of,
    skip_ended_while_paused,
    tell_channel,
    watch_of,
    watches_here,
    words_of,
)

log = logging.getLogger(__name__)

EDIT_DIALOG = "watch:dialog"
WITHIN = 2.0  # seconds, of the three that Slack waits

ANYTHING = "anything"
MENTION, BROADCAST, CLEAR = "mention", "broadcast", "clear"
LONGEST = 3_000  # characters that Slack takes in a field
_ERROR = 150

FIELDS = {PLACE: "place", AGAINST: "against", WHERE: "where", METRICS: "metrics", RULES: "rules"}
_CLAUSES = {  # what stands before a field's words in what would be typed, and what of a watch they say
    "against": ("against", ("against", "baseline")),
    "where": ("where", ("where",)),
    "user": ("by", ("user",)),
    "rules": ("when", ("rules", "seeds")),
    "metrics": ("metrics", ("metrics",)),
    "quiet": ("quiet", ("quiet",)),
    "except": ("except", ("excepted",)),
}
_CHOSEN = ("place", "only", "mentions_owner", "broadcasts", "only_clear")  # each in a field of its own kind
_TIED = ("experiment_id", "visible")  # found anew with the place
_WITHOUT_FIELD = {each.name for each in fields(Watch)}.difference(
    _CHOSEN, _TIED, *(parts for _clause, parts in _CLAUSES.values())
)
_ANY = "x"


def field_error(error: RequestError) -> str:
    near = f" Did you mean {', '.join(error.near[:3])}?" if error.near else ""
    runs = f" Say its id: {', '.join(run.run_id[:12] for run in error.choices[:3])}." if error.choices else ""
    text = f"{error.problem}{near}{runs}"
    return clip(one_line(text if near or runs else f"{text} {error.remedy}".strip()), _ERROR)


def read_fields(submitted: DialogSubmission, before: Watch) -> tuple[Watch, dict[str, str]]:
    """The watch that the fields say, and what is wrong with them by field. What has no field stays as it was before."""
    typed = {name: text.strip() for name, text in submitted.typed.items()}
    if typed.get("against") == AUTO:
        typed["against"] = ""
    errors: dict[str, str] = {}
    found = replace(Watch(""), **{name: getattr(before, name) for name in _WITHOUT_FIELD})
    try:
        found = replace(found, place=_place(typed.get("place", "")))
    except RequestError as error:
        errors["place"] = field_error(error)
    for name, (clause, parts) in _CLAUSES.items():
        if not typed.get(name):
            continue
        try:
            stated = watching_of(f"{_ANY} {clause} {typed[name]}")
        except RequestError as error:
            errors[name] = field_error(error)
            continue
        own = {part: getattr(stated, part) for part in parts}
        if replace(Watch(_ANY), **own) != stated:
            errors[name] = "That says more than belongs into this field."
        found = replace(found, **own)
    only = typed.get("only", ANYTHING)
    extras = submitted.chosen.get("extras", ())
    found = replace(
        found,
        only=OnlyRuns(only) if only in set(OnlyRuns) else None,
        mentions_owner=MENTION in extras,
        broadcasts=BROADCAST in extras,
        only_clear=CLEAR in extras,
    )
    return found, errors


def _place(typed: str) -> str:
    """All that stands in the field is the name, whatever words it is made of."""
    if typed[:1] in "\"'“":
        return watching_of(typed).place
    written = quoted(typed) if typed else ""
    return watching_of(written).place if written else typed


def field_blocks(watching: Watch, *, is_whole: bool = False) -> list[Block]:
    """What is changed most, and what the watch says besides; the other fields behind a button, unless `is_whole`."""
    parts = _parts(watching)
    inputs = {
        name: (_list_input if name in _LISTS else _text_input)(name, label, hint, parts[name])
        for name, (label, hint) in _LABELS.items()
    }
    first = [{**inputs["place"], "optional": False}, inputs["against"], inputs["user"], _only(watching)]
    has_extras = watching.mentions_owner or watching.broadcasts or watching.only_clear
    seldom = [inputs[name] for name in _SELDOM if is_whole or parts[name]]
    seldom += [_extras(watching)] if is_whole or has_extras else []
    if len(seldom) > len(_SELDOM):
        return [*first, *seldom]
    return [*first, *seldom, actions([push("More options …", MORE, "more")])]


def _parts(watching: Watch) -> dict[str, str]:
    """What would be typed for each field: the words of a watch that says nothing else."""

    def words(name: str, clause: str) -> str:
        parts = _CLAUSES[name][1]
        alone = replace(Watch(_ANY), **{part: getattr(watching, part) for part in parts})
        text = watch_words(alone).removeprefix(_ANY).strip()
        joint = f" {clause} " if name == "rules" else ", "  # seeds and rules are said each with its own when
        return joint.join(part.strip(" ,") for part in f" {text} ".split(f" {clause} ") if part.strip(" ,"))

    stated = {"place": watching.place, "where": watching.where}
    return {name: stated[name] if name in stated else words(name, _CLAUSES[name][0]) for name in _LABELS}


_LISTS = ("against", "user")
_SELDOM = ("rules", "metrics", "except", "where", "quiet")
MORE = "edit:more"
_LABELS = {
    "place": ("Experiment, or a pattern", "A name, or for example team/* or *"),
    "except": ("Except", "Experiments of the pattern that are not watched, with commas"),
    "against": (
        "Compare with",
        "Choose, or type a run or @champion",
    ),
    "where": ("Filter", "In MLflow's own language: params.model = 'xgb'"),
    "user": ("Run by", "A name, as MLflow knows it"),
    "rules": ("And if metrics are", "val_loss < 0.2, accuracy drops by 2 %; or 5 seeds are in"),
    "metrics": ("Metrics", "Those that are shown, the first decides"),
    "quiet": ("Quiet hours", "20:00-08:00 Europe/Berlin"),
}


COMPARED_WITH, RUN_BY = "watch:against", "watch:user"
AUTO = "auto"  # the value of what is not stated: the pinned baseline, else the previous run
BASELINES = {
    AUTO: "Automatic: pinned baseline, else previous run",
    "previous": "Previous run",
    "best": "Best run before",
    "baseline": "Pinned baseline",
}
_CHOICES = 100  # options that Slack takes


def offer_baselines(ack: Callable[..., Any], body: dict[str, Any]) -> None:
    """What a run that ends is compared with; what is typed is offered as a run's name, id or @alias."""
    typed = options_query(body).typed.strip()
    ack(options=[*_fitting(BASELINES, typed), *_as_typed("Run", typed)])


def offer_people(ack: Callable[..., Any], body: dict[str, Any], services: Services) -> None:
    """Whose runs MLflow knows of late; what is typed is offered as a name, too."""
    query = options_query(body)
    typed = query.typed.strip()
    metadata = services.seal.open(query.metadata, purpose=EDIT_DIALOG, user=query.user)
    if not metadata:
        ack(options=[])
        return
    try:
        seen = services.for_channel(team(body), metadata.get("k", ""), query.user)
        runs = seen.lookup_cache.runs(seen.runs, "", (), WITHIN).runs
    except Exception:
        log.exception("people could not be listed")
        runs = ()
    names = {run.user: run.user for run in runs if run.user and run.user != "unknown"}
    ack(options=[*_fitting(dict(sorted(names.items())), typed), *_as_typed("", typed, names)])


def _fitting(labels: Mapping[str, str], typed: str) -> list[Block]:
    found = {value: label for value, label in labels.items() if typed.casefold() in f"{value} {label}".casefold()}
    return [_option(label, value) for value, label in found.items() if length(value) <= OPTION_VALUE][:_CHOICES]


def _as_typed(kind: str, typed: str, known: Container[str] = BASELINES) -> list[Block]:
    if not typed or typed in known or length(typed) > OPTION_VALUE:
        return []
    return [_option(f"{kind}: {typed}" if kind else typed, typed)]


def _option(label: str, value: str) -> Block:
    return {"text": plain(one_line(label), 75), "value": value}


def _list_input(name: str, label: str, hint: str, text: str) -> Block:
    """A list to choose from, which takes what is typed as well; a field where what stands there is too long for one."""
    action, placeholder = {"against": (COMPARED_WITH, BASELINES[AUTO]), "user": (RUN_BY, "Anybody")}[name]
    if length(text) > OPTION_VALUE:
        return _text_input(name, label, hint, text)
    element: Block = {
        "type": "external_select",
        "action_id": action,
        "min_query_length": 0,
        "placeholder": plain(placeholder, 150),
    }
    chosen = {"initial_option": _option(BASELINES.get(text, text), text)} if text else {}
    return _input(name, label, hint, element | chosen)


def _text_input(name: str, label: str, hint: str, text: str) -> Block:
    element: Block = {"type": "plain_text_input", "action_id": name, "max_length": LONGEST}
    return _input(name, label, hint, element | ({"initial_value": text} if text else {}))


def when(words: str) -> Block:
    element = {"type": "plain_text_input", "action_id": "when", "max_length": LONGEST}
    hint = "Days, time, time zone, then experiments, if not all: weekdays 9:30 Europe/Berlin fraud, iris"
    return {**_input("when", "When", hint, element | {"initial_value": words}), "optional": False}


def _only(watching: Watch) -> Block:
    labels = {
        ANYTHING: "Always: every run that ends",
        OnlyRuns.FAILURES.value: "The run failed",
        OnlyRuns.BETTER.value: "It is better",
        OnlyRuns.WORSE.value: "It is worse",
        OnlyRuns.NEW_BEST.value: "It is a new best",
    }
    options = {value: {"text": plain(label, 75), "value": value} for value, label in labels.items()}
    chosen = watching.only.value if watching.only else ANYTHING
    element = {
        "type": "static_select",
        "action_id": "only",
        "options": list(options.values()),
        "initial_option": options[chosen],
    }
    return _input("only", "Only if", "", element)


def _extras(watching: Watch) -> Block:
    boxes = {
        MENTION: ("Mention the owner of a run", watching.mentions_owner),
        BROADCAST: ("Also post new bests found later", watching.broadcasts),
        CLEAR: ("Only differences beyond noise", watching.only_clear),
    }
    options = {value: {"text": plain(label, 75), "value": value} for value, (label, _is_on) in boxes.items()}
    on = [options[value] for value, (_label, is_on) in boxes.items() if is_on]
    element: Block = {"type": "checkboxes", "action_id": "extras", "options": list(options.values())}
    return _input("extras", "Options", "", element | ({"initial_options": on} if on else {}))


def _input(name: str, label: str, hint: str, element: Block) -> Block:
    block: Block = {"type": "input", "block_id": name, "label": plain(label, 100), "element": element, "optional": True}
    return block | ({"hint": plain(hint, 150)} if hint else {})


# The buttons of a list of watches: each does what it says, and the list is drawn anew where it stands.


_PATIENCE = 10.0  # seconds to be put off by Slack
_WORDS = 300
_GONE = "That watch is not there any more."


def register(app: App) -> None:
    app.action(re.compile(f"^{PREFIX}"))(on_button)
    app.view(EDIT_DIALOG)(on_submit)
    app.action(MORE)(on_more)
    app.options(COMPARED_WITH)(offer_baselines)
    app.options(RUN_BY)(offer_people)


def on_button(ack: Callable[..., Any], body: dict[str, Any], client: WebClient, services: Services) -> None:
    ack()
    pressed = button_press(body)
    wanted = pressed.action.removeprefix(PREFIX).partition(":")[0]
    utterance = with_place(pressed.utterance)
    state = from_value(pressed.choice)
    if wanted == "edit":
        open_edit_dialog(utterance, state, client, services)
        return
    is_listed = pressed.action != LIST
    job = changing(
        utterance,
        WatchEditJob(wanted, state, client, pressed.utterance.response_url if is_listed else ""),
        client,
        services,
    )
    hand_over(job, services, job.run)


def on_submit(ack: Callable[..., Any], body: dict[str, Any], client: WebClient, services: Services) -> None:
    """What is wrong is said beside the field; what takes too long to look up is told to who sent it off."""
    submitted = dialog_submission(body)
    metadata = opened_with(submitted, services)
    if metadata is None:
        ack(response_action="update", view=lost("Edit watch"))
        return
    edit = edited_watch(submitted, metadata, services)
    if isinstance(edit, dict):
        ack(response_action="errors", errors=edit)
        return
    ack()
    utterance = opened_from(submitted, metadata)
    job = changing(utterance, WatchEditJob("edited", edit.state, client, edit.response_url, edit), client, services)
    hand_over(job, services, job.run)


def on_more(ack: Callable[..., Any], body: dict[str, Any], client: WebClient, services: Services) -> None:
    """The dialog with all of its fields; Slack keeps what was typed into those that are there."""
    ack()
    shown = open_dialog_of(body)
    metadata = services.seal.open(shown.metadata, purpose=EDIT_DIALOG, user=shown.user)
    watch = services.watches.get(metadata.get("w", "")) if metadata else None
    watching = watch_of(watch) if watch is not None else None
    if watching is None:
        return
    whole = _modal("Edit watch", field_blocks(watching, is_whole=True), shown.metadata)

    def redraw() -> None:
        try:
            SlackClient.of(client, services.sleep, 2.0).update_view(shown.view, shown.hash, whole)
        except SlackError as failure:
            log.info("the dialog could not be redrawn: %s", failure)  # it may be closed by now

    services.pool.submit(Work(redraw, shown.user, shown.user))


def with_place(utterance: Utterance) -> Utterance:
    """What is pressed in the Home tab is answered in direct messages."""
    return utterance if utterance.channel else replace(utterance, channel=utterance.user, is_direct=True)


def changing(utterance: Utterance, change: "WatchEditJob", client: WebClient, services: Services) -> Job:
    return answer_words(utterance, client, services, meaning=ParsedRequest(lambda: (ListWatches(), change)))


@dataclass(frozen=True, slots=True)
class EditedWatch:
    """What a watch is to be; `vetted` None: MLflow took too long to be asked before the dialog closed."""

    state: WatchState
    channel: str
    response_url: str = ""
    watching: Watch | None = None
    vetted: ValidatedWatch | None = None
    digest: str = ""  # the words of a digest
    certain: frozenset[str] = frozenset()  # metrics that are meant though nobody has logged them


@dataclass(frozen=True)
class WatchEditJob:
    """One press. `response_url`: of the list it was pressed in, "" where there is none to be drawn anew."""

    wanted: str
    state: WatchState
    client: WebClient
    response_url: str = ""
    edit: EditedWatch | None = None

    def answer(self, _request: ListWatches, utterance: Utterance, services: Services, delivery: Delivery) -> None:
        note = ""
        if self.wanted == "all":
            note = self._remove_all(utterance, services, delivery.outlet)
        elif self.wanted in WATCH_ACTIONS or self.edit is not None:
            note = self._do(utterance, services, delivery.outlet)
        self._show(note, utterance, services, delivery)

    def show_progress(
        self, _request: ListWatches, _utterance: Utterance, _services: Services, _delivery: Delivery
    ) -> None: ...

    def _do(self, utterance: Utterance, services: Services, outlet: SlackClient) -> str:
        """What was done, as mrkdwn. Raises RequestError where it may not be."""
        stored = services.watches.get(self.state.watch)
        if stored is None or stored.workspace != utterance.team:
            return _GONE
        require_place(stored, utterance)
        require_change([stored], utterance, outlet, services)
        words = mrkdwn(one_line(sentence_of(stored)), _WORDS)
        if self.edit is not None:
            return self._edited(self.edit, stored, utterance, services, outlet)
        what, is_done = WATCH_ACTIONS[self.wanted](stored, utterance, services)
        if not is_done:
            return f"{what} already: {words}."
        tell_channel([stored], what.lower(), utterance, outlet)
        back = f" To have it back: {services.command} {_submitted_words(stored)}" if self.wanted == "remove" else ""
        return f"{what}: {words}.{back}"

    @staticmethod
    def _edited(
        edit: EditedWatch, stored: StoredWatch, utterance: Utterance, services: Services, outlet: SlackClient
    ) -> str:
        after = store_edit(edit, stored, utterance, services)
        if after is None:
            return _GONE
        words = mrkdwn(one_line(sentence_of(after)), _WORDS)
        if after.words != stored.words:
            tell_channel([after], "changed", utterance, outlet)
        return f"{'Changed' if after.words != stored.words else 'As it was'}: {words}."

    @staticmethod
    def _remove_all(utterance: Utterance, services: Services, outlet: SlackClient) -> str:
        here = watches_here(utterance, services)
        if not here:
            return "Nothing is watched here any more."
        require_change(here, utterance, outlet, services)
        at = int(services.now().timestamp())
        gone = [each for each in here if services.watches.remove(each.id, by=utterance.user, at=at)]
        tell_channel(gone, "removed", utterance, outlet)
        return f"Removed: {len(gone)} watch{'' if len(gone) == 1 else 'es'}."

    def _show(self, note: str, utterance: Utterance, services: Services, delivery: Delivery) -> None:
        """The list where it stands; anew, where it cannot be changed any more."""
        if utterance.channel == utterance.user:  # pressed in the Home tab
            services.publish_home(utterance.user, utterance.team, delivery.outlet, services)
            return
        listed = draw_list(watches_shown(utterance, services, page=self.state.page, note=note))
        if self.response_url:
            outlet = SlackClient.of(self.client, services.sleep, _PATIENCE)
            try:
                send_with_fallback(
                    listed,
                    lambda reply: outlet.replace(self.response_url, reply),
                    utterance.team,
                    services.capabilities,
                )
            except SlackError as failure:
                log.info("a list of watches could not be drawn anew: %s", failure)
            else:
                return
        delivery.answer_privately(listed)


def _submitted_words(stored: StoredWatch) -> str:
    return f"{'digest' if stored.is_digest else 'watch'} {mrkdwn(one_line(stored.words), _WORDS)}"


def _pause(stored: StoredWatch, utterance: Utterance, services: Services) -> tuple[str, bool]:
    return "Paused", services.watches.pause(stored.id, by=utterance.user, at=_now(services))


def _resume(stored: StoredWatch, utterance: Utterance, services: Services) -> tuple[str, bool]:
    skip_ended_while_paused(stored, services)
    return "Resumed", services.watches.resume(stored.id, by=utterance.user, at=_now(services))


def _remove(stored: StoredWatch, utterance: Utterance, services: Services) -> tuple[str, bool]:
    return "Removed", services.watches.remove(stored.id, by=utterance.user, at=_now(services)) is not None


def _now(services: Services) -> int:
    return int(services.now().timestamp())


WATCH_ACTIONS: dict[str, Callable[[StoredWatch, Utterance, Services], tuple[str, bool]]] = {
    "pause": _pause,
    "resume": _resume,
    "remove": _remove,
}


# The dialog to change a watch: each part of what was typed in a field of its own, read as `watch` reads it.


_LATE = "The dialog could not be opened: Slack gives me three seconds for it. Please press again."


_TOO_LONG = "This watch is too long for a dialog. Remove it, and set it up again."
_UNREAD = "I do not understand the words of this watch any more. Remove it, and set it up again."


def open_edit_dialog(utterance: Utterance, state: WatchState, client: WebClient, services: Services) -> None:
    """At once, by the thread that listens. Never raises."""
    problem = _GONE
    try:
        watch = services.watches.get(state.watch)
        if watch is not None and watch.workspace == utterance.team:
            outlet = SlackClient.of(client, services.sleep, 0.0)
            require_place(watch, utterance)
            require_change([watch], utterance, outlet, services)
            view = _view(watch, utterance, state, services)
            problem = _UNREAD if view is None else _TOO_LONG
            if view is not None and _fits(view):
                outlet.open_view(utterance.trigger, view)
                return
    except RequestError as error:
        problem = str(error)
    except SlackError as failure:
        log.warning("a dialog could not be opened: %s", failure)
        problem = _LATE
    except Exception:
        log.exception("a watch could not be looked up")
        problem = _LATE
    job = answer_words(utterance, client, services)
    hand_over(job, services, lambda: job.tell(Report(headline=problem, summary=problem)))


def opened_with(submitted: DialogSubmission, services: Services) -> dict[str, str] | None:
    """What the dialog was opened with; None for what this person did not open, or not so."""
    return services.seal.open(submitted.metadata, purpose=EDIT_DIALOG, user=submitted.user)


def opened_from(submitted: DialogSubmission, metadata: Mapping[str, str]) -> Utterance:
    """Where the dialog was opened from; the person alone where that was the Home tab."""
    channel = metadata.get("c", "") or submitted.user
    return submitted.utterance(channel, response_url=metadata.get("r", ""), is_direct=channel == submitted.user)


def edited_watch(
    submitted: DialogSubmission, metadata: Mapping[str, str], services: Services
) -> EditedWatch | dict[str, str]:
    """What is to be kept; else what is wrong, by field."""
    page = metadata.get("p", "")
    state = WatchState(metadata.get("w", ""), int(page) if page.isdecimal() else 0)
    edit = EditedWatch(state, metadata.get("k", ""), metadata.get("r", ""))
    services = services.for_channel(submitted.team, edit.channel, submitted.user)
    if "when" in submitted.typed or metadata.get("d"):
        return _digest(submitted, edit, services)
    stored = services.watches.get(state.watch)
    before = watch_of(stored) if stored else None
    watching, errors = read_fields(submitted, before or Watch(""))
    if errors:
        return errors
    certain = _certain(submitted, before)
    edit = replace(edit, watching=watching, certain=certain)
    try:
        vetted = services.lookup_cache.get(
            ("vet", submitted.team, edit.channel, watch_words(watching), *sorted(certain)),
            lambda: _vet(watching, submitted.team, edit.channel, services, certain),
            WITHIN,
        )
    except LookupTimeout:
        return edit
    except Exception:  # told once it is looked up again, by who can tell it
        log.exception("a watch could not be looked up")
        return edit
    return _refusals(vetted) or replace(edit, vetted=vetted)


def store_edit(edit: EditedWatch, before: StoredWatch, utterance: Utterance, services: Services) -> StoredWatch | None:
    """The watch as it is then; None where it is gone. Raises RequestError for what cannot be kept."""
    at = int(services.now().timestamp())
    services = services.for_channel(before.workspace, before.channel, utterance.user)
    if edit.watching is None:
        return services.watches.edit(before.id, edit.digest, by=utterance.user, at=at)
    vetted = edit.vetted or _vet(edit.watching, before.workspace, before.channel, services, edit.certain)
    if vetted.refused:
        raise vetted.refused[0][1]
    words = words_of(vetted.watching)
    if words == before.words:
        return before
    if vetted.past:  # before the words change: what is watched anew has not just ended
        services.watches.prime(before.id, tuple(dict.fromkeys((*vetted.past, *before.past))))
    return services.watches.edit(before.id, words, by=utterance.user, at=at)


def _certain(submitted: DialogSubmission, watching: Watch | None) -> frozenset[str]:
    """The metrics that were typed in quotes, and those that the watch has already."""
    typed = (quoted_in(submitted.typed.get(field, "")) for field in (RULES, METRICS))
    had = (*watching.metrics, *(rule.metric for rule in watching.rules)) if watching else ()
    return frozenset(had).union(*typed)


def _vet(watching: Watch, workspace: str, channel: str, services: Services, certain: frozenset[str]) -> ValidatedWatch:
    defaults = defaults_of(services.defaults, Utterance("", "", workspace, channel, ""))
    return validate(WatchRequest(watching), services.runs, now=services.now(), defaults=defaults, certain=certain)


def _refusals(vetted: ValidatedWatch) -> dict[str, str]:
    return {FIELDS[part]: field_error(error) for part, error in reversed(vetted.refused)}


def _digest(submitted: DialogSubmission, edit: EditedWatch, services: Services) -> EditedWatch | dict[str, str]:
    words = submitted.typed.get("when", "").strip()
    try:
        digest = digest_of(words)
        with suppress(LookupTimeout):
            digest, _doubts = services.lookup_cache.get(
                ("digest", words), partial(known_digest, digest, services), WITHIN
            )
    except RequestError as error:
        return {"when": field_error(error)}
    return replace(edit, digest=digest_words(digest))


def _view(watch: StoredWatch, opened: Utterance, state: WatchState, services: Services) -> dict[str, Any] | None:
    """None where the words are not understood any more."""
    is_home = opened.channel == opened.user
    private = {
        "w": watch.id,
        "p": str(state.page),
        "k": watch.channel,
        "c": "" if is_home else opened.channel,
        "r": opened.response_url,
        "d": "1" if watch.is_digest else "",
    }
    watching = watch_of(watch)
    if watching is None and not watch.is_digest:
        return None
    metadata = services.seal.close(private, purpose=EDIT_DIALOG, user=opened.user)
    if watching is None:
        return _modal("Edit digest", [when(watch.words)], metadata)
    return _modal("Edit watch", field_blocks(watching), metadata)


def _modal(title: str, blocks: list[Block], metadata: str) -> dict[str, Any]:
    return {
        "type": "modal",
        "callback_id": EDIT_DIALOG,
        "title": plain(title, 24),
        "submit": plain("Save", 24),
        "close": plain("Cancel", 24),
        "private_metadata": metadata,
        "blocks": blocks,
    }


def _fits(view: dict[str, Any]) -> bool:
    """Whether all of it is in the fields: nothing of a filter may be lost when it is sent off."""
    inputs = [block["element"] for block in view["blocks"] if block["type"] == "input"]
    return all(length(element.get("initial_value", "")) <= LONGEST for element in inputs)
