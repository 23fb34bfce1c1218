"""Reports as text, Markdown and CSV, as a person or a spreadsheet reads them."""

import csv
import re
from hashlib import sha256
from io import StringIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from inline_snapshot import snapshot
from wcwidth import wcswidth

from bot.output import markdown, spreadsheet, text
from comparison import Dataset, Experiment, Metric, Run, compare
from comparison.report import Cell, Column, Line, Link, Report, RunCard, Section, Step, Table
from comparison.wording import word

NOW = 1_795_000_000_000
IRIS = Experiment("1", "iris")
NASTY = "<!channel> *bold* `code` | pipe\n# title [a](http://evil.example) @octocat"


def run(name, metrics=None, parameters=None, **facts):
    logged = {key: Metric(value) for key, value in (metrics or {}).items()}
    identity = sha256(name.encode()).hexdigest()[:32]
    return Run(identity, name, IRIS, metrics=logged, parameters=parameters or {}, **facts)


OLD = run(
    "Logistic Regression - Run 1",
    {"accuracy": 0.85, "loss": 0.5, "lr": 0.1},
    {"C": "1.0", "solver": "lbfgs"},
    started_at=NOW - 7_200_000,
    ended_at=NOW - 7_100_000,
    user="alice",
    datasets=(Dataset("iris", "1a2b3c4d", "training"),),
)
NEW = run(
    "Logistic Regression - Run 2",
    {"accuracy": 0.92, "loss": 0.6, "lr": 0.2},
    {"C": "0.5", "solver": "lbfgs"},
    datasets=(Dataset("iris", "1a2b3c4d", "training"),),
)
EVIL = run(NASTY, {"=cmd()|x": 1, "accuracy": 0.7}, {"`p`": "<b>1</b>"})


def width(line):
    return max(wcswidth(line), 0)


def test_a_comparison_at_80_columns():
    drawn = text.draw(word(compare(OLD, NEW), now=NOW, command="mlcompare compare"), width=80)
    assert drawn == snapshot("""\
Mixed: 1 better, 1 worse

Baseline   Logistic Regression - Run 1
           finished · in iris · started 2 h ago · took 1 min 40 s · by alice
Candidate  Logistic Regression - Run 2
           finished · in iris

Metric      Logistic Regression    Logistic Regression  Difference        Change
                        - Run 1                - Run 2
--------  ---------------------  ---------------------  --------------  --------
loss                        0.5                    0.6  ▲ +0.1 worse       +20 %
accuracy                   0.85                   0.92  ▲ +0.07 better    +8.2 %
lr                          0.1                    0.2  ▲ +0.1 changed    +100 %

Parameters (1 the same)
  C: 1.0 → 0.5

Datasets
  training: iris (1a2b3c4d), same digest

Be careful
  - The source commits are unknown: the code may differ too.
  - One run against one run: the difference may be seed noise.

No goal is known for lr. To set one, give the experiment the tag
mlcompare.goal.lr with the value higher or lower.

Details
  Experiment: iris (both)
  User: alice → unknown
  Started: 2026-11-18 09:06 UTC → unknown
  Duration: 1 min 40 s → unknown
  Run: b7e145103e1350a6c0947ce4186837fe → 9dce215e3f5e754978203d47f304e138

Assumed from the names: higher is better for accuracy; lower is better for loss.
To say otherwise, set the experiment tag mlcompare.goal.loss.
""")
    assert max(map(width, drawn.splitlines())) <= 80


def test_more_runs_than_fit_side_by_side_go_below_each_other_with_the_baseline():
    runs = [run(f"candidate-number-{number}", {"accuracy": round(0.8 + number / 100, 2)}) for number in range(6)]
    drawn = text.draw(word(compare(OLD, *runs), now=NOW), width=80)
    tables = re.findall(r"^Metric.*", drawn, re.MULTILINE)
    assert len(tables) > 1
    assert max(map(width, drawn.splitlines())) <= 80
    for number in range(6):
        assert f"candidate-number-{number}" in re.sub(r"\s+", "", "".join(tables)) or f"number-{number}" in drawn


