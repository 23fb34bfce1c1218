"""Reports as text, Markdown and CSV, as a person or a spreadsheet reads them."""

import csv
import re
import unicodedata
from hashlib import sha256
from html import unescape
from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot
from wcwidth import wcswidth

from comparison import Dataset, Experiment, Metric, Run, compare
from comparison.formats.csv import csv_text, to_csv
from comparison.formats.markdown import escape_markdown, to_markdown
from comparison.formats.text import to_text
from comparison.report import Cell, Column, Line, Link, Report, RunCard, Section, Step, Table
from comparison.reports.comparison import comparison_report

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
    drawn = to_text(comparison_report(compare(OLD, NEW), now=NOW, command="mlcompare compare"), width=80)
    assert drawn == snapshot("""\
↔️ Mixed: Logistic Regression - Run 2 is better on 1 of 2 metrics, worse on 1
(most: loss +20 %)

Metric                    Change    Logistic Regression    Logistic Regression
                                                - Run 2     - Run 1 (baseline)
--------  ----------------------  ---------------------  ---------------------
loss         ▲ +0.1 worse, +20 %                    0.6                    0.5
accuracy  ▲ +0.07 better, +8.2 %                   0.92                   0.85
lr                ▲ +0.1, +100 %                    0.2                    0.1

Parameters: C 1.0 → 0.5 · 1 other unchanged

Be careful
  - The source commits are unknown: the code may differ too.
  - Single runs: this could be seed noise.

No goal is known for lr. To set one, give the experiment the tag
mlcompare.goal.lr with the value higher or lower.

Baseline   Logistic Regression - Run 1
           finished · in iris · started 2 h ago · took 1 min 40 s · by alice
Candidate  Logistic Regression - Run 2
           finished · in iris

Datasets
  training: iris (1a2b3c4d), same digest

Details
  Experiment: iris (both)
  User: alice → unknown
  Started: 2026-11-18 09:06 UTC → unknown
  Duration: 1 min 40 s → unknown
  Run: b7e145103e1350a6c0947ce4186837fe → 9dce215e3f5e754978203d47f304e138

Directions guessed from names: higher is better for accuracy; lower is better
for loss. To change one, set the experiment tag mlcompare.goal.loss.
""")
    assert max(map(width, drawn.splitlines())) <= 80


def test_more_runs_than_fit_side_by_side_go_below_each_other_with_the_baseline():
    runs = [run(f"candidate-number-{number}", {"accuracy": round(0.8 + number / 100, 2)}) for number in range(6)]
    drawn = to_text(comparison_report(compare(OLD, *runs), now=NOW, everything=True), width=80)
    tables = re.findall(r"^Metric.*", drawn, re.MULTILINE)
    assert len(tables) > 1
    assert max(map(width, drawn.splitlines())) <= 80
    for number in range(6):
        assert f"candidate-number-{number}" in re.sub(r"\s+", "", "".join(tables)) or f"number-{number}" in drawn


def test_what_stands_behind_values_gets_lines_of_its_own_before_a_column_goes():
    def cells(text):
        return tuple(Cell(f"{each} (logged 4 times at step 0)") for each in text.split())

    columns = tuple(Column(title) for title in ("Metric", "Change", "sail-two", "sail-one (baseline)"))
    row = (Cell("auc_pr"), Cell("▼ -0.01 worse, -1.2 %"), *cells("0.80 0.81"))
    report = Report("Mixed", "Mixed", table=Table("", columns, (row,)))
    assert "0.80 (logged 4 times at step 0)" in to_text(report, width=100)
    narrow = to_text(report, width=80)
    assert max(map(len, narrow.splitlines())) <= 80
    assert {"0.80", "0.81", "sail-one", "(baseline)"} <= set(narrow.split())
    assert narrow.count("(logged 4 times") == 2
    assert "No room" not in narrow


def test_wide_characters_keep_the_columns_aligned():
    drawn = to_text(
        comparison_report(compare(run("模型一", {"精度": 1.0, "loss": 2}), run("模型二", {"精度": 2.0, "loss": 3}))),
        width=80,
    )
    rule, *rows = drawn[drawn.index("------") :].splitlines()[:3]
    starts = {width(row.rstrip()) for row in rows}
    assert len(starts) == 1
    assert width(rule) >= max(map(width, rows)) - 1


