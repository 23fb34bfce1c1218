"""The pieces of a request, each with its one reading: a word of ours, a real name, a moment, a filter, or unknown.

`cover` takes, of all ways to read the tokens, the one with the fewest unknown tokens, then the one that real names
explain most of, then the one of the fewest pieces: a dynamic programme over positions, no backtracking. `conditioned`
makes filters of what runs must be like, said in words; `merged` makes one name of words that nobody knows.
"""

# ruff: noqa: PLR0911 -- a grammar is a list of cases, each in its place

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from comparison.errors import NotUnderstood
from comparison.judgement.goals import goal_of
from comparison.language.dates import match
from comparison.language.lexicon import LONGEST, NUMBERS, PLURAL, ROLES, WORDS, Role
from comparison.language.names import Kind, Kinds, Names, pieces
from comparison.language.tokens import Word, joined, plain
from comparison.runs import Goal
from comparison.tracking.mlflow_links import linked_runs

_POSSESSIVE = re.compile(r"(.+?)(?:'s|’s|(?<=s)['’])", re.IGNORECASE)
_NUMBER = re.compile(r"-?\d{1,3}(?:,\d{3})+|-?\d+(?:_\d+)*")
_DECIMAL = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?%?", re.IGNORECASE)
_MODEL = re.compile(
    r"models:/(?P<model>[^@/]+)(?:@(?P<alias>[^@/]+)|/(?P<version>\d+))$|(?P<name>[^@/\s<]+)@(?P<of>[\w-]+)$"
)
_UNQUOTED = re.compile(  # a value of a parameter or a tag
    r"((?<![\w.])(?:params|parameters?|param|tags?)\.(?:`[^`]+`|\"[^\"]+\"|[\w./-]+)\s*!?=\s*)([\w.+-]+)(?=\s|$)",
    re.IGNORECASE,
)
_EQUATION = re.compile(r"(?P<name>[^=<>!']+)(?P<sign>[<>!]=|==?|[<>])(?P<value>[^=<>!']+)")
_POWER = re.compile(r"\d+(?:\.\d+)?e-?\d{1,2}", re.IGNORECASE)
_BACK = re.compile(r"(?:latest|newest|last)[~^](\d{1,4})?", re.IGNORECASE)
_LINK = re.compile(r"://|#/experiments/|#/runs/|compare-runs\?|^runs:/|experiments/[\w-]+/runs/[0-9a-zA-Z]{20}")
_IDENTIFIER = re.compile(r".*[\d_/=:*?\\.+-].*|[A-Z]{1,3}", re.DOTALL)
_EMOJI = re.compile(r":[\w+-]+:(?::[\w+-]+:)?|[:;=]-?[()DPp/|]|<3|\^\^")
SIGNS = frozenset({"@baseline", "@latest", "@previous", "@best", "@running", "@champion"})  # never a person
_NUMBERED = re.compile(r"\(?\d{1,2}\)")  # of a list: `1) A 2) B`
_LONG = 8  # digits that are rather a run's id than a number
_MOST_OF_A_NAME = 16  # tokens


def _with_quotes(where: str) -> str:
    """A filter with quotes around what is text in MLflow: `params.depth = 8` as `params.depth = '8'`."""
    return _UNQUOTED.sub(r"\1'\2'", where)


def logged(value: str) -> str:
    """A value as Python logs it: `1e-4` is kept as 0.0001, `1e-5` as 1e-05."""
    return repr(float(value)) if _POWER.fullmatch(value) else value


