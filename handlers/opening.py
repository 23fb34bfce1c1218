"""The button that opens the dialog, and what the dialog starts with."""

import json
from dataclasses import dataclass

from handlers.blocks import push
from handlers.escaping import clip, length, one_line
from handlers.limits import OPTION_VALUE, VALUE
from handlers.reply import Block

OPEN = "dialog:open"
_LABEL = 60


@dataclass(frozen=True, slots=True)
class Start:
    """Runs chosen beforehand, each as id and label, baseline first; where to post, "" where the person is."""

    runs: tuple[tuple[str, str], ...] = ()
    channel: str = ""
    thread_ts: str = ""


def opener(label: str = "Compare runs …", start: Start | None = None, *, number: int = 0) -> Block:
    """`number` tells several in one view apart."""
    return push(label, f"{OPEN}:{number}" if number else OPEN, write(start or Start()))


def write(start: Start) -> str:
    runs = [[run_id, clip(one_line(label), _LABEL)] for run_id, label in start.runs]
    while True:
        told = {"r": runs, "c": start.channel, "t": start.thread_ts}
        text = json.dumps({name: value for name, value in told.items() if value}, separators=(",", ":"))
        if not runs or length(text) <= VALUE:
            return text
        runs.pop()


def read(value: str) -> Start:
    """What a button holds; an empty start for what is none of ours."""
    try:
        told = json.loads(value)
    except ValueError:
        return Start()
    if not isinstance(told, dict):
        return Start()
    listed = told.get("r")
    pairs = [each for each in listed if isinstance(each, list) and len(each) == 2] if isinstance(listed, list) else []
    runs = tuple((str(run_id), str(label)) for run_id, label in pairs if 0 < len(str(run_id)) <= OPTION_VALUE)
    return Start(runs, str(told.get("c", "")), str(told.get("t", "")))
