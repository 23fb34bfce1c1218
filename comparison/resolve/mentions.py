"""Runs that a message speaks of: MLflow links, and names in backticks or quotes."""

import re
from collections.abc import Iterable, Sequence
from functools import partial

from comparison.concurrency import side_by_side
from comparison.errors import FilterRefused
from comparison.language.quoting import quoted
from comparison.tracking.mlflow_links import linked_runs
from comparison.tracking.source import RunSource

MOST_NAMES = 30  # looked up; a message full of code has many
_LONGEST = 250  # characters of a run's name
_SPOKEN = re.compile(
    r"(?P<url>https?://[^\s<>|]+)|`(?P<code>[^`\n]+)`|“(?P<curly>[^”\n]+)”|\"(?P<straight>[^\"\n]+)\"|(?<!\w)'(?P<single>[^'\n]+)'(?!\w)"
)
_ID = re.compile(r"[0-9a-f]{6,32}", re.IGNORECASE)


def runs_in_text(texts: Iterable[str]) -> tuple[tuple[str, bool], ...]:
    """Ids from links (True) and names as written (False), in the order they come, each once."""
    found: dict[tuple[str, bool], None] = {}
    for text in texts:
        for part in _SPOKEN.finditer(text):
            if part["url"]:
                found.update(dict.fromkeys((run_id.lower(), True) for run_id, _ in linked_runs(part["url"])))
            else:
                name = next(filter(None, part.groups()[1:])).strip()
                found.update({(name, False): None} if name and len(name) <= _LONGEST else {})
    return tuple(found)


def mentioned_runs(texts: Iterable[str], source: RunSource) -> tuple[str, ...]:
    """What to type for each run that is meant: ids of links, whether there or not, and names that runs have."""
    spoken = runs_in_text(texts)
    names = [name for name, is_link in spoken if not is_link][:MOST_NAMES]
    known = dict(zip(names, side_by_side([partial(_is_run, name, source) for name in names]), strict=True))
    written = [what if is_link else quoted(what) for what, is_link in spoken if is_link or known.get(what)]
    return tuple(dict.fromkeys(filter(None, written)))


def compare_request(written: Sequence[str]) -> str:
    return " vs ".join(written)


def _is_run(name: str, source: RunSource) -> bool:
    try:
        return bool(source.called(name, limit=1) or (_ID.fullmatch(name) and source.with_prefix(name.lower(), limit=1)))
    except FilterRefused:
        return False  # no run can be called so
