"""`notify us when fraud ends`, `mute fraud`, `follow fraud`: watches asked for in other words than our own.

What is certain is done; for the rest an error has the line to copy, with the names that were said. A run may be called
`mute` or `follow`: where names are parted (`mute vs x`, `track 1, track 2`) nothing here is meant.
"""

import difflib
import re
from collections.abc import Callable, Iterator, Sequence

from comparison.errors import NotUnderstood
from comparison.language.clauses import LISTING, PLAIN_SEPARATORS, SEPARATORS
from comparison.language.tokens import PLEADING, Word
from comparison.language.watch_command import WATCH_COMMANDS, unwatch, watch, watch_command
from comparison.language.watch_options import words_of
from comparison.request import ListWatches, PlanDigest, Request

_Meant = Callable[[Sequence[Word], str], Request]
_BEGINNING = 6  # words that may be polite
_LIKE = 0.86
_TWO = 2
_LONGEST = 1_000  # characters that are looked through
_ENDING = " \t\n?.!;…:,"

_THE = r"(?:(?:a|an|the|my|our|all|any|this|new) )*"
_TO = r"(?:me|us|everyone|everybody|(?:the |this |our )?(?:channel|team|group)|here|<[#@!][^>]*>|[#@]\S+)"
_ONCE = r"(?:whenever|when|if|once|as soon as|(?:every|each) time)"
_ABOUT = rf"(?:{_ONCE}|about|on|of|for|with)"
_OF = r"(?: (?:of|for|on|about|from|in))?"
_ENDS = r"(?:end|stop|cancel|remove|delete|drop)"
_TOLD = r"(?:notifications?|alerts?|messages?|updates?|announcements?)"

_PAUSES = "A watch is paused by a button in watches; to end it, say:"
_HEARS = "A channel hears when runs of an experiment end; say:"

# What is asked whatever its words part
_TELL = re.compile(
    rf"(?:(?:notify|alert|ping|warn|inform|message|dm|update) {_TO}(?: here)? {_ABOUT}|tell {_TO}(?: here)? {_ONCE}"
    rf"|let {_TO} know {_ABOUT}|keep {_TO} (?:posted|informed|updated|up to date|in the loop) {_ABOUT}"
    rf"|(?:notify|alert|ping|warn|announce|report|post)(?: here)? {_ONCE}) (?P<rest>.+)",
    re.IGNORECASE | re.DOTALL,
)
_NO_MORE = re.compile(
    rf"(?:(?:stop|no more|quit) (?:notifying|telling|alerting|pinging|warning|informing)(?: {_TO})?(?: {_ABOUT})?"
    rf"|(?:stop|no|no more|mute|disable|turn off|switch off) {_THE}{_TOLD}{_OF})(?: (?P<rest>.+))?",
    re.IGNORECASE | re.DOTALL,
)

# What is asked where nothing parts the words: the words in front, as they are folded
_WATCH = re.compile(
    rf"(?:follow|sign up(?: {_TO})? (?:to|for)|(?:add|create|start|make|new|set up|set) {_THE}watch{_OF}"
    r"|keep an eye on|keep watching) ",
    re.IGNORECASE,
)
_UNWATCH = re.compile(
    rf"(?:unfollow|stop following|(?:don't|don’t|dont|do not|no longer) (?:watch|follow)"
    rf"|{_ENDS} {_THE}watch{_OF}) ",
    re.IGNORECASE,
)
_LISTED = re.compile(
    rf"(?:(?:list|show|see)(?: me| us)? {_THE}watches|{_THE}watches|watchlist|(?:list|show) {_THE}watched"
    r"|(?:what|which experiments?)(?: is| are| do| does)?(?: you| we| being)* watch(?:ed|ing)?(?: here| now)?)",
    re.IGNORECASE,
)
_NO_DIGEST = re.compile(
    rf"(?:{_ENDS}|no|no more|disable|turn off|mute) {_THE}(?:daily |weekly )?digests?", re.IGNORECASE
)
_DIGEST = re.compile(
    rf"(?:(?:schedule|send|post|create|add|set up|start|give)(?: {_TO})? )?{_THE}(?P<when>daily |weekday |weekend )?"
    r"(?P<what>digest|standup)(?P<rest> .+)?",
    re.IGNORECASE | re.DOTALL,
)
_PLANNED = re.compile(r" (?:(?:every|each|daily|on [a-z]+days?|[a-z]+(?:day|end)s)\b|at \d)", re.IGNORECASE)
_TURN_ON = re.compile(rf"(?:turn on|switch on|enable) {_THE}{_TOLD}{_OF}(?: (?P<rest>.+))?", re.IGNORECASE)
_PAUSE = re.compile(rf"(?P<verb>mute|pause|silence|snooze)(?: {_THE}watch{_OF})?(?: (?P<rest>.+))?", re.IGNORECASE)
_RESUME = re.compile(
    rf"(?P<verb>unmute|unpause|unsnooze|resume)(?: {_THE}watch{_OF})?(?: (?P<rest>.+))?", re.IGNORECASE
)
_EDIT = re.compile(rf"(?:edit|change|modify) {_THE}watch(?:es)?{_OF}(?: .+)?", re.IGNORECASE)
_WANT = re.compile(rf"(?:notify|alert|announce|monitor|track|observe)(?: {_TO})?(?: (?P<rest>.+))?", re.IGNORECASE)