@dataclass(frozen=True, slots=True)
class Atom:
    """A piece of the request with its reading: `key` of the lexicon, or what it is a name of, or neither (unknown)."""

    text: str
    at: int
    end: int
    first: int  # its tokens: first … last, the last not in it
    last: int
    key: str = ""  # of the lexicon; also "time", "number", "decimal", "link", "model", "id", "pattern", "filter", ","
    kinds: Kinds = field(default_factory=dict)
    value: str = ""  # of a time: in our words; of a number: its digits
    quoted: bool = False
    possessive: bool = False

    @property
    def role(self) -> Role | None:
        return ROLES.get(self.key)

    @property
    def spelling(self) -> str:
        """Its text in one case."""
        return self.text.casefold()

    @property
    def is_unknown(self) -> bool:
        return not self.key and not self.kinds

    @property
    def is_run(self) -> bool:
        return Kind.RUN in self.kinds or self.key in ("link", "model", "id", "pattern")

    @property
    def metric(self) -> str:
        """The metric that it names, or may name by what its words tell; "" for none."""
        is_told = self.is_unknown and not self.possessive and goal_of(self.text) is not Goal.UNKNOWN
        return self.kinds.get(Kind.METRIC, "") or (self.text if is_told else "")

    @property
    def is_identifier(self) -> bool:
        """Whether it looks like a name that somebody gave to a run: `xgb-v9`, `A`."""
        return self.quoted or bool(_IDENTIFIER.fullmatch(self.text))


def cover(tokens: Sequence[Word], names: Names, text: str) -> list[Atom]:
    """The atoms of a request, in order."""
    spots = _Spots(tokens, names, text)
    arriving: dict[int, tuple[int, Atom]] = {}
    costs = {0: (0, 0, 0)}
    for start in range(len(tokens)):
        if start not in costs:
            continue
        for atom in spots.beginning(start):
            size = atom.last - atom.first
            unknown, named, count = costs[start]
            cost = (unknown + size * atom.is_unknown, named - _weight(atom), count + 1)
            if atom.last not in costs or cost < costs[atom.last]:
                costs[atom.last] = cost
                arriving[atom.last] = (start, atom)
    atoms: list[Atom] = []
    place = len(tokens)
    while place:
        place, atom = arriving[place]
        atoms.append(atom)
    return atoms[::-1]


def _weight(atom: Atom) -> int:
    """Tokens that a real name explains; words of ours that are longer than a name in them count as much as it."""
    size = atom.last - atom.first
    return size if atom.kinds or atom.key in ("link", "id", "model", "filter") else size - 1 if atom.key else 0


