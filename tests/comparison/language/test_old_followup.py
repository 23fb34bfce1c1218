"""What is said about a comparison, and what it means then."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comparison.errors import NotUnderstood
from comparison.language.followup import compared, follow, is_follow_up
from comparison.request import Compare
from comparison.run_reference import Latest, Leading, Named, Registered

A, B, C = "a" * 32, "b" * 32, "c" * 32
PREVIOUS = compared((A, B))


def meant(request):
    """The request in short: `a b by f1 all best step 3 why part=tags`."""
    if request is None:
        return None
    runs = [each.text[0] if isinstance(each, Named) and len(each.text) == 32 else told(each) for each in request.runs]
    by = [f"by {','.join(request.metrics)}"] if request.metrics else []
    flags = [
        name for name, holds in (("all", request.everything), ("best", request.best), ("why", request.why)) if holds
    ]
    flags += ["differing"] if request.differing else []
    step = [f"step {request.at_step}"] if request.at_step is not None else []
    part = [f"only {request.part}"] if request.part else []
    place = [f"in {request.experiment}"] if request.experiment else []
    return " ".join([*runs, *by, *flags, *step, *part, *place])


def told(run):
    match run:
        case Named():
            return f"<{run.text}>"
        case Latest():
            return f"latest~{run.back}" if run.back else f"latest {run.user}".strip()
        case Leading():
            return f"best {run.metric}".strip()
        case Registered():
            return f"@{run.alias}"
    return type(run).__name__


TABLE = [
    ("swap", "b a"),
    ("swap sides", "b a"),
    ("Swap them, please", "b a"),
    ("the other way round", "b a"),
    ("reverse!", "b a"),
    ("can you flip it?", "b a"),
    ("vice versa", "b a"),
    ("all", "a b all"),
    ("all metrics", "a b all"),
    ("show me all the metrics", "a b all"),
    ("everything", "a b all"),
    ("more", "a b all"),
    ("and the rest?", "a b all"),
    ("best", "a b best"),
    ("best values", "a b best"),
    ("best instead of last", "a b best"),
    ("and at their best?", "a b best"),
    ("why", "a b why"),
    ("why?", "a b why"),
    ("why is that?", "a b why"),
    ("why is it better?", "a b why"),
    ("what changed?", "a b why"),
    ("what’s changed", "a b why"),
    ("explain", "a b why"),
    ("and the parameters?", "a b only parameters"),
    ("parameters", "a b only parameters"),
    ("what about the params?", "a b only parameters"),
    ("hparams", "a b only parameters"),
    ("show the config", "a b only parameters"),
    ("tags", "a b only tags"),
    ("what about the tags", "a b only tags"),
    ("the data?", "a b only datasets"),
    ("and datasets?", "a b only datasets"),
    ("details", "a b only details"),
    ("more details please", "a b only details"),
    ("how long did it take?", "a b only details"),
    ("and the commit?", "a b only details"),
    ("only differences", "a b differing"),
    ("only the differences", "a b differing"),
    ("what differs?", "a b differing"),
    ("hide the same", "a b differing"),
    ("refresh", "a b"),
    ("again", "a b"),
    ("any news?", "a b"),
    ("and now?", "a b"),
    ("by recall", "a b by recall"),
    ("by f1 and loss", "a b by f1,loss"),
    ("by f1, recall all", "a b by f1,recall all"),
    ("and recall?", "a b by recall"),
    ("what about val_loss?", "a b by val_loss"),
    ("at step 100", "a b step 100"),
    ("best by f1", "a b by f1 best"),
    ("add latest", "a b latest"),
    ("add latest by maya", "a b latest maya"),
    ("add champion", "a b @champion"),
    ("add best accuracy", "a b best accuracy"),
    ("add train-7", "a b <train-7>"),
    ('add "my run"', "a b <my run>"),
    ("add old and new", "a b <old> <new>"),
    ("add old, new in fraud", "a b <old> <new> in fraud"),
    ("add latest too", "a b latest"),
    ("include previous", "a b latest~1"),
    ("+ latest", "a b latest"),
    ("and latest?", "a b latest"),
    (f"add {C}", "a b c"),
    ("against champion", "@champion b"),
    ("vs latest", "latest b"),
    ("<@U0MLCOMPARE> swap", "b a"),
    ("SWAP", "b a"),
]


@pytest.mark.parametrize(("said", "understood"), TABLE)
def test_what_is_said_of_a_comparison_is_understood(said, understood):
    assert meant(follow(said, PREVIOUS)) == understood
    assert is_follow_up(said)


@pytest.mark.parametrize(
    "said",
    [
        *("old vs new", "compare old new", "help", "standup", "top 5 by f1", "best accuracy", "latest", "show latest"),
        *(
            "details latest",
            "settings",
            "what changed between old and new",
            "why is new better than old",
            "old",
            "thanks",
        ),
        *(
            "",
            "?",
            "   ",
            "is new better than old",
            "in iris",
            "what failed since monday",
            "running",
            "pin latest",
            "ok",
        ),
    ],
)
def test_a_request_of_its_own_is_none_about_a_comparison(said):
    assert follow(said, PREVIOUS) is None
    assert not is_follow_up(said)


def test_what_was_asked_before_stays():
    before = Compare(PREVIOUS.runs, metrics=("f1",), everything=True, best=True)
    assert meant(follow("swap", before)) == "b a by f1 all best"
    assert meant(follow("add latest", before)) == "a b latest by f1 all best"
    assert meant(follow("last", before)) == "a b by f1 all"
    assert meant(follow("fewer", before)) == "a b by f1 best"
    assert meant(follow("by loss", before)) == "a b by loss all best"
    assert meant(follow("at step 3", before)) == "a b by f1 all step 3"
    assert meant(follow("best", Compare(PREVIOUS.runs, at_step=3))) == "a b best"
    assert meant(follow("all", Compare(PREVIOUS.runs, differing=True))) == "a b all"


def test_of_three_runs_swapping_makes_the_first_candidate_the_baseline():
    assert meant(follow("swap", compared((A, B, C)))) == "b a c"


@pytest.mark.parametrize(("said", "problem"), [("add", "Which run?"), ("by", None), ("at step x", "At which step?")])
def test_what_lacks_something_is_told(said, problem):
    if problem is None:
        assert follow(said, PREVIOUS) is None
        return
    with pytest.raises(NotUnderstood) as caught:
        follow(said, PREVIOUS)
    assert caught.value.problem == problem


def test_more_runs_than_a_table_holds_are_refused():
    names = ", ".join(f"r{number}" for number in range(19))
    with pytest.raises(NotUnderstood, match="21 runs"):
        follow(f"add {names}", PREVIOUS)


def test_the_spot_of_a_run_is_that_in_what_was_said():
    changed = follow("add lates", PREVIOUS)
    assert (changed.text, changed.runs[-1].at, changed.runs[0].at) == ("add lates", 4, -1)


@given(st.text(max_size=200))
def test_whatever_is_said_is_a_request_or_none_or_told(text):
    try:
        changed = follow(text, PREVIOUS)
    except NotUnderstood:
        return
    assert changed is None or isinstance(changed, Compare)


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
            ]
        ),
        max_size=12,
    )
)
def test_whatever_is_said_in_our_words_is_a_request_or_none_or_told(words):
    try:
        changed = follow(" ".join(words), PREVIOUS)
    except NotUnderstood:
        return
    assert changed is None or len(changed.runs) >= 2
