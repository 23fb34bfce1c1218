import unicodedata

import pytest

from comparison.errors import Ambiguous, ExperimentNotFound, RunNotFound, TrackingUnavailable
from comparison.language.parser import parse
from comparison.names import nearest_names
from comparison.resolve.runs import find_runs
from comparison.run_reference import Named
from comparison.runs import Experiment, Run, Status
from tests.fakes.runs import FakeRuns

IRIS, DIGITS, NESTED = Experiment("1", "iris"), Experiment("2", "Digits"), Experiment("3", "team/vision")


def run(start, name, experiment=IRIS, at=1, *, deleted=False):
    return Run(start.ljust(32, "0"), name, experiment, started_at=at, deleted=deleted)


STORE = FakeRuns(
    [
        run("aaaa1", "old", at=1),
        run("aaaa2", "new", at=2),
        run("bbbb1", "twice", at=3),
        run("bbbb2", "twice", DIGITS, at=4),
        run("bbbb3", "twice", DIGITS, at=5),
        run("cccc1", "Logistic Regression - Run 1", at=6),
        run("cccc2", "a/b", at=7),
        run("cccc3", "b", Experiment("4", "a"), at=8),
        run("dddd1", "conv", NESTED, at=9),
        run("dddd2", "gone", at=10, deleted=True),
        run("eeee1", "beef", at=11),
        run("beef1", "other", at=12),
        run("ffff1", "run 7", at=13),
        run("ffff2", "8", at=14),
        run("0a0a1", "A, lr=0.1", at=15),
        run("0a0a2", "B, lr=0.2", at=16),
        run("0b0b1", "  padded  ", at=17),
        run("0b0b2", "both", at=18),
        run("0b0b3", " both ", at=19),
        run("0c0c1", "cafe\u0301", at=20),
        run("0d0d1", "two  blanks", at=21),
        run("0e0e1", "with aug, v2", at=22),
        run("0f0f1", "Gone for good", at=23, deleted=True),
        run("0f0f2", "old-gone", at=24, deleted=True),
    ]
)


def found(said, store=STORE):
    """Each side as `label [start of id] (notes)`."""
    request = parse(said)
    sides = find_runs(request.runs, store, experiment=request.experiment, text=said)
    return [
        f"{side.label} [{side.runs[0].run_id[:5]}]" + "".join(f" ({note})" for note in side.notes) for side in sides
    ]


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("old vs new", ["old [aaaa1]", "new [aaaa2]"]),
        (f"{'aaaa1'.ljust(32, '0')} vs new", ["old [aaaa1]", "new [aaaa2]"]),
        (f"{'AAAA1'.ljust(32, '0')} vs new", ["old [aaaa1]", "new [aaaa2]"]),
        ("aaaa1 vs aaaa2", ["old [aaaa1]", "new [aaaa2]"]),
        ("aaaa1… vs aaaa2...", ["old [aaaa1]", "new [aaaa2]"]),  # as short ids are written
        ("AAAA1 vs new", ["old [aaaa1]", "new [aaaa2]"]),
        ("old vs twice", ["old [aaaa1]", "twice [bbbb3] (newest of 3 runs called twice in 2 experiments)"]),
        ("old vs twice in iris", ["old [aaaa1]", "twice [bbbb1]"]),
        ("old vs iris/twice", ["old [aaaa1]", "twice [bbbb1]"]),
        ("old vs digits/twice", ["old [aaaa1]", "twice [bbbb3] (newest of 2 runs called twice)"]),
        ("old vs team/vision/conv", ["old [aaaa1]", "conv [dddd1]"]),
        ("old vs team/vision/dddd1", ["old [aaaa1]", "conv [dddd1]"]),
        ("old vs a/b", ["old [aaaa1]", "a/b [cccc2]"]),  # a run of that very name comes before experiment/name
        ("OLD vs New", ["old [aaaa1] (called old; OLD was asked for)", "new [aaaa2] (called new; New was asked for)"]),
        ("beef vs old", ["beef [eeee1]", "old [aaaa1]"]),  # a name comes before the start of an id
        ("beef1 vs old", ["other [beef1]", "old [aaaa1]"]),
        ("dddd2 vs old", ["gone [dddd2]", "old [aaaa1]"]),  # deleted: found by its id, and said by a warning
        ("compare run old with run new", ["old [aaaa1]", "new [aaaa2]"]),
        ("run 7 vs run 8", ["run 7 [ffff1]", "8 [ffff2]"]),
        ("Logistic Regression - Run 1 vs old", ["Logistic Regression - Run 1 [cccc1]", "old [aaaa1]"]),
        ("logistic regression - run 1 vs old", None),
        ("old vs old", ["old [aaaa1]", "old [aaaa1]"]),
        ("A, lr=0.1 vs B, lr=0.2", ["A, lr=0.1 [0a0a1]", "B, lr=0.2 [0a0a2]"]),
        ("compare A, lr=0.1 with B, lr=0.2", ["A, lr=0.1 [0a0a1]", "B, lr=0.2 [0a0a2]"]),
        ("A, lr=0.1, B, lr=0.2", ["A, lr=0.1 [0a0a1]", "B, lr=0.2 [0a0a2]"]),
        ("compare old, A, lr=0.1", ["old [aaaa1]", "A, lr=0.1 [0a0a1]"]),
        ("old vs a, LR=0.1", ["old [aaaa1]", "A, lr=0.1 [0a0a1] (called A, lr=0.1; a, LR=0.1 was asked for)"]),
        ("old vs with aug, v2", ["old [aaaa1]", "with aug, v2 [0e0e1]"]),
        ("compare old, new", ["old [aaaa1]", "new [aaaa2]"]),
        ("old vs padded", ["old [aaaa1]", "  padded   [0b0b1]"]),
        ('old vs "  padded  "', ["old [aaaa1]", "  padded   [0b0b1]"]),
        ('both vs " both "', ["both [0b0b2]", " both  [0b0b3]"]),
        ("old vs caf\u00e9", ["old [aaaa1]", "cafe\u0301 [0c0c1]"]),
        ("old vs CAF\u00c9", ["old [aaaa1]", "cafe\u0301 [0c0c1] (called cafe\u0301; CAF\u00c9 was asked for)"]),
        ('old vs "two blanks"', ["old [aaaa1]", "two  blanks [0d0d1] (called two  blanks; two blanks was asked for)"]),
        ("Gone for good vs old", ["Gone for good [0f0f1]", "old [aaaa1]"]),
    ],
)
def test_a_run_is_found_as_people_name_it(said, meant):
    if meant is None:
        assert found(said)[0].startswith("Logistic Regression - Run 1 [cccc1] (called ")
    else:
        assert found(said) == meant


