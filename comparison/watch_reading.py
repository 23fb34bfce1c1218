"""The words of a watch → what they mean: its place, then its options in any order."""

import itertools
from collections.abc import Sequence
from dataclasses import replace

from comparison import courtesy, watch_places, watch_spoken
from comparison.clauses import PLAIN_SEPARATORS
from comparison.errors import NotUnderstood
from comparison.watch_clauses import CLAUSES, SUCH, Said, repeated
from comparison.watch_words import OPTIONS, bare, loosened, misspelt, starts
from comparison.watching.watch import Watching
from comparison.words import Word, split, with_filters


def words_of(said: str) -> list[Word]:
    """The words of a text that begins with the command, as the parser has them."""
    return with_filters(courtesy.bare(split(said), said, "/mlcompare"), said, PLAIN_SEPARATORS)


def read(words: Sequence[Word], text: str) -> tuple[Watching, int | None]:
    """What the words behind the command mean, and where they name the place. Raises NotUnderstood with the spot."""
    said = watch_spoken.ours(loosened(words, text))
    begun = _starts(said)
    first = begun[0] if begun else len(said)
    watching, at = _placed(said[:first], text, has_in=first < len(said) and said[first].folded == "in")
    try:
        watching, within = _with_options(watching, said, begun, text)
    except NotUnderstood as error:
        raise _own(error, bare(said[:first]) if watching.place else [], text) from None
    at = within if at is None else at
    return watching if watching.place or not watching.excepted else replace(watching, place="*"), at


def _with_options(
    watching: Watching, said: Sequence[Word], begun: Sequence[int], text: str
) -> tuple[Watching, int | None]:
    """The watch with all options, and where one of them names the place."""
    at: int | None = None
    seen: set[str] = set()
    for start, stop in itertools.pairwise([*begun, len(said)]):
        option, rest = OPTIONS[said[start].folded], bare(said[start + 1 : stop])
        if option in seen and option != "when":
            raise repeated(option, said[start:stop])
        seen.add(option)
        _check(rest, option, text)
        watching = CLAUSES[option](watching, Said(said[start], rest, text))
        at = rest[0].at if option == "in" else at
    return watching, at


def _own(error: NotUnderstood, place: Sequence[Word], text: str) -> NotUnderstood:
    """The error with a line to copy that names the place as it was typed."""
    if not place or not error.example.startswith(SUCH):
        return error
    typed = text[place[0].at : place[-1].end]
    return replace(error, example=error.example.replace(SUCH, f"watch {typed}", 1))


def _starts(said: Sequence[Word]) -> list[int]:
    """Where options begin; an `in` before all others where what stands before it is no name: `failures in fraud`."""
    found = starts(said)
    first = found[0] if found else len(said)
    within = next((place for place, word in enumerate(said[:first]) if word.folded == "in"), None)
    if within is None:
        return found
    lead = said[:within]
    return [within, *found] if watch_places.is_filling(lead) or watch_places.only(lead) else found


def _placed(words: Sequence[Word], text: str, *, has_in: bool) -> tuple[Watching, int | None]:
    """The watch by the words before all options."""
    kept = watch_places.without_here(bare(words))
    _check(kept, "", text)
    only = watch_places.only(kept)
    if only is not None:  # `watch failures`
        return Watching("", only=only), None
    if has_in and watch_places.is_filling(kept):
        return Watching(""), None
    first = next((place for place, word in enumerate(kept) if word.is_comma), 0)
    example = f"watch {text[kept[0].at : kept[first - 1].end]}" if first else "watch my-experiment"
    place, at = watch_places.place(kept, text, example)
    return Watching(place), at


def _check(words: Sequence[Word], option: str, text: str) -> None:
    """Raises NotUnderstood where one of the words is nearly an option, with the whole line put right."""
    found = misspelt(words, option)
    if found is None:
        return
    word, meant = found
    raise NotUnderstood(
        f"There is no option {word.text[:60]}.",
        remedy="Where it is part of a name, put the name in quotes.",
        near=(meant,),
        text=text,
        at=word.at,
        end=word.end,
    )
