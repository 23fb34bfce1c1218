"""What notifications say of one run in the same words: how far a failed one came, how it is registered, its link."""

from dataclasses import replace

from comparison import links
from comparison.report import Line, Link, RunCard, Section
from comparison.runs import Run
from comparison.watching.news import Failure, RunNews
from comparison.wording import plain, times
from comparison.wording import quick_words as words

KNOWN = "What is known"
SYSTEM = "system/"  # what the tracker itself logs


def known(news: RunNews) -> tuple[Section, ...]:
    """What is known of a failure, and how far others came."""
    found = news.failure
    if found is None:
        return ()
    lines: list[Line] = []
    if found.ran is not None:
        lines.append(Line(f"{times.duration(found.ran)}{_usually(found)}", "Ran for"))
    logged = last(found)
    usual = f"; others come to step {found.usual_step:,}" if found.usual_step and logged else ""
    lines.append(Line(f"{logged}{usual}" if logged else "nothing", "Last logged"))
    return (Section(KNOWN, tuple(lines)),)


def _usually(found: Failure) -> str:
    if found.usual is None:
        return ""
    if found.siblings == 1:
        return f"; the last one to finish took {times.duration(found.usual)}"
    return f"; the last {found.siblings} to finish took, at the median, {times.duration(found.usual)}"


def last(found: Failure | None) -> str:
    """`loss 0.41 at step 340`."""
    if found is None or not found.last_metric:
        return ""
    step = f" at step {found.last_step:,}" if found.last_step else ""
    return f"{plain.name(found.last_metric, words.LABEL)} {words.number(found.last_value)}{step}"


def with_versions(card: RunCard, news: RunNews) -> RunCard:
    told = [f"{plain.name(each.model, words.LABEL)} version {plain.name(each.version, 12)}" for each in news.versions]
    return replace(card, facts=(*card.facts, f"registered as {plain.listed(told, 3)}")) if told else card


def line_of(line: Line) -> str:
    return f"{line.label}: {line.text}" if line.label else line.text


def open_link(run: Run, ui_url: str) -> tuple[Link, ...]:
    url = links.run_url(ui_url, run) if ui_url else ""
    return (Link(f"Open {plain.name(run.name, words.LABEL)}", url, "run:0"),) if url else ()


def _url(run: Run, ui_url: str) -> str:
    return links.run_url(ui_url, run) if ui_url else ""
