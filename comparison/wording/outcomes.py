"""One change of one metric in a few words: which way it went, by how much, and whether that is good."""

from comparison import digits
from comparison.outcome import Change, Outcome

WORDS = {
    Outcome.BETTER: "better",
    Outcome.WORSE: "worse",
    Outcome.SAME: "same",
    Outcome.CHANGED: "changed",
    Outcome.ONLY_BASELINE: "only in baseline",
    Outcome.ONLY_CANDIDATE: "only in candidate",
    Outcome.NOT_A_NUMBER: "not a number",
    Outcome.NEITHER: "in neither",
    Outcome.UNCLEAR: "cannot tell",
}


def difference(change: Change, text: str) -> str:
    """`▲ +0.07 better`, `▼ -0.12 better`, `same`, `–` where there is no difference to tell."""
    if change.difference is None:
        return digits.NOTHING
    if not change.difference:
        return WORDS[change.outcome]
    return f"{arrow(change)} {text} {WORDS[change.outcome]}"


def arrow(change: Change) -> str:
    """▲ up, ▼ down; nothing where the number stayed or cannot be compared."""
    if not change.difference:
        return ""
    return "▲" if change.difference > 0 else "▼"


def relative(change: Change, text: str) -> str:
    """`+8.2 %`, `new from 0`, `–`, or why there is none: `only in baseline`, `not a number`."""
    return WORDS[change.outcome] if change.difference is None else text


def beside(change: Change, value: str, difference_text: str, relative_text: str) -> str:
    """A candidate's value with the change in it, for a column of its own: `0.92 ▲ +8.2 % better`."""
    if change.difference is None:
        told = change.outcome is Outcome.ONLY_CANDIDATE and change.candidate.value is not None
        return f"{value} {WORDS[change.outcome]}" if told else value
    if not change.difference:
        return f"{value} {WORDS[change.outcome]}"
    size = difference_text if change.relative is None else relative_text
    return f"{value} {arrow(change)} {size} {WORDS[change.outcome]}"
