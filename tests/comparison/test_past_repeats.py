"""Earlier repeats of an experiment, and what single runs and groups are made of them."""

from dataclasses import replace

import pytest

from comparison import Experiment, RequestError
from comparison.compare import ask
from comparison.judgement.result import CaveatCode, VerdictKind
from comparison.language.parser import parse
from comparison.past_repeats import FRESH_MS, MAX_EXPERIMENTS, RepeatsCache
from comparison.runs import Metric, Run, Status
from tests.comparison.builders import warning
from tests.fakes.runs import FakeRuns

NOW = 1_750_000_000_000
FRAUD = Experiment("1", "fraud")


def run(name, seed, value, *, width="32", **facts):
    return Run(
        f"{name}{seed}".encode().hex().ljust(32, "0")[:32],
        f"{name}-seed-{seed}",
        facts.pop("experiment", FRAUD),
        metrics={"acc": Metric(value)},
        parameters={"width": width, "epochs": "10", "seed": str(seed)},
        started_at=NOW - 100_000 + seed,
        ended_at=NOW - 50_000 + seed,
        **facts,
    )


def store():
    small = [run("mlp-32", seed, value) for seed, value in enumerate([0.912, 0.908, 0.915, 0.910, 0.905])]
    large = [run("mlp-64", seed, value, width="64") for seed, value in enumerate([0.921, 0.925, 0.918, 0.923, 0.919])]
    return FakeRuns([*small, *large, run("mlp-32", 9, 0.1, status=Status.FAILED)])


def said(text, source=None, **more):
    return ask(parse(text), source or store(), now=NOW, **more)


def test_single_runs_are_judged_by_earlier_repeats_of_their_experiment_at_one_request_more():
    source, cache = store(), RepeatsCache()
    comparison = said("mlp-32-seed-0 vs mlp-64-seed-0 by acc", source, past=cache)
    evidence = comparison.metrics[0].changes[0].evidence
    assert (evidence.noise.df, evidence.noise_at) == (8, NOW - 50_000 + 4)
    assert comparison.verdicts[0].standing is VerdictKind.UNCLEAR
    assert source.asked.count("search") == 1
    said("mlp-32-seed-1 vs mlp-64-seed-1 by acc", source, past=cache)
    assert source.asked.count("search") == 1
    ask(parse("mlp-32-seed-1 vs mlp-64-seed-1"), source, now=NOW + FRESH_MS, past=cache)
    assert source.asked.count("search") == 2


def test_what_repeats_each_run_is_known_for_comparing_them_all():
    comparison = said("mlp-32-seed-0 vs mlp-64-seed-0", past=RepeatsCache())
    assert [len(ids) for ids in comparison.repeats] == [5, 5]
    assert said("mlp-32-seed-0 vs mlp-32-seed-1", past=RepeatsCache()).repeats == ()


def test_best_values_are_not_judged_by_the_noise_of_last_ones():
    comparison = said("mlp-32-seed-0 vs mlp-64-seed-0 best values", past=RepeatsCache())
    assert comparison.metrics[0].changes[0].evidence is None


def test_the_best_of_many_runs_against_one_that_was_not_picked_is_warned_about():
    comparison = said("mlp-32-seed-0 vs best acc in fraud", past=RepeatsCache())
    assert comparison.candidates[0].best_of == 10
    assert warning(comparison, CaveatCode.PICKED) == (
        "mlp-64-seed-1 is the best of 10 runs, mlp-32-seed-0 was not picked so: were all runs equal, it would still be "
        "ahead by about 1.5 standard deviations, by luck. Compare all seeds of both instead."
    )
    assert warning(said("mlp-32-seed-0 vs mlp-64-seed-1", past=RepeatsCache()), CaveatCode.PICKED) is None
    assert warning(said("mlp-32-seed-0 vs worst acc in fraud", past=RepeatsCache()), CaveatCode.PICKED) is None
    assert warning(said("mlp-32-seed-0 vs best acc in fraud"), CaveatCode.PICKED) is None  # of how many, nobody knows


