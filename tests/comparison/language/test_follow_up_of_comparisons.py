"""What is said about a comparison that stands already, and what it means then."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comparison.errors import NotUnderstood
from comparison.language.compare_command import compared
from comparison.language.follow_up import follow, is_follow_up
from comparison.language.parser import line, parse
from comparison.request import Compare
from comparison.run_reference import Named
from tests.comparison.language.team import NAMES

BEFORE = parse("compare xgb-v1 vs xgb-v2", NAMES)
MEANT = {
    "swap": "compare xgb-v2 vs xgb-v1",
    "Swap them, please": "compare xgb-v2 vs xgb-v1",
    "the other way round": "compare xgb-v2 vs xgb-v1",
    "can you flip it?": "compare xgb-v2 vs xgb-v1",
    "all": "compare xgb-v1 vs xgb-v2 all metrics",
    "show me all the metrics": "compare xgb-v1 vs xgb-v2 all metrics",
    "and the rest?": "compare xgb-v1 vs xgb-v2 all metrics",
    "best values": "compare xgb-v1 vs xgb-v2 best values",
    "and at their best?": "compare xgb-v1 vs xgb-v2 best values",
    "why?": "compare xgb-v1 vs xgb-v2 what changed",
    "why is it better?": "compare xgb-v1 vs xgb-v2 what changed",
    "what changed?": "compare xgb-v1 vs xgb-v2 what changed",
    "and the params?": "compare xgb-v1 vs xgb-v2 parameters",
    "show the config": "compare xgb-v1 vs xgb-v2 parameters",
    "what about the tags": "compare xgb-v1 vs xgb-v2 tags",
    "who ran these?": "compare xgb-v1 vs xgb-v2 more details",
    "details": "compare xgb-v1 vs xgb-v2 more details",
    "only the differences": "compare xgb-v1 vs xgb-v2 only differences",
    "what differs?": "compare xgb-v1 vs xgb-v2 only differences",
    "refresh": "compare xgb-v1 vs xgb-v2",
    "any news?": "compare xgb-v1 vs xgb-v2",
    "which one should we deploy?": "compare xgb-v1 vs xgb-v2",
    "by recall": "compare xgb-v1 vs xgb-v2 by metric recall",
    "and recall?": "compare xgb-v1 vs xgb-v2 by metric recall",
    "what about recall?": "compare xgb-v1 vs xgb-v2 by metric recall",
    "only accuracy": "compare xgb-v1 vs xgb-v2 only metrics accuracy",
    "without val_auc": "compare xgb-v1 vs xgb-v2 except metrics val_auc",
    "at step 10?": "compare xgb-v1 vs xgb-v2 at step 10",
    "at epoch 20": "compare xgb-v1 vs xgb-v2 at step 20",
    "best by f1": "compare xgb-v1 vs xgb-v2 by metric f1 best values",
    "within 1 %": "compare xgb-v1 vs xgb-v2 within 1 %",
    "add lgbm-v1 too pls": "compare xgb-v1 vs xgb-v2 vs lgbm-v1",
    "add latest": "compare xgb-v1 vs xgb-v2 vs @latest",
    "and latest?": "compare xgb-v1 vs xgb-v2 vs @latest",
    "what about lgbm-v1?": "compare xgb-v1 vs xgb-v2 vs lgbm-v1",
    "remove xgb-v3": "compare xgb-v1 vs xgb-v2 except xgb-v3",
    "without xgb-v3": "compare xgb-v1 vs xgb-v2 except xgb-v3",
    "against champion": "compare @champion vs xgb-v2",
    "vs lgbm-v1": "compare lgbm-v1 vs xgb-v2",
}


@pytest.mark.parametrize(("said", "written"), MEANT.items())
def test_what_is_said_of_a_comparison_changes_it(said, written):
    found = follow(said, BEFORE, NAMES)
    assert found is not None
    assert line(found.request) == written
    assert is_follow_up(said, NAMES)


@pytest.mark.parametrize(
    "said",
    [
        *("lgbm-v1 vs xgb-v3", "help", "standup", "top 5 by f1", "best accuracy", "latest", "show latest", "settings"),
        *("what changed between xgb-v1 and xgb-v3", "is xgb-v3 better than xgb-v1", "running", "pin latest", "failed"),
        *("", "?", "ok", "thanks", "nice 🎉 looks good to me", "lgtm", "can we ship it?", "+1", "in fraud", "wow"),
        *("watch fraud", "xgb-v3", "I think the second one is broken"),
    ],
)
def test_a_request_of_its_own_and_small_talk_change_nothing(said):
    assert follow(said, BEFORE, NAMES) is None
    assert not is_follow_up(said, NAMES)


def test_what_was_asked_before_stays():
    before = Compare(BEFORE.runs, metrics=("f1",), everything=True, best=True)
    assert (
        line(follow("swap", before, NAMES).request) == "compare xgb-v2 vs xgb-v1 by metric f1 best values all metrics"
    )
    assert line(follow("last", before, NAMES).request) == "compare xgb-v1 vs xgb-v2 by metric f1 all metrics"
    assert line(follow("fewer", before, NAMES).request) == "compare xgb-v1 vs xgb-v2 by metric f1 best values"
    assert (
        line(follow("at step 3", before, NAMES).request)
        == "compare xgb-v1 vs xgb-v2 by metric f1 at step 3 all metrics"
    )


def test_more_runs_than_a_table_holds_are_refused():
    with pytest.raises(NotUnderstood, match="21 runs"):
        follow(f"add {', '.join(f'r{number}' for number in range(19))}", BEFORE, NAMES)


def test_the_same_for_an_experiment_is_no_comparison_of_the_same_runs():
    with pytest.raises(NotUnderstood) as caught:
        follow("the same for digits", BEFORE, NAMES)
    assert caught.value.example == "latest vs best in digits"


def test_a_comparison_told_by_ids_is_followed_too():
    before = compared(("a" * 32, "b" * 32))
    assert before.runs == (Named("a" * 32), Named("b" * 32))
    assert follow("swap", before, NAMES).request.runs == (Named("b" * 32), Named("a" * 32))


@given(
    st.lists(
        st.sampled_from(
            [
                "add",
                "swap",
                "and",
                "the",
                "latest",
                "by",
                "f1",
                ",",
                "best",
                "all",
                "why",
                "vs",
                "at",
                "step",
                "3",
                "in",
                '"',
                "'",
                "old",
                "remove",
                "not",
                "xgb-v1",
            ]
        ),
        max_size=12,
    ).map(" ".join)
    | st.text(max_size=60)
)
def test_whatever_is_said_is_a_comparison_or_none_or_told(text):
    try:
        found = follow(text, BEFORE, NAMES)
    except NotUnderstood:
        return
    assert found is None or len(found.request.runs) >= 2