@dataclass(frozen=True, slots=True)
class _Spots:
    tokens: Sequence[Word]
    names: Names
    text: str
    folded: list[tuple[str, ...]] = field(default_factory=list)
    plain: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        for token in self.tokens:
            self.folded.append(() if token.is_comma or token.is_filter else pieces(token.text))
            self.plain.append(plain(token))

    def beginning(self, start: int) -> Iterator[Atom]:
        """All readings of what begins here, at least that of one unknown token."""
        token = self.tokens[start]
        if token.is_comma or token.is_filter:
            filtered = "" if token.is_comma else _with_quotes(token.text)
            yield self._atom(start, start + 1, "filter" if filtered else ",", text=filtered)
            return
        if token.is_quoted:
            yield self._atom(start, start + 1, kinds=self.names.called(token.text))
            return
        words = {} if self._is_letter(start) else self._words(start)
        named = self._named(start)
        for last in words.keys() | named.keys():
            kinds = named.get(last, {})
            if last in words:  # a parameter called `model` makes no other word of it
                kinds = {kind: name for kind, name in kinds.items() if kind not in (Kind.PARAMETER, Kind.TAG)}
            yield self._atom(start, last, words.get(last, ""), kinds)
        if self.names.longest.get(self.folded[start][0] if self.folded[start] else "", 0) > 1:
            yield from self._possessed(start)
        moment = match(self.plain, start)
        if moment and not (moment[0] == start + 1 and start + 1 in words | named):
            yield self._atom(start, moment[0], "time", value=moment[1], possessive=moment[2])
        if start + 1 not in words and start + 1 not in named:
            yield self._single(start)

    def _is_letter(self, start: int) -> bool:
        """Whether an `A` is a run that is called so, and no article."""
        text = self.tokens[start].text
        behind = self.tokens[start + 1].text if start + 1 < len(self.tokens) else ""
        parts = ROLES.get(WORDS.get((self.plain[start + 1],), "")) in (Role.SEPARATOR, Role.SLOT) if behind else True
        return len(text) == 1 and text.isupper() and text != "I" and (start > 0 or parts or not behind[1:].islower())

    def _words(self, start: int) -> dict[int, str]:
        found: dict[int, str] = {}
        for size in range(1, min(LONGEST.get(self.plain[start], 0), len(self.tokens) - start) + 1):
            key = WORDS.get(tuple(self.plain[start : start + size]))
            if key:
                found[start + size] = key
        return found

    def _named(self, start: int) -> dict[int, Kinds]:
        """Names by where they end. What is quoted in the middle is no name; over a comma one that has a comma is."""
        first = self.folded[start]
        longest = self.names.longest.get(first[0], 0) if first else 0
        found: dict[int, Kinds] = {}
        key: tuple[str, ...] = ()
        for last in range(start + 1, min(start + _MOST_OF_A_NAME, len(self.tokens)) + 1):
            token = self.tokens[last - 1]
            if token.is_filter or (token.is_quoted and last > start + 1):
                break
            key = (*key, *self.folded[last - 1])
            if len(key) > longest:
                break
            if self.folded[last - 1] and key in self.names.known:
                kinds = self.names.called(joined(self.tokens[start:last]), key)
                has_comma = any(each.is_comma for each in self.tokens[start:last])  # `A, lr=0.1`, which is no list
                kinds = {kind: name for kind, name in kinds.items() if "," in name} if has_comma else kinds
                if kinds:
                    found[last] = kinds
        return found

    def _possessed(self, start: int) -> Iterator[Atom]:
        """`image classification's`: names of several words, as whose something is."""
        first = self.folded[start]
        for last in range(start + 2, min(start + _MOST_OF_A_NAME, len(self.tokens)) + 1 if first else 0):
            if found := _POSSESSIVE.fullmatch(self.tokens[last - 1].text):
                name = f"{joined(self.tokens[start : last - 1])} {found[1]}"
                if kinds := self.names.called(name):
                    yield self._atom(start, last, kinds=kinds, possessive=True, text=name)

    def _person(self, start: int) -> Atom | None:
        """`@jonas`, who is a user, or somebody of the workspace."""
        token = self.tokens[start]
        is_sign = token.text.casefold() in SIGNS
        kinds = self.names.called(token.text[1:]) if token.text.startswith("@") and not is_sign else {}
        if Kind.USER in kinds:
            return self._atom(start, start + 1, kinds={Kind.USER: kinds[Kind.USER]}, text=token.text[1:])
        return self._atom(start, start + 1) if self.text.startswith("<@", token.at) else None

    def _single(self, start: int) -> Atom:
        """One token that is no word of ours and no name as it stands."""
        token = self.tokens[start]
        text = token.text
        if (person := self._person(start)) is not None:
            return person
        if found := _POSSESSIVE.fullmatch(text):
            return self._owner(start, found[1])
        if found := _BACK.fullmatch(text):
            return self._atom(start, start + 1, "latest", value=found[1] or "1")
        if text.isdigit() and len(text) >= _LONG and self.names.is_id(text):
            return self._atom(start, start + 1, "id")
        if _NUMBER.fullmatch(text) or plain(token) in NUMBERS:
            digits = str(NUMBERS.get(plain(token), "")) or text.replace(",", "").replace("_", "")
            return self._atom(start, start + 1, "number", value=digits)
        if filtered := self._equation(text):
            return self._atom(start, start + 1, "filter", text=filtered)
        if key := self._key(token):
            return self._atom(start, start + 1, key)
        if version := self._version(text):
            return self._atom(start, start + 1, "model", text=version)
        if metric := self.names.metric(text):
            return self._atom(start, start + 1, kinds={Kind.METRIC: metric})
        return self._atom(start, start + 1, kinds=self._in_experiment(text))

    def _owner(self, start: int, owner: str) -> Atom:
        """`maya's`, `yesterday's`."""
        kinds = self.names.called(owner)
        key = "" if kinds.keys() - {Kind.ALIAS} else WORDS.get((owner.casefold(),), "")
        if ROLES.get(key) in (Role.RUN, Role.NOUN):  # `the baseline's f1`, `the last run's metrics`
            return self._atom(start, start + 1, key, text=owner)
        if not kinds and (moment := match([owner.casefold()], 0)):
            return self._atom(start, start + 1, "time", value=moment[1], possessive=True)
        return self._atom(start, start + 1, kinds=kinds, possessive=True, text=owner)

    def _equation(self, equation: str) -> str:
        """`lr=0.1`, `f1>=0.9`, `lr=0.1,depth=6` as a filter, where these are known names."""
        terms = [_EQUATION.fullmatch(each) for each in equation.split(",")] if set("=<>") & set(equation) else []
        found = [self._term(term) if term else "" for term in terms]
        return " and ".join(found) if all(found) else ""

    def _term(self, term: re.Match[str]) -> str:
        name, sign, value = term["name"], term["sign"].replace("==", "="), term["value"]
        kinds = self.names.called(name)
        for kind, column in ((Kind.PARAMETER, "params"), (Kind.TAG, "tags")):
            if kind in kinds and sign in ("=", "!="):
                return f"{column}.`{kinds[kind]}` {sign} '{logged(value)}'"
        metric = kinds.get(Kind.METRIC) or self.names.metric(name)
        return f"metrics.`{metric}` {sign} {value}" if metric and _DECIMAL.fullmatch(value) and "%" not in value else ""

    def _key(self, token: Word) -> str:
        text = token.text
        if _LINK.search(text):
            return "link"
        is_typed_at = self.text[token.at : token.at + 1] == "@" and len(text) > 1
        if _MODEL.match(text) or text.startswith("models:/") or is_typed_at:
            return "model"
        if self.names.is_id(text):
            return "id"
        if _DECIMAL.fullmatch(text) or text == "%":
            return "decimal"
        if text.casefold().startswith("group:") or (set("*?") & set(text) and text != "?"):
            return "pattern"
        if (
            _EMOJI.fullmatch(text)
            or _NUMBERED.fullmatch(text)
            or all(unicodedata.category(each) in ("So", "Sk", "Mn", "Cf") for each in text)
        ):
            return "filler"
        is_word = any(each.isalnum() or each in "<>=" for each in text)
        return "" if is_word or len(text) > 2 else "filler"

    def _version(self, text: str) -> str:
        """`fraud-detector/2`: a version of a registered model that is known."""
        name, sign, version = text.rpartition("/")
        kinds = self.names.called(name) if sign and version.isdecimal() else {}
        is_model = Kind.MODEL in kinds and Kind.EXPERIMENT not in kinds
        return f"models:/{kinds[Kind.MODEL]}/{version}" if is_model else ""

    def _in_experiment(self, text: str) -> Mapping[Kind, str]:
        """`fraud/xgb-v1`: a run of an experiment that is known."""
        place, sign, run = text.rpartition("/")
        is_known = bool(sign and run) and Kind.EXPERIMENT in self.names.called(place)
        return {Kind.RUN: text} if is_known else {}

    def _atom(  # noqa: PLR0913 -- the fields of an atom
        self,
        start: int,
        last: int,
        key: str = "",
        kinds: Kinds | None = None,
        *,
        value: str = "",
        possessive: bool = False,
        text: str = "",
    ) -> Atom:
        tokens = self.tokens[start:last]
        text = text or joined(tokens)
        return Atom(
            text, tokens[0].at, tokens[-1].end, start, last, key, kinds or {}, value, tokens[0].is_quoted, possessive
        )


