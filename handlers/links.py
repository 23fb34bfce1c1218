"""What can be opened in MLflow, as addresses that fit into a button."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from urllib.parse import quote, unquote

from comparison.report import Link
from handlers.escaping import address, clip, length, one_line
from handlers.limits import ACTIONS, BUTTON_TEXT, URL

_FEW = 6  # more buttons than this are shorter
_SHORT = 40
_RUNS = re.compile(r"(?<=[?&]runs=)[^&]*")


@dataclass(frozen=True, slots=True)
class Opening:
    """A link that fits: `key` is unique in the message."""

    key: str
    label: str
    url: str


def openings(links: Sequence[Link]) -> list[Opening]:
    """The links that can be buttons, the comparison before the runs; too many or too long ones are dropped."""
    ordered = sorted(links, key=lambda each: each.key != "compare")
    found: dict[str, Opening] = {}
    for number, each in enumerate(ordered):
        shortened = _shorten(address(each.url))
        if shortened is None:
            continue
        url, shown = shortened
        label = one_line(each.text) or "Open in MLflow"
        if shown is not None:
            label = f"{clip(label, BUTTON_TEXT - 20)} (first {shown} runs)"
        key = each.key if each.key and each.key not in found else f"{each.key or 'link'}:{number}"
        found[key] = Opening(key, clip(label, BUTTON_TEXT), url)
    kept = list(found.values())[:ACTIONS]
    return kept if len(kept) <= _FEW else [replace(each, label=clip(each.label, _SHORT)) for each in kept]


def _shorten(url: str) -> tuple[str, int | None] | None:
    """The address, and to how many runs it was cut (None: to none); None when it cannot be made to fit."""
    if not url:
        return None
    if length(url) <= URL:
        return url, None
    listed = _RUNS.search(url)
    try:
        runs = json.loads(unquote(listed.group())) if listed else []
    except ValueError:
        return None
    while listed and isinstance(runs, list) and len(runs) > 2:
        runs.pop()
        cut = url[: listed.start()] + quote(json.dumps(runs, separators=(",", ":"))) + url[listed.end() :]
        if length(cut) <= URL:
            return cut, len(runs)
    return None
