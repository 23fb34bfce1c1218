"""A comparison in words. What a person reads is written out, so that a diff reads like the answer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot

from comparison import Dataset, Experiment, Goal, Metric, Run, Side, compare
from comparison.reports.comparison import comparison_report
from comparison.reports.text import TITLE_CHARS, distinct_labels, row_labels, shortened
from comparison.runs import Status

NOW = 1_795_000_000_000
HOUR = 3_600_000
IRIS = Experiment("1", "iris")
NAN, INF = float("nan"), float("inf")


def run(name, metrics=None, parameters=None, *, run_id=None, experiment=IRIS, **facts):
    return Run(
        run_id or (name.encode().hex() + "0" * 32)[:32],
        name,
        experiment,
        metrics={key: Metric(value) for key, value in (metrics or {}).items()},
        parameters=parameters or {},
        **facts,
    )


def read(report):
    """The report as the lines of an answer."""
    lines = [f"# {report.headline}"]
    lines += [f"{card.role}: {card.label} [{' · '.join(card.facts)}]" for card in report.sides]
    if report.table:
        lines.append(" | ".join(column.title for column in report.table.columns))
        lines += [" | ".join(cell.text for cell in row) for row in report.table.rows]
        lines += [report.table.note] if report.table.note else []
    for section in report.sections:
        lines.append(
            f"## {section.title}{f' ({section.note})' if section.note else ''}{' +' if section.folded else ''}"
        )
        lines += [f"{line.label}: {line.text}" if line.label else line.text for line in section.lines]
    lines += [f"! {warning}" for warning in report.warnings]
    lines += [f"> {step.text} {step.command}".rstrip() for step in report.steps]
    lines += [f"({footnote})" for footnote in report.footnotes]
    return "\n".join(lines)


def rows(report):
    return [" | ".join(cell.text for cell in row) for row in report.table.rows]


def section(report, title):
    (found,) = (part for part in report.sections if part.title == title)
    return [f"{line.label}: {line.text}" if line.label else line.text for line in found.lines]


metrics = st.dictionaries(st.text(max_size=250), st.floats(), max_size=6)


OLD = run(
    "old",
    {"accuracy": 0.85, "loss": 0.5, "latency_ms": 12, "lr": 0.1},
    {"C": "1.0", "solver": "lbfgs"},
    started_at=NOW - 2 * HOUR,
    ended_at=NOW - 2 * HOUR + 250_000,
    user="alice",
    commit="abc123abc123",
    source="train.py",
    datasets=(Dataset("iris", "1a2b3c4d", "training"),),
)
NEW = run(
    "new",
    {"accuracy": 0.92, "loss": 0.38, "latency_ms": 15.1, "lr": 0.2, "f1": 0.9},
    {"C": "0.5", "solver": "lbfgs", "dropout": "0.1"},
    started_at=NOW - HOUR,
    ended_at=NOW - HOUR + 9_400,
    user="bob",
    commit="abc123abc123",
    source="train.py",
    datasets=(Dataset("iris", "9f8e7d6c", "training"),),
)
THIRD = run("third", {"accuracy": 0.95, "loss": NAN}, {"C": "0.1", "solver": "lbfgs"}, status=Status.FAILED)


def test_two_runs_read_from_the_verdict_to_the_small_print():
    assert read(comparison_report(compare(OLD, NEW), now=NOW)) == snapshot("""\