def spelt(atoms: Sequence[Atom]) -> str:
    """Atoms as one name, blanks where they were typed."""
    ends = [atoms[0].at, *(each.end for each in atoms)]
    parts = (e.text if e.at <= end else f" {e.text}" for e, end in zip(atoms, ends, strict=False))
    return "".join(parts).strip()


def model(text: str) -> tuple[str, str, str] | None:
    """Model, alias and version of `models:/m@a`, `models:/m/3`, `m@a`, `@a`."""
    if text.startswith("@") and len(text) > 1:
        return "", text[1:], ""
    found = _MODEL.match(text)
    if not found:
        return None
    return found["model"] or found["name"] or "", found["alias"] or found["of"] or "", found["version"] or ""


def runs_of_link(text: str) -> tuple[tuple[str, str], ...]:
    return linked_runs(text)


OWNING = ("my", "our")  # names of several words begin so


def is_silent(atom: Atom) -> bool:
    return atom.role in (Role.FILLER, Role.NOUN)


def is_material(atom: Atom) -> bool:
    """Whether it names a run by itself."""
    return atom.is_run or atom.quoted or atom.role is Role.RUN or atom.key in ("filter", "sweep", "seeds", "all", "top")


# Conditions in words, as filters: `accuracy over 0.94`, `at least 60 fps`, `lr 0.1`, `non-xgb`


