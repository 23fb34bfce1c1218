"""A watch or a digest in words: those that people read, and those that are kept, which read again mean the same."""

from comparison.request import Leading, Linked
from comparison.watching.rules import Rule
from comparison.watching.watch import Digest, Watching
from comparison.watching.written import digest_words, quiet_words, reference_words, watching_words, when
from comparison.wording import plain

__all__ = ["digest_said", "digest_words", "said", "watching_words"]
_FILTER = 80  # characters of a filter that people read
_LISTED = 5


def said(watching: Watching) -> str:
    """For people: `fraud, only failures, against best, quiet 20:00–08:00 Europe/Berlin`."""
    place = {"*": "every experiment", "": "the channel's experiment"}.get(watching.place) or plain.name(watching.place)
    if watching.excepted:
        place += f" except {plain.listed(watching.excepted, _LISTED)}"
    parts = [
        place,
        f"only {_ONLY[watching.only.value]}" if watching.only else "",
        f"by {plain.name(watching.user)}" if watching.user else "",
        f"against {_baseline_said(watching)}" if watching.against else "",
        f"when {' and '.join(map(_rule_said, watching.rules))}" if watching.rules else "",
        f"where {plain.value(watching.where, _FILTER)}" if watching.where else "",
        f"metrics {plain.listed(watching.metrics, _LISTED)}" if watching.metrics else "",
        quiet_words(watching).replace("-", "–", 1),
        "mentions the owner" if watching.mentions_owner else "",
        "broadcasts a new best" if watching.broadcasts else "",
    ]
    return ", ".join(part for part in parts if part)


def digest_said(digest: Digest) -> str:
    """For people: `weekdays 9:30 Europe/Berlin, fraud and iris`."""
    return f"{when(digest)}, {plain.listed(digest.experiments, _LISTED) if digest.experiments else 'all experiments'}"


_ONLY = {"failures": "failures", "better": "better runs", "worse": "worse runs", "new best": "a new best"}


def _baseline_said(watching: Watching) -> str:
    baseline = watching.baseline
    if watching.against != "run" or baseline is None:
        return {"previous": "the previous run", "best": "the best"}.get(watching.against, f"the {watching.against}")
    if isinstance(baseline, Linked):
        return f"{baseline.run_id[:8]}…"
    if isinstance(baseline, Leading):
        return f"the {'worst' if baseline.worst else 'best'} {plain.name(baseline.metric)}"
    return plain.name(reference_words(baseline))


def _rule_said(rule: Rule) -> str:
    condition = rule.condition.removesuffix(" by 0")
    return f"{plain.name(rule.metric)} {condition}"