def test_colours_say_nothing_that_words_do_not():
    report = comparison_report(compare(OLD, NEW), now=NOW)
    coloured = to_text(report, colours=True)
    assert "\x1b[32m" in coloured
    assert "\x1b[31m" in coloured
    assert re.sub(r"\x1b\[\d+m", "", coloured) == to_text(report)


def test_a_metric_called_better_is_not_painted():
    report = Report("h", "s", table=Table("c", (Column("Metric"), Column("a")), ((Cell("is better"), Cell("1")),)))
    assert "\x1b[32m" not in to_text(report, colours=True)


def test_a_comparison_as_markdown():
    assert to_markdown(comparison_report(compare(OLD, NEW), now=NOW, ui_url="https://m.example")) == snapshot("""\
### ↔️ Mixed: Logistic Regression - Run 2 is better on 1 of 2 metrics, worse on 1 (most: loss +20 %)

| Metric | Change | [Logistic Regression - Run 2](https://m.example/#/experiments/1/runs/9dce215e3f5e754978203d47f304e138) | [Logistic Regression - Run 1 (baseline)](https://m.example/#/experiments/1/runs/b7e145103e1350a6c0947ce4186837fe) |
| :--- | ---: | ---: | ---: |
| loss | ▲ +0.1 worse, +20 % | 0.6 | 0.5 |
| accuracy | ▲ +0.07 better, +8.2 % | 0.92 | 0.85 |
| lr | ▲ +0.1, +100 % | 0.2 | 0.1 |

**Parameters**: C 1.0 → 0.5 · 1 other unchanged

**Be careful**

- The source commits are unknown: the code may differ too.
- Single runs: this could be seed noise.

- No goal is known for lr. To set one, give the experiment the tag mlcompare.goal.lr with the value higher or lower.

- Baseline: **[Logistic Regression - Run 1](https://m.example/#/experiments/1/runs/b7e145103e1350a6c0947ce4186837fe)** finished · in iris · started 2 h ago · took 1 min 40 s · by alice
- Candidate: **[Logistic Regression - Run 2](https://m.example/#/experiments/1/runs/9dce215e3f5e754978203d47f304e138)** finished · in iris

<details><summary>Datasets</summary>

- training: iris (`1a2b3c4d`), same digest

</details>

<details><summary>Details</summary>

- Experiment: iris (both)
- User: alice → unknown
- Started: 2026-11-18 09:06 UTC → unknown
- Duration: 1 min 40 s → unknown
- Run: `b7e145103e1350a6c0947ce4186837fe` → `9dce215e3f5e754978203d47f304e138`

</details>

[Compare in MLflow](https://m.example/#/compare-runs?runs=%5B%22b7e145103e1350a6c0947ce4186837fe%22%2C%229dce215e3f5e754978203d47f304e138%22%5D&experiments=%5B%221%22%5D)

<sub>Directions guessed from names: higher is better for accuracy; lower is better for loss. To change one, set the experiment tag mlcompare.goal.loss.</sub>
""")


def test_markdown_of_names_that_are_markup_is_inert():
    drawn = to_markdown(comparison_report(compare(OLD, EVIL), now=NOW))
    assert "<!" not in drawn
    assert "<b>" not in drawn
    assert "@octocat" not in drawn
    assert "http://evil" not in drawn
    assert not re.search(r"(?<!\\)\]\(", drawn)
    assert not re.search(r"(?<!\\)\*bold", drawn)
    table = [line for line in drawn.splitlines() if line.startswith("|")]
    assert {len(re.findall(r"(?<!\\)\|", line)) for line in table} == {5}


@pytest.mark.parametrize("start", ["- x", "+ x", "1. x", "23) x", "# x", "---", "===", "> x", "* x"])
def test_markdown_text_starts_no_list_title_rule_or_quote(start):
    assert re.match(r"\\[-+#=*]|\d+\\[.)]|&gt;", escape_markdown(start))


@pytest.mark.parametrize("plain", ["0.85", "val_accuracy", "-0.5", "+8.2 %", "▲ +0.07 better", "C: 1.0 → 0.5"])
def test_markdown_leaves_plain_text_readable(plain):
    assert escape_markdown(plain) == plain


