"""What was typed → the request it makes: names first, slots in any order, nothing dropped in silence.

`read` is pure: it is given the names that are known, and says which words it took for names that are not.
"""

# ruff: noqa: C901 -- a grammar is a list of cases, each in its place

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from comparison.errors import NotUnderstood, RequestError
from comparison.language import (
    compare_command,
    comparison_options,
    digest_command,
    filters,
    question_commands,
    run_names,
    settings_command,
    watch_command,
)
from comparison.language.atoms import Atom, conditioned, cover, is_silent, merged
from comparison.language.comparison_options import read_part
from comparison.language.draft import Command, Draft, Guess, LeftOver, Writer, refuse
from comparison.language.intents import STATUS, find_intent, is_small_talk, stands_as_name
from comparison.language.lexicon import PLURAL, WORDS, Role, one_of
from comparison.language.names import Kind, Names
from comparison.language.quoting import written
from comparison.language.run_names import read_side
from comparison.language.settings_command import read_access
from comparison.language.tokens import scan
from comparison.request import Help, PlanDigest, Request, WatchRequest
from comparison.run_reference import Named, RunReference
from comparison.watch import Digest, Watch, digest_document, watch_document

_BRACKETS = re.compile(  # what is added in brackets: `A vs B (by f1)`; in quotes they are part of a name
    r"(?P<quoted>\"[^\"]*\"|“[^”]*”|«[^»]*»|`[^`]*`)|(?<!\S)[(\[]|[)\]](?!\S)|[)\]](?=[.,;?!])"
)
_SIDES = re.compile(r"\([^()]*,[^()]*\)\s*(?:vs\.?|against|versus)\s*\(", re.IGNORECASE)  # `(A, B) vs (C, D)`
_THREAD = frozenset({"swap", "add", "refresh", "choose", "instead", "same", "replace"})
_BESIDE = {  # intents that say nothing beside this one
    "unset": ("goal", "unset"),
    "failed": ("show", "who", "failed"),
    "top": ("show", "top", "who"),
    "running": ("show", "who", "running"),
    "runs": ("show", "runs", "who"),
    "compare": ("show", "compare", "status", "make"),
    "settings": ("show", "settings", "set"),
    "show": ("show", "status", "set"),
    "curves": ("show", "curves", "compare", "status"),
    "sweeps": ("show", "sweeps", "status", "curves"),
    "status": ("show", "status", "standup"),
    "": ("show", "set"),
    "set": ("show", "goal", "primary", "make", "set"),
}
_MINE = frozenset({"my", "mine", "i"})
_READERS: dict[str, Callable[[Draft, Atom, int], int]] = {
    **run_names.READERS,
    **filters.READERS,
    **comparison_options.READERS,
}
COMMANDS: Mapping[str, Command] = {  # by intent
    **compare_command.COMMANDS,
    **question_commands.COMMANDS,
    **settings_command.COMMANDS,
    **watch_command.COMMANDS,
    **digest_command.COMMANDS,
}


class SmallTalk(LeftOver):
    """`thanks a lot!`: what people say to each other; nothing is asked."""


@dataclass(frozen=True, slots=True)
class Interpretation:
    request: Request
    guesses: tuple[Guess, ...] = ()


def parse(text: str, names: Names | None = None, *, command: str = "/mlcompare") -> Request:
    """The request that was said. Raises NotUnderstood with the spot, a remedy and a line to type."""
    return read(text, names, command=command).request


def read(text: str, names: Names | None = None, *, command: str = "/mlcompare") -> Interpretation:
    """The request, and which of its words were taken for names that nobody knows. Raises NotUnderstood."""
    known = names or Names()
    if (access := _read_access(text)) is not None:
        return Interpretation(access)
    try:
        reading = _read(text, known, command)
    except NotUnderstood as error:
        if (bare := _without_brackets(text)) == text:
            raise
        try:
            return _read(text, known, command, scanned=bare)
        except NotUnderstood:
            raise error from None
    has_brackets = any(set("()[]") & set(guess.text) for guess in reading.guesses)
    return _read(text, known, command, scanned=_without_brackets(text)) if has_brackets else reading


def _read_access(text: str) -> Request | None:
    """What was said of access: its first word decides, before anything else is read."""
    return read_access(text) if "access" in text[:400].casefold() else None


