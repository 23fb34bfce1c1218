import math
import re

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from bot.playground.limits import check_message
from comparison.report import Align, Cell, Column, Line, Link, Report, RunCard, Section, Step, Table
from handlers.slack.fallback import BlockLevel
from handlers.slack.limits import find_problems
from handlers.slack.render import draw
from tests.handlers.reading import read

NASTY = ["<!channel>", "<@U123>", "*bold*", "`code`", "a|b", "x\ny", "\u202eright to left", "שלום", "🎉" * 40, ":tada:"]
# Shrinking a whole report takes minutes; the problem that is found names its place.
LAW = settings(
    suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
)
names = st.one_of(
    st.sampled_from(NASTY), st.text(max_size=40), st.text(alphabet="&<>*_~`|", max_size=200), st.just("x" * 7000)
)
urls = st.sampled_from(["", "http://mlflow.example/#/a", "javascript:alert(1)", "http://h/|<>" + "a" * 4000])
cells = st.builds(Cell, names, st.one_of(st.none(), st.floats()))
columns = st.lists(st.builds(Column, names, st.sampled_from(Align)), min_size=1, max_size=30).map(tuple)


@st.composite
def tables(draw_one):
    heads = draw_one(columns)
    row = st.lists(cells, min_size=len(heads), max_size=len(heads)).map(tuple)
    some = draw_one(st.lists(row, max_size=3))
    return Table(draw_one(names), heads, tuple(some * draw_one(st.sampled_from([1, 1, 150]))), draw_one(names))


def several(values, most=30):
    return st.lists(values, max_size=most).map(tuple)


sections = st.builds(Section, names, several(st.builds(Line, names, names), 60), names, st.booleans())
reports = st.builds(
    Report,
    headline=names,
    summary=names,
    sides=several(st.builds(RunCard, names, names, urls, several(names, 6))),
    table=st.one_of(st.none(), tables()),
    sections=several(sections, 8),
    warnings=several(names, 15),
    steps=several(st.builds(Step, names, names), 8),
    links=several(st.builds(Link, names, urls, st.sampled_from(["", "run:0", "compare", "rules"]))),
    footnotes=several(names, 12),
)


@LAW
@given(reports, st.sampled_from(BlockLevel), st.sampled_from(["", "U0MAYA", "<!channel>"]))
def test_any_report_draws_within_the_limits_on_every_rung(report, rung, asker):
    reply = draw(report, rung=rung, asked_by=asker)
    assert find_problems(reply.blocks, reply.text) == []
    assert check_message({"text": reply.text, "blocks": list(reply.blocks)}) is None
    assert reply.text.strip()


def mrkdwn_of(node):
    if isinstance(node, dict):
        if node.get("type") == "mrkdwn":
            yield node["text"]
        for value in node.values():
            yield from mrkdwn_of(value)
    elif isinstance(node, list | tuple):
        for part in node:
            yield from mrkdwn_of(part)


OURS = re.compile(r"<https?://[^<>|]+(?:\|[^<>]*)?>|<@U0MAYA>|`[^`<>\n]*`|&(?:amp|lt|gt);|^\*[^*]*\*$", re.MULTILINE)


@LAW
@given(reports, st.sampled_from(BlockLevel))
def test_nothing_from_runs_is_markup(report, rung):
    reply = draw(report, rung=rung, asked_by="U0MAYA")
    for text in [reply.text, *mrkdwn_of(reply.blocks)]:
        left = OURS.sub("", text)
        assert not re.search(r"[<>&`]", left)
        assert not re.search(r"(?<![^\W_])\*\S.*\S\*(?![^\W_])", left)
        assert "@channel" not in left
        assert "@here" not in left


COLUMNS = (
    Column("Metric"),
    Column("Run 1", Align.RIGHT),
    Column("Run 2", Align.RIGHT),
    Column("Difference"),
    Column("Change", Align.RIGHT),
)


def a_row(name):
    return (Cell(name), Cell("0.85", 0.85), Cell("0.92", 0.92), Cell("▲ +0.07 better", 0.07), Cell("+8.2 %", 8.2))


def a_report(**changes):
    report = {
        "headline": "Run 2 is better on 1 of 1 metrics",
        "summary": "Run 2 is better on 1 of 1 metrics.\naccuracy 0.85 → 0.92\nhttp://mlflow.example/#/c?a&b",
        "sides": (
            RunCard("Baseline", "Run 1", "http://mlflow.example/#/a", ("finished", "in iris")),
            RunCard("Candidate", "Run 2", "http://mlflow.example/#/b"),
        ),
        "table": Table("Metrics", COLUMNS, (a_row("accuracy"),), "12 more metrics are the same"),
        "sections": (
            Section("Parameters", (Line("1.0 → 0.5", "C"),), "7 the same"),
            Section("Details", (Line("maya", "User"),), folded=True),
        ),
        "warnings": ("Single runs: this could be seed noise.",),
        "steps": (Step("Set a goal:", "/mlcompare goal cost lower"),),
        "links": (
            Link("Open Run 1", "http://mlflow.example/#/a", "run:0"),
            Link("Open Run 2", "http://mlflow.example/#/b", "run:1"),
            Link("Compare in MLflow", "http://mlflow.example/#/c?a&b", "compare"),
            Link("How this is judged", "http://docs.example/rules", "rules"),
        ),
        "footnotes": ("Directions guessed from names: higher is better for accuracy.",),
    }
    return Report(**(report | changes))


