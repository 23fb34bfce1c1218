"""`digest …`: a standup that comes by itself, on which days, at what time, of which experiments."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import time

from comparison.errors import NotUnderstood
from comparison.language.atoms import Atom, cover, merged
from comparison.language.dates import (
    DAILY,
    WEEKDAYS,
    WEEKEND,
    WORKDAYS,
    is_nearly_zone,
    is_town,
    known_zone,
    near_days,
    near_zones,
    read_clock,
    read_days,
    zone_words,
)
from comparison.language.draft import Command, Draft, Example, Guess, always, refuse
from comparison.language.lexicon import one_of
from comparison.language.names import Kind, Names
from comparison.language.quoting import QUOTES, joined, place_words
from comparison.language.tokens import Word, scan
from comparison.request import PlanDigest, Request
from comparison.watch import Digest, WeeklySchedule

_ENDING_VERBS = frozenset({"stop", "cancel", "remove", "delete", "kill", "abort"})  # of a digest
_CHANGING_VERBS = one_of("change move reschedule shift adjust postpone update switch")
_WEEKLY = frozenset({"weekly", "week"})
_EXCEPTING = frozenset({"except", "excluding", "skip", "without", "not", "but"})
_NEVER = frozenset(
    {"hourly", "hour", "other", "biweekly", "fortnightly", "monthly", "month", "twice", "second", "tomorrow"}
)
_PARTS_OF_DAY = {"morning": 0, "mornings": 0, "afternoon": 12, "evening": 12, "evenings": 12, "night": 12}
_OCLOCK = frozenset({"o'clock", "oclock", "sharp", "uhr", "heures", "horas"})
_PLAN = "digest weekdays 9:30 Europe/Berlin"
_NOTHING = Names()
Guesses = list[tuple[Kind, str]]


def _read(draft: Draft) -> Request:
    request, guesses = _plan(draft.atoms, draft.names, draft.text)
    draft.guesses += [Guess(*each) for each in guesses]
    return request


def _plan(atoms: Sequence[Atom], names: Names, text: str) -> tuple[PlanDigest, Guesses]:
    folded = [each.spelling for each in atoms]
    keys = {each.key for each in atoms}
    if (
        keys & {"off", "unwatch", "unset"}
        or any(each.key == "cannot" and each.spelling in _ENDING_VERBS for each in atoms)
        or "digest off" in folded
        or any(each.startswith("no ") for each in folded)
        or "no" in folded
        or "dont" in keys
    ):
        return PlanDigest(None, text), []
    lead = next((each for each in atoms if each.key != "filler"), None)
    verb = lead if lead is not None and not lead.quoted and lead.spelling in _CHANGING_VERBS else None
    words = [
        Word(piece, each.at, each.end, is_quoted=each.quoted, is_comma=each.key == ",")
        for each in atoms
        if each.key not in ("digest", "standup", "cannot")
        and each is not verb
        and not (
            each.key == "filler"
            and not (each.text.isupper() and (known_zone(each.text) or is_nearly_zone(each.text)))
            and each.spelling not in ("at", "in", "a", "p", "my", "now", *_PARTS_OF_DAY)
        )
        for piece in ([each.text] if each.quoted or each.kinds else each.text.split())
    ]
    reader = _Plan(words, atoms, names, text, is_change=verb is not None)
    return reader.read(), reader.guesses


@dataclass
class _Plan:
    words: list[Word]
    atoms: Sequence[Atom]
    names: Names
    text: str
    is_change: bool = False  # of the digest that there is
    days: tuple[int, ...] = ()
    at: time | None = None
    zone: str = ""
    is_weekly: bool = False
    is_late: bool = False  # in the afternoon, in the evening
    experiments: list[tuple[int, str]] = field(default_factory=list)
    guesses: Guesses = field(default_factory=list)
    unread: list[Word] = field(default_factory=list)

    def read(self) -> PlanDigest:
        words = list(self.words)
        cases = (self._experiment, self._excepted, self._days, self._hour, self._zone, self._other)
        while words:
            words = next(rest for case in cases if (rest := case(words)) is not None)
        self._finish()
        assert isinstance(self.at, time)  # noqa: S101 -- as _finish has it
        if self.is_late and 1 <= self.at.hour < 12:
            self.at = self.at.replace(hour=self.at.hour + 12)
        digest = Digest(
            WeeklySchedule(self.days or DAILY, self.at, self.zone or "UTC"),
            tuple(dict.fromkeys(name for _at, name in sorted(self.experiments))),
        )
        return PlanDigest(digest, self.text, self._changed() if self.is_change else ())

    # Each reads what begins here and gives the words behind it; None where it is something else

    def _experiment(self, words: list[Word]) -> list[Word] | None:
        word = words[0]
        kinds = next((each.kinds for each in reversed(self.atoms) if each.at == word.at), {})
        name = kinds.get(Kind.EXPERIMENT, "")
        if not (word.is_quoted or name):
            return None
        if not word.text.strip():
            raise refuse("There is no name between these quotes.", "Name an experiment.", _PLAN, self._spot(word))
        self.experiments.append((word.at, name or word.text))
        return words[1:]

    def _days(self, words: list[Word]) -> list[Word] | None:
        days, count = read_days(words) if not self.days else ((), 0)
        if not count:
            return None
        self.days = days
        return words[count:]

    def _hour(self, words: list[Word]) -> list[Word] | None:
        clock, count = self._clock(words)
        if clock is None:
            return None
        if self.at is not None:
            raise refuse("A digest comes once a day.", "Say one hour.", _PLAN, self._spot(words[0]))
        self.at = clock
        return words[count:]

    def _zone(self, words: list[Word]) -> list[Word] | None:
        zone, count = self._zone_named(words)
        if not zone or self.zone:
            return None
        self.zone = zone
        return words[count:]

    def _other(self, words: list[Word]) -> list[Word]:
        word = words[0]
        if word.folded in _WEEKLY:
            self.is_weekly = True
        elif word.folded in _PARTS_OF_DAY:
            self.is_late = self.is_late or _PARTS_OF_DAY[word.folded] > 0
        elif word.folded in _NEVER:
            problem, remedy = "A digest comes on some days of the week, once a day.", "Say the days and the hour."
            raise refuse(problem, remedy, _PLAN, self._spot(word))
        elif not (word.is_comma or word.folded in _SILENT or word.folded in _OCLOCK):
            self.unread.append(word)
        return words[1:]

    def _changed(self) -> tuple[str, ...]:
        """The parts that are said; the hour always is."""
        parts = {"days": self.days, "hour": self.at, "zone": self.zone, "experiments": self.experiments}
        return tuple(part for part, value in parts.items() if value)

    def _excepted(self, words: list[Word]) -> list[Word] | None:
        """`except weekends`: on all other days. Raises NotUnderstood for anything else that is left out."""
        if words[0].folded not in _EXCEPTING:
            return None
        rest = list(words[1:])
        while rest and rest[0].folded in _SILENT:
            rest = rest[1:]
        days, count = read_days(rest) if rest else ((), 0)
        if not count or words[0].folded == "skip":
            problem = "I cannot leave that out of a digest."
            remedy = "A digest comes on its days, of the experiments that it names, until it is ended."
            raise refuse(problem, remedy, _PLAN, self._spot(words[0], *rest[: max(count, 1)]))
        self.days = tuple(day for day in self.days or DAILY if day not in days)
        if not self.days:
            raise refuse("A digest comes on some days.", "Say the days and the hour.", _PLAN, self._spot(*rest[:count]))
        return rest[count:]

    def _spot(self, *words: Word) -> list[Atom]:
        return [Atom(each.text, each.at, each.end, 0, 0) for each in words]

    def _clock(self, words: Sequence[Word]) -> tuple[time | None, int]:
        folded = words[0].folded
        if len(words) > 1 and words[1].folded in ("am", "pm", "a.m", "p.m", "a.m.", "p.m."):
            return read_clock(f"{folded} {words[1].folded}"), 2
        return (read_clock(folded), 1) if folded else (None, 0)

    def _zone_named(self, words: Sequence[Word]) -> tuple[str, int]:
        for size in (2, 1):
            if len(words) < size or any(each.is_comma or each.is_quoted for each in words[:size]):
                continue
            name = " ".join(each.text for each in words[:size])
            if found := known_zone(name):
                return found, size
            if is_nearly_zone(name) if size == 1 else is_town(name):
                near = near_zones(name)
                first, last = words[0], words[size - 1]
                line = f"{self.text[: first.at]}{near[0]}{self.text[last.end :]}".strip() if near else _PLAN
                if self.zone:
                    continue
                raise refuse(
                    f"There is no time zone called {name[:60]}.",
                    "Write the zone like Europe/Berlin; an experiment that is called so goes in quotes.",
                    line,
                    self._spot(*words[:size]),
                    near,
                )
        return "", 0

    def _finish(self) -> None:
        pending = self.unread
        if self.is_weekly and not self.days:
            raise refuse(
                "On which day of the week?", "Say the day and the hour.", "digest monday 9:30", self._spot(*self.words)
            )
        if self.at is None:
            folded = pending[0].folded if pending else ""
            if folded == "now":
                raise refuse(
                    "When shall the digest come?",
                    "A digest comes by itself; what there is now is a standup.",
                    "standup",
                    self._spot(pending[0]),
                )
            near = near_days(folded) if folded and not self.days else ()
            problem = "At what time?" if self.days else "When shall the digest come?"
            remedy = "Put the time after the days." if self.days else "Say the days and the hour."
            raise refuse(problem, remedy, _PLAN, self._spot(*pending[:1]), near)
        near = near_days(pending[0].folded) if pending and not self.days else ()
        if near:
            line = f"{self.text[: pending[0].at]}{near[0]}{self.text[pending[0].end :]}".strip()
            raise refuse(
                f"I do not know the day {pending[0].text[:60]}.",
                "Say the days and the hour.",
                line,
                self._spot(pending[0]),
                near,
            )
        for group in _runs_of(pending):
            name = " ".join(each.text for each in group)
            self.experiments.append((group[0].at, name))
            self.guesses.append((Kind.EXPERIMENT, name))


def _runs_of(words: Sequence[Word]) -> list[list[Word]]:
    """Words that stand side by side."""
    groups: list[list[Word]] = []
    for word in words:
        if groups and word.at - groups[-1][-1].end <= 1:
            groups[-1].append(word)
        else:
            groups.append([word])
    return groups


_SILENT = one_of(
    "at on every each in the zone time for of and & with about only just all experiment experiments runs run our my a "
    "an us here channel this send post schedule give add set up start create standup um jeden cada chaque à às las "
    "to team instead rather from"
)


# Written back
def digest_words(digest: Digest) -> str:
    """What to type behind `digest`."""
    return joined(when(digest), ", ".join(map(_planned, digest.experiments)))


def _planned(name: str) -> str:
    """An experiment of a digest: plain where it is taken for no day, hour or zone."""
    written = place_words(name)
    try:
        text = f"digest daily 9:00 UTC x, {written}, y"
        digest = _plan(merged(cover(scan(text), _NOTHING, text), text), _NOTHING, text)[0].digest
        is_plain = digest is not None and digest.experiments == ("x", name, "y")
    except NotUnderstood:
        is_plain = False
    return written if is_plain else next((f"{o}{name}{c}" for o, c in QUOTES if o not in name and c not in name), name)


def when(digest: Digest) -> str:
    hours = digest.hours
    named = {WORKDAYS: "weekdays", DAILY: "daily", WEEKEND: "weekends"}.get(hours.days)
    days = named or ", ".join(WEEKDAYS[day][:3] for day in hours.days)
    return f"{days} {hours.at.hour}:{hours.at.minute:02} {zone_words(hours.zone)}"


def _line(request: PlanDigest) -> str:
    if request.digest is None:
        return "digest off"
    if not request.changed:
        return f"digest {digest_words(request.digest)}"
    days, hour, zone = when(request.digest).rsplit(" ", 2)
    places = ", ".join(map(_planned, request.digest.experiments))
    parts = {"days": days, "hour": hour, "zone": zone, "experiments": places}
    return joined("change digest", *(parts[part] for part in request.changed))


def changed_digest(request: PlanDigest, before: Digest) -> Digest:
    """The digest that there was, with the parts that are said to change. Not for `digest off`."""
    new, old = request.digest, before.hours
    assert new is not None  # noqa: S101 -- what is ended is not changed
    hours = WeeklySchedule(
        new.hours.days if "days" in request.changed else old.days,
        new.hours.at,
        new.hours.zone if "zone" in request.changed else old.zone,
    )
    return Digest(hours, new.experiments if "experiments" in request.changed else before.experiments)


COMMANDS = {
    "digest": Command(_read, "post a standup on some days", "", Example(_PLAN), ((PlanDigest, _line),), is_whole=always)
}