def _without_brackets(text: str) -> str:
    """The text with blanks in place of brackets. Raises NotUnderstood where they hold the runs of one side."""
    if found := _SIDES.search(text):
        raise NotUnderstood(
            "I take the runs of a side by what their names share, not one by one.",
            "Give each side a pattern, or compare the runs one by one.",
            example="help runs",
            text=text[:2_000],
            at=found.start(),
            end=found.end(),
        )
    return _BRACKETS.sub(lambda found: found["quoted"] or " ", text)


def _read(text: str, known: Names, command: str, *, scanned: str = "") -> Interpretation:
    """The request in `text`; `scanned` is the same with blanks in place of signs that say nothing."""
    try:
        tokens = scan(scanned or text, command)
        if not tokens or all(token.is_comma for token in tokens):
            return Interpretation(Help(unasked=True))
        covered = conditioned(cover(tokens, known, text), known)
        atoms = merged(covered, text)
        if is_small_talk(atoms):
            raise SmallTalk("That asks for nothing.", "Say what you want to see.", at=atoms[0].at, end=atoms[-1].end)
        try:
            return _request(atoms, known, text)
        except NotUnderstood:
            if (named := _with_words_as_names(covered, known, text)) is None:
                raise
            return named
    except NotUnderstood as error:
        line_ = error.example if _is_read(error.example, known) else "help"
        raise replace(error, text=error.text or text[:2_000], example=line_) from None


def _with_words_as_names(atoms: Sequence[Atom], known: Names, text: str) -> Interpretation | None:
    """The request where words of ours are the runs that are called so, all of them or one; None where it is none."""
    places = [place for place, each in enumerate(atoms) if each.role is not None and Kind.RUN in each.kinds]
    for chosen in (places, *([place] for place in reversed(places))) if places else ():
        named = [replace(each, key="", quoted=True) if at in chosen else each for at, each in enumerate(atoms)]
        try:
            found = _request(merged(named, text), known, text)
        except NotUnderstood:
            continue
        if not found.guesses:
            return found
    return None


def parse_run(text: str, names: Names | None = None) -> RunReference:
    """One run as it was named, all of the text being its name. Raises NotUnderstood."""
    if not text.strip():
        raise NotUnderstood("No run is named.", remedy="Name one.", text=text)
    tokens = scan(text, "") if text.lstrip()[:1] in "<\"“'«`" or "://" in text else []
    if len(tokens) == 1:
        known = names or Names()
        side = read_side(cover(tokens, known, text), known, text, is_parted=True, is_led=False)
        if len(side.runs) == 1:
            return side.runs[0]
    return Named(text.strip())


def _request(atoms: list[Atom], names: Names, text: str, *, offers: bool = True) -> Interpretation:
    intent, place = find_intent(atoms)
    draft = new_draft(intent, place, atoms, names, text)
    if offers:
        draft.is_read = partial(_is_read, names=names)
    if not COMMANDS[intent].is_whole(draft):
        read_words(draft, skipping=place)
    request = COMMANDS[intent].read(draft)
    return Interpretation(request, tuple(draft.guesses))


def new_draft(intent: str, place: int, atoms: list[Atom], names: Names, text: str) -> Draft:
    """A draft of which nothing is read yet. `place` is the atom that says the intent, -1 where none does."""
    return Draft(intent, atoms, names, text, COMMANDS, place)


def read_words(draft: Draft, *, skipping: int) -> None:
    place = 0
    while place < len(draft.atoms):
        is_status = draft.intent in ("runs", "top") and draft.atoms[place].key in STATUS
        if place == skipping and draft.atoms[place].role is Role.INTENT and not is_status:
            if draft.intent == "compare" and draft.has_name() and draft.baseline is None:
                draft.waits_for_baseline = draft.is_parted = draft.atoms[place].spelling in ("compare", "compared")
            place += 1
        else:
            place = _read_next(draft, place)