WHOLE = """\
# Run 2 is better on 1 of 1 metrics
| Metric | Run 1 | Run 2 | Difference | Change |
| accuracy | 0.85 | 0.92 | ▲ +0.07 better | +8.2 % |
(12 more metrics are the same)
Parameters
• C: 1.0 → 0.5
7 the same
⚠️ Single runs: this could be seed noise.
• Set a goal: `/mlcompare goal cost lower`
▸ Details
  • Baseline Run 1 finished · in iris
  • Candidate Run 2
  • User: maya
  How it was judged
  • Directions guessed from names: higher is better for accuracy.
[Compare in MLflow]
(Asked by @U0MAYA · How this is judged)"""


def test_a_report_reads_verdict_table_why_doubts_steps_links():
    assert read(draw(a_report(), asked_by="U0MAYA")) == WHOLE


def test_without_collapsing_blocks_it_says_the_same():
    drawn = draw(a_report(), rung=BlockLevel.TABLE, asked_by="U0MAYA")
    assert read(drawn) == WHOLE.replace("▸ Details\n", "").replace("\n  ", "\n")
    assert "container" not in [block["type"] for block in drawn.blocks]


def test_sections_say_every_value_with_its_column():
    drawn = draw(a_report(), rung=BlockLevel.SECTIONS)
    assert "accuracy: Run 1 0.85 · Run 2 0.92 · Difference ▲ +0.07 better · Change +8.2 %" in read(drawn)
    assert {block["type"] for block in drawn.blocks} == {"header", "section", "context", "actions"}


def test_text_alone_is_an_answer_with_its_links():
    assert read(draw(a_report(), rung=BlockLevel.TEXT)) == (
        "Run 2 is better on 1 of 1 metrics.\naccuracy 0.85 → 0.92\n"
        "Set a goal: `/mlcompare goal cost lower`\nCompare in MLflow\nOpen Run 1\nOpen Run 2"
    )


def test_the_text_links_to_mlflow_and_to_nothing_that_is_named_like_an_address():
    summary = "http://evil.example is better\nhttp://mlflow.example/#/c?a&b"
    assert draw(a_report(summary=summary)).text == (
        "http:\u200b//evil.example is better\n<http://mlflow.example/#/c?a&amp;b>"
    )


def test_rows_that_do_not_fit_are_counted_and_linked():
    many = Table("Metrics", COLUMNS, tuple(a_row(f"metric_{number}") for number in range(300)))
    drawn = draw(a_report(table=many))
    shown = sum(line.startswith("| metric_") for line in read(drawn).splitlines())
    assert shown >= 50
    assert f"{300 - shown} more rows are not shown here. All of it is in MLflow" in read(drawn)


def test_runs_that_do_not_fit_are_named():
    heads = (Column("Metric"), *(Column(f"run-{number}", Align.RIGHT) for number in range(25)))
    rows = tuple((Cell(f"m{each}"), *(Cell("0.5 ▲ +0.005 better, +1 %", 0.5) for _ in range(25))) for each in range(4))
    drawn = read(draw(a_report(table=Table("Metrics", heads, rows))))
    assert "| run-18 |" in drawn
    assert "6 more runs are not shown here: run-19, run-20, run-21, run-22, run-23, run-24" in drawn


def test_a_long_list_is_folded_and_what_is_left_out_is_counted():
    lines = tuple(Line("1 → 2", f"parameter_{number}") for number in range(900))
    drawn = read(draw(a_report(sections=(Section("Parameters", lines, "7 the same"),))))
    assert "▸ Parameters (900)" in drawn
    shown = drawn.count("• parameter_")
    assert f"{900 - shown} more, 7 the same" in drawn


def test_a_headline_too_long_for_a_header_is_said_in_full():
    drawn = draw(a_report(headline="better " * 40))
    assert read(drawn).splitlines()[1] == ("better " * 40).strip()


def test_an_address_of_too_many_runs_opens_the_first_of_them():
    runs = ",".join(f"%22{number:032x}%22" for number in range(100))
    url = f"http://mlflow.example/#/compare-runs?runs=[{runs}]&experiments=[%221%22]"
    drawn = draw(a_report(links=(Link("Compare in MLflow", url, "compare"),)))
    (button,) = next(block for block in drawn.blocks if block["type"] == "actions")["elements"]
    assert re.fullmatch(r"Compare in MLflow \(first \d+ runs\)", button["text"]["text"])
    assert len(button["url"]) <= 3000
    assert button["url"].endswith("&experiments=[%221%22]")


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_value_that_is_not_finite_is_text(value):
    rows = ((Cell("loss"), Cell("NaN", value)),)
    drawn = draw(a_report(table=Table("Metrics", COLUMNS[:2], rows)))
    table = next(block for block in drawn.blocks if block["type"] == "table")
    assert table["rows"][1][1] == {"type": "raw_text", "text": "NaN"}


@pytest.mark.parametrize(
    ("label", "shown"),
    [
        ("<!channel>", "<!channel>"),
        ("*bold*", "∗bold∗"),
        ("_private_", "ˍprivateˍ"),
        ("val_loss", "val_loss"),
        ("`rm`", "ˋrmˋ"),
        ("a|b", "a∣b"),
        ("two\nlines", "two lines"),
        (":tada:", "∶tada:"),
        ("\u202eevil", "evil"),
        ("שלום", "\u2068שלום\u2069"),
        ("🎉", "🎉"),
        ("\ud800", "\ufffd"),
    ],
)
def test_a_name_reads_as_it_was_typed_and_does_nothing(label, shown):
    drawn = draw(a_report(sides=(RunCard("Baseline", label, "http://mlflow.example/#/a"),), sections=()))
    assert read(drawn).splitlines()[2] == shown
