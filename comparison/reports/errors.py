"""A request that cannot be answered, in words: what was said with the spot marked, the nearest names, what to type."""

import re
from collections.abc import Sequence

from comparison.errors import RequestError
from comparison.judgement.goals import goal_of
from comparison.judgement.numbers import format_row
from comparison.report import Line, Report, Section, Step
from comparison.reports.headline import is_known, status_word
from comparison.reports.text import (
    cut_end,
    cut_middle,
    display_name,
    isolate_direction,
    join_names,
    one_line,
    started_words,
)
from comparison.runs import Goal, Run

AROUND = 60  # characters shown before and after the spot
NEAREST = 5
TYPED = "You typed"  # the title of the line with the spot
NEAR = "Did you mean"  # the title of the nearest names
SENTENCE = 600
_TOKEN = re.compile(r"\"[^\"]*\"?|“[^”]*”?|'[^']*'?|<[^>]*>?|\S+")
_TRAILING = ",;.?!"


def error_report(error: RequestError, command: str = "/mlcompare") -> Report:
    """The problem as headline; then the spot, the nearest names and a line to copy."""
    problem = cut_end(one_line(error.problem), SENTENCE)
    remedy = cut_end(one_line(error.remedy), SENTENCE)
    parts = []
    if error.text.strip():
        parts.append(Section(TYPED, (Line(spot(error.text, error.at)),)))
    if error.near:
        parts.append(Section(NEAR, (Line(join_names(error.near, NEAREST)),)))
    typed = _typed(error.example, command)
    steps = (Step(remedy, typed),) if remedy or typed else ()
    told = (problem, *(f"{part.title}: {part.lines[0].text}" for part in parts), remedy, typed)
    return Report(problem, "\n".join(filter(None, told)), sections=tuple(parts), steps=steps)


def is_quoted(error: RequestError) -> bool:
    """Whether the problem says the word at the spot, so that the line need not be shown again."""
    if error.at is None or not 0 <= error.at < len(error.text):
        return False
    end = error.end if error.end and error.end > error.at else None
    found = _TOKEN.match(error.text, error.at)
    word = error.text[error.at : end] if end else found.group() if found else ""
    word = one_line(word).strip("\"'“”`" + _TRAILING)
    return bool(word) and re.search(rf"(?<!\w){re.escape(word)}(?!\w)", one_line(error.problem)) is not None


def spot(text: str, at: int | None) -> str:
    """What was typed, on one line, with the word at `at` in «»; cut around it when it is long."""
    if at is None:
        return isolate_direction(cut_middle(one_line(text), 2 * AROUND))
    at = max(0, min(at, len(text)))
    found = _TOKEN.match(text, at)
    word = found.group().rstrip(_TRAILING) or found.group() if found else ""
    before, after = text[:at], text[at + len(word) :]
    if before and not word and not before[-1].isspace():
        before += " "
    started = ("…" if len(before) > AROUND else "") + _edges(before[-AROUND:])
    ended = _edges(after[:AROUND]) + ("…" if len(after) > AROUND else "")
    return isolate_direction(f"{started}«{cut_middle(one_line(word), AROUND) or '…'}»{ended}")


def _edges(text: str) -> str:
    """As `one_line`, keeping a blank at either end."""
    if not text.strip():
        return " " if text else ""
    left = " " if text[0].isspace() else ""
    return f"{left}{one_line(text)}{' ' if text[-1].isspace() else ''}"


def _typed(example: str, command: str) -> str:
    line = one_line(example)
    return line if not line or line.startswith(("/", "@", command)) else f"{command} {line}"


# A run among several of which one is meant: what tells it from the others, on one line.


SHORT = 8  # characters of an id that people read


def choice_report(run: Run, *, now: int | None, metrics: Sequence[str] = ()) -> str:
    """`train (1a2b3c4d) in fraud · started 2 h ago · by maya · finished · accuracy 0.92`."""
    facts = (
        f"{display_name(run.name)} ({run.run_id[:SHORT]}) in {display_name(run.experiment.name)}",
        "" if run.started_at is None else started_words(run.started_at, now),
        f"by {display_name(run.user)}" if is_known(run.user) else "",
        status_word(run),
        _metric(run, metrics),
    )
    return " · ".join(fact for fact in facts if fact)


def shown_metric(run: Run, asked: Sequence[str] = ()) -> str:
    """The metric that was asked for, else the experiment's, else the first whose goal its name tells; "" : none."""
    named = [name for name in (*asked, run.experiment.primary_metric) if name in run.metrics]
    plainly = sorted(run.metrics, key=lambda name: (goal_of(name) is Goal.UNKNOWN, len(name), name))
    return next(iter([*named, *plainly]), "")


def _metric(run: Run, asked: Sequence[str]) -> str:
    name = shown_metric(run, asked)
    return f"{display_name(name, 40)} {format_row(run.metrics[name].value).values[0]}" if name else ""
