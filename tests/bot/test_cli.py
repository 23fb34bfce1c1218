"""The command line, on a real MLflow store."""

import csv
import json
import os
import re
import shlex
import subprocess
import sys
from io import StringIO

import pytest
from click.testing import CliRunner
from inline_snapshot import snapshot

from bot.cli import COMMANDS, main
from bot.commands.compare import as_request_text
from tests.mlflow_store import new_store

NAN = float("nan")


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """A store with what `mlflow` writes: two good runs, one that diverged, one that failed and shares nothing."""
    from mlflow import MlflowClient
    from mlflow.entities import Metric, Param

    folder = tmp_path_factory.mktemp("store")
    uri = new_store(folder)
    client = MlflowClient(uri)
    iris = client.create_experiment("iris", f"file://{folder}", {"mlcompare.goal.cost_units": "lower"})
    told = [
        ("Run 1", {"accuracy": 0.85, "loss": 0.5, "cost_units": 3}, {"C": "1.0"}, "FINISHED"),
        ("Run 2", {"accuracy": 0.92, "loss": 0.4, "cost_units": 3}, {"C": "0.5"}, "FINISHED"),
        ("lower", {"accuracy": 0.80, "loss": 0.3}, {"C": "0.5"}, "FINISHED"),
        ("diverged", {"accuracy": 0.9, "loss": NAN}, {}, "FINISHED"),
        ("other", {"unrelated": 1}, {}, "FAILED"),
    ]
    for number, (name, metrics, parameters, status) in enumerate(told):
        run = client.create_run(iris, start_time=1_795_000_000_000 + number, run_name=name)
        client.log_batch(
            run.info.run_id,
            [Metric(key, value, 1_795_000_000_000, 1) for key, value in metrics.items()],
            [Param(key, value) for key, value in parameters.items()],
        )
        client.set_terminated(run.info.run_id, status, 1_795_000_060_000)
    return uri


@pytest.fixture
def environment(store, monkeypatch):
    for name in list(os.environ):
        if name.startswith(("MLFLOW_", "MLCOMPARE_", "SLACK_")) or name in ("NO_COLOR", "COLUMNS", "DATABASE_URL"):
            monkeypatch.delenv(name)
    for name in ("MLFLOW_HTTP_REQUEST_TIMEOUT", "MLFLOW_HTTP_REQUEST_MAX_RETRIES", "MLFLOW_HTTP_POOL_MAXSIZE"):
        monkeypatch.setenv(name, "1")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", store)
    monkeypatch.setenv("COLUMNS", "80")


@pytest.fixture
def run(environment):
    def run(*words):
        return CliRunner().invoke(main, list(words))

    return run


def program(*words, **options):
    return subprocess.run(
        [sys.executable, "-m", "bot", *words], capture_output=True, text=True, timeout=120, check=False, **options
    )


def test_a_comparison_in_the_terminal(run):
    result = run("compare", "Run 1", "Run 2")
    assert result.exit_code == 0
    assert result.stderr == ""
    drawn = re.sub(r"\b[0-9a-f]{32}\b", "<id>", result.stdout)
    assert re.sub(r"started .*? · ", "started <some time ago> · ", drawn) == snapshot("""\
✅ Run 2 is better on 2 of 3 metrics: accuracy 0.85 → 0.92 (+8.2 %)

Metric                      Change    Run 2    Run 1 (baseline)
----------  ----------------------  -------  ------------------
accuracy    ▲ +0.07 better, +8.2 %     0.92                0.85
loss          ▼ -0.1 better, -20 %      0.4                 0.5
cost_units                    same        3                   3

Parameters: C 1.0 → 0.5

Be careful
  - The source commits are unknown: the code may differ too.
  - Single runs: this could be seed noise.

Baseline   Run 1
           finished · in iris · started <some time ago> · took 1 min
Candidate  Run 2
           finished · in iris · started <some time ago> · took 59 s

Details
  Experiment: iris (both)
  Started: 2026-11-18 11:06 UTC (both)
  Duration: 1 min → 59 s
  Run: <id> → <id>

Too few repeats to know the noise here: 3 more are needed; run the same
configuration with other seeds.
Directions guessed from names: higher is better for accuracy; lower is better
for loss. To change one, set the experiment tag mlcompare.goal.loss.
""")


@pytest.mark.parametrize(
    "words",
    [
        ["Run 1", "Run 2"],
        ["Run 1", "vs", "Run 2"],
        ["Run 1 vs Run 2"],
        ['"Run 1" vs "Run 2"'],
        ["is", "Run 2", "better", "than", "Run 1"],
        ["Run 1", "Run 2", "in", "iris"],
        ["Run 1", "Run 2", "-e", "iris"],
        ["iris/Run 1", "iris/Run 2"],
    ],
)
def test_the_words_are_those_of_the_channel(run, words):
    result = run("compare", *words)
    assert result.stdout.startswith("✅ Run 2 is better on 2 of 3 metrics: accuracy 0.85 → 0.92 (+8.2 %)\n"), (
        result.output
    )