# ✅ new is better on 2 of 2 metrics: accuracy 0.85 → 0.92 (+8.2 %) · 1 cost worse
Baseline: old [finished · in iris · started 2 h ago · took 4 min 10 s · by alice]
Candidate: new [finished · in iris · started 1 h ago · took 9.4 s · by bob]
Metric | Change | new | old (baseline)
accuracy | ▲ +0.07 better, +8.2 % | 0.92 | 0.85
loss | ▼ -0.12 better, -24 % | 0.38 | 0.50
latency_ms | ▲ +3.1 worse, +26 % | 15.1 | 12.0
lr | ▲ +0.1, +100 % | 0.2 | 0.1
f1 | only in candidate | 0.9 | not logged
## Parameters (1 other unchanged)
C: 1.0 → 0.5
only in new: dropout = 0.1
## Details +
Experiment: iris (both)
User: alice → bob
Source: train.py (both)
Commit: abc123abc1 (both)
Started: 2026-11-18 09:06 UTC → 2026-11-18 10:06 UTC
Duration: 4 min 10 s → 9.4 s
Run: 6f6c6400000000000000000000000000 → 6e657700000000000000000000000000
! new was trained on other data (9f8e7d6c, not 1a2b3c4d).
! Logged only by new: f1.
! Single runs: this could be seed noise.
> No goal is known for lr. To set one, give the experiment the tag mlcompare.goal.lr with the value higher or lower.
(Directions guessed from names: higher is better for accuracy and f1; lower is better for loss and latency_ms. To change one, set the experiment tag mlcompare.goal.loss.)\
""")


def test_each_of_several_candidates_has_its_column_with_the_change_and_its_verdict():
    assert read(comparison_report(compare(OLD, NEW, THIRD), now=NOW)) == snapshot("""\
# 🏆 third leads 3 runs: accuracy 0.95 (+12 % against old) · new and third are best on 1 of 2 metrics each
Baseline: old [finished · in iris · started 2 h ago · took 4 min 10 s · by alice]
Candidate 1: new [finished · in iris · started 1 h ago · took 9.4 s · by bob]
Candidate 2: third [failed · in iris]
Metric | new | third | old (baseline)
accuracy | 0.92 ▲ +0.07 better, +8.2 % | 0.95 ▲ +0.10 better, +12 % | 0.85
loss | 0.38 ▼ -0.12 better, -24 % | NaN | 0.50
latency_ms | 15.1 ▲ +3.1 worse, +26 % | not logged | 12.0
lr | 0.2 ▲ +0.1, +100 % | not logged | 0.1
f1 | 0.9 only in candidate | not logged | not logged
## Parameters (1 other unchanged)
C: 1.0: old · 0.5: new · 0.1: third
only in new: dropout = 0.1
## Details +
Experiment: iris (all the same)
User: alice: old · bob: new · unknown: third
Source: train.py: old and new · unknown: third
Commit: abc123abc1: old and new · unknown: third
Started: 2026-11-18 09:06 UTC: old · 2026-11-18 10:06 UTC: new · unknown: third
Duration: 4 min 10 s: old · 9.4 s: new · unknown: third
Run: 6f6c6400000000000000000000000000: old · 6e657700000000000000000000000000: new · 74686972640000000000000000000000: third
## Verdicts +
new is better on 2 of 2 metrics; 1 cost worse
third is better on 1 of 1 metric; 1 metric not a number
! third failed.
! The datasets for training differ: old iris (1a2b3c4d), new iris (9f8e7d6c), third logged none.
! Not logged by third: latency_ms, lr.
! Logged only by new: f1.
! Not finite in third: loss (NaN).
! The source commit of third is unknown: the code may differ too.
! Single runs: this could be seed noise.
> No goal is known for lr. To set one, give the experiment the tag mlcompare.goal.lr with the value higher or lower.
(Directions guessed from names: higher is better for accuracy and f1; lower is better for loss and latency_ms. To change one, set the experiment tag mlcompare.goal.loss.)\
""")


def test_of_several_runs_a_metric_that_nobody_judges_has_its_column_too_behind_the_others():
    logged = [
        {"acc": acc, "glow": 30 - acc, "loss": loss} for acc, loss in ((0.5, 0.4), (0.6, 0.3), (0.8, 0.25), (0.9, 0.2))
    ]
    table = comparison_report(compare(*(run(name, each) for name, each in zip("abcd", logged, strict=True)))).table
    assert [column.title for column in table.columns] == ["Run", "acc", "Change", "loss", "glow"]
    assert [row[-1].text for row in table.rows] == ["29.1", "29.2", "29.4", "29.5"]
    assert table.note == ""


def test_the_summary_is_a_complete_short_answer():
    assert comparison_report(compare(OLD, NEW), now=NOW, ui_url="https://mlflow.example.com").summary == snapshot("""\
