"""What the documents tell a person to write in Python runs, on the store that `make demo` leaves."""

import pytest

from tests.docs.documents import blocks


@pytest.mark.parametrize("block", blocks("python"), ids=str)
def test_every_python_example_runs(block, in_demo_folder, capsys):
    exec(compile(block.text, str(block), "exec"), {"__name__": "__main__"})  # noqa: S102 -- our own documents
    assert "Traceback" not in capsys.readouterr().out


def test_there_are_examples():
    assert blocks("python")
