"""Questions about which run is better: where the one asked about ends and the one it is held against begins."""

from collections.abc import Sequence
from dataclasses import replace

from comparison.words import Word

_COMPARATIVES = frozenset({"better", "worse"})
_KINDS = frozenset({"model", "run", "one", "version", "choice", "result"})
_BEATING = frozenset({"beat", "beats", "outperform", "outperforms", "outperformed"})
_BEATING_STATED = _BEATING - {"beat", "outperform"}
_AGAINST = {
    "improve": frozenset({"on", "over", "upon"}),
    "improvement": frozenset({"on", "over"}),
    "compare": frozenset({"with", "to", "against"}),
    "compared": frozenset({"with", "to", "against"}),
}
_BETWEEN = frozenset(
    {"any", "really", "actually", "still", "now", "not", "even", "significantly", "overall", "doing", "performing"}
)
_CHOSEN = frozenset({"better", "best", "wins", "win"})
_LED = frozenset({"of", "between", ":", "from", "among"})


def asked_about(words: Sequence[Word]) -> tuple[list[Word], list[Word]] | None:
    """The words before and behind `better than`, `beat`, `compared to` …; None when there is none of them."""
    for place in range(1, len(words) - 1):
        behind = _behind(words, place)
        if behind is not None and behind < len(words):
            return _named(words[:place], words[place + 1 : behind]), list(words[behind:])
    return None


def stated(words: Sequence[Word]) -> tuple[list[Word], list[Word]] | None:
    """The same where it was not asked: `B beats A`, `B better than A`. Fewer words count: others stand in names."""
    for place in range(1, len(words) - 1):
        word = words[place].folded
        behind = _behind(words, place) if word in (_COMPARATIVES | _BEATING_STATED | {"compared"}) else None
        if behind is not None and behind < len(words):
            return _named(words[:place], words[place + 1 : behind]), list(words[behind:])
    return None


def choice(words: Sequence[Word]) -> list[Word] | None:
    """The runs of `which is better, A or B` and `is A or B better`, parted by commas; None when it is neither."""
    folded = [word.folded.rstrip(":") for word in words]
    places = [place for place, word in enumerate(folded) if word in _CHOSEN]
    if "or" not in folded or not places:
        return None
    before, behind = list(words[1 : places[0]]), list(words[places[0] + 1 :])
    chosen = behind if "or" in folded[places[0] + 1 :] else before
    if chosen and chosen[0].folded == "or":
        chosen = [*before, *behind]
    while chosen and (chosen[0].is_comma or chosen[0].folded in _LED):
        chosen = chosen[1:]
    return [replace(word, text=",", is_comma=True) if word.folded == "or" else word for word in chosen]


def _behind(words: Sequence[Word], place: int) -> int | None:
    """Where the words behind the comparative that stands here begin; None when none stands here."""
    word, folded = words[place].folded, [each.folded for each in words[place + 1 : place + 5]]
    if word in _BEATING:
        return place + 1
    if word in _AGAINST and folded[:1] and folded[0] in _AGAINST[word]:
        return place + 2
    if word not in _COMPARATIVES:
        return None
    skipped = 2 if folded[:1] == ["or"] and folded[1:2] and folded[1] in _COMPARATIVES else 0
    skipped += int(len(folded) > skipped and folded[skipped] in _KINDS)
    return place + skipped + 2 if folded[skipped : skipped + 1] == ["than"] else None


def _named(words: Sequence[Word], comparative: Sequence[Word]) -> list[Word]:
    """The run before a comparative, without `really` and, before `better model than`, without `a`."""
    kept = list(words)
    is_kind = any(word.folded in _KINDS or word.folded in _AGAINST["improvement"] for word in comparative)
    dropped = _BETWEEN | {"a", "an", "much"} if is_kind else _BETWEEN
    while len(kept) > 1 and kept[-1].folded in dropped:
        kept = kept[:-1]
    return kept
