"""What makes the news of a run doubtful: the most serious in full, the rest counted or in small print."""

from comparison.outcome import Code
from comparison.report import Report
from comparison.runs import Status
from comparison.watching.news import RunNews
from comparison.wording import plain

DOUBTS = 3
LONGEST = 400  # characters of a sentence that holds names
_SMALL_PRINT = (Code.COMMITS_DIFFER, Code.COMMIT_UNKNOWN, Code.SINGLE_RUNS)
_OF_ILL = (Code.ONE_SIDED_METRICS, Code.STEPS_DIFFER)  # these go without saying where a run did not come to its end


def doubts(news: RunNews, whole: Report | None) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The most serious, counted where they are more, and what small print is enough for."""
    comparison = news.comparison
    found = list(zip(comparison.warnings, whole.warnings, strict=True)) if comparison and whole else []
    own = comparison.sides[-1].label if comparison else ""
    is_over_badly = news.run.status is not Status.FINISHED
    told = [*map(tidy, news.doubts)]
    if news.lacking:
        told.insert(0, _lacking(news))
    for warning, text in found:
        is_said = warning.code is Code.NOT_FINISHED and is_over_badly and warning.text.startswith(own)
        is_plain = warning.code in _OF_ILL and (news.failure is not None or bool(news.lacking))
        is_of_other = warning.code is Code.NOT_FINITE and news.failure is not None and f"in {own}:" not in warning.text
        if warning.code not in _SMALL_PRINT and not (is_said or is_plain or is_of_other):
            told.append(text)
    left = len(told) - DOUBTS
    more = [f"{left} more: a comparison of the two says {'it' if left == 1 else 'them'}."] if left > 0 else []
    kinds = (Code.COMMITS_DIFFER,) if news.failure else _SMALL_PRINT
    small = [text for warning, text in found if warning.code in kinds]
    return (*told[:DOUBTS], *more), (" ".join(small),) if small else ()


def _lacking(news: RunNews) -> str:
    names = plain.listed(news.lacking)
    of = "Nearly all" if news.looked_at > 10 else "All"
    return (
        f"{of} of the last {news.looked_at} runs to finish before it logged {names}. A script that breaks off outside "
        "of `with mlflow.start_run()` ends as FINISHED too."
    )


def tidy(text: str) -> str:
    return plain.isolate(plain.shorten(plain.one_line(text), LONGEST))