WORDED = "worded"  # the value of a filter that stood here in words
_SIGNS = {
    ">": "above, over, exceeding, exceeds, more than, greater than, higher than, bigger than, larger than, beyond, >",
    "<": "below, under, less than, lower than, smaller than, <",
    ">=": "at least, min, minimum, no less than, not less than, not below, not under, >=, ≥",
    "<=": "at most, max, maximum, no more than, not more than, not above, not over, up to, <=, ≤",
    "!=": "!=",
}
BOUNDS = {word: sign for sign, words in _SIGNS.items() for word in words.split(", ")}
_BETTER, _WORSE = (">", "<"), ("<", ">")  # where higher is better, where lower is
_BY_GOAL = {
    **dict.fromkeys(("better than", "faster than", "beat", "beats"), _BETTER),
    **dict.fromkeys(("worse than", "slower than"), _WORSE),
}
_EQUAL = frozenset({"=", "==", "is", "was", "of", "set", "to", "equals", "equal to", ":"})
_UNEQUAL = frozenset({"not", "isn't", "is not", "!=", "other than", "isnt"})
_LONGER = frozenset({"longer than", "shorter than", "faster than"})
_TAKES = frozenset({"took", "take", "takes", "taking", "ran", "run", "running", "runs", "lasted"})
_OTHERWISE = re.compile(r"non-(.+)", re.IGNORECASE)  # `non-xgb runs`
_PLAIN_COLUMN = re.compile(r"[\w./-]+")  # of a filter, without quotes
_ELSEWHERE = frozenset({"watch", "watch_when", "unwatch", "digest", "set", "unset", "goal", "make"})


def is_number(atom: Atom) -> bool:
    """Whether it says how much; `1.25` may look like an hour."""
    return (atom.key in ("number", "decimal") and atom.text != "%") or (
        atom.key == "time" and atom.text.replace(".", "", 1).isdecimal()
    )


def conditioned(atoms: list[Atom], names: Names) -> list[Atom]:
    """The atoms with each condition that is said in words as one filter."""
    if any(each.key in _ELSEWHERE for each in atoms):
        return atoms
    found: list[Atom] = []
    place = 0
    while place < len(atoms):
        atom = atoms[place]
        if (length := _how_long(atoms, place)) is not None:
            found.append(length[0])
            place = length[1]
            continue
        if (version := _model_version(atoms, place)) is not None:
            found.append(version[0])
            place = version[1]
            continue
        read = _of_metric(atoms, place) or _of_parameter(atoms, place)
        if read is not None:
            where, last = read
            end = atoms[last - 1]
            found.append(replace(atom, text=where, end=end.end, last=end.last, key="filter", kinds={}, value=WORDED))
            place = last
        elif (listed := _metrics(atom, names)) is not None:
            found += listed
            place += 1
        elif whole := _whole_name(atoms, atom, names):
            found.append(replace(atom, text=whole, key="", kinds={Kind.RUN: whole}))
            place += 1
        elif atom.is_unknown and not atom.quoted and (other := _OTHERWISE.fullmatch(atom.text)):
            found += [
                replace(atom, text="not", key="except"),
                replace(atom, text=other[1], kinds=names.called(other[1])),
            ]
            place += 1
        else:
            found.append(atom)
            place += 1
    return found


def _metrics(atom: Atom, names: Names) -> list[Atom] | None:
    """`precision/recall` as a list of two."""
    parts = atom.text.split("/") if atom.is_unknown and not atom.quoted and "/" in atom.text else []
    called = [names.called(part).get(Kind.METRIC) or names.metric(part) for part in parts]
    if not called or not all(called):
        return None
    metrics = [replace(atom, text=part, kinds={Kind.METRIC: name}) for part, name in zip(parts, called, strict=True)]
    return [each for metric in metrics for each in (replace(atom, text=",", key=","), metric)][1:]


