"""What is said about a comparison that stands already: `swap`, `and the parameters?`, `add latest`, `by f1`, `why?`.

Phrases are rows in CHANGES; what is said behind a comparison (`by recall`, `at step 100`) is read by the same clauses
as there; `add X` and `against X` take runs however they are named.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from comparison.errors import NotUnderstood, RequestError
from comparison.judgement.goals import goal_of
from comparison.language.clauses import LISTING, PLAIN_SEPARATORS, ParsedClauses, missing, parted, read
from comparison.language.run_reference import is_one, reference
from comparison.language.tokens import Word, join_filters, split_words, without_politeness
from comparison.request import Compare
from comparison.run_reference import Named, RunReference
from comparison.runs import Goal

MOST_RUNS = 20  # what a table can hold beside its first column
COMPARED = -1  # the spot of a run that was not named now
_FILLING = frozenset(
    ["and", "but", "now", "ok", "okay", "so", "then", "what", "how", "about", "the", "its", "their", "please", "pls"]
) | frozenset(
    ["show", "me", "us", "give", "list", "tell", "with", "see", "can", "could", "you", "we", "i", "just", "do", "a"]
)
_ADDING = frozenset({"add", "include", "plus", "+", "also", "append"})
_AGAINST = frozenset({*PLAIN_SEPARATORS, "baseline"})
_TAILS = (("as", "well"), ("too",), ("again",), ("instead",))

Change = Callable[[Compare], Compare]


def follow(words: str, previous: Compare, *, command: str = "/mlcompare") -> Compare | None:
    """The comparison that is meant by words said about `previous`; None when they are a request of their own.

    Raises NotUnderstood where it is clear that the comparison is meant, and not how.
    """
    try:
        said = join_filters(without_politeness(split_words(words), words, command), words, PLAIN_SEPARATORS)
    except NotUnderstood:
        return None
    if not said:
        return None
    changed = _phrase(said, previous) or _clauses(said, words, previous) or _runs(said, words, previous)
    return changed and replace(changed, text=words)


def is_follow_up(words: str, *, command: str = "/mlcompare") -> bool:
    """Whether words may be meant of a comparison that stands already."""
    try:
        return follow(words, compared(("0" * 32, "1" * 32)), command=command) is not None
    except RequestError:
        return True


def compared(run_ids: Sequence[str]) -> Compare:
    """The comparison of these runs, told by full ids, baseline first."""
    return Compare(tuple(Named(run_id, COMPARED) for run_id in run_ids))


# Changes


def swapped(previous: Compare) -> Compare:
    """The first candidate is the baseline; of two runs the sides change places."""
    first, second, *rest = previous.runs
    return replace(previous, runs=(second, first, *rest))


def all_shown(previous: Compare) -> Compare:
    return replace(previous, everything=True, differing=False)


def fewer_shown(previous: Compare) -> Compare:
    return replace(previous, everything=False, differing=False)


def only_differing(previous: Compare) -> Compare:
    return replace(previous, everything=False, differing=True)


def best_read(previous: Compare) -> Compare:
    return replace(previous, best=True, at_step=None)


def last_read(previous: Compare) -> Compare:
    return replace(previous, best=False, at_step=None)


def why_asked(previous: Compare) -> Compare:
    return replace(previous, why=True)


def refreshed(previous: Compare) -> Compare:
    return previous


def report_part(part: str) -> Change:
    """One part of the answer by itself, with what is the same in it."""
    return lambda previous: replace(previous, part=part)


def _rows(change: Change, *phrases: str) -> dict[str, Change]:
    return dict.fromkeys(phrases, change)


CHANGES: Mapping[str, Change] = {
    **_rows(swapped, "swap", "swap sides", "swap them", "swap it", "swap runs", "swap baseline", "swapped", "switch"),
    **_rows(
        swapped, "switch sides", "switch them", "reverse", "reversed", "reverse it", "flip", "flip it", "flip sides"
    ),
    **_rows(swapped, "other way round", "other way around", "other way", "invert", "turn around", "turn it around"),
    **_rows(swapped, "vice versa", "exchange sides", "swap baseline and candidate", "swap two"),
    **_rows(
        all_shown, "all", "all metrics", "everything", "more", "more metrics", "all of it", "all of them", "expand"
    ),
    **_rows(all_shown, "rest", "full", "full table", "all rows", "same ones too", "what is same", "what's same"),
    **_rows(fewer_shown, "less", "fewer", "fewer metrics", "collapse", "short", "shorter", "less metrics"),
    **_rows(best_read, "best", "best values", "best value", "best instead", "best instead of last", "at their best"),
    **_rows(best_read, "best of each", "best steps", "best step", "at best", "best over steps", "best epoch"),
    **_rows(last_read, "last", "last values", "last value", "final", "final values", "last instead of best"),
    **_rows(last_read, "last step", "final step", "latest values", "last epoch", "at end"),
    **_rows(
        why_asked, "why", "why is that", "why that", "why so", "how come", "what changed", "changed", "what's changed"
    ),
    **_rows(why_asked, "reason", "reasons", "explain", "explain it", "explain that", "why better", "why worse"),
    **_rows(why_asked, "why is it better", "why is it worse", "why is this better", "why is this", "why is this worse"),
    **_rows(why_asked, "has changed", "did change", "is different", "different", "what else changed", "else changed"),
    **_rows(report_part("parameters"), "parameters", "params", "parameter", "param", "hyperparameters", "hyperparams"),
    **_rows(report_part("parameters"), "hparams", "config", "configuration", "configs", "args", "arguments"),
    **_rows(report_part("tags"), "tags", "tag", "labels"),
    **_rows(report_part("datasets"), "data", "dataset", "datasets", "training data", "data sets"),
    **_rows(report_part("details"), "details", "detail", "more details", "commit", "commits", "code", "who ran them"),
    **_rows(
        report_part("details"),
        "duration",
        "durations",
        "how long",
        "ids",
        "run ids",
        "who",
        "users",
        "long did it take",
    ),
    **_rows(
        only_differing, "differences", "only differences", "only what differs", "differs", "diff", "diffs", "diff only"
    ),
    **_rows(
        only_differing, "only what changed", "only changes", "only changed", "what differs", "hide same", "only diff"
    ),
    **_rows(only_differing, "without same", "hide what is same", "only what is different", "difference"),
    **_rows(refreshed, "refresh", "again", "update", "reload", "refresh it", "check again", "once more", "any news"),
    **_rows(refreshed, "news", "update it", "recompute", "recompare", "compare again", "is it done", "latest numbers"),
    **_rows(refreshed, "is it now", "does it look now", "are they now", "still running", "now"),
}


# How it is read


def _phrase(said: Sequence[Word], previous: Compare) -> Compare | None:
    """One of the phrases, with or without what people say around it."""
    folded = [word.folded.rstrip(".:;!?…").replace("’", "'") for word in said]
    if "" in folded:
        return None
    plain = [word for word in folded if word != "the"]
    while plain:
        change = CHANGES.get(" ".join(plain))
        if change is not None:
            return change(previous)
        tail = next((tail for tail in _TAILS if len(plain) > len(tail) and tuple(plain[-len(tail) :]) == tail), None)
        if plain[0] in _FILLING:
            plain = plain[1:]
        elif tail:
            plain = plain[: -len(tail)]
        else:
            return None
    return None


def _clauses(said: Sequence[Word], text: str, previous: Compare) -> Compare | None:
    """`by recall`, `at step 100`, `best by f1 all`; `and recall?` where recall is a metric by its name."""
    kept = _unfilled(said)
    asked = read([Word("it", 0, 0), *kept], text) if kept else None
    if asked is not None and len(asked.words) == 1 and not asked.experiment:
        best = asked.flags.get("best", previous.best and asked.at_step is None)
        return replace(
            previous,
            metrics=asked.metrics or previous.metrics,
            everything=asked.flags.get("all", previous.everything),
            best=best,
            at_step=asked.at_step if asked.at_step is not None or best else previous.at_step,
        )
    name = " ".join(word.text for word in kept)
    is_metric = bool(kept) and len(kept) < len(said) and len(kept) <= 2 and goal_of(name) is not Goal.UNKNOWN
    return replace(previous, metrics=(name,)) if is_metric and not is_one(kept, text) else None


def _runs(said: Sequence[Word], text: str, previous: Compare) -> Compare | None:
    """`add latest and old`, `against champion`; `and latest?` where it is one of our own words for a run."""
    first = said[0].folded
    if first in _ADDING:
        return _added(said[1:], text, previous, said[0])
    if first in _AGAINST and len(said) > 1 and not any(word.folded in PLAIN_SEPARATORS for word in said[1:]):
        asked = read([said[0], *said[1:]], text)
        baseline = reference(asked.words[1:], text)
        if len(baseline) == 1:
            return _within(replace(previous, runs=(*baseline, *previous.runs[1:])), asked)
        return None
    kept = _unfilled(said)
    if first in ("and", "what", "how") and kept and len(kept) < len(said) and is_one(kept, text):
        return _added(kept, text, previous, said[0])
    return None


def _added(rest: Sequence[Word], text: str, previous: Compare, spot: Word) -> Compare:
    asked = read([spot, *rest], text)
    groups = parted([word for word in asked.words[1:] if word.folded not in ("too", "run", "runs")], LISTING)
    found: list[RunReference] = [each for group in groups for each in reference(group, text)]
    if not found:
        raise missing("Which run?", "Name the run to add.", "add latest", spot)
    if len(previous.runs) + len(found) > MOST_RUNS:
        problem = f"That would be {len(previous.runs) + len(found)} runs; a table holds {MOST_RUNS}."
        raise NotUnderstood(problem, remedy="Add fewer.", text=text, at=spot.at)
    return _within(replace(previous, runs=(*previous.runs, *found)), asked)


def _within(changed: Compare, asked: ParsedClauses) -> Compare:
    return replace(changed, experiment=asked.experiment, metrics=asked.metrics or changed.metrics)


def _unfilled(said: Sequence[Word]) -> list[Word]:
    """Without what people say in front."""
    kept = list(said)
    while kept and kept[0].folded in _FILLING:
        kept = kept[1:]
    return kept
