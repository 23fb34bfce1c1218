"""A request that cannot be answered, in words: what was said with the spot marked, the nearest names, what to type."""

import re

from comparison.errors import RequestError
from comparison.report import Line, Report, Section, Step
from comparison.wording import plain

AROUND = 60  # characters shown before and after the spot
NEAREST = 5
SENTENCE = 600
_TOKEN = re.compile(r"\"[^\"]*\"?|“[^”]*”?|'[^']*'?|<[^>]*>?|\S+")
_TRAILING = ",;.?!"


def error_report(error: RequestError, command: str = "/mlcompare") -> Report:
    """The problem as headline; then the spot, the nearest names and a line to copy."""
    problem = plain.cut(plain.one_line(error.problem), SENTENCE)
    remedy = plain.cut(plain.one_line(error.remedy), SENTENCE)
    parts = []
    if error.text.strip():
        parts.append(Section("You typed", (Line(spot(error.text, error.at)),)))
    if error.near:
        parts.append(Section("Did you mean", (Line(plain.listed(error.near, NEAREST)),)))
    typed = _typed(error.example, command)
    steps = (Step(remedy, typed),) if remedy or typed else ()
    told = (problem, *(f"{part.title}: {part.lines[0].text}" for part in parts), remedy, typed)
    return Report(problem, "\n".join(filter(None, told)), sections=tuple(parts), steps=steps)


def spot(text: str, at: int | None) -> str:
    """What was typed, on one line, with the word at `at` in «»; cut around it when it is long."""
    if at is None:
        return plain.isolate(plain.shorten(plain.one_line(text), 2 * AROUND))
    at = max(0, min(at, len(text)))
    found = _TOKEN.match(text, at)
    word = found.group().rstrip(_TRAILING) or found.group() if found else ""
    before, after = text[:at], text[at + len(word) :]
    if before and not word and not before[-1].isspace():
        before += " "
    started = ("…" if len(before) > AROUND else "") + _edges(before[-AROUND:])
    ended = _edges(after[:AROUND]) + ("…" if len(after) > AROUND else "")
    return plain.isolate(f"{started}«{plain.shorten(plain.one_line(word), AROUND) or '…'}»{ended}")


def _edges(text: str) -> str:
    """As `one_line`, keeping a blank at either end."""
    if not text.strip():
        return " " if text else ""
    left = " " if text[0].isspace() else ""
    return f"{left}{plain.one_line(text)}{' ' if text[-1].isspace() else ''}"


def _typed(example: str, command: str) -> str:
    line = plain.one_line(example)
    return line if not line or line.startswith(("/", "@", command)) else f"{command} {line}"