# What is to be heard of
_WITHIN = re.compile(r" (?:in|of|for|on) (?P<name>\S.*)", re.DOTALL)
_LEAD = re.compile(r"(?:about|on|for|of|when|if) ", re.IGNORECASE)
_RUNS = re.compile(
    rf"{_THE}(?:each |every )?(?:runs?|trainings?|jobs?|experiments?)(?:$| (?:of|in|from|for) )?", re.IGNORECASE
)
_BE = r"(?: (?:is|are|was|has|have|gets?|goes|been|all))*"
_STATES = (
    (
        re.compile(
            rf"{_BE} (?:ends?|ended|finish(?:es|ed)?|done|completed?s?|over|stop(?:s|ped)?|ready)", re.IGNORECASE
        ),
        "",
    ),
    (
        re.compile(rf"{_BE} (?:fail(?:s|ed|ures)?|crash(?:es|ed)?|dies|died|breaks?|errors?)", re.IGNORECASE),
        "only failures",
    ),
    (re.compile(rf"{_BE} (?:improve[sd]?|better)", re.IGNORECASE), "only better"),
    (re.compile(rf"{_BE} (?:worse|regress(?:es|ed)?|degrade[sd]?)", re.IGNORECASE), "only worse"),
    (re.compile(rf"{_BE}(?: a)? new bests?", re.IGNORECASE), "only new best"),
)
_BEST = re.compile(
    r"(?:there is |there's |we have |we get |it is )?(?:a )?new best (?:in|of|for|on) (?P<name>.+)", re.IGNORECASE
)
_RULE = re.compile(r"(?P<rule>.+?)(?: (?:in|of|for|on) (?P<name>\S.*))?", re.DOTALL)


def suggested_command(words: Sequence[Word], text: str) -> _Meant | None:
    """What is done or refused where these words ask for a watch; None where they ask for something else."""
    for start, word in enumerate(words[:_BEGINNING]):
        found = _told(words[start:], text[word.at : words[-1].end][:_LONGEST]) if word.folded else None
        if found is not None:
            return found
        if word.folded.rstrip(",") not in PLEADING and not word.is_comma:
            break
    return None


def _told(words: Sequence[Word], typed: str) -> _Meant | None:
    said = " ".join(typed.split()).rstrip(_ENDING)
    if len(words) > 1 and (words[1].is_comma or words[1].folded in SEPARATORS):
        return None
    if found := _NO_MORE.fullmatch(said):
        return _instead("unwatch", found["rest"] or "", _PAUSES)
    if (found := _TELL.fullmatch(said)) and not any(word.folded == "than" for word in words):
        return _instead("watch", found["rest"], _HEARS)
    if _is_parted(words):
        return None
    return _done(words, said) or _shown(said) or _misspelt(words)


def _is_parted(words: Sequence[Word]) -> bool:
    """Whether several names are said: `mute, x`, `track 1 track 2`; an `against` is an option of a watch."""
    parting = (PLAIN_SEPARATORS | LISTING) - {"against"}
    return any(word.is_comma or word.folded in (*parting, words[0].folded) for word in words[1:])


def _done(words: Sequence[Word], said: str) -> _Meant | None:
    """What is certain."""
    if _LISTED.fullmatch(said):
        return lambda _words, text: ListWatches(text)
    if _NO_DIGEST.fullmatch(said):
        return lambda _words, text: PlanDigest(None, text)
    for begun, meant in ((_WATCH, watch), (_UNWATCH, unwatch)):
        if found := begun.match(said):
            kept = [words[0], *words[len(found.group().split()) :]]
            return lambda _words, text, meant=meant, kept=kept: meant(kept, text)  # type: ignore[misc]
    return None