def test_wide_characters_keep_the_columns_aligned():
    drawn = text.draw(
        word(compare(run("模型一", {"精度": 1.0, "loss": 2}), run("模型二", {"精度": 2.0, "loss": 3}))), width=80
    )
    rule, *rows = drawn[drawn.index("------") :].splitlines()[:3]
    starts = {width(row[: row.rindex("▲")]) for row in rows}
    assert len(starts) == 1
    assert width(rule) >= max(map(width, rows)) - 1


def test_colours_say_nothing_that_words_do_not():
    report = word(compare(OLD, NEW), now=NOW)
    coloured = text.draw(report, colours=True)
    assert "\x1b[32m" in coloured
    assert "\x1b[31m" in coloured
    assert re.sub(r"\x1b\[\d+m", "", coloured) == text.draw(report)


def test_a_metric_called_better_is_not_painted():
    report = Report("h", "s", table=Table("c", (Column("Metric"), Column("a")), ((Cell("is better"), Cell("1")),)))
    assert "\x1b[32m" not in text.draw(report, colours=True)


def test_a_comparison_as_markdown():
    assert markdown.draw(word(compare(OLD, NEW), now=NOW, ui_url="https://m.example")) == snapshot("""\
### Mixed: 1 better, 1 worse

- Baseline: **[Logistic Regression - Run 1](https://m.example/#/experiments/1/runs/b7e145103e1350a6c0947ce4186837fe)** finished · in iris · started 2 h ago · took 1 min 40 s · by alice
- Candidate: **[Logistic Regression - Run 2](https://m.example/#/experiments/1/runs/9dce215e3f5e754978203d47f304e138)** finished · in iris

| Metric | Logistic Regression - Run 1 | Logistic Regression - Run 2 | Difference | Change |
| :--- | ---: | ---: | :--- | ---: |
| loss | 0.5 | 0.6 | ▲ +0.1 worse | +20 % |
| accuracy | 0.85 | 0.92 | ▲ +0.07 better | +8.2 % |
| lr | 0.1 | 0.2 | ▲ +0.1 changed | +100 % |

**Parameters (1 the same)**

- C: 1.0 → 0.5

**Datasets**

- training: iris (1a2b3c4d), same digest

**Be careful**

- The source commits are unknown: the code may differ too.
- One run against one run: the difference may be seed noise.

- No goal is known for lr. To set one, give the experiment the tag mlcompare.goal.lr with the value higher or lower.

<details><summary>Details</summary>

- Experiment: iris (both)
- User: alice → unknown
- Started: 2026-11-18 09:06 UTC → unknown
- Duration: 1 min 40 s → unknown
- Run: b7e145103e1350a6c0947ce4186837fe → 9dce215e3f5e754978203d47f304e138

</details>

[Compare in MLflow](https://m.example/#/compare-runs?runs=%5B%22b7e145103e1350a6c0947ce4186837fe%22%2C%229dce215e3f5e754978203d47f304e138%22%5D&experiments=%5B%221%22%5D)

<sub>Assumed from the names: higher is better for accuracy; lower is better for loss. To say otherwise, set the experiment tag mlcompare.goal.loss.</sub>
""")


def test_markdown_of_names_that_are_markup_is_inert():
    drawn = markdown.draw(word(compare(OLD, EVIL), now=NOW))
    assert "<!" not in drawn
    assert "<b>" not in drawn
    assert "@octocat" not in drawn
    assert "http://evil" not in drawn
    assert not re.search(r"(?<!\\)\]\(", drawn)
    assert not re.search(r"(?<!\\)\*bold", drawn)
    table = [line for line in drawn.splitlines() if line.startswith("|")]
    assert {len(re.findall(r"(?<!\\)\|", line)) for line in table} == {6}


