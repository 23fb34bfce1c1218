"""What the documents show is so, on the store that `make demo` leaves."""

import ast
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests import screenshots
from tests.bot.process import mlcompare
from tests.docs.documents import FENCE, ROOT, blocks

MLCOMPARE = Path(sys.executable).with_name("mlcompare")
STORE = "sqlite:///.mlcompare/demo/mlflow.db"


def printed(folder, *words):
    """What the program itself prints."""
    done = subprocess.run(
        [MLCOMPARE, "compare", "--tracking-uri", STORE, *words],
        check=False,
        cwd=folder,
        env={**os.environ, "COLUMNS": "100"},
        capture_output=True,
        encoding="utf-8",
        timeout=100,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def printed_by_fork(folder, *words):
    """Likewise, without the seconds of its imports."""
    done = mlcompare("compare", "--tracking-uri", STORE, *words, cwd=folder)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("block", blocks("python"), ids=str)
def test_what_python_examples_import_is_there(block):
    imports = [line for line in ast.parse(block.text).body if isinstance(line, ast.Import | ast.ImportFrom)]
    assert imports
    exec(compile(ast.Module(imports, []), str(block), "exec"), {})  # noqa: S102 -- our own documents


def test_the_readme_opens_with_what_the_bot_says(demo_folder):
    def shape(line):
        return re.sub(r"[\d.,]+", "0", " ".join(line.split()))

    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    shown = FENCE.search(readme)["text"].splitlines()
    assert shown[0] == f"maya       /mlcompare {screenshots.WORDS}"
    said = screenshots.answer(f"sqlite:///{demo_folder}/.mlcompare/demo/mlflow.db").splitlines()
    told, expected = ([shape(line) for line in lines if not set(line) <= set(" -")] for lines in (shown, said))
    assert told == expected


def keys(value):
    if isinstance(value, dict):
        return set(value) | {key for each in value.values() for key in keys(each)}
    return {key for each in value for key in keys(each)} if isinstance(value, list) else set()


def test_every_key_of_the_json_is_documented(demo_folder):
    text = (ROOT / "docs" / "json.md").read_text(encoding="utf-8")
    found = keys(json.loads(printed(demo_folder, "mlp-64-seed-1", "mlp-64-half-data", "--format", "json")))
    assert {"verdict", "sides", "metrics", "parameters", "tags", "datasets", "warnings", "links"} <= found
    assert {key for key in found if f"`{key}`" not in text and f"**{key}**" not in text} == set()


def test_every_value_of_the_json_that_has_a_fixed_set_is_documented():
    from comparison.judgement.result import CaveatCode, GoalSource, Outcome, VerdictKind

    text = (ROOT / "docs" / "json.md").read_text(encoding="utf-8")
    values = {member.value for kind in (CaveatCode, GoalSource, Outcome, VerdictKind) for member in kind}
    assert {value for value in values if f"`{value}`" not in text} == set()


def test_every_column_of_the_frame_is_documented_with_its_type():
    from comparison.judgement.result import COLUMNS

    text = (ROOT / "docs" / "frame.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `(\w+)` \| `(\w+)` \|", text, re.MULTILINE))
    assert rows == COLUMNS


def test_every_column_of_the_csv_is_documented_in_order(demo_folder):
    text = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    header = printed_by_fork(demo_folder, "mlp-32-seed-1", "mlp-64-seed-1", "--format", "csv").splitlines()[0]
    assert ", ".join(f"`{name}`" for name in header.split(",")) in text
