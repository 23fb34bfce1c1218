from comparison.compare import compare
from comparison.judgement.differences import compare_datasets, is_same
from comparison.judgement.result import CaveatCode
from comparison.runs import Dataset
from tests.comparison.builders import run, side, warning

TRAINING = Dataset("iris", "1a2b3c4d", "training")


def with_datasets(name, *datasets):
    return run(name, datasets=datasets)


def test_equal_names_and_digests_raise_no_doubt():
    comparison = compare(with_datasets("A", TRAINING), with_datasets("B", TRAINING))
    assert comparison.datasets[0].same_digest
    assert is_same(comparison.datasets[0])
    assert warning(comparison, CaveatCode.DATASETS_DIFFER) is None


def test_another_digest_is_said_by_role():
    comparison = compare(with_datasets("A", TRAINING), with_datasets("B", Dataset("iris", "ffffffff", "training")))
    assert not comparison.datasets[0].same_digest
    assert warning(comparison, CaveatCode.DATASETS_DIFFER) == ("B was trained on other data (ffffffff, not 1a2b3c4d).")


def test_another_name_with_the_same_digest_is_said_so():
    comparison = compare(with_datasets("A", TRAINING), with_datasets("B", Dataset("flowers", "1a2b3c4d", "training")))
    assert comparison.datasets[0].same_digest
    assert warning(comparison, CaveatCode.DATASETS_DIFFER) == (
        "The datasets for training have the same digest but other names: A iris (1a2b3c4d), B flowers (1a2b3c4d)."
    )


def test_another_context_is_a_difference():
    comparison = compare(with_datasets("A", TRAINING), with_datasets("B", Dataset("iris", "1a2b3c4d", "validation")))
    assert warning(comparison, CaveatCode.DATASETS_DIFFER) == (
        "The datasets for training differ: A iris (1a2b3c4d), B logged none. "
        "The datasets for validation differ: A logged none, B iris (1a2b3c4d)."
    )


def test_no_datasets_anywhere_are_no_doubt():
    comparison = compare(run("A"), run("B"))
    assert comparison.datasets == ()
    assert warning(comparison, CaveatCode.DATASETS_DIFFER) is None


def test_the_runs_of_a_side_share_what_they_share():
    sides = [
        side("A", with_datasets("1", TRAINING), with_datasets("2", TRAINING)),
        side("B", with_datasets("3", TRAINING)),
    ]
    (role,) = compare_datasets(sides)
    assert role.sides == ((TRAINING,), (TRAINING,))
    assert is_same(role)


def test_the_order_of_datasets_is_no_difference():
    more = Dataset("more", "22222222", "training")
    assert is_same(compare(with_datasets("A", TRAINING, more), with_datasets("B", more, TRAINING)).datasets[0])


def test_a_dataset_without_digest_is_the_same_as_nobodys():
    nameless = Dataset("iris", "", "training")
    comparison = compare(with_datasets("A", nameless), with_datasets("B", TRAINING))
    assert warning(comparison, CaveatCode.DATASETS_DIFFER) == (
        "The datasets for training differ: A iris (no digest), B iris (1a2b3c4d)."
    )
