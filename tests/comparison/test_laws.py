"""What holds for any two runs."""

import json
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from comparison import Dataset, Experiment, Goal, Metric, Outcome, Run, compare
from comparison.formats.json import to_dict
from comparison.judgement.result import VerdictKind
from comparison.runs import Status

NAMES = st.sampled_from(["accuracy", "loss", "f1", "val/auc", "latency_ms", "foo", "bar", "lr"]) | st.text(max_size=6)
METRICS = st.builds(Metric, st.floats(), st.integers(-5, 1000), st.integers(0, 2_000_000_000_000))
TEXTS = st.dictionaries(st.text(max_size=5), st.text(max_size=9), max_size=4)
RUNS = st.builds(
    Run,
    run_id=st.text("0123456789abcdef", min_size=1, max_size=32),
    name=st.text(max_size=8),
    experiment=st.builds(
        Experiment,
        st.sampled_from("12"),
        st.text(max_size=5),
        st.dictionaries(NAMES, st.sampled_from(Goal), max_size=3),
        st.sampled_from(["", "loss"]),
    ),
    status=st.sampled_from(Status),
    started_at=st.none() | st.integers(0, 2_000_000_000_000),
    deleted=st.booleans(),
    commit=st.text("abc", max_size=2),
    metrics=st.dictionaries(NAMES, METRICS, max_size=6),
    parameters=TEXTS,
    tags=TEXTS,
    datasets=st.lists(st.builds(Dataset, *[st.text("ab", max_size=1)] * 3), max_size=3).map(tuple),
)
SIDES = st.lists(RUNS, min_size=1, max_size=3)
MIRRORED = {
    **{outcome: outcome for outcome in Outcome},
    Outcome.BETTER: Outcome.WORSE,
    Outcome.WORSE: Outcome.BETTER,
    Outcome.ONLY_BASELINE: Outcome.ONLY_CANDIDATE,
    Outcome.ONLY_CANDIDATE: Outcome.ONLY_BASELINE,
}
OPPOSITE = {
    **{standing: standing for standing in VerdictKind},
    VerdictKind.BETTER: VerdictKind.WORSE,
    VerdictKind.WORSE: VerdictKind.BETTER,
}


@given(SIDES)
def test_what_is_compared_with_itself_has_no_change(side):
    comparison = compare(side, side)
    assert {metric.changes[0].outcome for metric in comparison.metrics} <= {Outcome.SAME, Outcome.NOT_A_NUMBER}
    assert (comparison.parameters.changed, comparison.tags.changed) == ((), ())
    assert all(metric.changes[0].difference in (0, None) for metric in comparison.metrics)
    assert comparison.verdicts[0].standing in (VerdictKind.SAME, VerdictKind.UNKNOWN, VerdictKind.NOTHING)


@given(SIDES, SIDES)
def test_swapping_the_sides_turns_every_sign_and_verdict(one, other):
    there, back = compare(one, other), compare(other, one)
    returned = {metric.name: metric.changes[0] for metric in back.metrics}
    for metric in there.metrics:
        change, mirrored = metric.changes[0], returned[metric.name]
        assert mirrored.outcome is MIRRORED[change.outcome]
        assert mirrored.difference == (None if change.difference is None else -change.difference)
    assert back.verdicts[0].standing is OPPOSITE[there.verdicts[0].standing]
    assert (back.verdicts[0].better, back.verdicts[0].worse) == (there.verdicts[0].worse, there.verdicts[0].better)
    assert [difference.name for difference in there.parameters.changed] == [
        difference.name for difference in back.parameters.changed
    ]


@given(RUNS, RUNS, st.lists(st.floats(allow_nan=False, allow_infinity=False), max_size=4))
def test_equal_metrics_more_never_make_a_run_better_or_worse(one, other, values):
    more = {f"accuracy_more_{place}": Metric(value) for place, value in enumerate(values)}
    before = compare(one, other).verdicts[0]
    after = compare(
        replace(one, metrics={**one.metrics, **more}), replace(other, metrics={**other.metrics, **more})
    ).verdicts[0]
    assert (after.better, after.worse, after.same) == (before.better, before.worse, before.same + len(values))


@given(st.lists(SIDES, min_size=2, max_size=4))
def test_any_comparison_is_strict_json_and_says_something(sides):
    comparison = compare(*sides, now=1_900_000_000_000)
    json.dumps(to_dict(comparison, ui_url="https://mlflow.example"), allow_nan=False)
    assert all(verdict.text for verdict in comparison.verdicts)
    assert all(warning.text for warning in comparison.warnings)
    assert len({side.label for side in comparison.sides}) == len(sides)
    assert all(len(metric.changes) == len(sides) - 1 for metric in comparison.metrics)


@given(SIDES, SIDES, st.randoms(use_true_random=False))
def test_the_order_in_which_metrics_were_logged_does_not_matter(one, other, random):
    def shuffled(run):
        names = list(run.metrics)
        random.shuffle(names)
        return replace(run, metrics={name: run.metrics[name] for name in names})

    again = compare([shuffled(run) for run in one], [shuffled(run) for run in other])
    assert [metric.name for metric in again.metrics] == [metric.name for metric in compare(one, other).metrics]