# As GitHub looks for them, in the text that its readers see: docs.github.com, "Autolinked references and URLs".
FOUND_BY_GITHUB = re.compile(
    r"@[\w/]|(?:^|\W|\w)#\d|\bGH-\d|\bGHSA-\w|://|www\.|\b[0-9]*[a-f][0-9a-f]{6,39}\b|:[\w+-]*[a-z][\w+-]*:|:[+-]1:",
    re.IGNORECASE,
)
CALLS = (
    "@octocat",
    "@github/support",
    "a@b.example",
    "mailto:a@b.example",
    "xmpp:a@b.example",
    "#1",
    "fixes #26",
    "(#26)",
    "jlord#26",
    "jlord/sheetsee.js#26",
    "GH-26",
    "gh-26",
    "GHSA-ab12-cd34-ef56",
    "jlord@a5c3785ed8d6a35868bc169f07e40e889087fd2e",
    "jlord/sheetsee.js@a5c3785ed8d6a35868bc169f07e40e889087fd2e",
    "a5c3785ed8d6a35868bc169f07e40e889087fd2e",
    "a5c3785",
    "https://evil.example",
    "HTTP://evil.example/@octocat",
    "ftp://evil.example",
    "www.evil.example",
    "WWW.evil.example",
    "<https://evil.example>",
    "[a](https://evil.example)",
    "![a](https://evil.example/a.png)",
    ":tada:",
    ":+1:",
    "&#64;octocat",
    "&commat;octocat",
    "@\u200boctocat",
    "\\@octocat",
    "\x00@octocat",
)


def as_read(markdown_text):
    """The text that a reader sees, without code."""
    told = re.sub(r"(?<![\\`])(`+)(?!`).*?(?<!`)\1(?!`)", " ", markdown_text)
    return unescape(re.sub(r"\\([^\w\s])", r"\1", told))


@pytest.mark.parametrize("call", CALLS)
def test_markdown_calls_nobody_and_links_nothing_on_github(call):
    for typed in (call, f"run {call}, again", f"({call})"):
        for drawn in (escape_markdown(typed), to_markdown(Report(typed, "s", sides=(RunCard(typed, typed),)))):
            assert not FOUND_BY_GITHUB.search(as_read(drawn)), drawn
            assert not re.search(r"://|www\.", drawn, re.IGNORECASE)
    folded = to_markdown(Report("h", "s", sections=(Section(call, (Line(call, call),), note=call, folded=True),)))
    summary = unescape(re.search("<summary>(.*)</summary>", folded)[1])  # where Markdown is not read, and GitHub is
    assert not re.search(r"@[\w/]|#\d|GH-\d|://|www\.", summary, re.IGNORECASE), folded


def test_markdown_shows_ids_as_code_that_can_be_copied():
    identity = "b7e145103e1350a6c0947ce4186837fe"
    assert escape_markdown(f"{identity} → {identity}") == f"`{identity}` → `{identity}`"
    assert escape_markdown("1000000 of 2026-11-23 12:30:45") == "1000000 of 2026-11-23 12:30:45"
    assert escape_markdown("`deadbeef1`") == r"\`deadbeef1\`"


def test_markdown_code_holds_backticks():
    drawn = to_markdown(Report("h", "s", steps=(Step("Type", "/mlcompare `a` vs ``b``"),)))
    assert "- Type: ``` /mlcompare `a` vs ``b`` ```" in drawn


def test_markdown_links_only_where_there_is_an_address():
    report = Report(
        "h", "s", sides=(RunCard("Baseline", "a", 'https://m.example/#/x?runs=["a"]'), RunCard("Candidate", "b"))
    )
    drawn = to_markdown(report)
    assert "**[a](https://m.example/#/x?runs=%5B%22a%22%5D)**" in drawn
    assert "**b**" in drawn


def test_folded_sections_are_details():
    drawn = to_markdown(Report("h", "s", sections=(Section("More", (Line("x", "y"),), folded=True),)))
    assert "<details><summary>More</summary>\n\n- y: x\n\n</details>" in drawn


def test_csv_has_a_row_a_metric_and_candidate_with_numbers_in_full():
    drawn = to_csv(compare(OLD, NEW, run("third", {"accuracy": float("nan")})))
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


