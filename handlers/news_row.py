"""What can be pressed below a notification, and what it holds: ids only, to work on every replica, a year later.

The two buttons hold all of it; an option of the menu has room for an id, and the buttons beside it for the rest.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from comparison.runs import Experiment
from handlers.blocks import menu, push
from handlers.escaping import clip, one_line
from handlers.limits import VALUE
from handlers.reply import Block

PREFIX = "news:"
COMPARE = f"{PREFIX}compare"  # opens the choice of a run to compare with
PIN = f"{PREFIX}pin"  # makes the run the baseline of the channel
MENU = f"{PREFIX}more"
MUTE = "mute:"  # an option of the menu, with the id of an experiment behind it
WATCHES = "watches"  # an option of the menu: what is watched for the channel
MUTED = 3  # experiments of one message that can be muted from it
_NAME = 50
_ID = re.compile(r"[0-9a-zA-Z_.-]{1,64}")


@dataclass(frozen=True, slots=True)
class HeldNews:
    """The run that a notification is about, or the best of many; what it was held against; which watch wanted it."""

    run: str
    experiment: str = ""  # an id
    baseline: str = ""  # a run id; "" : it stood alone
    watch: str = ""


_SHORT = {"r": "run", "e": "experiment", "b": "baseline", "w": "watch"}


def write(held: HeldNews) -> str:
    """As the value of a button."""
    told = {sign: value for sign, name in _SHORT.items() if (value := getattr(held, name))}
    text = json.dumps(told, separators=(",", ":"))
    return text if len(text) <= VALUE else ""


def read(value: str) -> HeldNews | None:
    """What a button holds; None for what is none of ours."""
    try:
        told = json.loads(value)
    except ValueError:
        return None
    if not isinstance(told, dict):
        return None
    found = {name: str(told.get(sign, "")) for sign, name in _SHORT.items()}
    if not found["run"] or not all(_ID.fullmatch(each) for each in found.values() if each):
        return None
    return HeldNews(**found)


def muted(choice: str) -> str:
    """The id of the experiment that an option of the menu would mute; "" for another option."""
    wanted = choice.removeprefix(MUTE)
    return wanted if choice.startswith(MUTE) and _ID.fullmatch(wanted) else ""


def news_row(held: HeldNews | None, experiments: Sequence[Experiment], *, is_one: bool = True) -> list[Block]:
    """`is_one`: the message is about one run; else the buttons are for the best of its runs, where one is known."""
    mutes = {
        f"{MUTE}{each.experiment_id}": f"Mute {clip(one_line(each.name), _NAME)}"
        for each in experiments[:MUTED]
        if _ID.fullmatch(each.experiment_id)
    }
    value = write(held) if held else ""
    what = "" if is_one else " the best"
    pushes = [
        push(f"Compare{what} with …", COMPARE, value),
        push(f"Pin{what} as baseline", PIN, value),
    ]
    return [*(pushes if value else []), menu(MENU, {**mutes, WATCHES: "Watches of this channel"})]
