"""Two runs on the same examples: paired by what was asked, tested by the scores, in the words of a comparison."""

import json
from dataclasses import replace

import pytest
from mlflow import MlflowClient
from mlflow.entities import Feedback, TraceInfo, TraceLocation, TraceState
from mlflow.tracing.client import TracingClient

from comparison import Experiment, Goal, Outcome
from comparison.channel_defaults import ChannelDefaults
from comparison.compare import ask
from comparison.formats.json import to_dict
from comparison.judgement.examples import FEWEST_PAIRS, compare_examples, read_table
from comparison.judgement.goals import goal_of
from comparison.language.parser import parse
from comparison.reports.comparison import comparison_report
from comparison.runs import Metric, Run
from comparison.tracking.mlflow import MlflowSource
from tests.fakes.runs import FakeRuns
from tests.mlflow_store import new_store

ASKED = Experiment("1", "qa", compares_examples=True)
OLD, NEW = (
    Run(name.encode().hex().ljust(32, "0"), name, ASKED, metrics={"f1": Metric(value)})
    for name, value in (("old", 0.8), ("new", 0.9))
)


def table(right, *, shuffled=False, **columns):
    """A table of answers, `right` of them as the target; more columns by their names."""
    rows = [
        [
            f"what is {number}?",
            str(number) if number in right else "no idea",
            str(number),
            *(v[number] for v in columns.values()),
        ]
        for number in range(50)
    ]
    names = ["inputs", "outputs", "targets", *columns]
    return json.dumps({"columns": names, "data": rows[::-1] if shuffled else rows}).encode()


def by_score(first, second):
    return {each.score: each for each in compare_examples(read_table(first), read_table(second), goal_of)}


def test_right_and_wrong_answers_are_counted_on_the_same_examples_and_tested_by_mcnemar():
    found = by_score(table(range(36)), table([*range(5, 50)], shuffled=True))["correct"]
    assert (found.pairs, found.better, found.worse, found.method) == (50, 14, 5, "McNemar")
    assert (found.baseline, found.candidate) == (0.72, 0.9)
    assert found.p == pytest.approx(0.0635681, abs=1e-7)
    assert found.outcome is Outcome.NO_CLEAR_DIFFERENCE


def test_scores_are_tested_by_wilcoxon_with_their_goal_and_corrected_for_being_several():
    scores = {"toxicity/v1/score": [0.5 - number / 1000 for number in range(50)]}
    lower = {"toxicity/v1/score": [0.3 - number / 900 for number in range(50)]}
    found = by_score(table(range(36), **scores), table(range(36), **lower))
    toxic = found["toxicity/v1/score"]
    assert (toxic.goal, toxic.method, toxic.better, toxic.outcome) == (Goal.LOWER, "Wilcoxon", 50, Outcome.BETTER)
    assert toxic.corrected == pytest.approx(2 * toxic.p)
    assert toxic.interval.high < 0
    assert found["correct"].outcome is Outcome.SAME


def test_few_pairs_other_questions_and_what_is_no_table_are_not_tested():
    few = json.dumps({"columns": ["inputs", "f1"], "data": [[str(n), 0.5 + n / 10] for n in range(FEWEST_PAIRS - 1)]})
    found = by_score(few.encode(), few.replace("0.5", "0.6").encode())["f1"]
    assert (found.p, found.outcome) == (None, Outcome.TOO_FEW)
    assert by_score(table(range(9)), table(range(9)).replace(b"what", b"who")) == {}
    assert [read_table(each) for each in (b"", b"[]", b'{"columns": ["a"], "data": [[1, 2]]}')] == [None] * 3


def source(**experiment):
    tables = {OLD.run_id: table(range(36)), NEW.run_id: table([*range(5, 50)])}
    home = replace(ASKED, **experiment)
    return FakeRuns([replace(run, experiment=home) for run in (OLD, NEW)], example_tables=tables)


