"""A page of MLflow in a few words: how it stands, the verdict against the baseline, what was changed."""

from collections import Counter

from comparison.judgement.differences import sort_by_likelihood
from comparison.judgement.primary_metric import rank, value_of
from comparison.judgement.result import Comparison
from comparison.link_cards import NEWEST, LinkCard
from comparison.report import Line, Report, Section
from comparison.reports.comparison import comparison_report
from comparison.reports.differences import LATEST, changed_line
from comparison.reports.headline import FIT, run_card, side_labels, status_word
from comparison.reports.tables import last_value, number_words
from comparison.reports.text import count_noun, date_words, display_name, inline_words, join_names
from comparison.runs import Goal, Run, Side
from comparison.tracking.mlflow_links import PageKind

CHANGED = 3  # parameters


def card_report(card: LinkCard, *, ui_url: str = "") -> Report:
    """A few lines that stand for days: moments are dates. The headline is the verdict where there is one."""
    whole = comparison_report(card.comparison, ui_url=ui_url, in_channel=True) if card.comparison else None
    headline = whole.headline if whole else _headline(card)
    lines = [_facts(card), *([_changed(card.comparison)] if card.comparison and len(card.runs) == 1 else [])]
    sections = tuple(Section("", tuple(each), inline=True) for each in lines if each)
    warnings = whole.warnings[:1] if whole else ()
    texts = [headline, *(" · ".join(map(inline_words, each.lines)) for each in sections), *warnings]
    return Report(headline, "\n".join(texts), sections=sections, warnings=warnings)


def _headline(card: LinkCard) -> str:
    if card.page.kind is PageKind.EXPERIMENT and card.experiment is not None:
        return f"{display_name(card.experiment.name)}: {_counted(card)}"
    if card.model is not None and not card.runs:
        return _model(card)
    run = card.runs[0]
    value = last_value(run, card.by)
    return f"{display_name(run.name or run.run_id[:8])}: {value or 'no metrics logged'}"


def _model(card: LinkCard) -> str:
    return f"{display_name(card.model.model)} version {card.model.version}" if card.model else ""


def _counted(card: LinkCard) -> str:
    """How many runs there are, as far as they were looked at, and how they stand."""
    if not card.runs:
        return "no runs"
    counts = Counter(status_word(run) for run in card.runs)
    number = f"its newest {NEWEST} runs" if len(card.runs) == NEWEST else count_noun(len(card.runs), "run")
    if len(counts) == 1:
        return f"{number}, {'all ' if len(card.runs) > 1 else ''}{next(iter(counts))}"
    return f"{number}, {', '.join(f'{count} {word}' for word, count in counts.most_common())}"


def _facts(card: LinkCard) -> list[Line]:
    if card.page.kind is PageKind.EXPERIMENT:
        return _of_experiment(card)
    if card.page.kind in (PageKind.COMPARISON, PageKind.METRIC) and len(card.runs) > 1:
        places = dict.fromkeys(display_name(run.experiment.name) for run in card.runs)
        return [Line(count_noun(len(card.runs), "run")), Line(f"in {join_names(list(places), 3)}")]
    lines = [Line(_model(card))] if card.model and card.runs else []
    lines += [line for run in card.runs for line in _of_run(run)]
    lines += [Line("the channel's baseline")] if card.is_baseline else []
    if card.comparison is not None:
        against = side_labels(card.comparison, FIT)[0]
        lines.append(Line(f"against {against} ({join_names(card.comparison.baseline.notes, 1)})"))
    return lines


def _of_run(run: Run) -> list[Line]:
    moments = [(date_words(at), at) for at in (run.started_at, run.former_end) if at is not None and 0 < at < LATEST]
    facts = run_card(Side(run.name, (run,)), "", "").facts
    return [Line(fact, moments=tuple(each for each in moments if each[0] in fact)) for fact in facts]


def _of_experiment(card: LinkCard) -> list[Line]:
    lines = []
    if card.by is not None and card.by.goal is not Goal.UNKNOWN:
        best = rank(card.runs, card.by)[0]
        value = value_of(best, card.by.metric)
        if value is not None:
            name = display_name(card.by.metric)
            lines.append(Line(f"best {name} {number_words(value)}, {display_name(best.name)}"))
    newest = card.runs[0] if card.runs else None
    if newest is not None:
        lines.append(Line(f"newest {display_name(newest.name)}, {status_word(newest)}"))
    return lines


def _changed(comparison: Comparison) -> list[Line]:
    """The parameters that changed, the likeliest to matter first."""
    labels = side_labels(comparison, FIT)
    changed = sort_by_likelihood(comparison.parameters.changed)
    lines = [changed_line(each, labels) for each in changed[:CHANGED]]
    left = len(changed) - len(lines)
    return [*lines, *([Line(f"{left} more changed")] if left else [])]
