import io
from pathlib import Path

import pytest

from bot.demo.command import TO_TRY, invitation, progress_to
from bot.demo.store import JOBS, NOISY, TOTAL, TRIALS, UNSTABLE, TrainedModel


class Terminal(io.StringIO):
    def isatty(self):
        return True


TOLD = [
    TrainedModel("iris", "Run 1", "accuracy 0.9600", 1, 2),
    TrainedModel("digits", "mlp-64", "val_accuracy 0.9796", 2, 2),
]


def told(out):
    show = progress_to(out)
    for each in TOLD:
        show(each)
    return out.getvalue()


def test_in_a_file_progress_is_a_line_a_run():
    assert told(io.StringIO()) == "   1/2  iris: Run 1, accuracy 0.9600\n   2/2  digits: mlp-64, val_accuracy 0.9796\n"


def test_on_a_terminal_progress_is_one_line_that_grows():
    shown = told(Terminal())
    assert shown.count("\n") == 1
    assert shown.endswith(f"[{'#' * 28}] 2/2  digits: mlp-64, val_accuracy 0.9796\n")


def test_the_invitation_names_only_runs_that_were_trained():
    named = {word.strip(",") for word in invitation(Path("store")).split() if word.startswith("mlp-")}
    assert named
    assert named <= {job.name for job in JOBS} | {NOISY, UNSTABLE}
    assert len(JOBS) + 2 + TRIALS + 2 == TOTAL


@pytest.mark.parametrize("line", TO_TRY)
def test_lines_to_paste_are_understood(line):
    from comparison.language.parser import parse

    assert line in invitation(Path("store"))
    parse(line.split(" ", 1)[1])