def refusal(said, kind, store=STORE):
    with pytest.raises(kind) as caught:
        found(said, store)
    return caught.value


def test_a_run_that_is_not_there_brings_the_nearest_names_and_the_spot():
    error = refusal("old vs nwe", RunNotFound)
    assert (error.problem, error.near[0], error.at) == ("There is no run called nwe.", "new", 7)


def test_names_that_only_lack_an_accent_are_near():
    assert refusal("old vs cafe", RunNotFound).near[0] == "cafe\u0301"


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_a_name_that_lacks_all_its_accents_is_found_behind_many_newer_runs(form):
    old = Run(
        "f" * 32,
        unicodedata.normalize(form, "Cr\u00e8me br\u00fbl\u00e9e"),
        STORE.runs[0].experiment,
        Status.FINISHED,
        1,
        2,
    )
    newer = [Run(f"{at:032x}", f"trial {at}", old.experiment, Status.FINISHED, at, at + 1) for at in range(10, 200)]
    error = refusal('old vs "creme brulee"', RunNotFound, FakeRuns([*STORE.runs, old, *newer]))
    assert error.near[0] == old.name


@pytest.mark.parametrize("typed", ["run logistic regression", "regression run logistic 1", "Logistic-Regression/Run_1"])
def test_names_of_the_same_words_are_near(typed):
    assert refusal(f'old vs "{typed}"', RunNotFound).near[0] == "Logistic Regression - Run 1"


def test_a_name_that_is_not_there_is_refused_although_near_names_cannot_be_had():
    class Slow(FakeRuns):
        def part(self, *_words, **_more):
            raise TrackingUnavailable("MLflow did not answer within 10 s.")

    error = refusal("old vs nwe", RunNotFound, Slow(STORE.runs))
    assert (error.problem, error.near) == ("There is no run called nwe.", ())


def test_part_of_a_name_is_near_enough():
    assert "Logistic Regression - Run 1" in refusal("old vs logistic", RunNotFound).near


def test_in_an_experiment_only_its_names_are_near():
    error = refusal("twice vs nwe in digits", RunNotFound)
    assert (error.problem, error.near) == ("There is no run called nwe in Digits.", ())


def test_a_start_that_fits_several_ids_names_them():
    error = refusal("aaaa vs old", Ambiguous)
    assert error.problem == "2 run ids start with aaaa."
    assert error.near == ("aaaa2000", "aaaa1000")


def test_an_id_that_is_not_there_says_so():
    assert "no run with the id 99999999…" in refusal(f"{'9' * 32} vs old", RunNotFound).problem
    link = f"https://m/#/experiments/1/runs/{'9' * 32}"
    assert "The link leads to run 99999999…" in refusal(f"old vs {link}", RunNotFound).problem


def test_a_link_into_another_workspace_says_which():
    link = f"https://m/#/experiments/1/runs/{'9' * 32}?workspace=green"
    error = refusal(f"old vs {link}", RunNotFound)
    assert "run 99999999… in the workspace green" in error.problem
    assert "MLFLOW_WORKSPACE" in error.remedy


def test_an_experiment_that_is_not_there_brings_the_nearest():
    error = refusal("old vs new in irsi", ExperimentNotFound)
    assert (error.near, error.at) == (("iris",), 14)


def test_an_empty_server_says_that_it_is_empty():
    assert "no runs on this MLflow server yet" in refusal("a vs b", RunNotFound, FakeRuns()).remedy


def test_two_full_ids_are_one_question_and_nothing_else():
    store = FakeRuns(STORE.runs)
    found(f"{'aaaa1'.ljust(32, '0')} vs {'aaaa2'.ljust(32, '0')}", store)
    assert store.asked == ["get"]


def test_an_endless_name_is_refused_in_time():
    assert len(refusal(f"old vs {'x' * 9_000}", RunNotFound).problem) < 200


def test_near_names_are_few_and_differ():
    names = nearest_names("run", [f"run {number}" for number in range(100)] * 2)
    assert len(names) == len(set(names)) == 5


def test_a_reference_made_elsewhere_needs_no_text():
    assert find_runs([Named("old")], STORE)[0].label == "old"
