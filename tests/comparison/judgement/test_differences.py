import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comparison.compare import compare
from comparison.judgement.differences import compare_parameters_and_tags
from comparison.judgement.result import Difference
from tests.comparison.builders import run, side


def compared(*parameters):
    return compare_parameters_and_tags(
        [side(str(n), run(f"{n}", parameters=given)) for n, given in enumerate(parameters)], "parameters"
    )


@pytest.mark.parametrize(
    ("one", "other"),
    [("0.10", "0.1"), ("1e-3", "0.001"), ("1", "1.0"), ("1", "+1"), ("-0", "0"), (".5", "0.5"), ("1E3", "1000"), (" 2", "2"),
     ("{'lr': 0.1}", '{"lr": 0.10}'), ("{'a': True, 'b': None}", "{'b': None, 'a': True}"), ("[1, 2]", "[1.0,2]"), ("(1, 2)", "[1, 2]"),
     ("{'a': [1, {'b': 2}]}", '{"a": [1.0, {"b": 2.0}]}'), ("{}", "{ }"), ("adam", "adam"), ("", "")],
)  # fmt: skip
def test_these_values_are_the_same(one, other):
    differences = compared({"p": one}, {"p": other})
    assert differences.changed == ()
    assert differences.same_count == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [("True", "1"), ("1_000", "1000"), ("nan", "NaN"), ("123456789012345678901", "123456789012345678902"), ("adam", "Adam"),
     ("0.1", "0.1000000001"), ("1e400", "1e401"), ("1" * 60, "1" * 59 + ".0"), ("inf", "Infinity"), ("²", "2"), ("٣", "3"), ("[1, 2]", "[2, 1]"),
     ("", "0"), ("0x10", "16"), ("{'a': 1", "{'a': 1.0")],
)  # fmt: skip
def test_these_values_differ(one, other):
    assert compared({"p": one}, {"p": other}).changed == (Difference("p", (one, other)),)


def test_a_parameter_of_one_side_only_is_a_difference():
    differences = compared({"C": "1"}, {"C": "1", "dropout": "0.1"})
    assert differences.changed == (Difference("dropout", (None, "0.1")),)
    assert differences.same == {"C": "1"}


def test_maps_are_compared_key_by_key():
    differences = compared(
        {"optimizer": "{'name': 'adam', 'lr': 0.1, 'decay': {'rate': 0.5, 'steps': 10}}"},
        {"optimizer": '{"name": "adam", "lr": 0.01, "decay": {"rate": 0.50, "steps": 20}, "nesterov": true}'},
    )
    assert differences.changed == (
        Difference("optimizer.decay.steps", ("10", "20")),
        Difference("optimizer.lr", ("0.1", "0.01")),
        Difference("optimizer.nesterov", (None, "True")),
    )
    assert differences.same == {"optimizer.decay.rate": "0.5", "optimizer.name": "adam"}


def test_a_map_against_text_is_compared_as_text():
    assert compared({"p": "{'a': 1}"}, {"p": "a=1"}).changed == (Difference("p", ("{'a': 1}", "a=1")),)


def test_a_list_within_a_map_is_one_value():
    assert compared({"p": "{'a': [1, 2]}"}, {"p": "{'a': [1, 3]}"}).changed == (
        Difference("p.a", ("[1, 2]", "[1, 3]")),
    )


def test_keys_that_would_collide_are_compared_as_text():
    one, other = "{'a': {'b': 1}, 'a.b': 2}", "{'a': {'b': 2}, 'a.b': 1}"
    assert compared({"p": one}, {"p": other}).changed == (Difference("p", (one, other)),)


def test_three_sides_have_a_value_each():
    assert compared({"C": "1"}, {"C": "1.0"}, {"C": "2"}).changed == (Difference("C", ("1", "1.0", "2")),)


def test_a_side_of_several_runs_joins_what_they_do_not_share():
    differences = compare_parameters_and_tags(
        [
            side("A", run("1", parameters={"seed": "0", "C": "1"}), run("2", parameters={"seed": "1", "C": "1.0"})),
            side("B", run("3", parameters={"seed": "5", "C": "2"}), run("4", parameters={"C": "2"})),
        ],
        "parameters",
    )
    assert differences.changed == (Difference("C", ("1", "2")), Difference("seed", ("0 | 1", "5 | not logged")))


def test_the_same_seeds_on_both_sides_are_no_difference():
    seeds = [run(name, parameters={"seed": seed}) for name, seed in (("1", "0"), ("2", "1"), ("3", "1"), ("4", "0"))]
    assert compare_parameters_and_tags([side("A", *seeds[:2]), side("B", *seeds[2:])], "parameters").changed == ()


def test_tags_are_compared_like_parameters():
    comparison = compare(run("A", tags={"model": "small"}), run("B", tags={"model": "large"}))
    assert comparison.tags.changed == (Difference("model", ("small", "large")),)


@pytest.mark.parametrize(
    "hostile",
    ["[" * 6000, "{" * 6000, "{'a':" * 1000 + "1" + "}" * 1000, "{'a': " + "-" * 5000 + "1}", "{'a': " + "(" * 3000 + ")" * 3000 + "}",
     '{"a": ' + "1" * 5900 + "}", "{'p': '\\d'}", "{'p': '\\\\\\d'}", "{'p': b'\\u0041'}", "{'p': '\\777'}", "{[]: 1}", "{'a': 1if 2 else 3}", "{'a': f()}", "{'a': 1e999}", "{1: 2, '1': 3}", "{'a': b'\x00'}",
     "{\x00: 1}", "{'a'", "{", "[", "{'a': 0xfor}", '{"a": 1, "a": 2}', "{'x': " + "1+" * 2900 + "1}", "{**{'a': 1}}", "{'a': '\ud800'}", "{1, 2}"],
)  # fmt: skip
def test_a_hostile_value_is_compared_and_quickly(hostile):
    def compare_it():
        assert compared({"p": hostile}, {"p": hostile}).same_count == 1
        assert compared({"p": hostile}, {"p": hostile + " "}) is not None
        assert compared({"p": hostile}, {"p": "x"}).changed == (Difference("p", (hostile, "x")),)

    assert calls(compare_it) < 2_000 + 10 * len(hostile)


def calls(act):
    """How many functions are called and left: what a machine under load does not make more of."""
    count = 0

    def heard(*_event):
        nonlocal count
        count += 1

    before = sys.getprofile()
    sys.setprofile(heard)
    try:
        act()
    finally:
        sys.setprofile(before)
    return count


@given(st.text(max_size=60), st.text(max_size=60))
def test_any_two_texts_can_be_compared(one, other):
    differences = compared({"p": one}, {"p": other})
    if one == other:
        assert differences.same == {"p": one}


WORDS = st.text("abc .x'\"\\\n{é", max_size=8)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(WORDS, VALUES, min_size=1, max_size=3))
def test_a_map_is_the_same_in_any_order_of_its_keys(values):
    turned = dict(reversed(values.items()))
    assert compared({"p": repr(values)}, {"p": repr(turned)}).changed == ()


def test_two_hundred_long_parameters_are_compared_and_no_more_python_is_read_than_people_wait_for():
    def long(shift):
        return {f"p{n:03}": repr({f"key_{k}": k + shift + n for k in range(400)}) for n in range(200)}

    names = [difference.name for difference in compared(long(1), long(2)).changed]
    assert names[0] == "p000.key_0"
    assert names[-1] == "p199"