def _whole_name(atoms: Sequence[Atom], atom: Atom, names: Names) -> str:
    """The run whose name begins as another one in the sentence does: `mlp-32-seed-1 vs seed-2`; "" for none."""
    place = atoms.index(atom)
    is_listed = place > 0 and atoms[place - 1].key in (",", "and", "or", "vs", "&")  # `A seed 1, 2 and 3`
    if atom.quoted or not (atom.is_unknown or (atom.key == "number" and is_listed)):
        return ""
    tail = pieces(atom.text)
    for other in atoms:
        key = pieces(other.kinds[Kind.RUN]) if Kind.RUN in other.kinds and other.role is None else ()
        if tail and len(key) > len(tail) and (run := names.called("", (*key[: -len(tail)], *tail)).get(Kind.RUN)):
            return run
    return ""


def _how_long(atoms: Sequence[Atom], place: int) -> tuple[Atom, int] | None:
    """`took more than 2h`, `longer than 1 hour`, and where it ends; None where no such thing begins here."""
    at = _past_silent(atoms, place + 1)
    spelling = atoms[place].spelling
    is_led = spelling in _LONGER or (spelling in BOUNDS and any(each.spelling in _TAKES for each in atoms[:place]))
    is_time = at < len(atoms) and atoms[at].key == "time" and atoms[at].value[:1].isdigit()
    if not (is_led and is_time):
        return None
    is_longer = BOUNDS[spelling].startswith(">") if spelling in BOUNDS else spelling.startswith("longer")
    value = f"{'longer' if is_longer else 'shorter'} {atoms[at].value}"
    return replace(atoms[place], end=atoms[at].end, last=atoms[at].last, key="lasting", value=value, kinds={}), at + 1


def _model_version(atoms: Sequence[Atom], place: int) -> tuple[Atom, int] | None:
    """`the champion of price-model`, `price-model production`: a version of a registered model, and where it ends."""
    at = _past_silent(atoms, place + 1, frozenset({"of", "for", "from", "in"}))
    pair = [atoms[place], *atoms[at : at + 1]]
    if len(pair) < 2 or any(each.quoted or Kind.RUN in each.kinds or Kind.EXPERIMENT in each.kinds for each in pair):
        return None
    named = [each for each in pair if each.key == "alias" or Kind.ALIAS in each.kinds]
    models = [each for each in pair if Kind.MODEL in each.kinds or (each.is_unknown and each.is_identifier)]
    if len(named) != 1 or len(models) != 1 or models[0].possessive:
        return None
    alias, model = named[0].kinds.get(Kind.ALIAS, named[0].text), models[0].kinds.get(Kind.MODEL, models[0].text)
    text = f"models:/{model}@{alias.casefold()}"
    return replace(pair[0], text=text, end=pair[1].end, last=pair[1].last, key="model", kinds={}), at + 1


def _past_silent(atoms: Sequence[Atom], place: int, words: frozenset[str] = frozenset()) -> int:
    """The place behind what says nothing there."""
    while place < len(atoms) and not atoms[place].quoted and not atoms[place].kinds:
        if not (is_silent(atoms[place]) or atoms[place].spelling in words):
            break
        place += 1
    return place


def _sign(atom: Atom, metric: str) -> str:
    spelling = atom.spelling
    if spelling in _BY_GOAL and (goal := goal_of(metric)) is not Goal.UNKNOWN:
        return _BY_GOAL[spelling][goal is Goal.LOWER]
    return BOUNDS.get(spelling, "")


def _of_metric(atoms: Sequence[Atom], place: int) -> tuple[str, int] | None:
    """`accuracy over 0.94`, `at least 60 fps`: the filter, and where it ends."""
    atom = atoms[place]
    if metric := _metric(atom):
        at = _past_silent(atoms, place + 1, _EQUAL)
        sign = _sign(atoms[at], metric) if at < len(atoms) else ""
        at = _past_silent(atoms, at + 1)
        if sign and at < len(atoms) and _is_amount(atoms, at):
            return f"metrics.`{metric}` {sign} {_digits(atoms[at])}", at + 1
        return None
    at = _past_silent(atoms, place + 1)
    if not atom.quoted and at < len(atoms) and _is_amount(atoms, at):
        behind = _past_silent(atoms, at + 1, frozenset({"of", "in"}))
        metric = _metric(atoms[behind]) if behind < len(atoms) else ""
        if metric and (sign := _sign(atom, metric)):
            return f"metrics.`{metric}` {sign} {_digits(atoms[at])}", behind + 1
    return None


