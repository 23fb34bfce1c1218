"""What admins say of who may see and change what: `access fraud*, churn`, `access changes admins`.

The first word decides. A run that is called `access` is compared as any other: `access vs old`.
"""

import re
from collections.abc import Sequence

from comparison.errors import NotUnderstood
from comparison.language.atoms import is_silent
from comparison.language.draft import Command, Draft, refuse
from comparison.language.lexicon import one_of
from comparison.language.names import Kind
from comparison.language.quoting import QUOTES, joined
from comparison.language.tokens import Word, split_words
from comparison.request import DIRECT, ELSEWHERE, AccessRequest, Request, RestrictChanges, ShowAccess

_PATTERN = re.compile(r"[\w*?][\w./*?+:@-]*")
_LISTING = frozenset({"and", "&"})
_SEPARATORS = _LISTING | {"vs", "versus", "vs.", "v", "with", "to", "against", "than"}
MOST = 100  # patterns of one rule
_COMMAND = "access"
_SCOPE_WORDS = {
    **dict.fromkeys(("everywhere", "elsewhere"), ELSEWHERE),
    **dict.fromkeys(("direct", "directly", "dm", "dms", "home"), DIRECT),
}
_SILENT = frozenset({"messages", "to", "only", "is", "are", "see", "sees", "by", "=", ":", "experiment", "experiments"})
_MEANT: dict[str, tuple[str, ...] | None] = {
    **dict.fromkeys(("all", "everything", "*", "any"), ("*",)),
    **dict.fromkeys(("none", "nothing"), ()),
    **dict.fromkeys(("default", "unset", "reset", "inherit"), None),
}
_WHO = {
    **dict.fromkeys(("admins", "admin"), True),
    **dict.fromkeys(("members", "member", "everybody", "everyone", "default"), False),
}


def read_access(text: str) -> ShowAccess | AccessRequest | RestrictChanges | None:
    """What was said of access; None for what speaks of something else. Raises NotUnderstood."""
    if _COMMAND not in text[:400].casefold():
        return None
    words = [word for word in split_words(text) if not word.is_comma or word.at > 0]
    if not words or words[0].folded.rstrip(":") != _COMMAND or any(_separates(word) for word in words[1:2]):
        return None
    rest = list(words[1:])
    scope = _SCOPE_WORDS.get(rest[0].folded, "") if rest else ""
    rest = _led(rest[1:] if scope else rest)
    if not rest:
        return ShowAccess(scope, text=text)
    if rest[0].folded in ("changes", "change", "changing"):
        return _restriction(_led(rest[1:]), scope, text)
    first = rest[0].folded if len(rest) == 1 else ""
    if first in _MEANT:
        return AccessRequest(_MEANT[first], scope, text=text)
    names = tuple(dict.fromkeys(" ".join(word.text for word in group) for group in _listed(rest)))
    if not names or len(names) > MOST:
        raise NotUnderstood(
            f"A rule names between 1 and {MOST} experiments.",
            remedy="A pattern can stand for many.",
            text=text,
            example="access fraud*, churn",
            at=rest[0].at,
        )
    return AccessRequest(names, scope, text=text)


def _separates(word: Word) -> bool:
    return word.is_comma or word.folded in _SEPARATORS


def _listed(words: Sequence[Word]) -> list[list[Word]]:
    """The words of each name, between commas and `and`."""
    groups: list[list[Word]] = [[]]
    for word in words:
        if word.is_comma or word.folded in _LISTING:
            groups.append([])
        else:
            groups[-1].append(word)
    return [group for group in groups if group]


def _led(words: Sequence[Word]) -> list[Word]:
    """Without the words that lead to what is meant."""
    kept = list(words)
    while kept and (kept[0].is_comma or kept[0].folded in _SILENT):
        kept = kept[1:]
    return kept


def _restriction(words: Sequence[Word], scope: str, text: str) -> RestrictChanges:
    said = words[0].folded if len(words) == 1 else ""
    if said not in _WHO:
        raise NotUnderstood(
            "Who may change what is set and watched?",
            remedy="Say admins or members.",
            example="access changes admins",
            near=("admins", "members"),
            text=text,
            at=words[0].at if words else len(text),
            end=words[-1].end if words else len(text),
        )
    return RestrictChanges(_WHO[said], scope, text=text)


