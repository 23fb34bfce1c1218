"""What is said below a list, a standup or one run, and what it means there."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comparison.errors import NotUnderstood
from comparison.language.follow_up import (
    Answered,
    follow_answer,
    follow_comparison,
    points,
    points_beyond,
    shown_request,
)
from comparison.language.parser import SmallTalk, line, parse
from comparison.request import Compare
from comparison.run_reference import Named
from tests.comparison.language.team import NAMES

IDS = tuple(sign * 32 for sign in "abcdef")


def answer(said, places, count=None):
    """An answer to what was said, showing the runs R1, R2 …, of these experiments in turn."""
    names = places.split()
    places = tuple(names[place % len(names)] for place in range(count)) if count else tuple(names)
    labels = tuple(f"xgb-v{place + 1}" for place in range(count or 0))
    return Answered(parse(said.replace("R1", IDS[0]), NAMES), IDS[: count or 0], labels, places)


STANDS = {
    "top": answer("top 5 by f1 in fraud", "fraud", 5),
    "worst": answer("top 3 worst by loss in fraud", "fraud", 3),
    "show": answer("show R1", "fraud", 1),
    "best": answer("best in fraud", "fraud", 1),
    "failed": answer("failed in fraud", "fraud", 2),
    "one failed": answer("failed since yesterday", "churn", 1),
    "standup": answer("standup", "fraud churn", 2),
    "list runs": answer("list runs in fraud", "fraud", 5),
    "running": answer("running", "fraud churn", 2),
    "experiments": answer("list experiments", "fraud churn digits"),
    "curves": answer("curves mlp-small vs mlp-large", "fraud", 2),
}
MEANT = """
top: compare the first two → compare R1 vs R2 by metric f1
top: compare the first 3 by recall → compare R1 vs R2 vs R3 by metric recall
top: compare the top 3 → compare R1 vs R2 vs R3 by metric f1
top: compare the best with the worst → compare R1 vs R5 by metric f1
top: compare the first with the others → compare R1 vs R2 vs R3 vs R4 vs R5 by metric f1
top: compare the first and the last → compare R1 vs R5 by metric f1
top: compare them → compare R1 vs R2 vs R3 vs R4 vs R5 by metric f1
top: compare 1 and 3 → compare R1 vs R3 by metric f1
top: 1 vs 3 → compare R1 vs R3 by metric f1
top: #2 vs #4 → compare R2 vs R4 by metric f1
top: the second one vs baseline → compare @baseline vs R2 by metric f1
top: is the first better than the second? → compare R2 vs R1 by metric f1
top: what changed between the first and the second? → compare R1 vs R2 by metric f1 what changed
top: why? → compare R2 vs R1 by metric f1 what changed
top: why is the first one better? → compare R2 vs R1 by metric f1 what changed
top: why is xgb-v1 the best? → compare R2 vs R1 by metric f1 what changed
top: how long did they take? → compare R1 vs R2 vs R3 vs R4 vs R5 more details
top: show all params → compare R1 vs R2 vs R3 vs R4 vs R5 all metrics parameters
top: what is running in the first? → running in fraud
top: show the last one → show R5
failed: who ran the last one? → who ran R2
top: and by recall? → top 5 by metric recall in fraud
top: what about val_loss? → top 5 by metric val_loss in fraud
top: only maya's → top 5 by metric f1 in fraud by user maya
top: and jonas? → top 5 by metric f1 in fraud by user jonas
top: same for churn → top 5 by metric f1 in churn
top: same for maya → top 5 by metric f1 in fraud by user maya
top: the same for chrun → top 5 by metric f1 in chrun
best: same for chrun → show best in chrun
top: in churn → top 5 by metric f1 in churn
top: since monday → top 5 by metric f1 in fraud since monday
top: yesterday → top 5 by metric f1 in fraud since yesterday until yesterday
top: top 10 instead → top 10 by metric f1 in fraud
top: top 10 → top 10 by metric f1 in fraud
top: worst instead → top 5 worst by metric f1 in fraud
top: without xgb-bad → top 5 by metric f1 in fraud except xgb-bad
top: only failed → top 5 by metric f1 in fraud failed
top: at step 10 → top 5 by metric f1 in fraud at step 10
top: by recall since monday only jonas → top 5 by metric recall in fraud by user jonas since monday
top: again → top 5 by metric f1 in fraud
top: and what failed? → failed in fraud
top: show the first → show R1
top: show me the params of the first → show R1 parameters
top: who ran the second? → who ran R2
top: curves of the best one → curves R1
top: curves → curves R1 vs R2 vs R3 vs R4 vs R5
top: pin the best one → pin R1
top: watch it → watch fraud
top: watch the experiment → watch fraud
worst: show the worst → show R1
worst: best instead → top 3 by metric loss in fraud
show: and the params? → show R1 parameters
show: tags? → show R1 tags
show: what about recall? → show R1 by metric recall
show: at step 10 → show R1 at step 10
show: how long did it take? → show R1 more details
show: who ran it? → who ran R1
show: is it still running? → show R1
show: why? → compare previous of R1 vs R1 what changed
show: compare it with baseline → compare @baseline vs R1
show: compare with baseline → compare @baseline vs R1
show: vs xgb-v1 → compare R1 vs xgb-v1
show: is it better than baseline? → compare @baseline vs R1
show: curves? → curves R1
show: pin it → pin R1
show: watch it → watch fraud
show: tell me when it is done → watch fraud where attributes.run_name = 'xgb-v1'
running: ping me when the second fails → watch churn only failures where attributes.run_name = 'xgb-v2'
best: same for churn → show best in churn
best: and in churn? → show best in churn
best: by recall? → show best metric recall in fraud
best: and the worst? → show worst in fraud
best: show its params → show best in fraud parameters
failed: why did the first fail? → show R1
failed: since monday → failed since monday in fraud
failed: only jonas → failed in fraud by user jonas
failed: and in churn? → failed in churn
failed: compare them → compare R1 vs R2
failed: who ran them? → failed in fraud
one failed: why did it fail? → show R1
one failed: show it → show R1
standup: since monday → standup since monday
standup: only churn → standup in churn
standup: without churn → standup except in churn
standup: by maya → standup by user maya
standup: and what failed? → failed
standup: compare the first two → compare R1 vs R2
list runs: show the second → show R2
list runs: only failed → list runs in fraud failed
list runs: by maya → list runs in fraud by user maya
list runs: and val_auc? → list runs by metric val_auc in fraud
list runs: 10 → list runs 10 in fraud
list runs: compare all of them → compare R1 vs R2 vs R3 vs R4 vs R5
list runs: curves of the best one → curves best in fraud
running: only churn → running in churn
running: by jonas → running by user jonas
running: curves of the first → curves R1
running: curves → curves R1 vs R2
experiments: show the first → list runs in fraud
experiments: list runs in the second → list runs in churn
experiments: watch the first → watch fraud
experiments: standup in the third → standup in digits
experiments: top 5 in the first → top 5 in fraud
curves: and val_loss? → curves mlp-small vs mlp-large by metric val_loss
curves: compare them → compare R1 vs R2
"""
ROWS = [
    (stands, said, meant)
    for row in MEANT.strip().splitlines()
    for stands, rest in [row.split(": ", 1)]
    for said, meant in [rest.split(" → ")]
]
COMPARED = Answered(Compare(tuple(map(Named, IDS[:3]))), IDS[:3], ("xgb-v1", "xgb-v2", "xgb-v3"), ("fraud",) * 3)


def short(text):
    for number, run_id in enumerate(IDS, 1):
        text = text.replace(run_id, f"R{number}")
    return text


@pytest.mark.parametrize(("stands", "said", "meant"), ROWS)
def test_what_is_said_below_an_answer_is_about_it(stands, said, meant):
    found = follow_answer(said, STANDS[stands], NAMES)
    assert found is not None
    assert short(line(found.request)) == meant


@pytest.mark.parametrize(
    "said", ["xgb-v1 vs xgb-v2", "standup", "help", "best run in churn", "top 3 by recall in churn"]
)
def test_a_request_of_its_own_is_one_below_an_answer_too(said):
    assert follow_answer(said, STANDS["top"], NAMES) is None


@pytest.mark.parametrize("said", ["nice :tada:", "thanks!", "looks good to me", "wow"])
def test_small_talk_below_an_answer_asks_nothing(said):
    assert follow_answer(said, STANDS["top"], NAMES) is None
    with pytest.raises(SmallTalk):
        parse(said, NAMES)


def test_praise_of_a_run_that_is_shown_asks_nothing():
    with pytest.raises(SmallTalk):
        follow_answer("thanks, the first one looks great", STANDS["top"], NAMES)


def test_a_place_that_is_not_shown_is_told():
    with pytest.raises(NotUnderstood, match="The answer above shows 5 runs"):
        follow_answer("show the seventh", STANDS["top"], NAMES)


def test_where_it_may_be_one_of_several_the_person_is_asked_which():
    with pytest.raises(NotUnderstood) as told:
        follow_answer("why did it fail?", STANDS["failed"], NAMES)
    assert told.value.problem == "The answer above shows 2 runs: which one?"
    assert told.value.near == ("xgb-v1", "xgb-v2")
    assert told.value.text[told.value.at : told.value.end] == "it"


def test_what_an_answer_cannot_take_is_named():
    with pytest.raises(NotUnderstood, match=r"I can list running runs .*, not at a step"):
        follow_answer("at step 10", STANDS["running"], NAMES)


def test_a_run_that_is_called_so_comes_before_its_place():
    names = NAMES.of(runs=("first", "second"))
    assert follow_answer("show first", STANDS["top"], names) is None


def test_what_failed_in_a_standup_is_meant_where_failing_is_spoken_of():
    digest = Answered(parse("standup"), IDS[:1], ("xgb-v1",), ("fraud",), ((IDS[1], "mlp-oom", "fraud"),))
    found = follow_answer("why did it fail?", digest, NAMES)
    assert found is not None
    assert short(line(found.request)) == "show R2"


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("remove the second", "compare R1 vs R2 vs R3 except R2"),
        ("show the third", "show R3"),
        ("curves of the first and the second", "curves R1 vs R2"),
        ("compare the first two", "compare R1 vs R2"),
        ("pin the second one", "pin R2"),
        ("swap", "compare R2 vs R1 vs R3"),
        ("what were the params of the second?", "show R2 parameters"),
        ("who ran the last one?", "who ran R3"),
        ("watch it", "watch fraud"),
        ("why is xgb-v2 the best?", "compare R1 vs R2 vs R3 what changed"),
    ],
)
def test_runs_of_a_comparison_can_be_told_by_their_place(said, meant):
    found = follow_comparison(said, COMPARED, NAMES)
    assert found is not None
    assert short(line(found.request)) == meant


@pytest.mark.parametrize(
    ("said", "is_beyond"),
    [("show the second", True), ("compare them", True), ("show the first", False), ("and by f1?", False)],
)
def test_words_may_point_at_more_than_an_answer_shows(said, is_beyond):
    assert points_beyond(said, STANDS["show"], NAMES) is is_beyond


def test_words_that_point_at_something_are_known_without_the_answer():
    assert all(points(said, NAMES) for said in ("show the first", "compare them", "is it better?", "the ninth one"))
    assert not any(points(said, NAMES) for said in ("top 5 by f1", "first, show xgb-v1", "standup", '"the first"'))


def test_one_run_that_was_named_is_kept_by_its_id():
    assert line(shown_request(parse("show xgb-v1 in fraud", NAMES), IDS[:1])) == f"show {IDS[0]}"
    assert line(shown_request(parse("best in fraud", NAMES), IDS[:1])) == "show best in fraud"


WORDS = (
    "compare show the first second two last of them it by f1 only maya's since monday instead same for churn "
    "curves vs baseline best worst without and , 3 #2 top why watch all"
)
SAID = st.lists(st.sampled_from(WORDS.split()), max_size=8).map(" ".join)


@given(SAID | st.text(max_size=40), st.sampled_from(list(STANDS)))
def test_any_text_below_an_answer_is_a_request_nothing_or_told(text, stands):
    with suppress(NotUnderstood):
        found = follow_answer(text, STANDS[stands], NAMES)
        assert found is None or line(found.request)
