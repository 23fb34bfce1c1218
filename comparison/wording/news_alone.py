"""One run that ended, worded by itself: with nothing to hold it against, or only as the new best."""

from comparison import links
from comparison.report import Align, Cell, Column, Line, Report, Section, Table
from comparison.runs import Side
from comparison.watching.news import RunNews
from comparison.wording import cards, plain
from comparison.wording import quick_words as words
from comparison.wording.news_doubts import doubts, tidy
from comparison.wording.news_facts import SYSTEM, known, line_of, open_link, with_versions
from comparison.wording.news_headline import headline, placed
from comparison.wording.table import finite

FEW = 6  # metrics shown


def alone_report(news: RunNews, *, ui_url: str) -> Report:
    """Nothing to hold it against: its own values, and why."""
    run = news.run
    name = plain.distinct([run.name], [run.run_id])[0]
    value = words.last_value(run, news.best_by)
    told = headline(news) or f"{placed(run)} finished, {value or 'no metrics logged'}"
    warnings, _small = doubts(news, None)
    url = links.run_url(ui_url, run) if ui_url else ""
    card = cards.card(Side(run.name, (run,)), "Run", name, url=url)
    facts = known(news)
    why = tidy(news.why_alone)
    alone = (Section("Nothing to compare with", (Line(why),)),) if why else ()
    lines = [f"{told}.", *(line_of(line) for part in facts for line in part.lines), why, *warnings[:1], url]
    return Report(
        headline=told,
        summary=plain.cut("\n".join(filter(None, lines)), 3_000),
        sides=(with_versions(card, news),),
        table=_own_table(news, name),
        sections=(*facts, *alone),
        warnings=warnings,
        links=open_link(run, ui_url),
    )


def _own_table(news: RunNews, name: str) -> Table | None:
    """The last values, what it is judged by first."""
    own = [each for each in news.run.metrics if not each.startswith(SYSTEM)]
    first = [*news.metrics, *([news.best_by.metric] if news.best_by else [])]
    shown = [each for each in dict.fromkeys([*first, *sorted(own)]) if each in news.run.metrics]
    shown = [*news.metrics] or shown[:FEW]
    if not shown:
        return None
    values = [news.run.metrics[each].value for each in shown]
    rows = tuple(
        (Cell(title), Cell(words.number(value), finite(value)))
        for title, value in zip(plain.names(shown), values, strict=True)
    )
    left = len(own) - len(shown)
    note = plain.counted(left, "more metric") if left > 0 else ""
    return Table(f"Metrics of {name}", (Column("Metric"), Column(name, Align.RIGHT)), rows, note)


def best_report(news: RunNews, *, ui_url: str = "") -> Report:
    """That a run is the new best, said by itself: the whole of it stands in the message that was edited."""
    told = headline(news)
    url = links.run_url(ui_url, news.run) if ui_url else ""
    return Report(told, "\n".join(filter(None, (f"{told}.", url))), links=open_link(news.run, ui_url))
