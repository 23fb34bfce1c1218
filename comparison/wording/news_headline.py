"""The first line on one run that ended: that it failed or lacks something, that it is the best, else its verdict."""

from collections.abc import Sequence
from dataclasses import replace

from comparison import digits
from comparison.outcome import Comparison
from comparison.quick.primary import Primary, value_of
from comparison.runs import Run, Status
from comparison.verdict import judge
from comparison.watching.news import RunNews
from comparison.wording import plain
from comparison.wording import quick_words as words
from comparison.wording.headline import FIT
from comparison.wording.news_facts import last

_ILL = {Status.FAILED: "failed", Status.KILLED: "was killed"}
_OTHERWISE = {
    Status.RUNNING: "is running again",
    Status.SCHEDULED: "is scheduled again",
    Status.PRUNED: "was pruned: its search gave it up early",
    Status.UNKNOWN: "ended with an unknown status",
}


def headline(news: RunNews) -> str:
    """Nothing where the verdict is the headline."""
    run, name, place = news.run, plain.name(news.run.name, words.LABEL), plain.name(news.run.experiment.name, FIT)
    if run.status in _ILL:
        after = f" after {words.length(run)}" if words.length(run) else ""
        return f"{name} {_ILL[run.status]} in {place}{after}, {last(news.failure) or 'no metric logged'}"
    if run.status in _OTHERWISE:
        return f"{name} in {place} {_OTHERWISE[run.status]}"
    if news.lacking:
        return f"{name} in {place} says it finished, but did not log {plain.listed(news.lacking, 2)}"
    if news.is_best and news.best_by is not None:
        return _best(run, news.best_by, news.best_before, name, place)
    return ""


def _best(run: Run, by: Primary, before: Run | None, name: str, place: str) -> str:
    """`New best in fraud: rf-12, val_auc 0.934 (+0.012)`."""
    metric = plain.name(by.metric, FIT)
    if before is None:
        return f"First {metric} in {place}: {name}, {words.number(value_of(run, by.metric))}"
    shown = digits.row(value_of(before, by.metric), value_of(run, by.metric))
    return f"New best in {place}: {name}, {metric} {shown.values[1]} ({shown.differences[0]})"


def placed(run: Run) -> str:
    return f"{plain.name(run.name, words.LABEL)} in {plain.name(run.experiment.name, FIT)}"


def sentence(run: Run, verdict: str) -> str:
    """`rf-12 in fraud is better than rf-11 on 4 of 6 metrics`, `rf-12 in fraud: mixed: 3 better, 1 worse`."""
    return f"{placed(run)} {verdict[3:]}" if verdict.startswith("it ") else f"{placed(run)}: {verdict}"


def verdict_on(comparison: Comparison, labels: Sequence[str]) -> str:
    """As the sentence that goes on behind the run's name."""
    metrics = [replace(each, name=plain.name(each.name)) if each.primary else each for each in comparison.metrics]
    text = judge(metrics, 0, labels=(labels[0], "it")).text
    for word_ in ("better", "worse"):
        text = text.replace(f"it is {word_} on", f"it is {word_} than {labels[0]} on", 1)
        text = text.replace(f": it is {word_}", f", {word_} than {labels[0]}", 1)
    is_name = any(each.primary for each in metrics)
    return text if is_name else text[:1].lower() + text[1:]


def capital(text: str) -> str:
    """Where it is no metric's name that it begins with."""
    return text[:1].upper() + text[1:] if text.startswith(("it is ", "mixed: ", "no ", "cannot ", "nothing ")) else text
