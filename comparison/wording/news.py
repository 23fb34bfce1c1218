"""News for a channel in words: the verdict first, then the few metrics that matter, why, doubts, links."""

from dataclasses import replace
from datetime import datetime

from comparison.report import Report
from comparison.watching.digesting import HeldDigest
from comparison.watching.news import ManyNews, News, RunNews, SilentNews
from comparison.wording import plain
from comparison.wording.news_alone import best_report
from comparison.wording.news_many import many_report
from comparison.wording.news_run import run_report
from comparison.wording.news_silent import silent_report
from comparison.wording.quick import standup_report

__all__ = ["best_report", "digest_report", "many_report", "news_report", "run_report", "silent_report"]


def news_report(
    news: News, *, now: datetime, ui_url: str = "", rules_url: str = "", command: str = "/mlcompare"
) -> Report:
    match news:
        case RunNews():
            return run_report(news, ui_url=ui_url, rules_url=rules_url, command=command)
        case ManyNews():
            return many_report(news, ui_url=ui_url, command=command)
        case SilentNews():
            return silent_report(news, now=now, ui_url=ui_url, command=command)


def digest_report(told: HeldDigest, *, ui_url: str = "", command: str = "/mlcompare") -> Report:
    """The standup, and which of the experiments it should tell of are not there."""
    missing = f"No experiment is called {plain.listed(told.missing)} any more." if told.missing else ""
    if told.standup is None:
        headline = f"No digest: {missing[0].lower()}{missing[1:]}".rstrip(".")
        return Report(headline, f"{headline}.")
    report = standup_report(told.standup, ui_url=ui_url, command=command)
    if not missing:
        return report
    return replace(report, summary=f"{report.summary}\n{missing}", warnings=(missing, *report.warnings))
