"""The experiment a watch is of, or the pattern, as people type it."""

import html
import re
from collections.abc import Sequence

from comparison.language.clauses import LISTING, bare_words, parted, refused_option
from comparison.language.tokens import Word
from comparison.tracking.mlflow_links import linked_runs
from comparison.watch import OnlyRuns

EVERYTHING = frozenset({"all", "everything", "everywhere", "anything"})
ONLY = {
    **dict.fromkeys(("failures", "failure", "failed", "failing", "fails", "errors"), OnlyRuns.FAILURES),
    **dict.fromkeys(("better", "improvements", "improvement", "improved"), OnlyRuns.BETTER),
    **dict.fromkeys(("worse", "regressions", "regression"), OnlyRuns.WORSE),
    **dict.fromkeys(("new best", "new bests", "best", "bests", "best ones"), OnlyRuns.NEW_BEST),
}
_MORE_ONLY = {  # behind `only` and `when`; by themselves they may be names
    **dict.fromkeys(("fail", "crash", "crashes", "crashed", "error", "broken"), OnlyRuns.FAILURES),
    **dict.fromkeys(("improves", "improve", "improving"), OnlyRuns.BETTER),
    **dict.fromkeys(("regresses", "regressed", "degrades", "degraded", "worsens"), OnlyRuns.WORSE),
}
_AROUND = frozenset({"a", "the", "run", "runs", "if", "when", "that", "are", "is", "for"})
_ENDS = frozenset({"ends", "end", "ended", "finishes", "finish", "finished", "completes", "completed", "done", "over"})
_STATED = frozenset({"it", "they", "one", "gets", "get", "got", "has", "have", "there", "was", "it's", "it’s"})
_HERE = (
    ("for", "me"),
    ("for", "us"),
    ("in", "here"),
    ("here",),
    *((("in", each, "channel")) for each in ("this", "our", "the")),
)
_LEADS = (  # what people say before the name, as long as a name follows
    *((*the, "experiment", each) for the in ((), ("the",)) for each in ("called", "named", "id")),
    *(("all", "the", "runs", "of"), ("all", "runs", "of"), ("all", "runs", "in"), ("the", "runs", "of")),
    *(("runs", "of"), ("runs", "in"), ("the", "experiments"), ("the", "experiment"), ("experiments",)),
    *(
        ("experiment",),
        ("for",),
        ("in",),
        ("of",),
    ),
)
_LINK = re.compile(r"://|#/experiments/")
_LINKED = re.compile(r"experiments/(\d+)")
_EXAMPLE = "watch my-experiment"


def read_only(words: Sequence[Word]) -> OnlyRuns | None:
    """`failures`, `failed runs`, `a new best`; None for other words."""
    kept = [word for word in words if word.folded not in _AROUND and not word.is_comma]
    return ONLY.get(" ".join(word.folded for word in kept)) if all(word.folded for word in kept) else None


def stated_experiment(words: Sequence[Word]) -> OnlyRuns | None:
    """As behind `only` and `when`: `it fails`, `there is a new best`, `crashes`."""
    kept = [word for word in words if word.folded not in (*_AROUND, *_STATED) and not word.is_comma]
    said = " ".join(word.folded for word in kept)
    return {**ONLY, **_MORE_ONLY}.get(said) if all(word.folded for word in kept) else None


def is_end(words: Sequence[Word]) -> bool:
    """Whether they say that a run ends, which is what is watched: `it ends`, `a run is done`."""
    kept = [word for word in words if word.folded not in (*_AROUND, *_STATED) and not word.is_comma]
    return len(kept) == 1 and kept[0].folded in _ENDS


def without_more(words: Sequence[Word]) -> list[Word]:
    """Without `anymore`, `any longer` at the end."""
    ended = " ".join(word.folded for word in words[-2:])
    count = 1 if ended.endswith((" anymore", " now")) else 2 * (ended in ("any more", "no more", "any longer"))
    return list(words[: len(words) - count]) if len(words) > count else list(words)


def without_here(words: Sequence[Word]) -> list[Word]:
    """Without `here`, `for us` and the like at the end: a watch is of the channel where it is said."""
    folded = [word.folded for word in words]
    ended = next((len(each) for each in _HERE if len(folded) > len(each) and tuple(folded[-len(each) :]) == each), 0)
    return list(words[: len(words) - ended])


def is_filling(words: Sequence[Word]) -> bool:
    """Whether these words name nothing: `all runs`, `runs`; none at all are filling too."""
    return all(word.folded in _AROUND or word.folded in EVERYTHING or word.is_comma for word in words)


def read_place(words: Sequence[Word], text: str, example: str = _EXAMPLE) -> tuple[str, int | None]:
    """The name or pattern that these words say, and where it stands; "" for no words. Raises NotUnderstood."""
    named = _without_leads(bare_words(words))
    if not named:
        return "", None
    folded = [word.folded for word in named]
    if folded[0] in (*EVERYTHING, "every") and folded[1:] in ([], ["runs"], ["run"], ["experiments"], ["experiment"]):
        return "*", named[0].at
    if comma := next((word for word in named if word.is_comma), None):
        remedy = "Watch each by itself, or all of them with a pattern such as team/*."
        raise refused_option("One watch is of one experiment, or of a pattern of names.", remedy, example, [comma])
    return read_name(named, text, example), named[0].at


def read_names(words: Sequence[Word], text: str, example: str = _EXAMPLE) -> tuple[str, ...]:
    """Several, with commas or `and` between."""
    groups = [_without_leads(group) for group in parted(words, LISTING)]
    return tuple(dict.fromkeys(read_name(group, text, example) for group in groups))


def read_name(words: Sequence[Word], text: str, example: str = _EXAMPLE) -> str:
    """One name, blanks where they were typed; of a link the experiment's id. Raises NotUnderstood."""
    first = words[0]
    if len(words) == 1 and not first.is_quoted and _LINK.search(first.text):
        return _linked(first, example)
    ends = [first.at, *(word.end for word in words)]
    told = "".join(
        _typed(word, text) if word.at == end else f" {_typed(word, text)}"
        for word, end in zip(words, ends, strict=False)
    )
    if not told.strip():
        raise refused_option("There is no name between these quotes.", "Name an experiment.", example, words)
    return told.strip()


def _typed(word: Word, text: str) -> str:
    """The word with the stars that stand around it elsewhere for bold: here it is a pattern."""
    raw = html.unescape(text[word.at : word.end])
    is_pattern = not word.is_quoted and raw[:1] == raw[-1:] == "*" and raw[1:-1] == word.text
    return raw if is_pattern else word.text


def _without_leads(words: Sequence[Word]) -> list[Word]:
    kept = list(words)
    while True:
        folded = tuple(word.folded for word in kept)
        lead = next((each for each in _LEADS if folded[: len(each)] == each and len(folded) > len(each)), ())
        if not lead:
            return kept
        kept = kept[len(lead) :]


def _linked(word: Word, example: str) -> str:
    found = _LINKED.search(word.text)
    if linked_runs(word.text):
        remedy = "Paste the link of its experiment, or name that."
        raise refused_option("A watch is of an experiment, and this link leads to a run.", remedy, example, [word])
    if not found:
        remedy = "Paste the address of an experiment's page in MLflow."
        raise refused_option("This link leads to no experiment.", remedy, example, [word])
    return found[1]