def test_the_best_of_many_runs_against_the_best_of_few_is_warned_about():
    other = Experiment("2", "iris")
    few = [run("cnn", seed, 0.9 + seed / 100, width="8", experiment=other) for seed in range(3)]
    source = FakeRuns([*store().runs, *few])
    comparison = said("best acc in iris vs best acc in fraud", source, past=RepeatsCache())
    assert [side.best_of for side in comparison.sides] == [3, 10]
    assert "is the best of 10 runs, cnn-seed-2 the best of 3: " in warning(comparison, CaveatCode.PICKED)


def test_the_best_of_the_last_runs_is_the_best_of_so_many():
    comparison = said("mlp-32-seed-0 vs best of the last 8 runs by acc", past=RepeatsCache())
    (picked,) = [side for side in comparison.sides if side.best_of]
    assert (picked.label, picked.best_of) == ("mlp-64-seed-3", 8)
    assert "mlp-64-seed-3 is the best of 8 runs, mlp-32-seed-0 was not picked so" in warning(
        comparison, CaveatCode.PICKED
    )


def test_the_best_of_groups_and_of_a_sweep_is_the_best_of_so_many():
    source = FakeRuns([*store().runs, *sweep([0.90 + number / 1000 for number in range(20)])])
    parent = run("lr-search", 0, 0.0)
    source.runs.append(replace(parent, run_id="lr-search", name="lr-search", metrics={}))
    comparison = said("best acc of mlp-32-* vs best acc of sweep lr-search", source, past=RepeatsCache())
    assert [(side.label, side.best_of) for side in comparison.sides] == [
        ("mlp-32-seed-2", 5),
        ("lr-search-trial-seed-19", 20),
    ]
    assert "is the best of 20 runs, mlp-32-seed-2 the best of 5" in warning(comparison, CaveatCode.PICKED)
    worst = said("worst acc of mlp-32-* vs mlp-64-seed-1", source, past=RepeatsCache())
    assert (worst.baseline.label, worst.baseline.best_of) == ("mlp-32-seed-4", None)


def test_the_best_of_many_runs_of_one_person_against_the_best_of_few_of_another_is_warned_about():
    source = store()
    source.runs[:] = [replace(run, user="maya" if run.name.startswith("mlp-64") else "") for run in source.runs]
    source.runs[0] = replace(source.runs[0], user="jonas")
    comparison = said("jonas' best acc vs maya's best acc", source, past=RepeatsCache())
    assert sorted(side.best_of for side in comparison.sides) == [1, 5]
    assert "is the best of 5 runs" in warning(comparison, CaveatCode.PICKED)


def sweep(values, parent="lr-search"):
    """Trials of one search."""
    return [run(f"{parent}-trial", seed, value, parent_id=parent, width=str(seed)) for seed, value in enumerate(values)]


def test_a_trial_that_is_the_best_of_its_search_counts_as_picked_however_it_is_named():
    trials = sweep([0.90 + number / 1000 for number in range(20)])
    source = FakeRuns([*store().runs, *trials])
    best = said("mlp-32-seed-0 vs lr-search-trial-seed-19", source, past=RepeatsCache())
    assert "lr-search-trial-seed-19 is the best of 20 runs, mlp-32-seed-0 was not picked so" in warning(
        best, CaveatCode.PICKED
    )
    other = said("mlp-32-seed-0 vs lr-search-trial-seed-12", source, past=RepeatsCache())
    assert warning(other, CaveatCode.PICKED) is None
    few = FakeRuns([*store().runs, *sweep([0.91, 0.92, 0.93])])  # of few, some run is the best anyway
    assert warning(said("mlp-32-seed-0 vs lr-search-trial-seed-2", few, past=RepeatsCache()), CaveatCode.PICKED) is None


def test_a_server_that_does_not_answer_in_time_leaves_the_noise_unknown():
    assert RepeatsCache().read(FakeRuns(down="MLflow is away."), "1", NOW).groups == {}


