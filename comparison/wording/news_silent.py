"""A run that seems dead, or that is back, worded."""

from datetime import datetime

from comparison import links
from comparison.report import Line, Link, Report, Section, Step
from comparison.runs import Run, Status
from comparison.watching.failing import last_logged
from comparison.watching.news import SilentNews
from comparison.wording import cards, plain, times
from comparison.wording import quick_words as words
from comparison.wording.news_facts import KNOWN, line_of
from comparison.wording.news_headline import placed


def silent_report(news: SilentNews, *, now: datetime, ui_url: str = "", command: str = "/mlcompare") -> Report:
    run = news.run
    told = _back(news) if news.is_back else f"{placed(run)} seems dead: RUNNING, but silent for {_span(news.silent)}"
    lines = _back_lines(run) if news.is_back else _dead_lines(news, now)
    url = links.run_url(ui_url, run) if ui_url else ""
    facts = [line_of(line) for line in lines]
    step = Step("What else runs", f"{command} running")
    return Report(
        headline=told,
        summary=plain.cut("\n".join(filter(None, [f"{told}.", *facts, url])), 3_000),
        sections=(Section(KNOWN, lines),) if lines else (),
        steps=() if news.is_back else (step,),
        links=(Link(f"Open {plain.name(run.name, words.LABEL)}", url, "run:0"),) if url else (),
        footnotes=()
        if news.is_back
        else ("MLflow leaves a run that was killed from outside as RUNNING; nothing was changed there.",),
    )


def _back(news: SilentNews) -> str:
    now = "it logs again" if news.run.status is Status.RUNNING else cards.standing(news.run)
    after = f" after {_span(news.silent)} of silence" if news.silent else ""
    return f"{placed(news.run)} is back{after}: {now}"


def _dead_lines(news: SilentNews, now: datetime) -> tuple[Line, ...]:
    run = news.run
    usual = f"; it logged every {times.duration(news.usual)} before" if news.usual else ""
    lines = [Line(f"{words.last_value(run, None) or 'nothing'}{usual}", "Last logged")]
    if words.age(run, now):
        lines.append(Line(words.age(run, now), "Running for"))
    return (*lines, *_whose(run))


def _back_lines(run: Run) -> tuple[Line, ...]:
    last = words.last_value(run, None) if last_logged(run) else ""
    return (*((Line(last, "Last logged"),) if last else ()), *_whose(run))


def _whose(run: Run) -> tuple[Line, ...]:
    return (Line(words.user(run), "By"),) if words.user(run) else ()


def _span(silent: int) -> str:
    return times.duration(max(silent, times.MINUTE))