def test_several_candidates_are_compared_with_the_first(run):
    result = run("compare", "Run 1,", "Run 2", "and", "lower", "by", "loss")
    assert result.stdout.startswith("🏆 lower leads 3 runs: loss 0.3 (-40 % against Run 1)"), result.output


def test_by_and_metric_name_the_primary_metric(run):
    by, metric = (run("compare", "Run 1", "Run 2", option, "loss") for option in ("--by", "--metric"))
    assert by.stdout == metric.stdout
    assert by.stdout.startswith("✅ Run 2 is better: loss 0.5 → 0.4 (-20 %) · 1 more metric better, 1 the same\n"), (
        by.output
    )


def test_all_says_what_is_the_same_too(run):
    assert "cost_units" in run("compare", "Run 1", "Run 2", "--all").stdout


def test_json_is_full_precision_and_has_no_invalid_numbers(run):
    told = json.loads(run("compare", "Run 1", "diverged", "--format", "json").stdout, parse_constant=pytest.fail)
    values = {metric["name"]: metric["candidates"][0]["candidate"] for metric in told["metrics"]}
    assert values == {"accuracy": 0.9, "loss": "NaN", "cost_units": None}


def test_csv_can_be_read(run):
    rows = list(csv.DictReader(StringIO(run("compare", "Run 1", "Run 2", "lower", "--format", "csv").stdout)))
    assert len(rows) == 6
    assert {row["candidate_label"] for row in rows} == {"Run 2", "lower"}


def test_markdown_is_a_table(run):
    drawn = run("compare", "Run 1", "Run 2", "--format", "markdown").stdout
    assert "| accuracy | ▲ +0.07 better, +8.2 % | 0.92 | 0.85 |" in drawn


def test_slack_is_the_message_as_it_is_posted(run):
    told = json.loads(run("compare", "Run 1", "Run 2", "--format", "slack").stdout)
    assert set(told) == {"text", "blocks"}
    assert told["blocks"][0]["type"] == "header"


def test_links_lead_to_where_people_open_mlflow(run):
    result = run("compare", "Run 1", "Run 2", "--ui-url", "https://mlflow.example.com/")
    assert "https://mlflow.example.com/#/experiments/" in result.stdout


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["Run 1", "Run 2"], 0),
        (["Run 2", "Run 1"], 1),
        (["Run 1", "lower"], 1),
        (["Run 1", "lower", "--by", "loss"], 0),
        (["Run 1", "lower", "--by", "accuracy"], 1),
        (["Run 1", "Run 2", "lower", "--by", "accuracy"], 1),
        (["Run 1", "Run 1"], 4),
        (["Run 1", "diverged"], 4),
        (["Run 1", "diverged", "--by", "loss"], 4),
        (["Run 1", "diverged", "--by", "accuracy"], 0),
        (["Run 1", "other"], 4),
    ],
)
def test_fail_if_worse_is_a_gate(run, words, code):
    result = run("compare", *words, "--fail-if-worse")
    assert result.exit_code == code, result.output
    assert bool(result.stderr) is bool(code)
    assert result.stdout


@pytest.mark.parametrize("words", [["--tolerance", "50%"], ["--tolerance", "0.5"], ["within", "50", "%"]])
def test_within_the_tolerance_values_are_the_same_and_pass_the_gate(run, words):
    result = run("compare", "Run 2", "Run 1", *words, "--fail-if-worse")
    assert result.exit_code == 0
    assert result.stdout.startswith("➖ No difference on 3 metrics\n")
    assert "within this share of the baseline: 50 % (as asked)" in " ".join(result.stdout.split())


def test_a_tolerance_that_is_none_is_refused_with_what_to_say(run):
    result = run("compare", "Run 2", "Run 1", "--tolerance", "5")
    assert result.exit_code == 2
    assert "say 0.1% or 0.001" in " ".join(result.stderr.split())


def test_without_the_gate_worse_is_no_failure(run):
    assert run("compare", "Run 2", "Run 1").exit_code == 0


def test_a_run_that_is_not_there_is_named_with_its_nearest_and_the_spot(run):
    result = run("compare", "lowr", "vs", "Run 1")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "«lowr»" in result.stderr
    assert "lower" in result.stderr


def test_a_name_with_brackets_is_said_as_it_was_typed(run):
    assert "«<b>»" in run("compare", "Run 1", "<b>").stderr