def _metric(atom: Atom) -> str:
    return "" if atom.quoted or atom.possessive or Kind.RUN in atom.kinds else atom.kinds.get(Kind.METRIC, "")


def _is_amount(atoms: Sequence[Atom], place: int) -> bool:
    """Whether a number stands here that is no share of something else."""
    behind = atoms[place + 1].text if place + 1 < len(atoms) else ""
    return is_number(atoms[place]) and not atoms[place].text.endswith("%") and behind not in ("%", "percent")


def _digits(atom: Atom) -> str:
    return atom.value if atom.key == "number" else f"0{atom.text}" if atom.text.startswith(".") else atom.text


def _of_parameter(atoms: Sequence[Atom], place: int) -> tuple[str, int] | None:
    """`lr 0.1`, `gpu is t4`, `depth not 6`: the filter, and where it ends."""
    atom = atoms[place]
    kind = next((kind for kind in (Kind.PARAMETER, Kind.TAG) if kind in atom.kinds), None)
    if kind is None or atom.possessive or atom.quoted or {Kind.RUN, Kind.METRIC, Kind.EXPERIMENT} & atom.kinds.keys():
        return None
    column = f"{'params' if kind is Kind.PARAMETER else 'tags'}.`{atom.kinds[kind]}`"
    at = place + 1
    sign = "="
    while at < len(atoms) and not atoms[at].quoted and atoms[at].spelling in (*_EQUAL, *_UNEQUAL):
        sign = "!=" if atoms[at].spelling in _UNEQUAL else sign
        at += 1
    value = atoms[at] if at < len(atoms) else None
    if value is None:
        return None
    bound = BOUNDS.get(value.spelling, "") if kind is Kind.PARAMETER and not value.quoted else ""
    if bound and at + 1 < len(atoms) and is_number(atoms[at + 1]):
        name = atom.kinds[kind]
        column = name if _PLAIN_COLUMN.fullmatch(name) else f"`{name}`"
        raise NotUnderstood(
            f"“{atom.text}” is a parameter: MLflow finds its values as text, not by more or less.",
            remedy="Name the value that it has.",
            example=f"list runs where params.{column} = '{atoms[at + 1].text}'",
            at=atom.at,
            end=atoms[at + 1].end,
        )
    is_word = (
        value.role is not None and place > 0 and atoms[place - 1].key == "where" and _condition_ends(atoms, at + 1)
    )
    is_value = is_word or is_number(value) or value.quoted or value.is_unknown
    if not is_value or value.possessive or "'" in value.text or value.text in ("=", "=="):
        return None
    is_led = (place > 0 and atoms[place - 1].key in ("with", "where")) or value.is_identifier
    if value.is_unknown and at == place + 1 and not (is_led and _condition_ends(atoms, at + 1)):
        return None  # `which lr gave …`, `model foo bar`
    return f"{column} {sign} '{logged(value.text)}'", at + 1


def _condition_ends(atoms: Sequence[Atom], place: int) -> bool:
    """Whether what a condition says can end here."""
    return place == len(atoms) or not (atoms[place].is_unknown or is_number(atoms[place]))


# Names of several words that nobody knows yet, as one: `fine tuned to death vs my base`


_NO_NAMES = frozenset({"time", "running", "failed", "curves", "sweeps", "repeats"})