def test_what_the_same_examples_tell_stands_in_a_comparison_and_decides_nothing():
    comparison = ask(parse("old vs new"), source())
    (section,) = [part for part in comparison_report(comparison).sections if part.title == "Same examples"]
    assert [(line.label, line.text.partition("; +")[0]) for line in section.lines] == [
        ("correct", "0.72 → 0.90 on 50 examples; 14 better, 5 worse")
    ]
    assert section.lines[0].text.endswith("p 0.064 (McNemar): not clear")
    assert comparison.verdicts[0].text == "new is better on 1 of 1 metric"
    assert to_dict(comparison)["examples"][0]["better"] == 14


def test_no_table_is_read_where_the_experiment_does_not_ask_for_it():
    runs = source(compares_examples=False)
    assert ask(parse("old vs new"), runs).examples == ()
    assert "example_table" not in runs.asked


def test_what_the_channel_says_counts_more_than_the_experiment():
    runs = source(compares_examples=False)
    assert len(ask(parse("old vs new"), runs, defaults=ChannelDefaults(examples=True)).examples) == 1
    runs = source()
    assert ask(parse("old vs new"), runs, defaults=ChannelDefaults(examples=False)).examples == ()
    assert "example_table" not in runs.asked


def test_a_run_without_examples_beside_one_that_has_some_is_named():
    runs = source()
    del runs.example_tables[NEW.run_id]
    report = comparison_report(ask(parse("old vs new"), runs))
    (section,) = [part for part in report.sections if part.title == "Same examples"]
    assert [line.text for line in section.lines] == ["new has no evaluation table and no assessed traces."]
    runs.example_tables.clear()
    assert "Same examples" not in str(comparison_report(ask(parse("old vs new"), runs)))


def test_rows_of_tables_that_ask_in_other_columns_are_no_pairs():
    one, other = (
        json.dumps({"columns": [asked, "f1"], "data": [[f"{asked} {n}", 0.5] for n in range(9)]}).encode()
        for asked in ("inputs", "question")
    )
    assert by_score(one, other) == {}


def traced(client, home, name, right, *, questions=40):
    """A run with a trace for each question, which a judge found correct (yes) or not (no)."""
    run_id = client.create_run(home, run_name=name).info.run_id
    client.log_metric(run_id, "f1", 0.8)
    traces = TracingClient(client.tracking_uri)
    for number in range(questions):
        trace_id = f"tr-{run_id}{number}"
        judged = Feedback("correctness", "yes" if number in right else "no", trace_id=trace_id)
        traces.start_trace(
            TraceInfo(
                trace_id,
                TraceLocation.from_experiment_id(home),
                request_time=1_000 + number,
                state=TraceState.OK,
                request_preview=f"what is {number}?",
                response_preview=str(number),
                trace_metadata={"mlflow.sourceRun": run_id},
                assessments=[judged],
            )
        )
    client.set_terminated(run_id)


def test_tables_and_assessed_traces_of_a_real_store_are_read(tmp_path):
    uri = new_store(tmp_path)
    client = MlflowClient(uri)
    home = client.create_experiment("qa", (tmp_path / "artifacts").as_uri(), tags={"mlcompare.examples": "on"})
    for name, right in (("old", range(36)), ("new", range(5, 50)), ("bare", None)):
        run_id = client.create_run(home, run_name=name).info.run_id
        client.log_metric(run_id, "f1", 0.8)
        if right is not None:
            client.log_dict(run_id, json.loads(table(right)), "eval_results_table.json")
        client.set_terminated(run_id)
    traced(client, home, "agent-1", range(20))
    traced(client, home, "agent-2", range(4, 36))
    runs = MlflowSource(uri)
    assert [each.better for each in ask(parse("old vs new"), runs).examples] == [14]
    assert ask(parse("old vs bare"), runs).examples == ()
    (found,) = ask(parse("agent-1 vs agent-2"), runs).examples
    assert (found.score, found.pairs, found.better, found.worse, found.method) == ("correctness", 40, 16, 4, "McNemar")
    assert found.outcome is Outcome.BETTER
    assert ask(parse("old vs agent-1"), runs).examples == ()
