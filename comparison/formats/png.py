"""A chart as a PNG, by matplotlib without its global state: safe in threads, the same on every machine."""

import io
from typing import Any

from comparison.report import Chart, Panel, Series
from comparison.reports.text import one_line

_SIZE = (6.0, 3.8)  # inches of one panel: a phone shows them in a third of its pixels, so letters are large
_DPI = 160
_COLUMNS = 2  # panels side by side, where there are several
_SMALL = (3.1, 2.7)  # inches of one panel among several
_TITLE, _WORDS, _TICKS, _NOTE = 13, 11, 10, 8  # points of letters
_UPRIGHT = 24  # characters of categories that stand side by side
_UPRIGHT_SMALL = 20  # likewise, of one panel among several
_BESIDE = 4  # series from which on their names stand below the picture, not over it
# Okabe and Ito's colours, which the colour-blind tell apart; with line styles they make 21 that differ.
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000")
_STYLES = ("-", "--", ":")
_LEGEND = 40  # characters of a name


def draw_png(chart: Chart) -> bytes:
    """All panels of the chart. Names of runs are data: no part of them is read as mathematics or hidden."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415 -- half a second, for who draws
    from matplotlib.figure import Figure  # noqa: PLC0415 -- as above

    count = max(len(chart.panels), 1)
    columns = min(count, _COLUMNS)
    rows = -(-count // columns)
    size = _SIZE if count == 1 else (_SMALL[0] * columns, _SMALL[1] * rows)
    figure = Figure(figsize=size, dpi=_DPI, layout="constrained")
    FigureCanvasAgg(figure)
    grid = figure.subplots(rows, columns, squeeze=False)
    axes = [each for row in grid for each in row]
    for place, panel in zip(axes, chart.panels, strict=False):
        _draw(place, panel, is_small=count > 1)
    for place in axes[count:]:
        place.set_visible(False)
    figure.suptitle(_text(chart.title, 100), fontsize=_TITLE, parse_math=False)
    if chart.note:
        figure.supxlabel(_text(chart.note, 100), fontsize=_NOTE, color="#555555", parse_math=False)
    target = io.BytesIO()
    figure.savefig(target, format="png", metadata={"Software": None, "Description": chart.conclusion[:1_000]})
    return target.getvalue()


def _draw(axes: Any, panel: Panel, *, is_small: bool) -> None:
    for number, series in enumerate(panel.series):
        _line(axes, series, _COLOURS[number % len(_COLOURS)], _STYLES[number % len(_STYLES)])
    _scale(axes, panel, is_small=is_small)
    x_label = "" if is_small and panel.title.startswith(panel.x_label) else panel.x_label  # it stands above
    for set_label, text in ((axes.set_xlabel, x_label), (axes.set_ylabel, panel.y_label)):
        set_label(_text(text, 28 if is_small else 60), fontsize=_WORDS, parse_math=False)
    if is_small:
        axes.set_title(_text(panel.title, 28), fontsize=_WORDS, parse_math=False)
    axes.grid(visible=True, color="#dddddd", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.tick_params(labelsize=_TICKS)
    if not panel.ticks and not panel.is_log_x:
        axes.locator_params(axis="x", nbins=5 if is_small else 7)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    if len(panel.series) > 1 and not {each.name for each in panel.series} & set(panel.ticks):
        _legend(axes, panel, is_small=is_small)


def _legend(axes: Any, panel: Panel, *, is_small: bool) -> None:
    """Below the picture where it would cover points or lines: dots lie anywhere."""
    is_below = _is_crowded(panel) or any(each.is_dots for each in panel.series)
    at = -0.3 if is_small else -0.18  # behind the name of the axis
    beside = {"loc": "upper center", "bbox_to_anchor": (0.5, at), "ncols": 2} if is_below else {}
    legend = axes.legend(
        fontsize=_TICKS - 1 if beside else _TICKS, frameon=not beside, framealpha=0.85, edgecolor="none", **beside
    )
    for text in legend.get_texts():
        text.set_parse_math(False)


def _is_crowded(panel: Panel) -> bool:
    """Whether the names would cover the lines."""
    return len(panel.series) >= _BESIDE or sum(len(each.name) for each in panel.series) > 60


def _scale(axes: Any, panel: Panel, *, is_small: bool) -> None:
    if panel.level is not None:
        axes.axhline(panel.level, color="#555555", linewidth=0.9, linestyle="--")
    if panel.is_log_x:
        axes.set_xscale("log")
    if panel.is_log_y:
        axes.set_yscale("log")
    if panel.ticks:
        ticks = [_text(tick, 16) for tick in panel.ticks]
        slanted = (
            {"rotation": 30, "ha": "right"} if sum(map(len, ticks)) > (_UPRIGHT_SMALL if is_small else _UPRIGHT) else {}
        )
        axes.set_xticks(range(len(ticks)), ticks, **slanted)
        axes.set_xlim(-0.5, len(panel.ticks) - 0.5)


def _line(axes: Any, series: Series, colour: str, style: str) -> None:
    name = _text(series.name, _LEGEND)
    label = f"\u200b{name}" if name.startswith("_") else name  # a label that begins with _ is left out of a legend
    if series.is_dots:
        axes.plot(series.x, series.y, "o", color=colour, markersize=4, alpha=0.6, label=label)
    else:
        if len(series.faint):
            axes.plot(series.x, series.faint, color=colour, linewidth=0.8, alpha=0.25)
        marker = "o" if len(series.x) < 2 else None
        drawn = "steps-post" if series.is_steps else "default"
        axes.plot(series.x, series.y, style, color=colour, linewidth=1.8, label=label, marker=marker, drawstyle=drawn)
    if series.interval is not None and series.mark is not None:
        low, high = series.interval
        axes.plot((series.mark[0],) * 2, (low, high), "_-", color=colour, linewidth=1.8, markersize=14)
        axes.plot(*series.mark, "D", color=colour, markersize=7, markeredgecolor="white")
    elif series.mark is not None:
        axes.plot(*series.mark, marker="*", markersize=13, color=colour, markeredgecolor="white", linestyle="none")


def _text(text: str, limit: int) -> str:
    """On one line; signs that the font lacks become boxes, which is no error."""
    line = one_line(text)
    return line if len(line) <= limit else f"{line[: limit - 1]}…"