def test_no_more_experiments_are_remembered_than_fit():
    cache, source = RepeatsCache(), FakeRuns()
    for number in range(MAX_EXPERIMENTS + 1):
        cache.read(source, str(number), NOW)
    cache.read(source, "0", NOW)
    assert source.asked.count("search") == MAX_EXPERIMENTS + 2


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("mlp-32-* vs mlp-64-*", ["mlp-32-*", "mlp-64-*"]),
        ("all seeds of mlp-32-seed-1 vs all seeds of mlp-64-seed-3", ["mlp-32", "mlp-64"]),
        ("all seeds of mlp-32 vs all seeds of mlp-64", ["mlp-32", "mlp-64"]),
        ("where params.width = '32' vs where params.width = '64'", ["params.width = '32'", "params.width = '64'"]),
        ("group:mlp-32 vs group:mlp-64", ["mlp-32", "mlp-64"]),
    ],
)
def test_sides_of_several_runs_however_they_are_named(text, labels):
    source = store()
    comparison = said(text, source)
    assert [side.label for side in comparison.sides] == labels
    assert [len(side.runs) for side in comparison.sides] == [5, 5]
    assert [[left.why for left in side.left_out] for side in comparison.sides] == [["failed"], []]
    assert comparison.verdicts[0].standing is VerdictKind.BETTER
    assert len(source.asked) <= 3


def test_children_of_two_parents_are_a_side_each():
    def child(name, seed, value, parent):
        return run(name, seed, value, parent_id=parent.run_id)

    one, other = run("sweep-a", 0, 0.5), run("sweep-b", 0, 0.5)
    children = [
        child(f"{name}x", seed, value + seed * seed / 100 * value, parent)
        for name, parent, value in (("a", one, 0.5), ("b", other, 0.9))
        for seed in range(3)
    ]
    comparison = said("all in sweep sweep-a-seed-0 vs all in sweep sweep-b-seed-0", FakeRuns([one, other, *children]))
    assert [side.label for side in comparison.sides] == ["children of sweep-a-seed-0", "children of sweep-b-seed-0"]
    assert comparison.verdicts[0].standing is VerdictKind.BETTER


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("cnn-* vs mlp-64-*", "No run fits cnn-*."),
        ("mlp-32-* vs mlp-32-*", "Both sides are the same runs: mlp-32-*."),
        ("mlp-* vs mlp-64-*", "and more are in both mlp-* and mlp-64-*."),
    ],
)
def test_groups_of_nothing_and_groups_that_overlap_are_refused(text, problem):
    with pytest.raises(RequestError) as refused:
        said(text)
    assert problem in str(refused.value)


def test_a_group_of_one_and_a_group_of_two_hundred_are_answered():
    many = [run("wide", seed, 0.9 + seed % 7 / 1000, width="99") for seed in range(200)]
    comparison = said("mlp-32-seed-1 vs wide-*", FakeRuns([*store().runs, *many]))
    assert len(comparison.candidates[0].runs) == 200
    assert comparison.metrics[0].changes[0].evidence.test.method == "prediction"


def test_numbers_of_a_configuration_compare_as_numbers():
    odd = run("again", 7, 0.911, width="32.0")
    comparison = said("all seeds of mlp-32-seed-1 vs mlp-64-*", FakeRuns([*store().runs, odd]))
    assert len(comparison.baseline.runs) == 6


def test_a_group_of_two_experiments_is_answered_and_said_to_be_one():
    iris = Experiment("2", "iris")
    abroad = [run("cnn", seed, 0.95 + seed / 1000, width="9", experiment=iris) for seed in range(2)]
    home = [run("cnn", seed, 0.95 + seed / 1000, width="9") for seed in range(2, 4)]
    comparison = said("mlp-32-* vs cnn-*", FakeRuns([*store().runs, *abroad, *home]))
    assert len(comparison.candidates[0].runs) == 4
    assert comparison.verdicts[0].standing is VerdictKind.BETTER
    assert "iris" in warning(comparison, CaveatCode.EXPERIMENTS_DIFFER)


def test_a_group_of_one_run_that_counts_says_so():
    comparison = said("mlp-64-* vs all seeds of lone", FakeRuns([*store().runs, run("lone", 1, 0.8, width="7")]))
    assert comparison.candidates[0].notes[0] == "the only run that fits: lone-seed-1"
    assert comparison.verdicts[0].standing is VerdictKind.WORSE