def merged(atoms: list[Atom], text: str) -> list[Atom]:
    """The atoms with names of several words that nobody knows made one, where separators say what they end at.

    `fine tuned to death vs my base`: everything between two `vs` is a name unless a name in it is known.
    """
    keys = [each.key for each in atoms]
    lead = next((place for place, each in enumerate(atoms) if not is_silent(each)), 0)
    is_led = bool(atoms) and atoms[lead].key == "compare" and "curves" not in keys
    is_parted = "vs" in keys or "against" in keys
    parting = ("vs", "against", ",", "and") if is_parted else ("and", "or", "with", ",") if is_led else ()
    is_of_watch = "watch" in keys and keys[lead] in ("cannot", "make", "set", "add", "pause", "swap")
    if (
        is_of_watch
        or not set(parting) & set(keys)
        or (
            keys[lead] in ("watch", "unwatch", "digest", "watch_when")
            and "vs" not in keys[lead + 1 : lead + 2]
            and any(atoms[lead + 1 :])
            and keys[lead] != "digest"
        )
    ):
        return atoms
    found: list[Atom] = []
    segment: list[Atom] = []
    start = lead + 1 if is_led and keys[lead + 1 : lead + 2] != ["vs"] else 0
    found += atoms[:start]
    for place, atom in enumerate([*atoms[start:], None], start):
        if atom is None or atom.key in parting or (segment and _ends_name(atoms, place, parting)):
            is_parted = bool(found) and found[-1].key in parting and (atom is None or atom.key in parting)
            if is_parted and len(segment) == 1 and segment[0].key == "filler" and len(segment[0].text) == 1:
                segment = [replace(segment[0], key="")]  # `old vs a, b`: a run that is called `a`
            found += _named_as_one(segment)
            segment = []
            if atom is not None and atom.key not in parting:  # what follows is of a slot
                return [*found, *_slots_kept(atoms[atoms.index(atom) :], parting, text)]
            found += [atom] if atom is not None else []
        else:
            segment.append(atom)
    return found


def _ends_name(atoms: Sequence[Atom], place: int, parting: Sequence[str]) -> bool:
    """Whether a slot begins here, or a flag behind which no name goes on."""
    atom = atoms[place]
    if atom.quoted or Kind.RUN in atom.kinds or atom.key == "of":
        return False
    behind = next((each for each in atoms[place + 1 :] if each.role not in (Role.FLAG, Role.FILLER)), None)
    goes_on = behind is not None and behind.key not in parting and behind.role is not Role.SLOT
    return atom.role is Role.SLOT or (atom.role is Role.FLAG and not goes_on)


def _slots_kept(atoms: list[Atom], parting: tuple[str, ...], text: str) -> list[Atom]:
    """What stands behind a slot's word, up to the next `vs`."""
    behind = next((place for place, each in enumerate(atoms) if each.key == "vs"), None)
    return (
        atoms if behind is None or "vs" not in parting else [*atoms[: behind + 1], *merged(atoms[behind + 1 :], text)]
    )


def _named_as_one(segment: list[Atom]) -> list[Atom]:
    lead = next((p for p, each in enumerate(segment) if each.key != "filler" and each.role is not Role.INTENT), None)
    if len(segment) < 2 or any(is_material(e) or e.kinds or e.possessive or e.key in _NO_NAMES for e in segment):
        return segment
    unknown = [each for each in segment if each.is_unknown or each.key == "number"]
    owning = next((p for p, each in enumerate(segment) if each.spelling in OWNING), None)
    lead = owning if owning is not None and unknown and lead is not None and owning < lead else lead
    if not unknown or lead is None:
        is_name = (
            not unknown
            and segment[-1].key == "run"
            and len(segment) == 2
            and segment[0].role in (Role.FILLER, Role.FLAG, Role.INTENT)
        )
        lead = 0 if is_name else None
    while lead is not None and lead < len(segment) - 1 and segment[lead].spelling in PLURAL:
        lead += 1
    if lead is None or lead == len(segment) - 1:
        return segment
    last = len(segment)
    while last > lead + 1 and segment[last - 1].key in ("filler", "choose"):
        last -= 1
    first, end = segment[lead], segment[last - 1]
    bare = end.text if first.key == "run" and last - lead == 2 else ""  # `run A` may be a run called `A`
    name = spelt(segment[lead:last])
    if not bare and lead == 0 and last < len(segment) and any(each.role is Role.SLOT for each in segment[lead:last]):
        bare, end, last = name, segment[-1], len(segment)  # `Gone for good`: what says nothing may be of the name
        name = spelt(segment[lead:last])
    return [*segment[:lead], replace(first, text=name, end=end.end, last=end.last, key="", value=bare), *segment[last:]]