✅ new is better on 2 of 2 metrics: accuracy 0.85 → 0.92 (+8.2 %) · 1 cost worse.
accuracy 0.85 → 0.92 (▲ +0.07 better, +8.2 %)
loss 0.50 → 0.38 (▼ -0.12 better, -24 %)
latency_ms 12.0 → 15.1 (▲ +3.1 worse, +26 %)
lr 0.1 → 0.2 (▲ +0.1, +100 %)
f1 not logged → 0.9 (only in candidate)
C 1.0 → 0.5 · only in new: dropout = 0.1 · 1 other unchanged
new was trained on other data (9f8e7d6c, not 1a2b3c4d).
Logged only by new: f1.
https://mlflow.example.com/#/compare-runs?runs=%5B%226f6c6400000000000000000000000000%22%2C%226e657700000000000000000000000000%22%5D&experiments=%5B%221%22%5D\
""")


def test_the_summary_of_several_tells_each_candidate():
    assert comparison_report(compare(OLD, NEW, THIRD), now=NOW).summary == snapshot("""\
🏆 third leads 3 runs: accuracy 0.95 (+12 % against old) · new and third are best on 1 of 2 metrics each.
new: accuracy 0.85 → 0.92 (▲ +0.07 better, +8.2 %); loss 0.50 → 0.38 (▼ -0.12 better, -24 %); latency_ms 12.0 → 15.1 (▲ +3.1 worse, +26 %)
third: accuracy 0.85 → 0.95 (▲ +0.10 better, +12 %); loss 0.5 → NaN (not a number); latency_ms 12 → not logged (only in baseline)
C 1.0: old · 0.5: new · 0.1: third · only in new: dropout = 0.1 · 1 other unchanged
third failed.
The datasets for training differ: old iris (1a2b3c4d), new iris (9f8e7d6c), third logged none.\
""")


def test_a_named_metric_leads_the_headline():
    assert comparison_report(compare(OLD, NEW, metrics=["accuracy"])).headline == snapshot(
        "✅ new is better: accuracy 0.85 → 0.92 (+8.2 %) · 1 more metric better, 1 worse"
    )


@pytest.mark.parametrize(
    ("candidates", "metrics", "headline"),
    [
        (
            [NEW, THIRD],
            ["accuracy"],
            snapshot(
                "🏆 third leads 3 runs: accuracy 0.95 (+12 % against old) · new and third are best on 1 of 2 metrics each"
            ),
        ),
        (
            [NEW, THIRD],
            ["loss"],
            snapshot(
                "🏆 new leads 3 runs: loss 0.38 (-24 % against old) · new and third are best on 1 of 2 metrics each"
            ),
        ),
        (
            [run("a", {"accuracy": 0.9}), run("b", {"accuracy": 0.8})],
            [],
            snapshot("🏆 a leads 3 runs: accuracy 0.90 (+5.9 % against old)"),
        ),
        (
            [run("a", {"accuracy": 0.9}), run("b", {"accuracy": 0.95})],
            [],
            snapshot("🏆 b leads 3 runs: accuracy 0.95 (+12 % against old)"),
        ),
        (
            [run("a", {"accuracy": 0.1}), run("b", {"accuracy": 0.2})],
            [],
            snapshot("🏆 The baseline old is still best: accuracy 0.85"),
        ),
        (
            [run("a", {"accuracy": 0.1}), run("b", {"accuracy": 0.2})],
            ["accuracy"],
            snapshot("🏆 The baseline old is still best: accuracy 0.85"),
        ),
        (
            [run("a", {"accuracy": 0.85}), run("b", {"accuracy": 0.85})],
            [],
            snapshot("➖ No difference in accuracy: 0.85 in all 3"),
        ),
        (
            [run("a", {"accuracy": 0.85}), run("b", {"accuracy": 0.85})],
            ["accuracy"],
            snapshot("➖ No difference in accuracy: 0.85 in all 3"),
        ),
        (
            [run("a", {"accuracy": 0.9, "loss": 0.6}), run("b", {"accuracy": 0.8, "loss": 0.1})],
            [],
            snapshot("🏆 a leads 3 runs: accuracy 0.90 (+5.9 % against old) · a and b are best on 1 of 2 metrics each"),
        ),
        (
            [run("a", {"other": 1}), run("b")],
            [],
            snapshot("❔ Nothing to compare: no candidate shares a metric with old"),
        ),
        (
            [run("a", {"lr": 1}), run("b", {"lr": 2})],
            [],
            snapshot("❔ Cannot tell: no metric with a known goal ranks these 3 runs"),
        ),
        (
            [run("a", {"accuracy": NAN}), run("b", {"accuracy": INF})],
            ["accuracy"],
            snapshot("🏆 The baseline old is still best: accuracy 0.85"),
        ),
    ],
)
def test_the_headline_of_several_candidates(candidates, metrics, headline):
    assert comparison_report(compare(OLD, *candidates, metrics=metrics)).headline == headline


def test_many_metrics_that_are_the_same_fold_into_one_line():
    same = {f"s{number}": 1.0 for number in range(9)}
    report = comparison_report(compare(run("a", {"loss": 1.0, **same}), run("b", {"loss": 0.5, **same})))
    assert rows(report) == ["loss | ▼ -0.5 better, -50 % | 0.5 | 1.0"]
    assert report.table.note == "9 more metrics are the same: s0, s1, s2, s3, s4 and 4 more"
    assert [step.command for step in report.steps] == ["/mlcompare 61000000 62000000 all"]


def test_all_shows_what_is_the_same_too():
    same = {f"s{number}": 1.0 for number in range(9)}
    comparison = compare(
        run("a", {"loss": 1.0, **same}, {"C": "1", "seed": "7"}, tags={"team": "x"}),
        run("b", {"loss": 0.5, **same}, {"C": "2", "seed": "7"}, tags={"team": "x"}),
    )
    report = comparison_report(comparison, everything=True)
    assert len(report.table.rows) == 10
    assert section(report, "Unchanged parameters") == ["seed: 7"]
    assert section(report, "Unchanged tags") == ["team: x"]


def test_runs_that_differ_in_no_metric_still_show_some():
    same = {f"s{number}": 1.0 for number in range(9)}
    report = comparison_report(compare(run("a", same), run("b", same)))
    assert rows(report) == ["s0 | same | 1 | 1", "s1 | same | 1 | 1", "s2 | same | 1 | 1"]
    assert report.table.note == "6 more metrics are the same: s3, s4, s5, s6, s7 and 1 more"


@pytest.mark.parametrize(
    ("old", "new", "row"),
    [
        (0.9312, 0.9347, "accuracy | ▲ +0.0035 better, +0.38 % | 0.9347 | 0.9312"),
        (0.92, 0.85, "accuracy | ▼ -0.07 worse, -7.6 % | 0.85 | 0.92"),
        (0, 0.3, "accuracy | ▲ +0.3 better | 0.3 | 0"),
        (-0.2, 0.1, "accuracy | ▲ +0.3 better | 0.1 | -0.2"),
        (0.8, NAN, "accuracy | not a number | NaN | 0.8"),
        (INF, 0.8, "accuracy | not a number | 0.8 | inf"),
        (0.8, None, "accuracy | only in baseline | not logged | 0.8"),
        (None, 0.8, "accuracy | only in candidate | 0.8 | not logged"),
        (0.8, 0.8, "accuracy | same | 0.8 | 0.8"),
    ],
)
def test_a_row_says_which_way_and_whether_that_is_good(old, new, row):
    sides = [run(name, {} if value is None else {"accuracy": value}) for name, value in (("a", old), ("b", new))]
    assert rows(comparison_report(compare(*sides))) == [row]


def test_cells_sort_by_their_numbers_and_only_by_finite_ones():
    report = comparison_report(compare(run("a", {"loss": 0.5, "acc": 1.0}), run("b", {"loss": NAN, "acc": 2.0})))
    values = {row[0].text: [cell.value for cell in row[1:]] for row in report.table.rows}
    assert values == {"acc": [100.0, 2.0, 1.0], "loss": [None, None, 0.5]}


def test_a_side_of_several_runs_shows_means_and_what_became_of_the_runs():
    seeds = tuple(run(f"s{number}", {"loss": number}, status=status) for number, status in enumerate(Status))
    more = tuple(run(f"t{number}", {"loss": number}) for number in (1.0, 3.0))
    report = comparison_report(compare(run("a", {"loss": 5.0}), Side("seeds", (*seeds, *more))))
    assert rows(report) == ["loss | ▼ -3 not clear, -60 % | 2 ± 1.0 (3) | 5"]
    assert report.sides[1].facts == ("3 runs", "3 finished", "in iris")
    assert (
        "Left out of seeds: s0 (still running); s1 (not started); s3 (failed); s4 (killed); s5 (pruned); "
        "s6 (status unknown)." in report.warnings
    )


def test_the_runs_of_a_side_none_of_which_finished_are_counted_by_status():
    seeds = tuple(
        run(f"s{number}", {"loss": number}, status=status)
        for number, status in enumerate(Status)
        if status is not Status.FINISHED
    )
    report = comparison_report(compare(run("a", {"loss": 5.0}), Side("seeds", seeds)))
    assert report.sides[1].facts == (
        "6 runs",
        "1 running, 1 scheduled, 1 failed, 1 killed, 1 pruned, 1 status unknown",
        "in iris",
    )


def test_how_a_run_was_chosen_is_said_beside_it():
    report = comparison_report(compare(Side("old", (OLD,), ("newest of 3 runs of that name",)), NEW), now=NOW)
    assert report.sides[0].facts[-1] == "newest of 3 runs of that name"


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"started_at": NOW - 5_000}, "started just now"),
        ({"started_at": NOW - 3 * 24 * HOUR}, "started 3 d ago"),
        ({"started_at": NOW - 40 * 24 * HOUR}, "started 2026-10-09 11:06 UTC"),
        ({"started_at": NOW + HOUR}, "started 2026-11-18 12:06 UTC"),
        ({"started_at": 10**18}, "started at an impossible time"),
        ({"started_at": NOW - HOUR, "ended_at": NOW - HOUR + 400}, "took 0.4 s"),
        ({"started_at": NOW - HOUR, "ended_at": NOW - HOUR + 90_000}, "took 1 min 30 s"),
        ({"started_at": NOW - HOUR, "status": Status.RUNNING}, "no end yet after 1 h"),
        ({"status": Status.KILLED}, "killed"),
        ({"deleted": True}, "deleted"),
    ],
)
def test_facts_about_a_run(facts, said):
    report = comparison_report(compare(OLD, run("new", {"accuracy": 1}, **facts)), now=NOW)
    assert said in report.sides[1].facts


def test_without_a_clock_the_start_is_a_date():
    assert "started 2026-11-18 09:06 UTC" in comparison_report(compare(OLD, NEW)).sides[0].facts


@pytest.mark.parametrize(
    ("old", "new", "lines"),
    [
        ({"C": "1.0"}, {"C": "0.5"}, ["C: 1.0 → 0.5"]),
        ({}, {"dropout": "0.1"}, ["only in b: dropout = 0.1"]),
        ({"dropout": "0.1"}, {}, ["only in a: dropout = 0.1"]),
        ({"C": "1"}, {"C": ""}, ["C: 1 → (empty)"]),
        ({"C": "one two"}, {"C": "one\ntwo"}, ["C: one two → one⏎two"]),
        ({"C": "x"}, {"C": "x\u200b"}, [r"C: 'x' → 'x\u200b'"]),
        ({"C": "1"}, {"C": "1.0"}, ["the 1 parameter unchanged"]),
        ({"C": "1\x07"}, {"C": "2\x1b[31m"}, ["C: 1 → 2[31m"]),
    ],
)
def test_a_changed_parameter_is_one_line(old, new, lines):
    assert section(comparison_report(compare(run("a", {}, old), run("b", {}, new))), "Parameters") == lines


def test_values_of_several_candidates_are_told_by_value():
    sides = [
        run(name, {}, {"C": value} if value else {})
        for name, value in zip("abcde", ["1", "2", "3", "2", ""], strict=True)
    ]
    assert section(comparison_report(compare(*sides)), "Parameters") == ["C: 1: a · 2: b and d · 3: c · not logged: e"]


def test_a_long_value_is_cut_in_the_middle_and_says_how_long_it_is():
    (line,) = section(
        comparison_report(compare(run("a", {}, {"p": "x" * 6000}), run("b", {}, {"p": "y" * 6000}))), "Parameters"
    )
    assert line == f"p: {'x' * 48}…{'x' * 31} (6,000 characters) → {'y' * 48}…{'y' * 31} (6,000 characters)"


def test_long_values_that_differ_in_the_middle_show_where():
    old, new = "x" * 3000 + "1" + "x" * 2999, "x" * 3000 + "2" + "x" * 2999
    (line,) = section(comparison_report(compare(run("a", {}, {"p": old}), run("b", {}, {"p": new}))), "Parameters")
    assert line == snapshot(
        "p: …xxxxxxxxxxxxxxxxxxxxxxxx1xxxxxxxxxxxxxxxxxxxxxxx… (6,000 characters, differs from character 3,001 on) → …xxxxxxxxxxxxxxxxxxxxxxxx2xxxxxxxxxxxxxxxxxxxxxxx… (6,000 characters, differs from character 3,001 on)"
    )


def test_datasets_are_listed_by_role_with_their_digest():
    def data(*sets):
        return tuple(Dataset(*each) for each in sets)

    report = comparison_report(
        everything=True,
        comparison=compare(
            run("a", datasets=data(("iris", "d1", "training"), ("iris", "d2", "test"), ("x", "d5", ""))),
            run("b", datasets=data(("iris", "d1", "training"), ("iris", "d3", "test"), ("y", "d5", ""))),
        ),
    )
    assert sorted(section(report, "Datasets")) == snapshot(
        [
            "test: iris (d2) → iris (d3), digests differ",
            "training: iris (d1), same digest",
            "x (d5) → y (d5), same digest",
        ]
    )


def test_a_dataset_that_one_side_did_not_log():
    report = comparison_report(
        compare(run("a", datasets=(Dataset("iris", "d1", "training"),)), run("b")), everything=True
    )
    assert section(report, "Datasets") == ["training: iris (d1) → none logged"]


def test_runs_of_one_name_are_told_apart_by_their_ids():
    report = comparison_report(compare(run("x", {"loss": 1}, run_id="a" * 32), run("x", {"loss": 2}, run_id="b" * 32)))
    assert [column.title for column in report.table.columns[2:4]] == ["x (bbbbbbbb)", "x (aaaaaaaa) (baseline)"]
    assert report.headline == "❌ x (bbbbbbbb) is worse: loss 1 → 2 (+100 %)"


def test_long_names_are_cut_and_stay_distinct():
    sides = [run(f"{'n' * 100}{middle}{'n' * 100}", {"loss": 1}, run_id=middle * 32) for middle in "ab"]
    titles = [column.title for column in comparison_report(compare(*sides)).table.columns[2:4]]
    assert titles[0] != titles[1]
    assert all(len(title) <= 60 for title in titles)


def test_names_that_would_break_the_line_or_its_direction_are_made_one_plain_line():
    report = comparison_report(
        compare(run("a\nb\x00\u202egnp", {"loss": 1, "l\nr": 1}), run("שלום", {"loss": 2, "l\nr": 2}))
    )
    assert [card.label for card in report.sides] == ["a⏎bgnp", "\u2068שלום\u2069"]
    assert rows(report) == ["loss | ▲ +1 worse, +100 % | 2 | 1", "l⏎r | ▲ +1, +100 % | 2 | 1"]
    assert report.headline == "❌ \u2068שלום\u2069 is worse: loss 1 → 2 (+100 %)"


def test_metrics_whose_names_read_alike_are_told_apart():
    names = [
        row.split(" | ")[0]
        for row in rows(comparison_report(compare(run("a", {"x": 1, "x\u200b": 2}), run("b", {"x": 2, "x\u200b": 1}))))
    ]
    assert sorted(names) == ["x", r"x\u200b"]


def test_an_assumed_goal_is_marked_once_with_the_way_to_set_it():
    assert comparison_report(compare(OLD, NEW)).footnotes == snapshot(
        (
            "Directions guessed from names: higher is better for accuracy and f1; lower is better for loss and latency_ms. To change one, set the experiment tag mlcompare.goal.loss.",
        )
    )


def test_a_goal_that_was_set_is_not_called_assumed():
    experiment = Experiment("1", "iris", {"loss": Goal.HIGHER})
    report = comparison_report(
        compare(run("a", {"loss": 1}, experiment=experiment), run("b", {"loss": 2}, experiment=experiment))
    )
    assert rows(report) == ["loss | ▲ +1 better, +100 % | 2 | 1"]
    assert report.footnotes == ()


def test_best_values_say_at_which_step_they_were_reached():
    old, new = (
        Run(name * 32, name, IRIS, metrics={"loss": Metric(value, step)})
        for name, value, step in [("a", 0.5, 3), ("b", 0.4, 1200)]
    )
    report = comparison_report(compare(old, new, reading="best"))
    assert rows(report) == ["loss | ▼ -0.1 better, -20 % | 0.4 (step 1,200) | 0.5 (step 3)"]
    assert report.footnotes[0] == "Best step of each metric."


def test_values_at_a_step_are_said_to_be_so():
    assert comparison_report(compare(OLD, NEW, reading="at step 10")).footnotes[0] == "Values at step 10."


def test_links_open_each_run_and_the_comparison():
    report = comparison_report(compare(OLD, NEW), ui_url="https://m.example", rules_url="https://r.example")
    assert [(link.key, link.text) for link in report.links] == snapshot(
        [
            ("run:0", "Open old"),
            ("run:1", "Open new"),
            ("compare", "Compare in MLflow"),
            ("rules", "How this is judged"),
        ]
    )
    assert all(card.url.startswith("https://m.example/#/") for card in report.sides)


def test_the_same_run_twice_is_linked_once():
    report = comparison_report(compare(OLD, OLD), ui_url="https://m.example")
    assert [link.key for link in report.links] == ["run:0"]


def test_without_an_address_there_are_no_links():
    assert comparison_report(compare(OLD, NEW)).links == ()


def test_runs_with_no_metrics_have_no_table():
    report = comparison_report(compare(run("a"), run("b")))
    assert report.table is None
    assert report.headline == "❔ Nothing to compare: the runs share no metric"


def test_a_report_holds_every_metric_and_parameter_there_is():
    old = run("a", {f"m{n}": n + 1 for n in range(300)}, {f"p{n}": "1" for n in range(200)})
    new = run("b", {f"m{n}": n + 2 for n in range(300)}, {f"p{n}": "2" for n in range(200)})
    report = comparison_report(compare(old, new))
    assert len(report.table.rows) == 300
    assert len(section(report, "Parameters")) == 200


names = st.text(min_size=1, max_size=300)


values = st.dictionaries(st.text(max_size=60), st.text(max_size=400), max_size=4)
any_run = st.builds(
    lambda name, logged, parameters, tags, number, **facts: run(
        name, logged, parameters, tags=tags, run_id=f"{number:032x}", **facts
    ),
    names,
    metrics,
    values,
    values,
    st.integers(0, 3),
    started_at=st.none() | st.integers(-(10**15), 10**16),
    ended_at=st.none() | st.integers(-(10**15), 10**16),
    status=st.sampled_from(Status),
    user=st.text(max_size=80),
)


@given(st.lists(any_run, min_size=2, max_size=4), st.booleans())
def test_whatever_was_logged_is_said_on_plain_lines_in_a_table_with_equal_rows(runs, everything):
    report = comparison_report(compare(*runs), now=NOW, everything=everything, ui_url="https://m.example")
    assert report.headline
    assert len(report.summary) <= 3000
    lines = [line for line in read(report).split("\n") if line]
    assert all(line.isprintable() or not set(line) & set(map(chr, range(32))) for line in lines)
    titles = [card.label for card in report.sides]
    assert len(set(titles)) == len(titles)
    if report.table:
        assert {len(row) for row in report.table.rows} <= {len(report.table.columns)}


# What runs are called


@pytest.mark.parametrize(
    ("names", "called"),
    [
        (["8", "9"], ("run 8", "run 9")),
        (["0.1", "-3e-4", "12%", "1,000"], ("run 0.1", "run -3e-4", "run 12%", "run 1,000")),
        (["8b", "v8"], ("8b", "v8")),
        (
            [f"experiment-2024-resnet50-imagenet-lr{lr}-adamw-seed-17-final-run" for lr in ("0.01", "0.10")],
            ("experiment-2024-resne…lr0.01…7-final-run", "experiment-2024-resne…lr0.10…7-final-run"),
        ),
        (
            ["x" * 50 + "a" + "y" * 50, "x" * 50 + "b" + "y" * 50],
            ("x" * 18 + "…" + "x" * 10 + "a…" + "y" * 9, "x" * 18 + "…" + "x" * 10 + "b…" + "y" * 9),
        ),
        (["same"] * 2, ("same (11111111)", "same (22222222)")),
    ],
)
def test_numbers_are_called_runs_and_long_names_stay_apart(names, called):
    found = distinct_labels(names, ["1" * 32, "2" * 32, "3" * 32, "4" * 32][: len(names)])
    assert found == called
    assert all(len(each) <= TITLE_CHARS for each in found)


@given(st.lists(st.text("ab-", min_size=30, max_size=90), min_size=2, max_size=6), st.integers(12, 40))
def test_names_that_differ_are_never_shortened_to_the_same_and_fit(names, limit):
    found = shortened(names, limit)
    assert all(len(short) <= max(limit, 0) for short in found)
    ids = [f"{number:032x}" for number in range(len(names))]
    assert len({each.casefold() for each in distinct_labels(names, ids, limit)}) == len(names)


def test_the_headline_of_runs_that_are_called_by_numbers_reads_as_a_sentence():
    better = compare(*(Side(name, (run(name, {"acc": acc}),)) for name, acc in (("7", 0.8), ("8", 0.9))))
    assert comparison_report(better).headline.startswith("✅ run 8 is better")


@pytest.mark.parametrize(
    ("names", "shown"),
    [
        (("mlp-32-seed-1", "mlp-64-seed-2"), ["mlp-32-…-1", "mlp-64-…-2"]),
        (("lr-sweep-trial-10", "wd-sweep-trial-10"), ["lr-…-10", "wd-…-10"]),
        (("resnet50-imagenet-lr-0.001-wd", "resnet50-imagenet-lr-0.002-wd"), ["…001-wd", "…002-wd"]),
        (("a", "b"), ["a", "b"]),
        (("a-long-name-of-one-run",), ["a-long…-run"]),
    ],
)
def test_names_of_rows_are_short_and_stay_apart(names, shown):
    assert row_labels(names, names, 11) == shown


@given(st.lists(st.text("ab-_.0 ", min_size=1, max_size=40), min_size=1, max_size=6, unique=True), st.integers(10, 20))
def test_names_of_rows_that_differ_are_never_alike(names, limit):
    labels = distinct_labels(names, [f"{number:032x}" for number in range(len(names))])
    shown = row_labels(names, labels, limit)
    assert len(set(shown)) == len(names)