def _read_next(draft: Draft, place: int) -> int:
    """Reads what begins here and gives the place behind it."""
    atom = draft.atoms[place]
    if atom.key == "every" and draft.key(place + 1) == "run":
        atom = replace(atom, key="all")
    if place and atom.spelling == "details" and draft.intent in ("compare", "", "show", "status"):
        return read_part(draft, replace(atom, key="details"), place)
    if atom.quoted or stands_as_name(draft.atoms, place, draft.intent):
        draft.add(replace(atom, key="", possessive=False, quoted=atom.quoted or not atom.kinds))
        return place + 1
    if atom.role is not None and Kind.RUN in atom.kinds:  # the word it is, not the run that is called so
        atom = replace(atom, kinds={kind: name for kind, name in atom.kinds.items() if kind is not Kind.RUN})
    read = _READERS.get(atom.key)
    if read is not None:
        return read(draft, atom, place)
    if is_silent(atom):
        _check_person(draft, atom, place)
        (draft.groups[-1] if draft.groups[-1] and not draft.is_parted else draft.fillers).append(atom)
    elif atom.role == Role.RUN or atom.key in ("link", "model", "id", "pattern", "sweep", "seeds", "top"):
        draft.add(atom)
    elif atom.key == "define" or atom.key in _BESIDE.get(draft.intent, ("show", draft.intent)):
        pass  # `show failed runs`, `set goal …`: said by the intent
    elif atom.spelling == "again" and place + 1 == len(draft.atoms) and draft.has_name() and not draft.about:
        pass  # `what were the parameters of A again?`
    elif atom.key in _THREAD:
        draft.thread[atom.key] = atom
    else:
        draft.left.append(atom)
    return place + 1


def _check_person(draft: Draft, atom: Atom, place: int) -> None:
    """Raises NotUnderstood for `my latest`, `what did I run`: nobody knows what MLflow calls who asks."""
    behind = draft.atom(place + 1)
    if behind is None or behind.kinds or atom.spelling not in _MINE:
        return
    if atom.spelling == "i":
        is_of_runs = behind.spelling in ("run", "ran", "start", "started", "launched", "train", "trained")
    else:
        is_many = behind.key == "run" and behind.spelling in PLURAL
        is_of_runs = is_many or behind.role is Role.RUN or behind.key in (*STATUS, "all", "standup", "top")
    if is_of_runs:
        person = next(iter(draft.names.all(Kind.USER)), "maya")
        line = f"latest by user {written(person)}"
        raise refuse("I do not know what MLflow calls you.", "Name yourself as MLflow does.", line, [atom])


def _is_read(line: str, names: Names) -> bool:
    try:
        if _read_access(line) is not None:
            return True
        atoms = merged(conditioned(cover(scan(line), names, line), names), line)
        return bool(atoms) and bool(_request(atoms, names, line, offers=False))
    except NotUnderstood:
        return False


_WRITERS: dict[type, Writer] = dict(pair for command in COMMANDS.values() for pair in command.writers)


def line(request: Request) -> str:
    """What to type for this request; read again it is the same request."""
    return _WRITERS[type(request)](request)


# The words of a watch or digest that is kept, read again: they were written by this folder


_WATCH_OPTIONS = one_of("only by user against vs when where metrics quiet mention broadcast except")


def watching_of(words: str) -> Watch:
    """What the words behind `watch` mean. Raises NotUnderstood."""
    first, _blank, rest = words.strip().partition(" ")
    is_plain = (first,) not in WORDS or first in _WATCH_OPTIONS
    try:
        found = parse(f"watch {words}")
    except NotUnderstood:
        if is_plain:
            raise
        found = None
    if isinstance(found, WatchRequest) and (found.watching.place or is_plain):
        return found.watching
    if not is_plain:  # an experiment that is called as a word of ours: older versions wrote it without quotes
        found = parse(f'watch "{first}" {rest}')
    if not isinstance(found, WatchRequest):
        raise _not_a("watch", words, "watch * only failures")
    return found.watching


def digest_of(words: str) -> Digest:
    """What the words behind `digest` mean. Raises NotUnderstood."""
    request = parse(f"digest {words}")
    if not isinstance(request, PlanDigest) or request.digest is None:
        raise _not_a("digest", words, "digest weekdays 9:30 Europe/Berlin")
    return request.digest


def document_of(words: str, *, is_digest: bool) -> str:
    """What the words mean, as it is kept; "" for words that are not understood."""
    try:
        return digest_document(digest_of(words)) if is_digest else watch_document(watching_of(words))
    except RequestError:
        return ""


def _not_a(what: str, words: str, example: str) -> NotUnderstood:
    return NotUnderstood(f"That is no {what}.", remedy="Say it anew.", example=example, text=f"{what} {words}")
