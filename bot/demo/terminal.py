"""What the demo says in a terminal."""

from collections.abc import Callable
from pathlib import Path
from typing import TextIO

from bot.demo.jobs import FIRST, SECOND, Trained

BAR = 28  # characters
COMPARISON = f'"{FIRST}" vs "{SECOND}"'
TO_TRY = (
    "/mlcompare mlp-32-seed-1 vs mlp-64-seed-1",
    "/mlcompare mlp-32-seed-1, mlp-64-seed-1 and mlp-64-half-data by val_loss",
    "/mlcompare mlp-64-seed-1 vs mlp-64-hot all",
    "@mlcompare is mlp-64-seed-2 better than mlp-32-seed-2",
    "/mlcompare help",
)


def progress_to(out: TextIO) -> Callable[[Trained], None]:
    """Shows each run that ended: one line that grows on a terminal, one line a run anywhere else."""
    return (lambda trained: _redraw(out, trained)) if out.isatty() else (lambda trained: _append(out, trained))


def _redraw(out: TextIO, trained: Trained) -> None:
    filled = round(BAR * trained.done / trained.total)
    bar = "#" * filled + "." * (BAR - filled)
    end = "\n" if trained.done == trained.total else ""
    out.write(f"\r\033[K  [{bar}] {trained.done}/{trained.total}  {_said(trained)}{end}")
    out.flush()


def _append(out: TextIO, trained: Trained) -> None:
    out.write(f"  {trained.done:>2}/{trained.total}  {_said(trained)}\n")
    out.flush()


def _said(trained: Trained) -> str:
    return f"{trained.experiment}: {trained.run}, {trained.result}"


def invitation(folder: Path) -> str:
    """What to paste into the page, and into another terminal."""
    return "\n".join(
        [
            "  Open the page and paste there:",
            f"    /mlcompare {COMPARISON}",
            *(f"    {line}" for line in TO_TRY),
            "",
            "  Or in another terminal:",
            f"    export MLFLOW_TRACKING_URI=sqlite:///{folder / 'mlflow.db'}",
            "    .venv/bin/mlcompare compare mlp-32-seed-1 mlp-64-seed-1",
            "",
            f"  Ctrl-C stops it. The trained runs stay in {folder}.",
        ]
    )
