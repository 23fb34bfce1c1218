"""A comparison in words: headline, table, notes, next steps. All wording lives here; no markup, any surface.

Every string is plain text and may hold what people typed into MLflow: whoever draws it escapes it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Align(StrEnum):
    LEFT = "left"
    RIGHT = "right"


@dataclass(frozen=True, slots=True)
class Column:
    title: str
    align: Align = Align.LEFT
    url: str = ""  # where what it names is opened
    short: str = ""  # stands for the title where a table must be narrow; "": the title does


@dataclass(frozen=True, slots=True)
class Cell:
    text: str
    value: float | None = None  # what it sorts by, finite; None: it is text
    url: str = ""  # where what it names is opened
    short: str = ""  # stands for the text where a table must be narrow; "": the text does


@dataclass(frozen=True, slots=True)
class Table:
    """All rows, the most telling first. Whoever draws it may show fewer and must say how many it left out."""

    caption: str
    columns: tuple[Column, ...]
    rows: Sequence[tuple[Cell, ...]]
    note: str = ""  # "12 more metrics are the same"


@dataclass(frozen=True, slots=True)
class Link:
    text: str
    url: str
    key: str = ""  # stable: "run:0", "run:1", "compare", "rules"


@dataclass(frozen=True, slots=True)
class RunCard:
    """One side, introduced: `role` is Baseline or Candidate; facts are short ("finished", "2 h ago", "in iris")."""

    role: str
    label: str
    url: str = ""  # "" : no address is known
    facts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Line:
    """`label: text`; the label is what is looked for, the text what is read."""

    text: str
    label: str = ""
    moments: tuple[tuple[str, int], ...] = ()  # words of the text that are a moment, and which, in ms since the epoch
    links: tuple[tuple[str, str], ...] = ()  # the label, or words of the text in their order, and what each opens


@dataclass(frozen=True, slots=True)
class Section:
    title: str
    lines: tuple[Line, ...]
    note: str = ""  # "7 the same"
    folded: bool = False  # detail: shown collapsed where the surface can
    last: bool = False  # said after the next steps
    inline: bool = False  # a few short facts that go on one line, without the title where there is little room


@dataclass(frozen=True, slots=True)
class Step:
    """What to do next: a sentence, and what to type for it ("" : nothing)."""

    text: str
    command: str = ""
    key: str = ""  # stable: "pair", where a button can do it


@dataclass(frozen=True, slots=True)
class Series:
    """One line, or dots, of a panel: finite values only. `faint` are the values before smoothing, on the same x.

    `mark` is the one point that counts, such as the best one.
    """

    name: str
    x: Sequence[float]
    y: Sequence[float]
    faint: Sequence[float] = ()
    mark: tuple[float, float] | None = None
    is_dots: bool = False
    is_steps: bool = False  # each value holds until the next one: no straight line in between
    interval: tuple[float, float] | None = None  # both ends, drawn as a bar through the mark


@dataclass(frozen=True, slots=True)
class Panel:
    """One pair of axes. `ticks` are the names of categories at x = 0, 1, 2 …; empty where x is a number."""

    title: str
    x_label: str
    y_label: str
    series: tuple[Series, ...]
    is_log_x: bool = False
    is_log_y: bool = False
    ticks: tuple[str, ...] = ()
    level: float | None = None  # a line across, such as no difference


@dataclass(frozen=True, slots=True)
class Lines:
    """The same in few points, for surfaces that draw by themselves: a finite value for each category and series."""

    categories: tuple[str, ...]
    series: tuple[tuple[str, tuple[float, ...]], ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """A picture and what it says. `conclusion` is for who cannot see it, `plain` what stands for it in text."""

    title: str
    conclusion: str
    panels: tuple[Panel, ...]
    lines: Lines | None = None  # None: it cannot be told in so few points
    plain: tuple[Line, ...] = ()
    note: str = ""  # what was done to the points: smoothed, reduced
    folded: bool = False  # detail: shown collapsed where the surface can


@dataclass(frozen=True, slots=True)
class Report:
    headline: str
    summary: str  # a complete short answer as plain text: notifications, screen readers, the last resort
    sides: tuple[RunCard, ...] = ()
    table: Table | None = None
    sections: tuple[Section, ...] = ()
    warnings: tuple[str, ...] = ()  # most serious first
    steps: tuple[Step, ...] = ()
    links: tuple[Link, ...] = ()
    footnotes: tuple[str, ...] = ()  # assumed goals, link to the rules
    charts: tuple[Chart, ...] = ()
