"""One comparison in blocks, in text alone, in a terminal and in Markdown: the same facts, by their numbers."""

import re

import pytest

from comparison import Dataset, Experiment, Metric, Run, compare
from comparison.formats.markdown import to_markdown
from comparison.formats.text import to_text
from comparison.reports.comparison import comparison_report
from handlers.slack.fallback import BlockLevel
from handlers.slack.render import draw
from tests.handlers.reading import read

NUMBER = re.compile(r"(?<![\w.])[-+×]?\d[\d,]*(?:\.\d+)?(?: %)?")
DIGITS = Experiment("7", "digits")


def trained(name, metrics, parameters, digest):
    return Run(
        name * 4,
        name,
        DIGITS,
        metrics={key: Metric(value, step=step) for key, (value, step) in metrics.items()},
        parameters=parameters,
        datasets=(Dataset("digits", digest, "training"),),
        commit="c0ffee",
    )


NARROW = trained(
    "narrow",
    {
        "val_accuracy": (0.951852, 29),
        "val_loss": (0.2269, 29),
        "n_weights": (2410, 0),
        "fit_time": (0.3, 0),
        "epochs": (30, 0),
    },
    {"hidden_units": "32", "learning_rate": "0.001", "seed": "1"},
    "e449c5bf",
)
WIDE = trained(
    "wide",
    {
        "val_accuracy": (0.97963, 29),
        "val_loss": (0.0957, 29),
        "n_weights": (4810, 0),
        "fit_time": (89.1, 0),
        "epochs": (30, 0),
    },
    {"hidden_units": "64", "learning_rate": "0.003", "seed": "1"},
    "cc08b95f",
)
REPORT = comparison_report(compare(NARROW, WIDE), in_channel=True)


def numbers(text):
    return {found.strip() for found in NUMBER.findall(text)}


def in_blocks(level=BlockLevel.ALL):
    return read(draw(REPORT, rung=level)).partition("▸ Details")[0]


IN_BLOCKS = numbers(in_blocks())


def test_the_numbers_are_those_of_the_comparison():
    assert {
        "0.9519",
        "0.9796",
        "+2.9 %",
        "0.0957",
        "-58 %",
        "2,410",
        "4,810",
        "0.3",
        "89.1",
        "×297",
        "30",
        "32",
        "64",
    } <= IN_BLOCKS


@pytest.mark.parametrize(
    "text",
    [
        draw(REPORT, rung=BlockLevel.TEXT).text,
        to_text(REPORT, width=200).partition("\nBaseline ")[0],
        to_markdown(REPORT).partition("\n- Baseline:")[0].replace("\\", ""),
        read(draw(REPORT, rung=BlockLevel.TABLE)).partition("\n• Baseline ")[0],
        read(draw(REPORT, rung=BlockLevel.SECTIONS)).partition("\nBaseline narrow")[0],
    ],
    ids=["text alone", "terminal", "Markdown", "plain table", "sections"],
)
def test_every_form_tells_the_same_numbers(text):
    assert numbers(text) == IN_BLOCKS
