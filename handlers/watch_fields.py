"""The fields of the dialog to change a watch: what stands in each, and what is read from them."""

from dataclasses import replace

from comparison.completing import quoted
from comparison.errors import RequestError
from comparison.watch_commands import watching_of
from comparison.watching.vetting import AGAINST, METRICS, PLACE, RULES, WHERE
from comparison.watching.watch import Only, Watching
from comparison.watching.worded import watching_words
from handlers.blocks import plain
from handlers.escaping import clip, one_line
from handlers.reply import Block
from handlers.said import Submitted

ANYTHING = "anything"
MENTION, BROADCAST = "mention", "broadcast"
LONGEST = 3_000  # characters that Slack takes in a field
_ERROR = 150

FIELDS = {PLACE: "place", AGAINST: "against", WHERE: "where", METRICS: "metrics", RULES: "rules"}
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


def sentence(error: RequestError) -> str:
    near = f" Did you mean {', '.join(error.near[:3])}?" if error.near else ""
    runs = f" Say its id: {', '.join(run.run_id[:12] for run in error.choices[:3])}." if error.choices else ""
    told = f"{error.problem}{near}{runs}"
    return clip(one_line(told if near or runs else f"{told} {error.remedy}".strip()), _ERROR)


def read(submitted: Submitted) -> tuple[Watching, dict[str, str]]:
    """The watch that the fields say, and what is wrong with them by field."""
    typed = {name: text.strip() for name, text in submitted.typed.items()}
    errors: dict[str, str] = {}
    found = Watching("")
    try:
        found = replace(found, place=_place(typed.get("place", "")))
    except RequestError as error:
        errors["place"] = sentence(error)
    for name, (clause, parts) in _CLAUSES.items():
        if not typed.get(name):
            continue
        try:
            said = watching_of(f"{_ANY} {clause} {typed[name]}")
        except RequestError as error:
            errors[name] = sentence(error)
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


def inputs(watching: Watching) -> list[Block]:
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
    element: Block = {"type": "plain_text_input", "action_id": name, "max_length": LONGEST}
    return _input(name, label, hint, element | ({"initial_value": text} if text else {}))


def when(words: str) -> Block:
    element = {"type": "plain_text_input", "action_id": "when", "max_length": LONGEST}
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