def test_the_line_that_is_offered_names_the_command_once_and_works(run):
    result = run("compare", "divergd", "lower")
    assert '\n  «divergd» "lower"\n' in result.stderr
    (line,) = [each.strip() for each in result.stderr.splitlines() if each.strip().startswith("mlcompare")]
    assert line == 'mlcompare compare "diverged" "lower"'
    assert run(*shlex.split(line)[1:]).exit_code == 0


def test_what_is_asked_of_the_bot_but_is_no_comparison_is_refused(run):
    result = run("compare", "standup")
    assert (result.exit_code, result.stdout) == (2, "")


def test_one_run_alone_is_not_a_comparison(run):
    result = run("compare", "lower")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "mlcompare compare" in result.stderr


def test_no_words_at_all_give_lines_to_copy_and_no_success(run):
    result = run("compare")
    assert (result.exit_code, result.stdout) == (2, "")
    assert 'mlcompare compare "diverged" vs "lower"' in result.stderr


def test_help_gives_lines_to_copy(run):
    result = run("compare", "help")
    assert result.exit_code == 0
    assert 'mlcompare compare "diverged" vs "lower"' in result.stdout


def test_mlflow_that_does_not_answer_is_told_apart_from_a_wrong_question(run):
    result = run("compare", "Run 1", "Run 2", "--tracking-uri", "http://127.0.0.1:9")
    assert (result.exit_code, result.stdout) == (3, "")
    assert "127.0.0.1:9" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_store_that_is_not_there_is_not_made(run, tmp_path):
    result = run("compare", "a", "b", "--tracking-uri", f"sqlite:///{tmp_path / 'none.db'}")
    assert result.exit_code == 2
    assert "There is no MLflow store" in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_no_server_named_says_what_to_set(run, monkeypatch, tmp_path):
    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    monkeypatch.chdir(tmp_path)
    result = run("compare", "a", "b")
    assert result.exit_code == 2
    assert "MLFLOW_TRACKING_URI" in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_wrong_command_says_the_nearest(run):
    result = run("compar", "a", "b")
    assert result.exit_code == 2
    assert "Did you mean compare?" in result.stderr


def test_every_command_that_is_listed_can_be_called(run):
    for name in COMMANDS:
        assert run(name, "--help").exit_code == 0, name


def test_help_is_there_at_once():
    before = os.times()
    result = program("--help")
    after = os.times()
    used = after.children_user + after.children_system - before.children_user - before.children_system
    assert used < 2  # seconds of its own CPU, whatever else the machine does
    assert result.returncode == 0
    assert all(name in result.stdout for name in COMMANDS)


def test_help_imports_nothing_heavy():
    heavy = "{'mlflow', 'pandas', 'slack_sdk', 'slack_bolt', 'sqlalchemy', 'pydantic', 'starlette', 'tabulate'}"
    code = f"import sys; from bot.cli import main; main(['--help'], standalone_mode=False); sys.exit(bool({heavy} & sys.modules.keys()))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=60, check=False).returncode == 0


def test_the_program_writes_the_report_and_nothing_else(environment, tmp_path):
    result = program("compare", "Run 1", "Run 2", env={**os.environ, "PYTHONPATH": os.getcwd()}, cwd=tmp_path)  # noqa: PTH109
    assert result.stderr == ""
    assert result.stdout.startswith("✅ Run 2 is better on 2 of 3 metrics: accuracy 0.85 → 0.92 (+8.2 %)\n")
    assert "\x1b" not in result.stdout
    assert list(tmp_path.iterdir()) == []


def test_a_reader_that_stops_reading_is_no_fault(environment):
    process = subprocess.Popen(
        [sys.executable, "-m", "bot", "compare", "Run 1", "Run 2"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    process.stdout.close()
    said = process.stderr.read()
    process.stderr.close()
    assert (process.wait(timeout=120), said) == (0, b"")


def test_what_no_locale_can_write_is_replaced(environment):
    result = program("compare", "Run 1", "Run 2", env={**os.environ, "PYTHONIOENCODING": "ascii"})
    assert result.returncode == 0
    assert "? +0.07 better, +8.2 %" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["a", "b"], "a b"),
        (["a vs b"], "a vs b"),
        (["Run 1", "vs", "Run 2"], '"Run 1" vs "Run 2"'),
        (["Run 1,", "b"], '"Run 1", b'),
        (['"Run 1"', "b"], '"Run 1" b'),
        (['the "best" one', "b"], "'the \"best\" one' b"),
        (["it's", "b"], '"it\'s" b'),
        (["a", "", "b"], "a b"),
        (["<x> & y", "b"], '"&lt;x&gt; &amp; y" b'),
        ([], ""),
    ],
)
def test_arguments_with_spaces_are_names(arguments, said):
    assert as_request_text(arguments) == said
