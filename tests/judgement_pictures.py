"""The pictures of docs/judgement.md, by the code that draws for people.

`make screenshots` writes them; `python -m tests.judgement_pictures` writes these alone, from the demo's store.
"""

import sys
from pathlib import Path

from comparison.compare import ask
from comparison.formats.png import draw_png
from comparison.judgement.statistics import REPEATS_CONFIDENCE, Noise
from comparison.language.parser import parse
from comparison.report import Chart, Panel, Series
from comparison.reports.comparison import comparison_report
from comparison.tracking.mlflow import MlflowSource

ROOT = Path(__file__).parent.parent
IMAGES = ROOT / "docs" / "images"
GROUPS = "mlp-32-seed-* vs mlp-64-seed-*"
# Shares of 2,000 pairs of equal groups that are called different, as docs/judgement.md tells them; those of methods that
# are not used are of 20,000 pairs of normal data.
SEEDS = ("2", "3", "5", "10")
FALSE_ALARMS = {
    "used here (Welch)": (1.8, 3.9, 4.3, 5.0),
    "1 sd apart": (33.4, 21.3, 10.9, 2.5),
    "percentile bootstrap": (34.5, 19.7, 13.3, 8.3),
    "intervals apart": (0.4, 0.5, 0.5, 0.6),
}
DEGREES = (4, 5, 6, 8, 10, 12, 16, 20, 30, 40)


def groups_chart(uri: str) -> Chart:
    """Two groups of the demo, run by run, as a comparison draws them."""
    (chart,) = comparison_report(ask(parse(GROUPS), MlflowSource(uri))).charts
    return chart


def method_chart() -> Chart:
    """False alarms by method, and how far single runs must differ."""
    places = [float(place) for place in range(len(SEEDS))]
    alarms = tuple(Series(name, places, shares) for name, shares in FALSE_ALARMS.items())
    student = [Noise(1.0, df).least_difference() for df in DEGREES]
    widened = [Noise(1.0, df, _factor(df)).least_difference() for df in DEGREES]
    return Chart(
        title="What a difference takes",
        conclusion="Equal groups are called different in 5 of 100 cases at most by Welch's test only.",
        panels=(
            Panel("Equal, called different", "runs a side", "% of pairs", alarms, ticks=SEEDS, level=5.0),
            Panel(
                "One run against one",
                "degrees of freedom",
                "must differ by (sd)",
                (Series("used here", DEGREES, widened), Series("Student's t, 95 %", DEGREES, student)),
            ),
        ),
    )


def _factor(df: int) -> float:
    from scipy import special

    return float(special.stdtrit(df, (1 + REPEATS_CONFIDENCE) / 2) / special.stdtrit(df, 0.975))


def write(uri: str) -> None:
    """All pictures that take no browser; `uri` is of the demo's store."""
    for name, chart in (("judgement-groups", groups_chart(uri)), ("judgement-methods", method_chart())):
        (IMAGES / f"{name}.png").write_bytes(draw_png(chart))
        print(f"docs/images/{name}.png")


if __name__ == "__main__":
    write(sys.argv[1] if len(sys.argv) > 1 else f"sqlite:///{ROOT / '.mlcompare' / 'demo' / 'mlflow.db'}")