@pytest.mark.parametrize("start", ["- x", "+ x", "1. x", "23) x", "# x", "---", "===", "> x", "* x"])
def test_markdown_text_starts_no_list_title_rule_or_quote(start):
    assert re.match(r"\\[-+#=*]|\d+\\[.)]|&gt;", markdown.escape(start))


@pytest.mark.parametrize("plain", ["0.85", "val_accuracy", "-0.5", "+8.2 %", "▲ +0.07 better", "C: 1.0 → 0.5"])
def test_markdown_leaves_plain_text_readable(plain):
    assert markdown.escape(plain) == plain


def test_markdown_code_holds_backticks():
    drawn = markdown.draw(Report("h", "s", steps=(Step("Type", "/mlcompare `a` vs ``b``"),)))
    assert "- Type: ``` /mlcompare `a` vs ``b`` ```" in drawn


def test_markdown_links_only_where_there_is_an_address():
    report = Report(
        "h", "s", sides=(RunCard("Baseline", "a", 'https://m.example/#/x?runs=["a"]'), RunCard("Candidate", "b"))
    )
    drawn = markdown.draw(report)
    assert "**[a](https://m.example/#/x?runs=%5B%22a%22%5D)**" in drawn
    assert "**b**" in drawn


def test_folded_sections_are_details():
    drawn = markdown.draw(Report("h", "s", sections=(Section("More", (Line("x", "y"),), folded=True),)))
    assert "<details><summary>More</summary>\n\n- y: x\n\n</details>" in drawn


def test_csv_has_a_row_a_metric_and_candidate_with_numbers_in_full():
    drawn = spreadsheet.draw(compare(OLD, NEW, run("third", {"accuracy": float("nan")})))
    rows = list(csv.DictReader(StringIO(drawn)))
    assert len(rows) == 6
    told = [(row["metric"], row["candidate_label"], row["candidate"], row["change"], row["outcome"]) for row in rows]
    assert told == snapshot(
        [
            ("loss", "Logistic Regression - Run 2", "0.6", "0.2", "worse"),
            ("loss", "third", "", "", "only in baseline"),
            ("accuracy", "Logistic Regression - Run 2", "0.92", "0.0823529411764706", "better"),
            ("accuracy", "third", "NaN", "", "not a number"),
            ("lr", "Logistic Regression - Run 2", "0.2", "1.0", "changed"),
            ("lr", "third", "", "", "only in baseline"),
        ]
    )


def test_csv_text_is_no_formula():
    drawn = spreadsheet.draw(compare(run("=1+1", {"+a": 1}), run("@x", {"+a": 2}), run("-y", {"+a": 3})))
    for row in csv.DictReader(StringIO(drawn)):
        assert row["metric"] == "'+a"
        assert row["baseline_label"] == "'=1+1"
        assert row["candidate_label"] in ("'@x", "'-y")


texts = st.text(max_size=120)
lines = st.builds(Line, texts, texts)
reports = st.builds(
    Report,
    headline=texts,
    summary=texts,
    sides=st.lists(st.builds(RunCard, texts, texts, texts, st.tuples(texts)), max_size=3).map(tuple),
    sections=st.lists(st.builds(Section, texts, st.lists(lines, max_size=3).map(tuple)), max_size=3).map(tuple),
    warnings=st.lists(texts, max_size=3).map(tuple),
    steps=st.lists(st.builds(Step, texts, texts), max_size=2).map(tuple),
    links=st.lists(st.builds(Link, texts, texts, texts), max_size=2).map(tuple),
    footnotes=st.lists(texts, max_size=2).map(tuple),
)


@settings(deadline=None)
@given(reports, st.integers(1, 200), st.booleans())
def test_any_report_can_be_drawn(report, columns, colours):
    assert text.draw(report, width=columns, colours=colours).endswith("\n")
    assert markdown.draw(report).endswith("\n")
