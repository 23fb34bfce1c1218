"""The best way to cover a request with words that are known: every token gets exactly one reading.

Of all ways the one with the fewest unknown tokens is taken, then the one that real names explain most of, then the one
of the fewest pieces. A dynamic programme over positions; no backtracking.
"""

# ruff: noqa: PLR0911 -- a grammar is a list of cases, each in its place

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from comparison.judgement.goals import goal_of
from comparison.language.dates import match
from comparison.language.lexicon import LONGEST, NUMBERS, ROLES, WORDS, Role
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
            cost = (
                unknown + size * atom.is_unknown,
                named - _weight(atom),
                count + 1,
            )
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
            yield self._atom(start, start + 1, "filter" if filtered else ",", said=filtered)
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
        said = self.tokens[start].text
        behind = self.tokens[start + 1].text if start + 1 < len(self.tokens) else ""
        parts = ROLES.get(WORDS.get((self.plain[start + 1],), "")) in (Role.SEPARATOR, Role.SLOT) if behind else True
        return len(said) == 1 and said.isupper() and said != "I" and (start > 0 or parts or not behind[1:].islower())

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
                said = f"{joined(self.tokens[start : last - 1])} {found[1]}"
                if kinds := self.names.called(said):
                    yield self._atom(start, last, kinds=kinds, possessive=True, said=said)

    def _person(self, start: int) -> Atom | None:
        """`@jonas`, who is a user, or somebody of the workspace."""
        token = self.tokens[start]
        is_sign = token.text.casefold() in SIGNS
        kinds = self.names.called(token.text[1:]) if token.text.startswith("@") and not is_sign else {}
        if Kind.USER in kinds:
            return self._atom(start, start + 1, kinds={Kind.USER: kinds[Kind.USER]}, said=token.text[1:])
        return self._atom(start, start + 1) if self.text.startswith("<@", token.at) else None

    def _single(self, start: int) -> Atom:
        """One token that is no word of ours and no name as it stands."""
        token = self.tokens[start]
        said = token.text
        if (person := self._person(start)) is not None:
            return person
        if found := _POSSESSIVE.fullmatch(said):
            return self._owner(start, found[1])
        if found := _BACK.fullmatch(said):
            return self._atom(start, start + 1, "latest", value=found[1] or "1")
        if said.isdigit() and len(said) >= _LONG and self.names.is_id(said):
            return self._atom(start, start + 1, "id")
        if _NUMBER.fullmatch(said) or plain(token) in NUMBERS:
            digits = str(NUMBERS.get(plain(token), "")) or said.replace(",", "").replace("_", "")
            return self._atom(start, start + 1, "number", value=digits)
        if filtered := self._equation(said):
            return self._atom(start, start + 1, "filter", said=filtered)
        if key := self._key(token):
            return self._atom(start, start + 1, key)
        if version := self._version(said):
            return self._atom(start, start + 1, "model", said=version)
        if metric := self.names.metric(said):
            return self._atom(start, start + 1, kinds={Kind.METRIC: metric})
        return self._atom(start, start + 1, kinds=self._in_experiment(said))

    def _owner(self, start: int, said: str) -> Atom:
        """`maya's`, `yesterday's`."""
        kinds = self.names.called(said)
        key = "" if kinds.keys() - {Kind.ALIAS} else WORDS.get((said.casefold(),), "")
        if ROLES.get(key) in (Role.RUN, Role.NOUN):  # `the baseline's f1`, `the last run's metrics`
            return self._atom(start, start + 1, key, said=said)
        if not kinds and (moment := match([said.casefold()], 0)):
            return self._atom(start, start + 1, "time", value=moment[1], possessive=True)
        return self._atom(start, start + 1, kinds=kinds, possessive=True, said=said)

    def _equation(self, said: str) -> str:
        """`lr=0.1`, `f1>=0.9`, `lr=0.1,depth=6` as a filter, where these are known names."""
        terms = [_EQUATION.fullmatch(each) for each in said.split(",")] if set("=<>") & set(said) else []
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
        said = token.text
        if _LINK.search(said):
            return "link"
        is_typed_at = self.text[token.at : token.at + 1] == "@" and len(said) > 1
        if _MODEL.match(said) or said.startswith("models:/") or is_typed_at:
            return "model"
        if self.names.is_id(said):
            return "id"
        if _DECIMAL.fullmatch(said) or said == "%":
            return "decimal"
        if said.casefold().startswith("group:") or (set("*?") & set(said) and said != "?"):
            return "pattern"
        if (
            _EMOJI.fullmatch(said)
            or _NUMBERED.fullmatch(said)
            or all(unicodedata.category(each) in ("So", "Sk", "Mn", "Cf") for each in said)
        ):
            return "filler"
        is_word = any(each.isalnum() or each in "<>=" for each in said)
        return "" if is_word or len(said) > 2 else "filler"

    def _version(self, said: str) -> str:
        """`fraud-detector/2`: a version of a registered model that is known."""
        name, sign, version = said.rpartition("/")
        kinds = self.names.called(name) if sign and version.isdecimal() else {}
        is_model = Kind.MODEL in kinds and Kind.EXPERIMENT not in kinds
        return f"models:/{kinds[Kind.MODEL]}/{version}" if is_model else ""

    def _in_experiment(self, said: str) -> Mapping[Kind, str]:
        """`fraud/xgb-v1`: a run of an experiment that is known."""
        place, sign, run = said.rpartition("/")
        is_known = bool(sign and run) and Kind.EXPERIMENT in self.names.called(place)
        return {Kind.RUN: said} if is_known else {}

    def _atom(  # noqa: PLR0913 -- the fields of an atom
        self,
        start: int,
        last: int,
        key: str = "",
        kinds: Kinds | None = None,
        *,
        value: str = "",
        possessive: bool = False,
        said: str = "",
    ) -> Atom:
        tokens = self.tokens[start:last]
        text = said or joined(tokens)
        return Atom(
            text, tokens[0].at, tokens[-1].end, start, last, key, kinds or {}, value, tokens[0].is_quoted, possessive
        )


def spelt(atoms: Sequence[Atom]) -> str:
    """Atoms as one name, blanks where they were typed."""
    ends = [atoms[0].at, *(each.end for each in atoms)]
    said = (e.text if e.at <= end else f" {e.text}" for e, end in zip(atoms, ends, strict=False))
    return "".join(said).strip()


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