def test_csv_has_what_repeats_tell():
    groups = [
        [run(f"{name}{seed}", {"acc": value}, parameters={"seed": str(seed)}) for seed, value in enumerate(values)]
        for name, values in (("a", (0.912, 0.908, 0.915, 0.910, 0.905)), ("b", (0.921, 0.925, 0.918, 0.923, 0.919)))
    ]
    (row,) = csv.DictReader(StringIO(to_csv(compare(*groups, margin=0.02))))
    told = {name: row[name] for name in ("baseline_n", "method", "paired", "noise_df", "margin")}
    assert told == {"baseline_n": "5", "method": "paired t", "paired": "yes", "noise_df": "", "margin": "0.02"}
    assert float(row["p"]) == pytest.approx(0.009773506873)
    assert float(row["low"]) == pytest.approx(0.00449042, abs=1e-8)
    assert float(row["p_same"]) < 0.05


@pytest.mark.parametrize(
    ("typed", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("+1+cmd", "'+1+cmd"),
        ("-1+cmd", "'-1+cmd"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("  =1+1", "'  =1+1"),
        ("\u00a0=1+1", "'\u00a0=1+1"),
        ("\t=1+1", "\\t=1+1"),
        ("\r=1+1", "\\r=1+1"),
        ("\n=1+1", "\\n=1+1"),
        ("\u200b=1+1", "\\u200b=1+1"),
        ("＝1+1", "'＝1+1"),
        ("﹢1+cmd", "'﹢1+cmd"),
        ("a;=1+1", "a;'=1+1"),
        ("a; @x", "a;' @x"),
        ("-1", "-1"),
        ("+0.5", "+0.5"),
        ("-1e-05", "-1e-05"),
        ("-", "'-"),
        ("-1_000", "'-1_000"),
        ("lr=0.1", "lr=0.1"),
        ("a-b; c", "a-b; c"),
        ("", ""),
    ],
)
def test_csv_text_that_would_be_executed_is_text_and_numbers_stay_numbers(typed, cell):
    assert csv_text(typed) == cell


def test_csv_numbers_below_zero_are_numbers():
    drawn = to_csv(compare(run("a", {"loss": -0.5}), run("b", {"loss": -1e-05})))
    (row,) = csv.DictReader(StringIO(drawn))
    assert (row["baseline"], row["candidate"]) == ("-0.5", "-1e-05")


def test_csv_text_is_no_formula():
    drawn = to_csv(compare(run("=1+1", {"+a": 1}), run("@x", {"+a": 2}), run("-y", {"+a": 3})))
    for row in csv.DictReader(StringIO(drawn)):
        assert row["metric"] == "'+a"
        assert row["baseline_label"] == "'=1+1"
        assert row["candidate_label"] in ("'@x", "'-y")


texts = st.text(st.characters() | st.sampled_from("\x1b\x07\x9b\u202e\u2066\u2068\u2069\u061c\x7f"), max_size=120)
addresses = st.text(st.characters(codec="utf-8"), max_size=120)  # ours, made of what was quoted
lines = st.builds(Line, texts, texts)
reports = st.builds(
    Report,
    headline=texts,
    summary=texts,
    sides=st.lists(st.builds(RunCard, texts, texts, addresses, st.tuples(texts)), max_size=3).map(tuple),
    sections=st.lists(st.builds(Section, texts, st.lists(lines, max_size=3).map(tuple)), max_size=3).map(tuple),
    warnings=st.lists(texts, max_size=3).map(tuple),
    steps=st.lists(st.builds(Step, texts, texts), max_size=2).map(tuple),
    links=st.lists(st.builds(Link, texts, addresses, texts), max_size=2).map(tuple),
    footnotes=st.lists(texts, max_size=2).map(tuple),
)


def acting(drawn):
    """The characters that would act on a terminal, beside line breaks and isolates that are ended."""
    kept = "\n\u200c\u200d" + ("\u2068\u2069" if drawn.count("\u2068") == drawn.count("\u2069") else "")
    return {each for each in drawn if unicodedata.category(each) in ("Cc", "Cf", "Cs") and each not in kept}


@given(reports, st.integers(1, 200), st.booleans())
def test_any_report_can_be_drawn_and_acts_on_nothing(report, columns, colours):
    drawn = to_text(report, width=columns, colours=colours)
    assert drawn.endswith("\n")
    assert not acting(re.sub("\x1b\\[\\d+m", "", drawn) if colours else drawn)
    assert to_markdown(report).endswith("\n")
    assert not acting(to_markdown(report))