# In a sentence


def _show(draft: Draft) -> Request:
    _refuse_others(draft, "access")
    return ShowAccess(text=draft.text)


def _who(draft: Draft) -> Request:
    """Refuses rules of persons: what may be seen is of a channel."""
    verb = draft.atoms[draft.place]
    people = [each for each in draft.atoms if Kind.USER in each.kinds or draft.text.startswith("<@", each.at)]
    named = _named(draft)
    if people or not named or verb.text.casefold().startswith("who"):
        problem = "I say what a channel may see, not who: whoever is in a channel sees what it may see."
        raise refuse(problem, "What this channel may see:", "access", people or [verb])
    problem = f"I cannot {verb.text.casefold()} one experiment: a rule names all that a channel may see."
    is_more = verb.text.casefold().startswith(("allow", "grant", "give", "share", "permit"))
    remedy = "The rule, for admins:" if is_more else "What it may see is said, and all else is hidden. So far:"
    raise refuse(problem, remedy, _line(named) if is_more else "access", [verb])


def _limit(draft: Draft) -> Request:
    names = _named(draft)
    if not names:
        raise refuse(
            "To which experiments?", "Name them, or patterns.", "access fraud*, churn", [draft.atoms[draft.place]]
        )
    return AccessRequest(tuple(names), text=draft.text)


def _changes(draft: Draft) -> Request:
    is_for_admins = "admin" in draft.atoms[draft.place].text.casefold()
    _refuse_others(draft, f"access changes {'admins' if is_for_admins else 'members'}")
    return RestrictChanges(is_for_admins, text=draft.text)


_OF_CHANGES = one_of(
    "settings setting watches watch pins pin pinned baseline baselines defaults default anything everything things "
    "what is set watched digest digests metric metrics experiment and again"
)


def _refuse_others(draft: Draft, line: str) -> None:
    others = [
        each
        for place, each in enumerate(draft.atoms)
        if place != draft.place and not is_silent(each) and not set(each.text.casefold().split()) <= _OF_CHANGES
    ]
    if others:
        raise refuse(f"I do not understand “{others[0].text[:60]}”.", "Leave that out:", line, others[:1])


def _named(draft: Draft) -> list[str]:
    """The experiments and patterns that are named."""
    found = [
        each.kinds.get(Kind.EXPERIMENT) or each.text
        for place, each in enumerate(draft.atoms)
        if place != draft.place
        and (Kind.EXPERIMENT in each.kinds or each.key == "pattern" or each.quoted or each.is_unknown)
        and each.text.casefold() not in ("channel", "see")
    ]
    return list(dict.fromkeys(found))


def _line(names: Sequence[str]) -> str:
    return access_words(AccessRequest(tuple(names)))


COMMANDS = {
    "access_show": Command(_show, is_whole=lambda _draft: True),
    "access_who": Command(_who, is_whole=lambda _draft: True),
    "access_limit": Command(_limit, is_whole=lambda _draft: True),
    "access_changes": Command(_changes, is_whole=lambda _draft: True),
}


# Written back


_SCOPES = {ELSEWHERE: "everywhere", DIRECT: "direct"}


def access_words(request: AccessRequest) -> str:
    """What to type for a rule of what may be seen."""
    patterns = request.patterns
    if patterns is None or not patterns or patterns == ("*",):
        listed = "default" if patterns is None else "all" if patterns else "none"
    else:
        listed = ", ".join(_name(each) for each in patterns)
    return joined("access", _SCOPES.get(request.scope, ""), listed)


def _name(pattern: str) -> str:
    """A pattern as it is read again; a name that is a word of ours stands in quotes."""
    is_plain = _PATTERN.fullmatch(pattern) and not pattern.isalpha()
    return pattern if is_plain else next((f"{a}{pattern}{b}" for a, b in QUOTES if b not in pattern), pattern)


def _restriction_line(request: RestrictChanges) -> str:
    return joined("access", _SCOPES.get(request.scope, ""), "changes", "admins" if request.is_for_admins else "members")


WRITERS = (
    (ShowAccess, lambda request: joined("access", _SCOPES.get(request.scope, ""))),
    (AccessRequest, access_words),
    (RestrictChanges, _restriction_line),
)