def _shown(said: str) -> _Meant | None:
    """What a line to copy is shown for."""
    if found := _PAUSE.fullmatch(said):
        return _instead("unwatch", found["rest"] or "", _PAUSES)
    if found := _RESUME.fullmatch(said):
        return _instead(
            "watch", found["rest"] or "", "What is paused goes on by a button in watches; to begin anew, say:"
        )
    if _EDIT.fullmatch(said):
        return _instead("watches", "", "Each watch in the list has a button for that.")
    if found := _TURN_ON.fullmatch(said) or _WANT.fullmatch(said):
        return _instead("watch", found["rest"] or "", _HEARS)
    found = _DIGEST.fullmatch(said)
    if found and (found["what"].casefold() == "digest" or _PLANNED.match(found["rest"] or "")):
        when = f"{found['when'] or ''}{(found['rest'] or '').strip()}"
        return _instead("digest", when, "A standup that comes by itself is a digest; say:")
    return None


def _misspelt(words: Sequence[Word]) -> _Meant | None:
    """`unwach fraud`: nearly a command of ours, with a name behind it."""
    first = words[0].folded
    alike = difflib.get_close_matches(first, WATCH_COMMANDS, n=1, cutoff=_LIKE) if first.isalpha() else []
    if not alike or len(words) < 2:
        return None

    def refuse(_words: Sequence[Word], text: str) -> Request:
        line = f"{alike[0]} {text[words[1].at : words[-1].end]}"
        raise _refused(words, _first([line, alike[0]]) or "help watch", f"Where {alike[0]} is meant, say:")

    return refuse


# The line to copy


def _instead(verb: str, rest: str, remedy: str) -> _Meant:
    def refuse(words: Sequence[Word], _text: str) -> Request:
        lines = _lines(verb, rest.strip(_ENDING))
        raise _refused(words, _first(lines) or "help watch", remedy)

    return refuse


def _refused(words: Sequence[Word], example: str, remedy: str) -> NotUnderstood:
    first = words[0].text[:60]
    problem = (
        "A standup comes when it is asked for." if first.casefold() == "standup" else f"There is no command {first}."
    )
    if len(words) == _TWO and not words[1].is_filter:
        problem += " Two runs are compared with vs between their names."
    return NotUnderstood(problem, remedy=remedy, example=example, at=words[0].at, end=words[0].end)


def _first(lines: Sequence[str]) -> str:
    """The first of these lines that is understood."""
    for line in lines:
        try:
            found = watch_command(words_of(line))
            if found is not None and found(words_of(line), line):
                return line
        except NotUnderstood:
            continue
    return ""


def _lines(verb: str, rest: str) -> list[str]:
    """What may be meant, the likeliest first."""
    if verb in ("digest", "watches"):
        return [f"{verb} {rest}".strip(), "digest weekdays 9:30 Europe/Berlin"]
    if rest.casefold() in ("", "all", "everything", "it", "this", "that"):
        return [f"{verb} all" if rest else "watches"]
    return [*_heard(verb, rest), f"{verb} {_named(rest)}".strip(), f"{verb} my-experiment"]


def _heard(verb: str, rest: str) -> Iterator[str]:
    """With what is to be heard of as an option behind the name."""
    if found := _BEST.fullmatch(rest):
        yield f"{verb} {_named(found['name'])} only new best"
    for state, option in _STATES:
        for found in state.finditer(f" {rest}"):
            name = _ended(f" {rest}"[: found.start()].strip(), f" {rest}"[found.end() :])
            if name is not None:
                yield " ".join(f"{verb} {name} {option}".split())
    found = _RULE.fullmatch(rest)
    for name, rule in ((found["name"] or "", found["rule"]), ("", rest)) if found else ():
        yield " ".join(f"{verb} {_named(name)} when {rule}".split())


def _ended(before: str, behind: str) -> str | None:
    """What is named around `fails`: `fraud fails`, `a run fails in fraud`; None where it goes on in another way."""
    name, within = _named(before), _WITHIN.fullmatch(behind)
    return name if not behind else within["name"] if within and not name else None


def _named(said: str) -> str:
    """The name of the experiment, without `a run of` in front; "" for none."""
    said = _LEAD.sub("", said)
    found = _RUNS.match(said)
    rest = said[found.end() :] if found else said
    return "" if rest.casefold() in ("it", "one", "something") or (found and not rest) else rest or said
