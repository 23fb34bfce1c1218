"""The fields of the dialog to change a watch: what stands in each, and what is read from them."""

import logging
from collections.abc import Callable, Container, Mapping
from dataclasses import fields, replace
from typing import Any

from comparison.errors import RequestError
from comparison.language.parser import watching_of
from comparison.language.quoting import quoted
from comparison.language.watch_command import watch_words
from comparison.notifications.validation import AGAINST, METRICS, PLACE, RULES, WHERE
from comparison.watch import OnlyRuns, Watch
from handlers.services import Services
from handlers.slack.blocks import Block, actions, plain, push
from handlers.slack.escape import clip, length, one_line
from handlers.slack.limits import OPTION_VALUE
from handlers.utterance import DialogSubmission, options_query, team

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
        runs = seen.shelf.runs(seen.runs, "", (), WITHIN).runs
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
